//! A dialogue with servers, carried on by the host.

use crate::{
    http::{Dialogue, Heard, Next},
    protocol::{CallId, Effect, Event, TimerId},
    report,
    run::session::{Effects, Session},
};

/// A dialogue, and what it waits for.
#[derive(Debug)]
pub(crate) struct Call<D> {
    dialogue: D,
    waiting: Waiting,
}

#[derive(Debug)]
enum Waiting {
    Answer(CallId),
    Time(TimerId),
    Nothing,
}

impl<D: Dialogue> Call<D> {
    /// Begins the dialogue, which never has its outcome at once.
    pub(crate) fn start(mut dialogue: D, session: &mut Session, effects: &mut Effects) -> Self {
        let next = dialogue.begin();
        let mut call = Self { dialogue, waiting: Waiting::Nothing };
        call.go_on(next, session, effects);
        call
    }

    /// Takes what concerns it; gives the outcome once there is one.
    pub(crate) fn handle(
        &mut self,
        event: &Event,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<D::Outcome> {
        let heard = match (&self.waiting, event) {
            (Waiting::Answer(waiting), Event::Answered { call, answer }) if waiting == call => {
                Heard::Answer(answer.clone())
            }
            (Waiting::Answer(waiting), Event::NotAnswered { call, error }) if waiting == call => {
                Heard::NoAnswer(error.clone())
            }
            (Waiting::Answer(waiting), Event::Signed { call, assertion }) if waiting == call => {
                Heard::Signed(assertion.clone())
            }
            (Waiting::Answer(waiting), Event::NotSigned { call, error }) if waiting == call => {
                Heard::NotSigned(error.clone())
            }
            (Waiting::Time(waiting), Event::Woken { timer }) if waiting == timer => Heard::Waited,
            _ => return None,
        };
        let next = self.dialogue.hear(heard);
        self.go_on(next, session, effects)
    }

    fn go_on(
        &mut self,
        next: Next<D::Outcome>,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<D::Outcome> {
        self.waiting = match next {
            Next::Ask(request) => {
                effects.push(report::asked(&request));
                let call = session.next_call();
                effects.push(Effect::Fetch { call, request });
                Waiting::Answer(call)
            }
            Next::Sign(assertion) => {
                let call = session.next_call();
                effects.push(Effect::Sign { call, assertion });
                Waiting::Answer(call)
            }
            Next::Wait(after_ms) => Waiting::Time(session.wake(after_ms, effects)),
            Next::Done(outcome) => {
                self.waiting = Waiting::Nothing;
                return Some(outcome);
            }
        };
        None
    }
}
