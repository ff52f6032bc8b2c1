//! A release: from the plan to the verdict, one stage after another.

use std::{collections::BTreeMap, mem, vec};

use serde_json::json;

use crate::{
    host::{Age, ApiRequest, Event, Millis, TaskResult, TimerId},
    image::lines::Line,
    inputs::{Change, OnFailure, Scope, WhenUnchanged},
    kubectl::{CommandLine, Skew, client_version, server_version},
    kubernetes::{ApiError, Note},
    plan::{
        ByName, FoundWorkloads, KeptWorkload, Plan, PlanError, Planned, PlannedCommand, Query,
        Rollback, Run,
    },
    registry::Verify,
    report::{
        self,
        run_report::{Outcome, Purpose, RollbackStatus, RunReport},
    },
    rollout::{self, Proof, StuckPods, WatchResult},
    run::{
        changes::Changes,
        logs::Logs,
        phase::{Next, Phase, finish},
        registry_check::RegistryCheck,
        renewal::Renewal,
        requests::{Requests, RetryPolicy},
        session::{Effects, Session},
        watching::{Terms, Watching},
    },
};

/// How long kubectl may take to tell its version once all else is read, in milliseconds.
const VERSION_MS: u32 = 300;

/// A run that deals with the cluster.
#[derive(Debug)]
pub(crate) struct Release {
    purpose: Purpose,
    session: Session,
    /// Keeps the token for the cluster fresh.
    renewal: Option<Renewal>,
    lines: Vec<Line>,
    stage: Stage,
    plan: Plan,
    report: RunReport,
    verdict: TaskResult,
    /// Runs while kubectl has not told its version, and all else is read.
    version_awaited: Option<TimerId>,
    /// Notes that are still to be left on workloads.
    pending_notes: Vec<ApiRequest>,
    /// Whether it is known what the API server made of the change.
    stored_is_known: bool,
    /// The pods that the rollouts have waited for in vain.
    pods_that_do_not_end: Vec<String>,
    /// Whether the record of the change was left.
    recorded: bool,
    /// Once the step is canceled: the timer by which it has to end.
    canceled: Option<TimerId>,
    /// How long it may take after the agent's next signals; see [`Change::grace_ms`].
    grace_ms: vec::IntoIter<u32>,
}

/// What is being waited for.
#[derive(Debug)]
enum Stage {
    /// The workloads as they are, the version of the API server, and what registries say of the images.
    Reading { reading: Reading, version: Requests, verifying: Option<Box<RegistryCheck>> },
    /// The changes.
    SettingImages(Changes),
    /// The workloads as the changes left them.
    ReadingStored(Reading),
    /// The rollouts of the changes.
    Watching(Watching),
    /// The logs of containers that failed.
    FetchingLogs(Logs),
    /// The workloads as they are before their images are put back.
    ReadingBeforeRollback(Reading),
    /// The old images.
    RollingBack(Changes),
    /// The workloads as they are with their old images.
    ReadingRolledBack(Reading, Plan),
    /// The rollouts of the old images.
    WatchingRollback(Watching),
    /// The workloads as they are in the end, and notes that are left meanwhile.
    FinalState { reading: Reading, notes: Requests },
    /// Nothing: the step has ended.
    Over,
}

/// Workloads that are being read.
#[derive(Debug)]
struct Reading {
    queries: Vec<Query>,
    requests: Requests,
}

impl Phase for Release {
    fn handle(mut self: Box<Self>, now: Millis, event: &Event, effects: &mut Effects) -> Next {
        match event {
            Event::Woken { timer } if self.canceled == Some(*timer) => self.conclude(now, effects),
            Event::Canceled => match (self.grace_ms.next(), self.canceled) {
                (None, _) => self.conclude(now, effects),
                (Some(grace_ms), None) => self.cancel(grace_ms, now, effects),
                (Some(grace_ms), Some(_)) => {
                    self.canceled = Some(self.session.wake(grace_ms, effects));
                }
            },
            event => {
                if let Some(renewal) = &mut self.renewal {
                    renewal.handle(event, &mut self.session, effects);
                }
                match self.session.handle_gate(event, effects) {
                    Some(ending) if matches!(self.stage, Stage::Reading { .. }) => {
                        effects.extend(report::gate_failed(&ending));
                        self.end_unchanged(effects);
                    }
                    Some(ending) => effects.push(report::gate_closed(&ending)),
                    None => {}
                }
                self.go_on(now, event, effects);
            }
        }
        if matches!(self.stage, Stage::Over) { None } else { Some(self) }
    }
}

