//! The commands that change workloads: a few at a time, each tried again while what stops it may pass.
//!
//! Whether it may is not read out of kubectl's words. The workloads are read back, since a command
//! whose answer was lost has done its work, and the API server is asked to check the same change
//! (`dryRun=All`): what it answers has a status code and a reason.

use crate::{
    host::{ApiRequest, Effect, Event, TimerId},
    kubectl::{ChangeError, CommandLine, Process, ProcessExit},
    plan::{Planned, PlannedCommand, Query},
    report,
    run::{
        requests::{Requests, RetryPolicy},
        session::{Effects, Session},
    },
};

/// How many commands run side by side.
const AT_ONCE: usize = 4;
/// The most commands whose success the log shows in kubectl's words.
const MOST_ANSWERS: usize = 10;
/// How often a command is tried.
const TRIES: u32 = 4;
/// The longest that a command may take, in milliseconds.
const ANSWER_MS: u32 = 60_000;
/// How long what runs is waited for once the step is canceled, in milliseconds: long enough for a
/// change that is on its way, and short enough to put back what was changed.
const LAST_MS: u32 = 2_500;
/// What `kubectl rollout restart` sets in the pod template, for the API server to check.
const RESTART: &str = r#"{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"1970-01-01T00:00:00Z"}}}}}"#;

/// The commands, and how far each of them is.
#[derive(Debug)]
pub(crate) struct Changes {
    jobs: Vec<Job>,
    /// Whether no further command is started once one has failed: on the way there, where a command
    /// may also take no longer than the rollouts may.
    stop_at_failure: bool,
    /// Once nothing more is started: the timer by which what runs has to end.
    stopped: Option<TimerId>,
}

#[derive(Debug)]
struct Job {
    command: CommandLine,
    workloads: Vec<Planned>,
    /// Whether there are so many that the log leaves out what kubectl says of its success.
    is_one_of_many: bool,
    tries: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    Running {
        process: Process,
        timeout: TimerId,
    },
    /// The command failed so: the workloads are read, and their changes checked.
    Checking(ProcessExit, Requests),
    Resting(TimerId),
    Done(Result<(), ChangeError>),
}

impl Changes {
    /// Starts as many of the commands as may run side by side.
    pub(crate) fn start(
        steps: Vec<PlannedCommand>,
        stop_at_failure: bool,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        let is_one_of_many = steps.len() > MOST_ANSWERS;
        let job = |PlannedCommand { command, workloads }| Job {
            command,
            workloads,
            is_one_of_many,
            tries: 0,
            state: State::Waiting,
        };
        let jobs = steps.into_iter().map(job).collect();
        let mut changes = Self { jobs, stop_at_failure, stopped: None };
        changes.fill(session, effects);
        changes
    }

    /// Takes what concerns the commands, and shows what they say.
    pub(crate) fn handle(&mut self, event: &Event, session: &mut Session, effects: &mut Effects) {
        if let Event::Woken { timer } = event
            && self.stopped == Some(*timer)
        {
            for job in &mut self.jobs {
                job.end(effects);
            }
        }
        let may_try_again = self.stopped.is_none();
        for job in &mut self.jobs {
            job.handle(event, may_try_again, self.stop_at_failure, session, effects);
        }
        self.fill(session, effects);
    }

    /// Whether no command runs or will run.
    pub(crate) fn is_over(&self) -> bool {
        let ends = self.stopped.is_some() || (self.stop_at_failure && self.has_failed());
        self.jobs.iter().all(|job| match job.state {
            State::Done(_) => true,
            State::Waiting => ends,
            _ => false,
        })
    }

