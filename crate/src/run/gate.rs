//! The gate: the one `kubectl proxy` of the run, by which all requests go to the API server.

use crate::{
    host::{ApiRequest, CallId, Effect, Event, TimerId},
    kubectl::{CommandLine, Process, ProcessExit},
    kubernetes::{ApiError, PATHS, REJECTED_METHODS},
    report,
    run::session::{Effects, Session},
};

/// How long it may take until it takes connections, in milliseconds.
const OPENING_MS: u32 = 30_000;
/// How often it is started anew once it had opened.
const MOST_RESTARTS: u32 = 1;
/// Has kubectl write the headers of its requests to standard error, without the credentials in them:
/// its version is in `User-Agent`, and `kubectl version` would be one more process.
const VERBOSE: &str = "--v=7";

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

impl Session {
    /// Starts the gate.
    pub(crate) fn open_gate(&mut self, effects: &mut Effects) {
        let command = self.gate_command();
        effects.push(report::read(&command));
        let process = self.next_process();
        effects.push(Effect::OpenGate {
            process,
            program: self.kubectl.clone(),
            args: command.args().to_vec(),
            env: self.env.clone(),
        });
        let timeout = self.wake(OPENING_MS, effects);
        self.gate.state = State::Opening { process: Process::new(process), timeout };
    }

    fn gate_command(&self) -> CommandLine {
        let delete = if self.request.delete_stuck_pods { "" } else { "|DELETE" };
        let methods = format!("--reject-methods=^({REJECTED_METHODS}{delete})$");
        let paths = format!("--accept-paths={}", PATHS.join(","));
        let args = ["proxy".to_owned(), paths, methods, VERBOSE.to_owned()];
        self.request.target.cluster_command(args)
    }

    /// Takes what concerns the gate; tells how it ended where it is not started again.
    pub(crate) fn handle_gate(
        &mut self,
        event: &Event,
        effects: &mut Effects,
    ) -> Option<ProcessExit> {
        match (&mut self.gate.state, event) {
            (State::Opening { process, .. }, Event::GateOpened { process: id })
                if process.id() == *id =>
            {
                self.gate.state = State::Open(Process::new(*id));
                for (call, request) in std::mem::take(&mut self.gate.waiting) {
                    effects.push(Effect::Send { call, request });
                }
                None
            }
            (State::Opening { process, timeout }, Event::Woken { timer }) if timeout == timer => {
                effects.push(Effect::Kill { process: process.id() });
                Some(self.close_gate(ProcessExit::NoAnswer, effects))
            }
            (State::Opening { process, .. }, event) => {
                let ending = process.take(event)?;
                Some(self.close_gate(ending, effects))
            }
            (State::Open(process), event) => {
                let ending = process.take(event)?;
                if self.gate.restarts == MOST_RESTARTS {
                    return Some(self.close_gate(ending, effects));
                }
                self.gate.restarts += 1;
                effects.push(report::gate_restarts(&ending));
                self.open_gate(effects);
                None
            }
            _ => None,
        }
    }

    /// What waits for the gate is sent all the same: the host tells that there is none.
    fn close_gate(&mut self, ending: ProcessExit, effects: &mut Effects) -> ProcessExit {
        self.gate.state = State::Closed(ending.clone());
        for (call, request) in std::mem::take(&mut self.gate.waiting) {
            effects.push(Effect::Send { call, request });
        }
        ending
    }

    /// Sends a request to the API server, as soon as the gate is open.
    pub(crate) fn send(&mut self, request: ApiRequest, effects: &mut Effects) -> CallId {
        let command = self.request.target.cluster_command(request.kubectl_args());
        effects.push(report::read(&command));
        let call = self.next_call();
        match self.gate.state {
            State::Idle | State::Opening { .. } => self.gate.waiting.push((call, request)),
            State::Open(_) | State::Closed(_) => effects.push(Effect::Send { call, request }),
        }
        call
    }

    /// Lets go of a request.
    pub(crate) fn abort(&mut self, call: CallId, effects: &mut Effects) {
        self.gate.waiting.retain(|(waiting, _)| *waiting != call);
        effects.push(Effect::Abort { call });
    }

    /// What kubectl's proxy wrote to standard error.
    pub(crate) fn gate_log(&self) -> &[u8] {
        match &self.gate.state {
            State::Opening { process, .. } | State::Open(process) => process.stderr(),
            State::Idle | State::Closed(_) => &[],
        }
    }

    /// What it means that a request broke off with these words of the host.
    pub(crate) fn broken(&self, words: &str) -> ApiError {
        match &self.gate.state {
            State::Closed(ending) => ApiError::Closed(ending.words()),
            _ => ApiError::Broken(words.to_owned()),
        }
    }
}