impl Release {
    pub(crate) fn start(
        purpose: Purpose,
        mut session: Session,
        renewal: Option<Renewal>,
        lines: Vec<Line>,
        effects: &mut Effects,
    ) -> Self {
        let defaults = &session.request.namespaces;
        let queries = if lines.is_empty() {
            Query::of_everything(defaults)
        } else {
            Query::of_lines(&lines, defaults)
        };
        let version = vec![ApiRequest::version()];
        let version = Requests::start(version, RetryPolicy::BRIEFLY, &mut session, effects);
        let reading = Reading::start(queries, RetryPolicy::ALL, &mut session, effects);
        let verifying = match purpose {
            Purpose::Set => RegistryCheck::start(&lines, &mut session, effects).map(Box::new),
            Purpose::Undo => None,
        };
        let grace_ms = session.request.grace_ms.clone().into_iter();
        Self {
            purpose,
            session,
            renewal,
            lines,
            stage: Stage::Reading { reading, version, verifying },
            plan: Plan::default(),
            report: RunReport::default(),
            verdict: TaskResult::Succeeded,
            version_awaited: None,
            pending_notes: Vec::new(),
            stored_is_known: false,
            pods_that_do_not_end: Vec::new(),
            recorded: false,
            canceled: None,
            grace_ms,
        }
    }

    /// Gives the event to the stage, and goes to the next one when this one is through.
    fn go_on(&mut self, now: Millis, event: &Event, effects: &mut Effects) {
        let session = &mut self.session;
        match &mut self.stage {
            Stage::Reading { reading, version, verifying } => {
                version.handle(event, session, effects);
                reading.requests.handle(event, session, effects);
                if let Some(verifying) = verifying {
                    verifying.handle(event, session, effects);
                }
                let verified = verifying.as_ref().is_none_or(|verifying| verifying.is_over());
                let unreadable = reading.requests.first_failure().is_some();
                let read = version.is_over() && reading.requests.is_over();
                if read && (verified || unreadable) && self.knows_kubectl(event, effects) {
                    self.make_plan(now, effects);
                }
            }
            Stage::SettingImages(changes) => {
                changes.handle(event, session, effects);
                if changes.is_over() {
                    self.changes_are_made(now, effects);
                }
            }
            Stage::ReadingStored(reading) => {
                reading.requests.handle(event, session, effects);
                if reading.requests.is_over() {
                    self.stored_is_known(effects);
                }
            }
            Stage::Watching(watching) => {
                let over = watching.handle(now, event, &self.report, session, effects);
                if let Some(over) = over {
                    self.rollouts_are_over(&over, now, effects);
                }
            }
            Stage::FetchingLogs(logs) => {
                if logs.handle(event, session, effects) {
                    self.logs_are_there(now, effects);
                }
            }
            Stage::ReadingBeforeRollback(reading) => {
                reading.requests.handle(event, session, effects);
                if reading.requests.is_over() {
                    self.put_back(now, effects);
                }
            }
            Stage::RollingBack(changes) => {
                changes.handle(event, session, effects);
                if changes.is_over() {
                    self.images_are_back(now, effects);
                }
            }
            Stage::ReadingRolledBack(reading, _) => {
                reading.requests.handle(event, session, effects);
                if reading.requests.is_over() {
                    self.watch_back(now, effects);
                }
            }
            Stage::WatchingRollback(watching) => {
                let over = watching.handle(now, event, &self.report, session, effects);
                if let Some(over) = over {
                    self.rollback_is_over(&over, now, effects);
                }
            }
            Stage::FinalState { reading, notes } => {
                reading.requests.handle(event, session, effects);
                leave_notes(notes, event, session, effects);
                if reading.requests.is_over() && notes.is_over() {
                    self.conclude(now, effects);
                }
            }
            Stage::Over => {}
        }
    }

