//! What every phase carries along: the request, and the ways to kubectl and to the API server.

use std::collections::BTreeMap;

use crate::{
    host::{CallId, Effect, Event, ProcessId, Secret, TaskResult, TimerId},
    inputs::Change,
    kubectl::{CommandLine, Process},
    login::kubeconfig::Destination,
    report,
    run::{gate::Gate, renewal::Renewal},
};

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
    /// Keeps the token for the cluster fresh.
    pub(crate) renewal: Option<Renewal>,
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
            renewal: None,
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
        let process = self.next_process();
        effects.push(Effect::Spawn {
            process,
            program: self.kubectl.clone(),
            args: command.args().to_vec(),
            env: self.env.clone(),
        });
        Process::new(process)
    }

    /// Takes what concerns the renewal of the token.
    pub(crate) fn renew(&mut self, event: &Event, effects: &mut Effects) {
        if let Some(mut renewal) = self.renewal.take() {
            renewal.handle(event, self, effects);
            self.renewal = Some(renewal);
        }
    }

    /// Asks to be woken after a while.
    pub(crate) fn wake(&mut self, after_ms: u32, effects: &mut Effects) -> TimerId {
        let timer = self.next_timer;
        self.next_timer += 1;
        effects.push(Effect::Wake { timer, after_ms });
        timer
    }

    /// A handle for a process.
    pub(super) fn next_process(&mut self) -> ProcessId {
        self.next_process += 1;
        self.next_process - 1
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

/// Ends the step.
pub(crate) fn finish(effects: &mut Effects, result: TaskResult, message: &str) {
    effects.push(Effect::Finish { result, message: message.into() });
}
