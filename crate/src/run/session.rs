//! What every phase carries along: the request, and the ways to kubectl and to the API server.

use std::collections::BTreeMap;

use crate::{
    host::{ApiRequest, CallId, Effect, Event, Launch, ProcessId, Secret, TimerId},
    inputs::Change,
    kubectl::{CommandLine, Process, ProcessExit},
    kubernetes::{PATHS, REJECTED_METHODS},
    login::kubeconfig::Destination,
    report,
    run::gate::{Ending, Gate},
};

/// How long the gate may take until it takes connections, in milliseconds.
const OPENING_MS: u32 = 30_000;
/// Has kubectl write the headers of its requests to standard error, without the credentials in them:
/// its version is in `User-Agent`, and `kubectl version` would be one more process.
const VERBOSE: &str = "--v=7";

/// Effects in the order in which the host is to carry them out.
pub(crate) type Effects = Vec<Effect>;

/// The part of a run that outlives its phases.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) request: Change,
    /// The path of kubectl; `None` for the one on PATH.
    pub(crate) kubectl: Option<String>,
    /// The environment of kubectl.
    pub(crate) env: BTreeMap<&'static str, Secret>,
    /// Where kubectl goes, as far as the kubeconfig tells.
    pub(crate) destination: Destination,
    /// The way to the API server.
    pub(super) gate: Gate,
    next_process: ProcessId,
    next_timer: TimerId,
    next_call: CallId,
}

impl Session {
    pub(crate) fn new(request: Change) -> Self {
        let env = request.network.variables();
        Self {
            request,
            kubectl: None,
            env,
            destination: Destination::default(),
            gate: Gate::default(),
            next_process: 1,
            next_timer: 1,
            next_call: 1,
        }
    }

    /// Has kubectl read the kubeconfig of this path.
    pub(crate) fn use_kubeconfig(&mut self, path: &str) {
        self.env.insert("KUBECONFIG", path.into());
    }

    /// Starts kubectl and shows its command line.
    pub(crate) fn start(&mut self, command: &CommandLine, effects: &mut Effects) -> Process {
        effects.push(report::command(command));
        let launch = self.launch(command);
        let process = Process::new(launch.process);
        effects.push(Effect::Spawn(launch));
        process
    }

    fn launch(&mut self, command: &CommandLine) -> Launch {
        let process = self.next_process;
        self.next_process += 1;
        Launch {
            process,
            program: self.kubectl.clone(),
            args: command.args().to_vec(),
            env: self.env.clone(),
        }
    }

    /// Starts the gate.
    pub(crate) fn open_gate(&mut self, effects: &mut Effects) {
        let command = self.gate_command();
        effects.push(report::read(&command));
        let launch = self.launch(&command);
        let process = launch.process;
        effects.push(Effect::OpenGate(launch));
        let timeout = self.wake(OPENING_MS, effects);
        self.gate.opening(process, timeout);
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
        match self.gate.handle(event, effects)? {
            Ending::Again(ending) => {
                effects.push(report::gate_restarts(&ending));
                self.open_gate(effects);
                None
            }
            Ending::ForGood(ending) => Some(ending),
        }
    }

    /// Sends a request to the API server, as soon as the gate is open.
    pub(crate) fn send(&mut self, request: ApiRequest, effects: &mut Effects) -> CallId {
        let command = self.request.target.cluster_command(request.kubectl_args());
        effects.push(report::read(&command));
        let call = self.next_call();
        self.gate.send(call, request, effects);
        call
    }

    /// Asks to be woken after a while.
    pub(crate) fn wake(&mut self, after_ms: u32, effects: &mut Effects) -> TimerId {
        let timer = self.next_timer;
        self.next_timer += 1;
        effects.push(Effect::Wake { timer, after_ms });
        timer
    }

    /// How long an answer may take that is waited for so long at most: no longer than a rollout.
    pub(crate) fn answer_ms(&self, most: u32) -> u32 {
        self.request.timeout_ms.unwrap_or(u32::MAX).min(most)
    }

    /// A handle for a request.
    pub(crate) fn next_call(&mut self) -> CallId {
        self.next_call += 1;
        self.next_call - 1
    }
}

/// The shortest secret that is masked, in bytes: what is shorter is in many words.
const SHORTEST_SECRET: usize = 4;

/// Has the agent mask a secret from now on.
pub(crate) fn mask(secret: &Secret, effects: &mut Effects) {
    if secret.reveal().trim().len() >= SHORTEST_SECRET {
        effects.push(Effect::Mask { secret: secret.clone() });
    }
}