    /// Names the cluster, and warns where kubectl is too far from its version.
    fn tell_cluster(&self, effects: &mut Effects) {
        let Stage::Reading { version, .. } = &self.stage else { return };
        let answer = version.answer(0).and_then(|pages| pages.first());
        let server = answer.and_then(|body| server_version(body));
        let client = client_version(self.session.gate.log());
        effects.push(report::cluster(
            &self.session.destination,
            &self.session.request.namespaces,
            server.as_deref(),
            client.as_deref(),
        ));
        let skew = client.zip(server).and_then(|(client, server)| Skew::of(&client, &server));
        effects.extend(skew.as_ref().map(report::skew));
    }

    /// Whether kubectl has told its version, or was given a moment to: its answer may come before what
    /// it writes about it.
    fn knows_kubectl(&mut self, event: &Event, effects: &mut Effects) -> bool {
        if client_version(self.session.gate.log()).is_some() {
            return true;
        }
        match (self.version_awaited, event) {
            (Some(timer), Event::Woken { timer: woken }) => timer == *woken,
            (Some(_), _) => false,
            (None, _) => {
                self.version_awaited = Some(self.session.wake(VERSION_MS, effects));
                false
            }
        }
    }

    fn make_plan(&mut self, now: Millis, effects: &mut Effects) {
        self.tell_cluster(effects);
        let Stage::Reading { reading, verifying, .. } = &self.stage else { return };
        let found = match reading.found() {
            Ok(found) => found,
            Err(error) => {
                effects.push(report::not_read(&error, &self.session.destination));
                return self.end_unchanged(effects);
            }
        };
        if let Some(verifying) = verifying {
            if !verifying.tell(effects) {
                return self.end_unchanged(effects);
            }
            verifying.pin(&mut self.lines, effects);
            self.report.stored = verifying.stored();
        }
        let mut left = Vec::new();
        let plan = match self.purpose {
            Purpose::Set => self.plan_to_set(&found),
            Purpose::Undo => self.plan_to_undo(&found, &mut left),
        };
        match plan.and_then(|plan| self.fitting(plan)) {
            Ok(plan) => self.plan = plan,
            Err(errors) => {
                effects.extend(report::left_alone(&left));
                effects.extend(errors.iter().map(report::error));
                return self.end_unchanged(effects);
            }
        }
        effects.push(report::plan_section(&self.plan, self.purpose));
        effects.extend(report::left_alone(&left));
        if self.session.request.timeout_by_deadlines {
            let by_name = ByName::of(&found);
            let workloads = self.plan.workloads.iter().filter_map(|w| by_name.workload(w));
            let seconds = rollout::default_timeout(workloads);
            self.session.request.timeout_ms = Some(seconds.saturating_mul(1000));
        }
        let request = &self.session.request;
        let commands = self.plan.commands(&request.target);
        effects.extend(report::plan(&self.plan, request.when_unchanged));
        effects.extend(report::owners(&self.plan));
        if self.purpose == Purpose::Set {
            let backward = request.downgrade.backward(&self.plan);
            effects.extend(report::backward(&backward, request.downgrade));
            if request.downgrade.refuses(&backward) {
                return self.end_unchanged(effects);
            }
        }
        effects.extend(report::commands_variable(&commands));
        self.carry_out(now, effects);
    }

    fn plan_to_set(&self, found: &[FoundWorkloads]) -> Result<Plan, Vec<PlanError>> {
        let request = &self.session.request;
        let mut plan = Plan::make(&self.lines, &request.namespaces, found)?;
        let spans = plan.spans_namespaces();
        let mut errors = Vec::new();
        for planned in plan.workloads.iter_mut().filter(|planned| !planned.changes()) {
            match request.when_unchanged {
                WhenUnchanged::Warn | WhenUnchanged::Succeed => {}
                WhenUnchanged::Restart => planned.restart = planned.can_restart(),
                WhenUnchanged::Fail => errors.push(PlanError::Unchanged {
                    workload: planned.title(spans),
                    images: planned.containers.iter().map(|c| c.new.clone()).collect(),
                }),
            }
        }
        if errors.is_empty() { Ok(plan) } else { Err(errors) }
    }

