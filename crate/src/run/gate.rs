//! The gate: the one `kubectl proxy` of the run, by which all requests go to the API server.

use crate::{
    host::{ApiRequest, CallId, Effect, Event, ProcessId, TimerId},
    kubectl::{Process, ProcessExit},
    kubernetes::ApiError,
};

/// How often it is started anew once it had opened.
const MOST_RESTARTS: u32 = 1;

/// The gate, and the requests that wait for it.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: State,
    restarts: u32,
    waiting: Vec<(CallId, ApiRequest)>,
}

#[derive(Debug, Default)]
enum State {
    /// It was not asked for yet.
    #[default]
    Idle,
    Opening {
        process: Process,
        timeout: TimerId,
    },
    Open(Process),
    /// It is not there any more, for this reason.
    Closed(ProcessExit),
}

/// How the gate ended.
pub(super) enum Ending {
    /// It had opened, and is to be opened anew.
    Again(ProcessExit),
    /// There will be none.
    ForGood(ProcessExit),
}

impl Gate {
    /// This process opens it, and has until this timer.
    pub(super) fn opening(&mut self, process: ProcessId, timeout: TimerId) {
        self.state = State::Opening { process: Process::new(process), timeout };
    }

    /// Takes what concerns it; tells how it ended.
    pub(super) fn handle(&mut self, event: &Event, effects: &mut Vec<Effect>) -> Option<Ending> {
        match (&mut self.state, event) {
            (State::Opening { process, .. }, Event::GateOpened { process: id })
                if process.id() == *id =>
            {
                self.state = State::Open(Process::new(*id));
                self.send_waiting(effects);
                None
            }
            (State::Opening { process, timeout }, Event::Woken { timer }) if timeout == timer => {
                effects.push(Effect::Kill { process: process.id() });
                Some(self.close(ProcessExit::NoAnswer, effects))
            }
            (State::Opening { process, .. }, event) => {
                let ending = process.take(event)?;
                Some(self.close(ending, effects))
            }
            (State::Open(process), event) => {
                let ending = process.take(event)?;
                if self.restarts == MOST_RESTARTS {
                    return Some(self.close(ending, effects));
                }
                self.restarts += 1;
                Some(Ending::Again(ending))
            }
            _ => None,
        }
    }

    /// What waits for the gate is sent all the same: the host tells that there is none.
    fn close(&mut self, ending: ProcessExit, effects: &mut Vec<Effect>) -> Ending {
        self.state = State::Closed(ending.clone());
        self.send_waiting(effects);
        Ending::ForGood(ending)
    }

    fn send_waiting(&mut self, effects: &mut Vec<Effect>) {
        let waiting = self.waiting.drain(..);
        effects.extend(waiting.map(|(call, request)| Effect::Send { call, request }));
    }

    /// Sends a request, as soon as the gate is open.
    pub(super) fn send(&mut self, call: CallId, request: ApiRequest, effects: &mut Vec<Effect>) {
        match self.state {
            State::Idle | State::Opening { .. } => self.waiting.push((call, request)),
            State::Open(_) | State::Closed(_) => effects.push(Effect::Send { call, request }),
        }
    }

    /// Lets go of a request.
    pub(super) fn abort(&mut self, call: CallId, effects: &mut Vec<Effect>) {
        self.waiting.retain(|(waiting, _)| *waiting != call);
        effects.push(Effect::Abort { call });
    }

    /// What kubectl's proxy wrote to standard error.
    pub(super) fn log(&self) -> &[u8] {
        match &self.state {
            State::Opening { process, .. } | State::Open(process) => process.stderr(),
            State::Idle | State::Closed(_) => &[],
        }
    }

    /// What it means that a request broke off with these words of the host.
    pub(super) fn broken(&self, words: &str) -> ApiError {
        match &self.state {
            State::Closed(ending) => ApiError::Closed(ending.words()),
            _ => ApiError::Broken(words.to_owned()),
        }
    }
}
