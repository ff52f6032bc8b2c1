//! Several commands of kubectl: a few at a time, each tried again while what stops it may pass.

use crate::{
    kubectl::CommandLine,
    protocol::{Effect, Event, TimerId},
    report,
    run::{
        process::{Ending, Process},
        session::{Effects, Session},
    },
};

/// How the commands of a batch are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// How many run side by side.
    pub(crate) at_once: usize,
    /// How often a command is tried.
    pub(crate) tries: u32,
    /// The longest that a try may take, in milliseconds.
    pub(crate) answer_ms: u32,
    /// Whether no further command is started once one has failed.
    pub(crate) stop_at_failure: bool,
}

impl Policy {
    /// For what is of no use in part: after a command that failed, the rest is left as it is.
    pub(crate) const ALL: Self =
        Self { at_once: 4, tries: 4, answer_ms: 60_000, stop_at_failure: true };
    /// For what is good for each workload, whatever happens to the others.
    pub(crate) const EACH: Self = Self { stop_at_failure: false, ..Self::ALL };
    /// For what is good to have, and not worth a wait.
    pub(crate) const BRIEFLY: Self =
        Self { at_once: 4, tries: 1, answer_ms: 10_000, stop_at_failure: false };
}

/// The commands, and how far each of them is.
#[derive(Debug)]
pub(crate) struct Batch {
    policy: Policy,
    jobs: Vec<Job>,
    stopped: bool,
}

#[derive(Debug)]
struct Job {
    command: CommandLine,
    tries: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    Running { process: Process, timeout: TimerId },
    Resting(TimerId),
    Ended(Ending, Vec<u8>),
}

impl Batch {
    /// Starts as many of the commands as may run side by side.
    pub(crate) fn start(
        commands: Vec<CommandLine>,
        policy: Policy,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        let job = |command| Job { command, tries: 0, state: State::Waiting };
        let mut batch =
            Self { policy, jobs: commands.into_iter().map(job).collect(), stopped: false };
        batch.fill(session, effects);
        batch
    }

    /// Takes what concerns its processes. Gives the place of a command that ended just now.
    pub(crate) fn handle(
        &mut self,
        event: &Event,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<usize> {
        let policy = if self.stopped { Policy { tries: 1, ..self.policy } } else { self.policy };
        let at = self.jobs.iter().position(|job| job.is_concerned(event))?;
        let job = &mut self.jobs[at];
        match (&mut job.state, event) {
            (State::Resting(_), _) => {
                job.run(policy, session, effects);
                return None;
            }
            (State::Running { process, .. }, Event::Woken { .. }) => {
                effects.push(Effect::Kill { process: process.id() });
                job.end(Ending::NoAnswer, policy, session, effects);
            }
            (State::Running { process, .. }, event) => {
                let ending = process.take(event)?;
                job.end(ending, policy, session, effects);
            }
            _ => return None,
        }
        let ended = matches!(job.state, State::Ended(..));
        if ended {
            self.fill(session, effects);
        }
        ended.then_some(at)
    }

    /// Whether no command runs or will run.
    pub(crate) fn is_over(&self) -> bool {
        let failed = self.policy.stop_at_failure && self.first_failure().is_some();
        self.jobs.iter().all(|job| match job.state {
            State::Ended(..) => true,
            State::Waiting => failed,
            State::Running { .. } | State::Resting(_) => false,
        })
    }

    /// The first command that failed, and how.
    pub(crate) fn first_failure(&self) -> Option<(usize, &Ending)> {
        (0..self.jobs.len()).find_map(|at| Some((at, self.failure(at)?)))
    }

    /// How the command of this place failed.
    pub(crate) fn failure(&self, at: usize) -> Option<&Ending> {
        match &self.jobs[at].state {
            State::Ended(ending, _) if *ending != Ending::Success => Some(ending),
            _ => None,
        }
    }

    /// What the command of this place wrote, once it has ended.
    pub(crate) fn answer(&self, at: usize) -> Option<&[u8]> {
        match &self.jobs[at].state {
            State::Ended(_, stdout) => Some(stdout),
            _ => None,
        }
    }

    /// Whether the command of this place has ended well.
    pub(crate) fn succeeded(&self, at: usize) -> bool {
        matches!(self.jobs[at].state, State::Ended(Ending::Success, _))
    }

    /// Ends what runs, and starts nothing more; what was ended is still waited for.
    pub(crate) fn stop(&mut self, effects: &mut Effects) {
        self.kill(effects);
        self.stopped = true;
        for job in &mut self.jobs {
            if matches!(job.state, State::Waiting | State::Resting(_)) {
                job.state =
                    State::Ended(Ending::NotStarted("the step was canceled".into()), Vec::new());
            }
        }
    }

    /// Ends what runs.
    pub(crate) fn kill(&self, effects: &mut Effects) {
        for job in &self.jobs {
            if let State::Running { process, .. } = &job.state {
                effects.push(Effect::Kill { process: process.id() });
            }
        }
    }

    fn fill(&mut self, session: &mut Session, effects: &mut Effects) {
        if self.policy.stop_at_failure && self.first_failure().is_some() {
            return;
        }
        let busy = self.jobs.iter().filter(|job| job.is_busy()).count();
        let policy = self.policy;
        let waiting = self.jobs.iter_mut().filter(|job| matches!(job.state, State::Waiting));
        for job in waiting.take(policy.at_once.saturating_sub(busy)) {
            job.run(policy, session, effects);
        }
    }
}

impl Job {
    fn is_busy(&self) -> bool {
        matches!(self.state, State::Running { .. } | State::Resting(_))
    }

    fn is_concerned(&self, event: &Event) -> bool {
        match (&self.state, event) {
            (State::Running { timeout, .. } | State::Resting(timeout), Event::Woken { timer }) => {
                timeout == timer
            }
            (
                State::Running { process, .. },
                Event::Output { process: id, .. }
                | Event::Exited { process: id, .. }
                | Event::NotStarted { process: id, .. },
            ) => process.id() == *id,
            _ => false,
        }
    }

    fn run(&mut self, policy: Policy, session: &mut Session, effects: &mut Effects) {
        self.tries += 1;
        let process = session.start(&self.command, effects);
        let answer_ms = session.request.timeout_ms.unwrap_or(u32::MAX).min(policy.answer_ms);
        let timeout = session.wake(answer_ms, effects);
        self.state = State::Running { process, timeout };
    }

    fn end(
        &mut self,
        ending: Ending,
        policy: Policy,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        if ending.may_pass() && self.tries < policy.tries {
            let after_ms = 500 << self.tries;
            effects.push(report::tried_again(&ending, after_ms));
            self.state = State::Resting(session.wake(after_ms, effects));
            return;
        }
        let stdout = match &mut self.state {
            State::Running { process, .. } => std::mem::take(process.stdout()),
            _ => Vec::new(),
        };
        self.state = State::Ended(ending, stdout);
    }
}
