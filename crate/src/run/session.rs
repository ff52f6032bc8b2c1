//! What every phase carries along: the request, and the way to start kubectl.

use std::collections::BTreeMap;

use crate::{
    inputs::Change,
    kubectl::CommandLine,
    protocol::{Effect, ProcessId, TimerId, Verdict},
    report,
    run::process::Process,
};

/// Effects in the order in which the host is to carry them out.
pub(crate) type Effects = Vec<Effect>;

/// The part of a run that outlives its phases.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) request: Change,
    kubeconfig: Option<String>,
    next_process: ProcessId,
    next_timer: TimerId,
}

impl Session {
    /// A session whose kubectl reads the kubeconfig of this path, or its own without one.
    pub(crate) fn new(request: Change, kubeconfig: Option<String>) -> Self {
        Self { request, kubeconfig, next_process: 1, next_timer: 1 }
    }

    /// Starts kubectl and shows its command line.
    pub(crate) fn start(&mut self, command: &CommandLine, effects: &mut Effects) -> Process {
        effects.push(report::command(command));
        let process = self.next_process;
        self.next_process += 1;
        let mut env = BTreeMap::new();
        if let Some(path) = &self.kubeconfig {
            env.insert("KUBECONFIG", path.clone().into());
        }
        effects.push(Effect::Spawn {
            process,
            program: None,
            args: command.args().to_vec(),
            env,
            defaults: BTreeMap::new(),
        });
        Process::new(process)
    }

    /// Asks to be woken after a while.
    pub(crate) fn wake(&mut self, after_ms: u32, effects: &mut Effects) -> TimerId {
        let timer = self.next_timer;
        self.next_timer += 1;
        effects.push(Effect::Wake { timer, after_ms });
        timer
    }
}

/// Ends the step.
pub(crate) fn finish(effects: &mut Effects, result: Verdict, message: &str) {
    effects.push(Effect::Finish { result, message: message.into() });
}
