//! A dialogue with servers, carried on by the host.

use crate::{
    host::{
        CallId, Effect, Event, TimerId,
        http::{Dialogue, Next, NoAnswer, Reply, Url},
    },
    report,
    run::session::{Effects, Session},
};

/// A dialogue, and what it waits for.
#[derive(Debug)]
pub(crate) struct Call<D> {
    dialogue: Box<D>,
    waiting: Waiting,
    /// The URL that was asked last.
    asked: Option<Url>,
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
        let mut call =
            Self { dialogue: Box::new(dialogue), waiting: Waiting::Nothing, asked: None };
        call.go_on(next, session, effects);
        call
    }

    /// The dialogue, as far as it is.
    pub(crate) fn dialogue(&self) -> &D {
        &self.dialogue
    }

    /// The server that was asked last.
    pub(crate) fn server(&self) -> String {
        self.asked.as_ref().map(Url::authority).unwrap_or_default()
    }

    /// Why there is no answer of the server that was asked last, where the host says this.
    pub(crate) fn no_answer(&self, words: &str, session: &Session) -> NoAnswer {
        let way = self.asked.as_ref().map(|url| session.request.network.way(url));
        NoAnswer { words: words.to_owned(), way: way.unwrap_or_default() }
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
                Reply::Answer(answer.clone())
            }
            (Waiting::Answer(waiting), Event::NotAnswered { call, error }) if waiting == call => {
                Reply::NoAnswer(self.no_answer(error, session))
            }
            (Waiting::Answer(waiting), Event::Signed { call, assertion }) if waiting == call => {
                Reply::Signed(assertion.clone())
            }
            (Waiting::Answer(waiting), Event::NotSigned { call, error }) if waiting == call => {
                Reply::NotSigned(error.clone())
            }
            (Waiting::Time(waiting), Event::Woken { timer }) if waiting == timer => Reply::Waited,
            _ => return None,
        };
        let answered = match &heard {
            Reply::Answer(answer) => Ok(answer.status),
            Reply::NoAnswer(why) => Err(why.words.clone()),
            _ => Ok(0),
        };
        let next = self.dialogue.hear(heard);
        if let Next::Wait(after_ms) = next {
            effects.push(report::asked_again(&self.server(), answered, after_ms));
        }
        self.go_on(next, session, effects)
    }

    fn go_on(
        &mut self,
        next: Next<D::Outcome>,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<D::Outcome> {
        self.waiting = match next {
            Next::Ask(mut request) => {
                effects.push(report::asked(&request));
                self.asked = Url::parse(&request.url);
                let network = &session.request.network;
                let proxy = self.asked.as_ref().and_then(|url| network.proxy_for(url));
                request.proxy = proxy.filter(|_| !request.direct).cloned();
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