    fn plan_to_undo(
        &mut self,
        found: &[FoundWorkloads],
        kept: &mut Vec<KeptWorkload>,
    ) -> Result<Plan, Vec<PlanError>> {
        let defaults = &self.session.request.namespaces;
        let Rollback { plan, left } = Rollback::of_records(&self.lines, defaults, found)?;
        if !left.is_empty() {
            self.verdict = TaskResult::SucceededWithIssues;
        }
        *kept = left;
        Ok(plan)
    }

    /// The plan, if the system takes the command lines there and back.
    fn fitting(&self, plan: Plan) -> Result<Plan, Vec<PlanError>> {
        let Change { target, os, .. } = &self.session.request;
        let spans = plan.spans_namespaces();
        let too_long = |planned: &Planned| {
            let there = Plan { workloads: vec![planned.clone()] };
            let back = Plan { workloads: vec![planned.reversed()] };
            let commands = [there, back].into_iter().flat_map(|plan| plan.commands(target));
            let command =
                commands.filter_map(|line| line.too_long(os)).max_by_key(|long| long.length)?;
            Some(PlanError::TooLong { workload: planned.title(spans), command })
        };
        let errors: Vec<PlanError> = plan.changed().filter_map(too_long).collect();
        if errors.is_empty() { Ok(plan) } else { Err(errors) }
    }

    fn carry_out(&mut self, now: Millis, effects: &mut Effects) {
        let request = &self.session.request;
        let stored = std::mem::take(&mut self.report.stored);
        let report = RunReport::begin(self.purpose, &self.plan, &request.target, now);
        self.report = RunReport { stored, ..report };
        let steps = if request.dry_run {
            let dry =
                |step: PlannedCommand| PlannedCommand { command: step.command.dry_run(), ..step };
            self.plan.set_steps(&request.target).into_iter().map(dry).collect()
        } else {
            self.plan.steps(&request.target)
        };
        if !steps.is_empty() {
            effects.push(report::section("Apply"));
            self.stage =
                Stage::SettingImages(Changes::start(steps, true, &mut self.session, effects));
        } else if request.dry_run || self.purpose == Purpose::Undo {
            let left_alone = self.verdict != TaskResult::Succeeded;
            let (verdict, message) =
                report::nothing_to_do(self.purpose, !self.lines.is_empty(), left_alone);
            finish(effects, verdict, message);
            self.stage = Stage::Over;
        } else {
            self.watch(effects);
        }
    }

    fn changes_are_made(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::SettingImages(changes) = &self.stage else { return };
        let failed = changes.has_failed();
        if self.session.request.dry_run {
            let (verdict, message) = report::dry_run(failed);
            finish(effects, self.canceled.map_or(verdict, |_| TaskResult::Canceled), message);
            self.stage = Stage::Over;
        } else if failed || self.canceled.is_some() {
            self.report.refused =
                changes.outcomes().find_map(|(workloads, outcome)| match outcome {
                    Some(Err(error)) => Some((workloads.to_vec(), error.words())),
                    _ => None,
                });
            let set = changes.outcomes().filter(|(_, outcome)| matches!(outcome, Some(Ok(()))));
            let set = set.flat_map(|(workloads, _)| workloads.to_vec());
            self.pending_notes = self.records(&Plan { workloads: set.collect() });
            self.fail();
            self.go_back(now, effects);
        } else {
            let touched = self.plan.workloads.iter().filter(|w| !w.is_left_as_it_is());
            let queries = queries(touched);
            let reading = Reading::start(queries, RetryPolicy::EACH, &mut self.session, effects);
            self.stage = Stage::ReadingStored(reading);
        }
    }

    /// What is stored now is what has to be rolled out.
    fn stored_is_known(&mut self, effects: &mut Effects) {
        let Stage::ReadingStored(reading) = &self.stage else { return };
        let found = reading.answered();
        self.take_stored(&found, effects);
        self.watch(effects);
    }

    /// Takes what the API server made of the change for the change itself, once.
    fn take_stored(&mut self, found: &[FoundWorkloads], effects: &mut Effects) {
        if mem::replace(&mut self.stored_is_known, true) {
            return;
        }
        let rewritten = self.plan.take_stored(found);
        for (entry, planned) in self.report.workloads.iter_mut().zip(&self.plan.workloads) {
            entry.planned = planned.clone();
        }
        effects.extend(report::rewritten(&self.report, &rewritten));
    }