    /// Whether a command did not do its work.
    pub(crate) fn has_failed(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job.state, State::Done(Err(_))))
    }

    /// The workloads of each command, and how it went: `None` where it was not run to its end.
    pub(crate) fn outcomes(
        &self,
    ) -> impl Iterator<Item = (&[Planned], Option<&Result<(), ChangeError>>)> {
        self.jobs.iter().map(|job| {
            let outcome = match &job.state {
                State::Done(outcome) => Some(outcome),
                _ => None,
            };
            (&*job.workloads, outcome)
        })
    }

    /// Starts nothing more. What runs is waited for a little: a change that is on its way may still be
    /// made.
    pub(crate) fn stop(&mut self, session: &mut Session, effects: &mut Effects) {
        self.stopped = Some(session.wake(LAST_MS, effects));
        for job in &mut self.jobs {
            if matches!(job.state, State::Waiting | State::Resting(_)) {
                job.state = State::Done(Err(ChangeError::Kubectl(ProcessExit::Canceled)));
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
        if self.stopped.is_some() || (self.stop_at_failure && self.has_failed()) {
            return;
        }
        let idle = |job: &&Job| matches!(job.state, State::Waiting | State::Done(_));
        let busy = self.jobs.len() - self.jobs.iter().filter(idle).count();
        let waiting = self.jobs.iter_mut().filter(|job| matches!(job.state, State::Waiting));
        for job in waiting.take(AT_ONCE.saturating_sub(busy)) {
            job.run(self.stop_at_failure, session, effects);
        }
    }
}

impl Job {
    fn run(&mut self, capped: bool, session: &mut Session, effects: &mut Effects) {
        self.tries += 1;
        let process = session.start(&self.command, effects);
        let answer_ms = if capped { session.answer_ms(ANSWER_MS) } else { ANSWER_MS };
        let timeout = session.wake(answer_ms, effects);
        self.state = State::Running { process, timeout };
    }

    fn handle(
        &mut self,
        event: &Event,
        may_try_again: bool,
        capped: bool,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        match (&mut self.state, event) {
            (State::Resting(timer), Event::Woken { timer: id }) if timer == id => {
                self.run(capped, session, effects);
            }
            (State::Running { process, timeout }, Event::Woken { timer }) if timeout == timer => {
                effects.push(Effect::Kill { process: process.id() });
                self.fail(ChangeError::Kubectl(ProcessExit::NoAnswer), effects);
            }
            (State::Running { process, .. }, event) => {
                let Some(ending) = process.take(event) else { return };
                match ending {
                    ProcessExit::Success => {
                        if !self.is_one_of_many {
                            effects.extend(report::answer(process.stdout()));
                        }
                        effects.extend(report::warnings_of_api_server(process.stderr()));
                        self.state = State::Done(Ok(()));
                    }
                    ProcessExit::Failure { .. } => {
                        effects.extend(report::answer(process.stdout()));
                        effects.extend(report::answer(process.stderr()));
                        self.check(ending, session, effects);
                    }
                    ending => self.fail(ChangeError::Kubectl(ending), effects),
                }
            }
            (State::Checking(_, requests), event) => {
                requests.handle(event, session, effects);
                if requests.is_over() {
                    self.conclude(may_try_again, session, effects);
                }
            }
            _ => {}
        }
    }

    /// Ends a command that still runs.
    fn end(&mut self, effects: &mut Effects) {
        match &self.state {
            State::Running { process, .. } => {
                effects.push(Effect::Kill { process: process.id() });
                self.fail(ChangeError::Kubectl(ProcessExit::NoAnswer), effects);
            }
            State::Checking(ending, _) => {
                let error = ChangeError::Kubectl(ending.clone());
                self.fail(error, effects);
            }
            State::Waiting | State::Resting(_) | State::Done(_) => {}
        }
    }

    /// Asks what the workloads have, and what the API server has against the change.
    fn check(&mut self, ending: ProcessExit, session: &mut Session, effects: &mut Effects) {
        let requests = self.workloads.iter().map(|planned| query(planned).request());
        let checks = self.workloads.iter().map(|planned| {
            let (name, namespace) = (&planned.name, &planned.namespace);
            let patch = if planned.restart { RESTART.to_owned() } else { planned.patch() };
            ApiRequest::patch(namespace, name.kind, &name.name, patch, true).strategic()
        });
        let requests = requests.chain(checks).collect();
        let policy = RetryPolicy { tries: 1, ..RetryPolicy::EACH };
        let requests = Requests::start(requests, policy, session, effects);
        self.state = State::Checking(ending, requests);
    }

    fn conclude(&mut self, may_try_again: bool, session: &mut Session, effects: &mut Effects) {
        let State::Checking(ending, requests) = &self.state else { return };
        let count = self.workloads.len();
        let is_made = |(at, planned): (usize, &Planned)| {
            let found = requests.answer(at).and_then(|pages| query(planned).found(Ok(pages)).ok());
            let workload = found.as_ref().and_then(|found| found.workloads.first());
            !planned.restart && workload.is_some_and(|workload| planned.is_stored(workload))
        };
        if self.workloads.iter().enumerate().all(is_made) {
            effects.push(report::made_all_the_same());
            self.state = State::Done(Ok(()));
            return;
        }
        let objections = || (count..2 * count).filter_map(|at| requests.failure(at));
        if let Some(refusal) = objections().find(|error| !error.may_pass()) {
            let error = ChangeError::Refused(refusal.clone());
            return self.fail(error, effects);
        }
        if !may_try_again || self.tries == TRIES {
            let error = objections().next().cloned().map(ChangeError::Refused);
            let error = error.unwrap_or_else(|| ChangeError::Kubectl(ending.clone()));
            return self.fail(error, effects);
        }
        let after_ms = objections().map(|error| error.wait_ms(self.tries)).max();
        let after_ms = after_ms.unwrap_or(250 << self.tries);
        effects.push(report::set_again(after_ms));
        self.state = State::Resting(session.wake(after_ms, effects));
    }

    fn fail(&mut self, error: ChangeError, effects: &mut Effects) {
        effects.push(report::not_set(&error));
        self.state = State::Done(Err(error));
    }
}

fn query(planned: &Planned) -> Query {
    Query::of_workload(planned.asked.as_deref(), &planned.name)
}
