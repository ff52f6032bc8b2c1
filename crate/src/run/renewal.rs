//! A token of Entra ID that is renewed while it is needed.

use crate::{
    host::{Effect, Event, TimerId},
    login::azure::{Identity, Login, Token},
    report,
    run::{
        call::Call,
        session::{Effects, Session, mask},
    },
};

/// How long before its end a token is renewed, in seconds.
const EARLY: u32 = 300;
/// When a renewal that failed is tried again, in milliseconds.
const AGAIN_MS: u32 = 60_000;
/// The shortest that is waited for the next renewal, in seconds.
const SHORTEST: u32 = 2;
/// The longest that is waited for the next renewal, in seconds.
const LONGEST: u32 = 86_400;

/// Keeps the token in a file fresh. kubectl reads the file anew every minute.
#[derive(Debug)]
pub(crate) struct Renewal {
    identity: Identity,
    resource: String,
    file: String,
    state: State,
}

#[derive(Debug)]
enum State {
    Resting(TimerId),
    Asking(Call<Login>),
    /// The new token, until it is in the file.
    Writing(Token),
    Idle,
}

impl Renewal {
    pub(crate) fn new(identity: Identity, resource: String) -> Self {
        Self { identity, resource, file: String::new(), state: State::Idle }
    }

    /// Renews the token that is in this file before it expires.
    pub(crate) fn plan(
        &mut self,
        file: &str,
        token: &Token,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        file.clone_into(&mut self.file);
        let early = EARLY.min(token.expires_in / 2);
        let after = (token.expires_in - early).clamp(SHORTEST, LONGEST);
        self.state = State::Resting(session.wake(after * 1000, effects));
    }

    /// Takes what concerns it.
    pub(crate) fn handle(&mut self, event: &Event, session: &mut Session, effects: &mut Effects) {
        match (&mut self.state, event) {
            (State::Resting(due), Event::Woken { timer }) if due == timer => {
                let login = Login::new(self.identity.clone(), self.resource.clone());
                self.state = State::Asking(Call::start(login, session, effects));
            }
            (State::Asking(call), event) => match call.handle(event, session, effects) {
                Some(Ok(token)) => {
                    mask(&token.value, effects);
                    let path = Some(self.file.clone());
                    effects.push(Effect::WriteFile { path, content: token.value.clone() });
                    self.state = State::Writing(token);
                }
                Some(Err(error)) => {
                    effects.push(report::token_not_renewed(&error.to_string()));
                    self.state = State::Resting(session.wake(AGAIN_MS, effects));
                }
                None => {}
            },
            (State::Writing(token), Event::Written { path }) => {
                let token = token.clone();
                effects.push(report::token_renewed());
                self.plan(path, &token, session, effects);
            }
            (State::Writing(_), Event::NotWritten { error }) => {
                effects.push(report::token_not_renewed(error));
                self.state = State::Resting(session.wake(AGAIN_MS, effects));
            }
            _ => {}
        }
    }
}