    /// Something went wrong, if it was not that the step was canceled.
    fn fail(&mut self) {
        if self.canceled.is_none() {
            self.verdict = TaskResult::Failed;
        }
    }

    /// Watches the rollouts, and leaves the record of the change meanwhile.
    fn watch(&mut self, effects: &mut Effects) {
        effects.push(report::rollout_section(self.session.request.timeout_ms));
        let undo = self.purpose == Purpose::Undo;
        let request = &self.session.request;
        let terms = Terms {
            began: self.report.began,
            first_failure_ends: request.on_failure == OnFailure::Undo
                && request.scope == Scope::Step
                && !undo,
            stuck_pods: self.stuck_pods(undo),
            going_back: false,
            verified: self.report.stored.keys().cloned().collect(),
            waited_for: Vec::new(),
        };
        let mut watching = Watching::start(&self.plan, terms, &mut self.session, effects);
        let notes = self.records(&self.plan);
        watching.beside(Requests::start(notes, RetryPolicy::EACH, &mut self.session, effects));
        let over = watching.is_settled(&mut self.session, effects);
        self.stage = Stage::Watching(watching);
        if over {
            self.rollouts_are_over(&WatchResult::Settled, self.report.began, effects);
        }
    }

    /// The requests that record a change on its workloads, or take the record of it away.
    fn records(&self, plan: &Plan) -> Vec<ApiRequest> {
        let run = &self.session.request.run;
        notes(plan, |planned| run.notes(planned, self.purpose == Purpose::Undo))
    }

    /// The requests that put the records back that were there before.
    fn former_records(run: &Run, plan: &Plan) -> Vec<ApiRequest> {
        notes(plan, |planned| run.former(planned))
    }

    fn stuck_pods(&self, going_back: bool) -> StuckPods {
        match (going_back, self.session.request.delete_stuck_pods) {
            (false, false) => StuckPods::Wait,
            (false, true) => StuckPods::DeleteOnceCertain,
            (true, false) => StuckPods::Name,
            (true, true) => StuckPods::Delete,
        }
    }

    fn rollouts_are_over(&mut self, over: &WatchResult, now: Millis, effects: &mut Effects) {
        let Stage::Watching(watching) = &mut self.stage else { return };
        watching.stop(&mut self.session, effects);
        watching.tell(now, &mut self.report);
        self.report.settled = Some(now);
        self.pods_that_do_not_end = watching.pods_that_do_not_end();
        effects.extend(report::over(over));
        if watching.lacks_something() {
            self.verdict = TaskResult::SucceededWithIssues;
        }
        self.recorded = watching.is_recorded();
        self.hold_against_what_was_pushed(effects);
        if *over == WatchResult::Settled && !self.report.has_failed() {
            if self.report.knows_what_runs() {
                return self.conclude(now, effects);
            }
            return self.look_again(now, effects);
        }
        if !self.recorded {
            self.pending_notes = self.records(&self.plan);
        }
        self.fail();
        self.explain(now, effects);
    }

    /// A pod that runs something else than what was pushed is a failure where the check is required,
    /// and a warning otherwise.
    fn hold_against_what_was_pushed(&mut self, effects: &mut Effects) {
        let required = self.session.request.verification.verify == Some(Verify::Required);
        for at in 0..self.report.workloads.len() {
            let entry = &mut self.report.workloads[at];
            let Some(Proof::Differs(difference)) = entry.proof.clone() else { continue };
            if required && self.purpose == Purpose::Set {
                let after = entry.outcome.as_ref().map_or(Age(0), |(_, after)| *after);
                entry.outcome = Some((Outcome::Differs(difference.clone()), after));
            } else if self.verdict == TaskResult::Succeeded {
                self.verdict = TaskResult::SucceededWithIssues;
            }
            let entry = &self.report.workloads[at];
            effects.push(report::differs(&self.report, &entry.planned, &difference, required));
        }
    }

    /// Fetches the logs of the containers that failed.
    fn explain(&mut self, now: Millis, effects: &mut Effects) {
        if let Some(logs) = Logs::start(&self.report, &mut self.session, effects) {
            self.stage = Stage::FetchingLogs(logs);
        } else {
            effects.extend(report::failures(&self.report));
            self.go_back(now, effects);
        }
    }

    fn logs_are_there(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::FetchingLogs(logs) = &mut self.stage else { return };
        logs.tell(&mut self.report);
        effects.extend(report::failures(&self.report));
        self.go_back(now, effects);
    }

    /// Whether the images of a run that fails are put back.
    fn puts_back(&self) -> bool {
        self.purpose == Purpose::Set && self.session.request.on_failure == OnFailure::Undo
    }

    /// What is put back: every workload that this run changed, or those alone whose rollout is not
    /// done.
    fn plan_to_put_back(&self) -> Plan {
        let only_failed = self.session.request.scope == Scope::Workload && self.canceled.is_none();
        let is_good = |planned: &&Planned| {
            let entry = self.report.workloads.iter().find(|entry| entry.is_of(planned));
            let outcome = entry.and_then(|entry| entry.outcome.as_ref());
            outcome.is_some_and(|(outcome, _)| !outcome.is_failure())
        };
        let changed = self.plan.changed().filter(|planned| !(only_failed && is_good(planned)));
        Plan { workloads: changed.cloned().collect() }
    }

    /// Puts back what this run has changed, if it is to.
    fn go_back(&mut self, now: Millis, effects: &mut Effects) {
        self.report.settled.get_or_insert(now);
        if !self.puts_back() || self.plan_to_put_back().workloads.is_empty() {
            return self.look_again(now, effects);
        }
        let why = if self.canceled.is_some() { "canceled" } else { "onFailure: undo" };
        effects.push(report::section(&format!("Roll back ({why})")));
        self.pending_notes.clear();
        self.report.forget_what_runs();
        let queries = queries(self.plan_to_put_back().workloads.iter());
        let reading = Reading::start(queries, RetryPolicy::EACH, &mut self.session, effects);
        self.stage = Stage::ReadingBeforeRollback(reading);
    }

    fn put_back(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::ReadingBeforeRollback(reading) = &self.stage else { return };
        let found = reading.answered();
        effects.extend(reading.failures().map(|error| report::not_known(&error)));
        self.take_stored(&found, effects);
        let Rollback { plan, left } = Rollback::of(&self.plan_to_put_back(), &found);
        let by_name = ByName::of(&found);
        let is_known = |planned: &Planned| by_name.covers(planned);
        let to_put_back = self.plan_to_put_back();
        for planned in to_put_back.workloads.iter().filter(|planned| !is_known(planned)) {
            if let Some(entry) = self.report.workload_mut(planned) {
                entry.rollback = RollbackStatus::Unknown;
            }
        }
        let left: Vec<_> = left.into_iter().filter(|left| is_known(&left.planned)).collect();
        effects.extend(report::left_alone(&left));
        for left in left {
            if let Some(entry) = self.report.workload_mut(&left.planned) {
                entry.rollback = RollbackStatus::KeptWorkload(left.reason);
            }
        }
        let steps = plan.steps(&self.session.request.target);
        if steps.is_empty() && self.canceled.is_some() {
            return self.look_again(now, effects);
        }
        if steps.is_empty() {
            self.report.see_now(&found);
            return self.conclude(now, effects);
        }
        for planned in &plan.workloads {
            if let Some(entry) = self.report.workload_mut(planned) {
                entry.rollback = RollbackStatus::Unknown;
            }
        }
        let changes = Changes::start(steps, false, &mut self.session, effects);
        self.stage = Stage::RollingBack(changes);
    }

    fn images_are_back(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::RollingBack(changes) = &self.stage else { return };
        let (mut back, mut refused) = (Plan::default(), Plan::default());
        for (together, outcome) in changes.outcomes() {
            let words = match outcome {
                Some(Ok(())) | None => None,
                Some(Err(error)) => Some(error.words()),
            };
            for planned in together {
                let which = if words.is_some() { &mut refused } else { &mut back };
                which.workloads.push(planned.clone());
                if let Some(entry) = self.report.workload_mut(planned) {
                    entry.rollback =
                        words.clone().map_or(RollbackStatus::Set, RollbackStatus::Refused);
                }
            }
        }
        if self.canceled.is_some() || back.workloads.is_empty() {
            self.pending_notes = Self::former_records(&self.session.request.run, &back);
            if !self.recorded {
                let still = refused.workloads.iter().map(Planned::reversed).collect();
                self.pending_notes.extend(self.records(&Plan { workloads: still }));
            }
            return self.look_again(now, effects);
        }
        let queries = queries(back.workloads.iter());
        let reading = Reading::start(queries, RetryPolicy::EACH, &mut self.session, effects);
        self.stage = Stage::ReadingRolledBack(reading, back);
    }

    /// The old images are set, as they are stored: their rollouts are watched.
    fn watch_back(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::ReadingRolledBack(reading, back) = &self.stage else { return };
        let mut stored = back.clone();
        stored.take_stored(&reading.answered());
        let former = Self::former_records(&self.session.request.run, back);
        let terms = Terms {
            began: now,
            first_failure_ends: false,
            stuck_pods: self.stuck_pods(true),
            going_back: true,
            verified: Vec::new(),
            waited_for: mem::take(&mut self.pods_that_do_not_end),
        };
        let session = &mut self.session;
        let mut watching = Watching::start(&stored, terms, session, effects);
        watching.beside(Requests::start(former, RetryPolicy::EACH, session, effects));
        self.stage = Stage::WatchingRollback(watching);
    }

    fn rollback_is_over(&mut self, over: &WatchResult, now: Millis, effects: &mut Effects) {
        let Stage::WatchingRollback(watching) = &mut self.stage else { return };
        watching.stop(&mut self.session, effects);
        self.report.rolled_back = Some(now);
        effects.extend(report::over(over));
        for (planned, outcome, deleted) in watching.outcomes() {
            if let Some(entry) = self.report.workload_mut(planned) {
                entry.rollback = match outcome {
                    Some(outcome) => RollbackStatus::Rolled(outcome.clone(), deleted.cloned()),
                    None => RollbackStatus::NotDone,
                };
            }
        }
        self.look_again(now, effects);
    }

    /// Asks what the workloads run now, so that the last table is true.
    fn look_again(&mut self, now: Millis, effects: &mut Effects) {
        let queries = queries(self.plan.workloads.iter());
        if queries.is_empty() {
            return self.conclude(now, effects);
        }
        self.report.forget_what_runs();
        let notes = mem::take(&mut self.pending_notes);
        let notes = Requests::start(notes, RetryPolicy::EACH, &mut self.session, effects);
        let reading = Reading::start(queries, RetryPolicy::EACH, &mut self.session, effects);
        self.stage = Stage::FinalState { reading, notes };
    }

    /// The agent ends the step: lets go of what is not needed, and puts back what was changed if it
    /// is to, within the time that is left.
    fn cancel(&mut self, grace_ms: u32, now: Millis, effects: &mut Effects) {
        self.verdict = TaskResult::Canceled;
        effects.push(report::canceled());
        self.canceled = Some(self.session.wake(grace_ms, effects));
        match &mut self.stage {
            Stage::Reading { reading, .. } => {
                reading.requests.stop(&mut self.session, effects);
                self.end_unchanged(effects);
            }
            Stage::SettingImages(changes) => {
                changes.stop(&mut self.session, effects);
                if changes.is_over() {
                    self.changes_are_made(now, effects);
                }
            }
            Stage::ReadingStored(reading) => {
                reading.requests.stop(&mut self.session, effects);
                self.pending_notes = self.records(&self.plan);
                self.go_back(now, effects);
            }
            Stage::FetchingLogs(logs) => {
                logs.stop(&mut self.session, effects);
                effects.extend(report::failures(&self.report));
                self.go_back(now, effects);
            }
            Stage::Watching(watching) => {
                self.recorded = watching.is_recorded();
                watching.stop(&mut self.session, effects);
                watching.tell(now, &mut self.report);
                effects.extend(report::failures(&self.report));
                if !self.recorded {
                    self.pending_notes = self.records(&self.plan);
                }
                self.go_back(now, effects);
            }
            Stage::ReadingRolledBack(reading, back) => {
                reading.requests.stop(&mut self.session, effects);
                self.pending_notes = Self::former_records(&self.session.request.run, back);
                self.look_again(now, effects);
            }
            Stage::WatchingRollback(watching) => {
                watching.stop(&mut self.session, effects);
                self.look_again(now, effects);
            }
            Stage::ReadingBeforeRollback(_)
            | Stage::RollingBack(_)
            | Stage::FinalState { .. }
            | Stage::Over => {}
        }
    }

    fn end_unchanged(&mut self, effects: &mut Effects) {
        let verdict = match self.canceled {
            Some(_) => TaskResult::Canceled,
            None => TaskResult::Failed,
        };
        finish(effects, verdict, report::NOTHING_CHANGED);
        self.stage = Stage::Over;
    }

    /// Tells the whole report, and ends the step.
    fn conclude(&mut self, now: Millis, effects: &mut Effects) {
        match &mut self.stage {
            Stage::FinalState { reading, .. } => self.report.see_now(&reading.answered()),
            Stage::SettingImages(changes) => {
                changes.kill(effects);
                self.report.was_not_put_back(self.puts_back());
            }
            Stage::ReadingBeforeRollback(_) => self.report.was_not_put_back(self.puts_back()),
            Stage::RollingBack(changes) => changes.kill(effects),
            _ => {}
        }
        let unchanged_is_an_issue = self.session.request.when_unchanged != WhenUnchanged::Succeed;
        let verdict = self.report.verdict(self.verdict, unchanged_is_an_issue);
        let commands = self.rollback();
        match verdict {
            TaskResult::Failed | TaskResult::Canceled => self.report.rollback_commands = commands,
            _ => self.report.undo_commands = commands,
        }
        effects.extend(report::run_result(&self.report, verdict, now));
        finish(effects, verdict, &report::last_sentence(&self.report, verdict));
        self.stage = Stage::Over;
    }

    /// The commands that put back what is still changed.
    fn rollback(&self) -> Vec<CommandLine> {
        let changed = self.report.workloads.iter().filter(|entry| entry.is_changed());
        let workloads = changed.map(|entry| entry.planned.reversed()).collect();
        Plan { workloads }.commands(&self.session.request.target)
    }
}

impl Reading {
    fn start(
        queries: Vec<Query>,
        policy: RetryPolicy,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        let requests = queries.iter().map(Query::request).collect();
        Self { queries, requests: Requests::start(requests, policy, session, effects) }
    }

    /// What each query found, or why it found nothing.
    fn outcomes(&self) -> impl Iterator<Item = Result<FoundWorkloads, ApiError>> {
        self.queries.iter().enumerate().map(|(at, query)| {
            let failure = self.requests.failure(at).unwrap_or(&ApiError::Canceled);
            query.found(self.requests.answer(at).ok_or(failure))
        })
    }

    /// What was found, if all of it is known.
    fn found(&self) -> Result<Vec<FoundWorkloads>, ApiError> {
        match self.requests.first_failure() {
            Some((at, error)) if self.queries[at].found(Err(error)).is_err() => Err(error.clone()),
            _ => self.outcomes().collect(),
        }
    }

    /// What was found by those queries that were answered.
    fn answered(&self) -> Vec<FoundWorkloads> {
        self.outcomes().filter_map(Result::ok).collect()
    }

    /// Why the others were not.
    fn failures(&self) -> impl Iterator<Item = ApiError> {
        self.outcomes().filter_map(Result::err)
    }
}

fn queries<'a>(workloads: impl Iterator<Item = &'a Planned>) -> Vec<Query> {
    workloads.map(|planned| Query::of_workload(planned.asked.as_deref(), &planned.name)).collect()
}

/// The requests that leave annotations on every workload that gets another image; one without a value
/// is taken away.
fn notes(plan: &Plan, annotations: impl Fn(&Planned) -> Vec<Note>) -> Vec<ApiRequest> {
    let request = |planned: &Planned| {
        let annotations: BTreeMap<_, _> = annotations(planned).into_iter().collect();
        let patch = json!({ "metadata": { "annotations": annotations } }).to_string();
        let (name, namespace) = (&planned.name, &planned.namespace);
        ApiRequest::patch(namespace, name.kind, &name.name, patch, false)
    };
    plan.changed().map(request).collect()
}

/// Shows that a note could not be left.
fn leave_notes(notes: &mut Requests, event: &Event, session: &mut Session, effects: &mut Effects) {
    let ended = notes.handle(event, session, effects);
    if let Some(error) = ended.and_then(|ended| notes.failure(ended)) {
        effects.push(report::not_recorded(error));
    }
}
