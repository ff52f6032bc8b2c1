//! A release: from the plan to the verdict, one stage after another.

use std::mem;

use crate::{
    images::Line,
    inputs::{OnFailure, WhenUnchanged},
    kubectl::{CommandLine, Skew},
    plan::{self, Found, Plan, PlanError, Planned, Query, Return},
    protocol::{Event, Millis, TimerId, Verdict},
    record::{self, Record},
    report,
    run::{
        State,
        batch::{Batch, Policy},
        objects,
        process::Ending,
        session::{Effects, Session, finish},
        verifying::Verifying,
        watching::{Over, StuckPods, Watching},
    },
    story::{Back, ContainerLog, Outcome, Purpose, Story},
};

/// How long the step may still take once it is canceled, in milliseconds. The agent ends it for
/// good 7.5 s after the first signal.
const GRACE_MS: u32 = 5_500;
/// How many lines of each are fetched.
const LOG_LINES: u32 = 20;
/// The longest line of a log that is kept, in characters.
const LOG_LINE: usize = 2000;
/// How many logs of failed containers are fetched.
const MOST_LOGS: usize = 3;

/// A run that deals with the cluster.
#[derive(Debug)]
pub(crate) struct Release {
    purpose: Purpose,
    session: Session,
    lines: Vec<Line>,
    stage: Stage,
    plan: Plan,
    story: Story,
    verdict: Verdict,
    /// The versions of kubectl and the API server.
    versions: Option<Batch>,
    /// Notes that are still to be left on workloads.
    pending_notes: Vec<CommandLine>,
    /// Whether the record of the change was left.
    recorded: bool,
    /// Once the step is canceled: the timer by which it has to end.
    canceled: Option<TimerId>,
}

/// What is being waited for.
#[derive(Debug)]
enum Stage {
    /// The workloads as they are, and what registries say of the images.
    Reading { batch: Batch, queries: Vec<Query>, verifying: Option<Box<Verifying>> },
    /// The changes.
    Setting(Batch),
    /// The rollouts of the changes.
    Watching(Watching),
    /// The logs of containers that failed: pod and container of each.
    Explaining(Batch, Vec<(usize, String, String)>),
    /// The workloads as they are before their images are put back.
    Checking(Batch, Vec<Query>),
    /// The old images, in this plan.
    PuttingBack(Batch, Plan),
    /// The rollouts of the old images.
    WatchingBack(Watching),
    /// The workloads as they are in the end, and notes that are left meanwhile.
    LookingAgain { batch: Batch, queries: Vec<Query>, notes: Batch },
    /// Nothing: the step has ended.
    Over,
}

impl Release {
    pub(crate) fn start(
        purpose: Purpose,
        mut session: Session,
        lines: Vec<Line>,
        effects: &mut Effects,
    ) -> State {
        let defaults = &session.request.namespaces;
        let queries = if lines.is_empty() {
            Query::of_everything(defaults)
        } else {
            Query::of_lines(&lines, defaults)
        };
        effects.push(report::section("Plan"));
        let batch = ask(&queries, Policy::ALL, &mut session, effects);
        let verifying = match purpose {
            Purpose::Set => Verifying::start(&lines, &mut session, effects).map(Box::new),
            Purpose::Undo => None,
        };
        State::Releasing(Box::new(Self {
            purpose,
            session,
            lines,
            stage: Stage::Reading { batch, queries, verifying },
            plan: Plan::default(),
            story: Story::default(),
            verdict: Verdict::Succeeded,
            versions: None,
            pending_notes: Vec::new(),
            recorded: false,
            canceled: None,
        }))
    }

    pub(crate) fn handle(
        mut self: Box<Self>,
        now: Millis,
        event: &Event,
        effects: &mut Effects,
    ) -> State {
        match event {
            Event::Canceled if self.canceled.is_some() => self.conclude(now, effects),
            Event::Woken { timer } if self.canceled == Some(*timer) => self.conclude(now, effects),
            Event::Canceled => self.cancel(now, effects),
            event => {
                self.session.renew(event, effects);
                self.note_skew(event, effects);
                self.go_on(now, event, effects);
            }
        }
        if matches!(self.stage, Stage::Over) { State::Finished } else { State::Releasing(self) }
    }

    /// Gives the event to the stage, and goes to the next one when this one is through.
    fn go_on(&mut self, now: Millis, event: &Event, effects: &mut Effects) {
        let session = &mut self.session;
        match &mut self.stage {
            Stage::Reading { batch, verifying, .. } => {
                batch.handle(event, session, effects);
                if let Some(verifying) = verifying {
                    verifying.handle(event, session, effects);
                }
                let verified = verifying.as_ref().is_none_or(|verifying| verifying.is_over());
                if batch.is_over() && (verified || batch.first_failure().is_some()) {
                    self.make_plan(now, effects);
                }
            }
            Stage::Setting(batch) => {
                report_change(batch, event, session, effects);
                if batch.is_over() {
                    self.changes_are_made(now, effects);
                }
            }
            Stage::Watching(watching) => {
                let over = watching.handle(now, event, &self.story, session, effects);
                if let Some(over) = over {
                    self.rollouts_are_over(&over, now, effects);
                }
            }
            Stage::Explaining(batch, _) => {
                batch.handle(event, session, effects);
                if batch.is_over() {
                    self.logs_are_there(now, effects);
                }
            }
            Stage::Checking(batch, _) => {
                batch.handle(event, session, effects);
                if batch.is_over() {
                    self.put_back(now, effects);
                }
            }
            Stage::PuttingBack(batch, _) => {
                report_change(batch, event, session, effects);
                if batch.is_over() {
                    self.images_are_back(now, effects);
                }
            }
            Stage::WatchingBack(watching) => {
                let over = watching.handle(now, event, &self.story, session, effects);
                if let Some(over) = over {
                    self.way_back_is_over(&over, now, effects);
                }
            }
            Stage::LookingAgain { batch, notes, .. } => {
                batch.handle(event, session, effects);
                report_note(notes, event, session, effects);
                if batch.is_over() && notes.is_over() {
                    self.conclude(now, effects);
                }
            }
            Stage::Over => {}
        }
    }

    fn make_plan(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::Reading { batch, queries, verifying } = &self.stage else { return };
        if let Some((_, ending)) = batch.first_failure() {
            effects.extend(report::kubectl_failed("The workloads cannot be read", ending));
            return self.end_unchanged(effects);
        }
        let found = match found(batch, queries) {
            Ok(found) => found,
            Err(error) => {
                effects.push(report::not_understood(&error));
                return self.end_unchanged(effects);
            }
        };
        if let Some(verifying) = verifying {
            if !verifying.tell(effects) {
                return self.end_unchanged(effects);
            }
            verifying.pin(&mut self.lines, effects);
        }
        let plan = match self.purpose {
            Purpose::Set => self.plan_to_set(&found),
            Purpose::Undo => self.plan_to_undo(&found, effects),
        };
        match plan {
            Ok(plan) => self.plan = plan,
            Err(errors) => {
                effects.extend(errors.iter().map(report::error));
                return self.end_unchanged(effects);
            }
        }
        let request = &self.session.request;
        let commands = self.plan.commands(&request.target);
        effects.extend(report::plan(&self.plan, request.when_unchanged));
        if self.purpose == Purpose::Set {
            let backward = request.downgrade.backward(&self.plan);
            effects.extend(report::backward(&backward, request.downgrade));
            if request.downgrade.refuses(&backward) {
                return self.end_unchanged(effects);
            }
        }
        effects.push(report::commands_variable(&commands));
        self.carry_out(commands, now, effects);
    }

    fn plan_to_set(&self, found: &[Found]) -> Result<Plan, Vec<PlanError>> {
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
        found: &[Found],
        effects: &mut Effects,
    ) -> Result<Plan, Vec<PlanError>> {
        let defaults = &self.session.request.namespaces;
        let Return { plan, left } = Return::of_records(&self.lines, defaults, found)?;
        if !left.is_empty() {
            self.verdict = Verdict::SucceededWithIssues;
        }
        effects.extend(report::left_alone(&left));
        Ok(plan)
    }

    fn carry_out(&mut self, commands: Vec<CommandLine>, now: Millis, effects: &mut Effects) {
        let request = &self.session.request;
        self.story = Story::begin(self.purpose, &self.plan, &request.target, now);
        let commands = if request.dry_run {
            let set = self.plan.set_commands(&request.target);
            set.into_iter().map(CommandLine::dry_run).collect()
        } else {
            commands
        };
        if !commands.is_empty() {
            effects.push(report::section("Set image"));
            let batch = Batch::start(commands, Policy::ALL, &mut self.session, effects);
            self.stage = Stage::Setting(batch);
        } else if request.dry_run || self.purpose == Purpose::Undo {
            let left_alone = self.verdict != Verdict::Succeeded;
            let (verdict, message) =
                report::nothing_to_do(self.purpose, !self.lines.is_empty(), left_alone);
            finish(effects, verdict, message);
            self.stage = Stage::Over;
        } else {
            self.watch(effects);
        }
    }

    fn changes_are_made(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::Setting(batch) = &self.stage else { return };
        let failed = batch.first_failure().is_some();
        if self.session.request.dry_run {
            let (verdict, message) = report::dry_run(failed);
            finish(effects, self.canceled.map_or(verdict, |_| Verdict::Canceled), message);
            self.stage = Stage::Over;
        } else if failed || self.canceled.is_some() {
            let set = self.plan.set_by_command().enumerate();
            let set = set.filter(|(at, _)| batch.succeeded(*at)).flat_map(|(_, set)| set);
            self.pending_notes = self.records(&Plan { workloads: set.cloned().collect() });
            self.fail();
            self.go_back(now, effects);
        } else {
            self.watch(effects);
        }
    }

    /// Something went wrong, if it was not that the step was canceled.
    fn fail(&mut self) {
        if self.canceled.is_none() {
            self.verdict = Verdict::Failed;
        }
    }

    /// Asks for the versions of kubectl and the API server, beside all else.
    fn ask_for_versions(&mut self, effects: &mut Effects) {
        let command = vec![self.session.request.target.version()];
        self.versions = Some(Batch::start(command, Policy::BRIEFLY, &mut self.session, effects));
    }

    /// Warns where they are too far apart.
    fn note_skew(&mut self, event: &Event, effects: &mut Effects) {
        let Some(batch) = &mut self.versions else { return };
        if batch.handle(event, &mut self.session, effects).is_some() {
            let skew = batch.answer(0).and_then(Skew::of);
            effects.extend(skew.as_ref().map(report::skew));
        }
    }

    /// Watches the rollouts, and leaves the record of the change meanwhile.
    fn watch(&mut self, effects: &mut Effects) {
        effects.push(report::section("Rollout"));
        let undo = self.purpose == Purpose::Undo;
        let first_failure_ends = self.session.request.on_failure == OnFailure::Undo;
        let mut watching = Watching::start(
            &self.plan,
            self.story.began,
            first_failure_ends && !undo,
            self.stuck_pods(undo),
            &mut self.session,
            effects,
        );
        let notes = self.records(&self.plan);
        watching.beside(Batch::start(notes, Policy::EACH, &mut self.session, effects));
        let over = watching.is_settled(&mut self.session, effects);
        self.stage = Stage::Watching(watching);
        if over {
            self.rollouts_are_over(&Over::Settled, self.story.began, effects);
        } else {
            self.ask_for_versions(effects);
        }
    }

    /// The commands that record a change on its workloads, or take the record of it away.
    fn records(&self, plan: &Plan) -> Vec<CommandLine> {
        let author = &self.session.request.author;
        plan.notes(&self.session.request.target, |planned| {
            let record = match self.purpose {
                Purpose::Set => Some(Record::of(planned, author).write()),
                Purpose::Undo => None,
            };
            vec![
                (record::ANNOTATION, record),
                (record::CHANGE_CAUSE, Some(record::change_cause(planned, author))),
            ]
        })
    }

    /// The commands that put the records back that were there before.
    fn former_records(&self, plan: &Plan) -> Vec<CommandLine> {
        plan.notes(&self.session.request.target, |planned| {
            vec![
                (record::ANNOTATION, planned.record.clone()),
                (record::CHANGE_CAUSE, planned.change_cause.clone()),
            ]
        })
    }

    fn stuck_pods(&self, going_back: bool) -> StuckPods {
        match (going_back, self.session.request.delete_stuck_pods) {
            (false, _) => StuckPods::Wait,
            (true, false) => StuckPods::Name,
            (true, true) => StuckPods::Delete,
        }
    }

    fn rollouts_are_over(&mut self, over: &Over, now: Millis, effects: &mut Effects) {
        let Stage::Watching(watching) = &self.stage else { return };
        watching.stop(effects);
        watching.tell(now, &mut self.story);
        effects.extend(report::over(over));
        if watching.lacks_something() {
            self.verdict = Verdict::SucceededWithIssues;
        }
        self.recorded = watching.is_recorded();
        if *over == Over::Settled && !self.story.has_failed() {
            if self.story.knows_what_runs() {
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

    /// Fetches the logs of the containers that failed.
    fn explain(&mut self, now: Millis, effects: &mut Effects) {
        let target = &self.session.request.target;
        let mut commands = Vec::new();
        let mut whose = Vec::new();
        for (at, chapter) in self.story.chapters.iter().enumerate() {
            let Some((Outcome::Failed(failure), _)) = &chapter.outcome else { continue };
            let Some(log) = failure.log().filter(|_| commands.len() < MOST_LOGS) else { continue };
            let target = target.within(chapter.planned.asked.as_deref());
            commands.push(target.logs(&log).tail(LOG_LINES));
            whose.push((at, log.pod.to_owned(), log.container.to_owned()));
        }
        if commands.is_empty() {
            return self.go_back(now, effects);
        }
        let batch = Batch::start(commands, Policy::BRIEFLY, &mut self.session, effects);
        self.stage = Stage::Explaining(batch, whose);
    }

    fn logs_are_there(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::Explaining(batch, whose) = &self.stage else { return };
        for (job, (at, pod, container)) in whose.iter().enumerate() {
            let answer = batch.answer(job).filter(|answer| !answer.is_empty());
            let lines =
                answer.map(|answer| String::from_utf8_lossy(answer).lines().map(cut).collect());
            self.story.chapters[*at].log = lines.map(|lines| ContainerLog {
                pod: pod.clone(),
                container: container.clone(),
                lines,
            });
        }
        effects.extend(report::container_logs(&self.story));
        self.go_back(now, effects);
    }

    /// Whether the images of a run that fails are put back.
    fn puts_back(&self) -> bool {
        self.purpose == Purpose::Set && self.session.request.on_failure == OnFailure::Undo
    }

    /// Puts back what this run has changed, if it is to.
    fn go_back(&mut self, now: Millis, effects: &mut Effects) {
        if !self.puts_back() || self.plan.changed().next().is_none() {
            return self.look_again(now, effects);
        }
        effects.push(report::section("Undo"));
        self.pending_notes.clear();
        self.story.forget_what_runs();
        let queries = queries(self.plan.changed());
        let batch = ask(&queries, Policy::EACH, &mut self.session, effects);
        self.stage = Stage::Checking(batch, queries);
    }

    fn put_back(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::Checking(batch, queries) = &self.stage else { return };
        let found = answered(batch, queries);
        let Return { plan, left } = plan::way_back(&self.plan, &found);
        for ending in (0..queries.len()).filter_map(|at| batch.failure(at)) {
            effects.extend(report::kubectl_failed("What the workloads run cannot be read", ending));
        }
        let is_known = |planned: &Planned| found.iter().any(|f| f.namespace == planned.asked);
        for planned in self.plan.changed().filter(|planned| !is_known(planned)) {
            if let Some(chapter) = self.story.chapter_mut(planned) {
                chapter.back = Back::Unknown;
            }
        }
        let left: Vec<_> = left.into_iter().filter(|left| is_known(&left.planned)).collect();
        effects.extend(report::left_alone(&left));
        for left in left {
            if let Some(chapter) = self.story.chapter_mut(&left.planned) {
                chapter.back = Back::Left(left.reason);
            }
        }
        let commands = plan.commands(&self.session.request.target);
        if commands.is_empty() && self.canceled.is_some() {
            return self.look_again(now, effects);
        }
        if commands.is_empty() {
            self.story.see_now(&found);
            return self.conclude(now, effects);
        }
        for planned in &plan.workloads {
            if let Some(chapter) = self.story.chapter_mut(planned) {
                chapter.back = Back::Unknown;
            }
        }
        let batch = Batch::start(commands, Policy::EACH, &mut self.session, effects);
        self.stage = Stage::PuttingBack(batch, plan);
    }

    fn images_are_back(&mut self, now: Millis, effects: &mut Effects) {
        let Stage::PuttingBack(batch, plan) = &self.stage else { return };
        let (mut back, mut refused) = (Plan::default(), Plan::default());
        for (at, together) in plan.set_by_command().enumerate() {
            let words = batch.failure(at).map(Ending::words);
            for planned in together {
                let which = if words.is_some() { &mut refused } else { &mut back };
                which.workloads.push(planned.clone());
                if let Some(chapter) = self.story.chapter_mut(planned) {
                    chapter.back = words.clone().map_or(Back::Set, Back::Refused);
                }
            }
        }
        let former = self.former_records(&back);
        if self.canceled.is_some() || back.workloads.is_empty() {
            self.pending_notes = former;
            if !self.recorded {
                let still = refused.workloads.iter().map(Planned::reversed).collect();
                self.pending_notes.extend(self.records(&Plan { workloads: still }));
            }
            return self.look_again(now, effects);
        }
        let stuck = self.stuck_pods(true);
        let mut watching = Watching::start(&back, now, false, stuck, &mut self.session, effects);
        watching.beside(Batch::start(former, Policy::EACH, &mut self.session, effects));
        self.stage = Stage::WatchingBack(watching);
    }

    fn way_back_is_over(&mut self, over: &Over, now: Millis, effects: &mut Effects) {
        let Stage::WatchingBack(watching) = &self.stage else { return };
        watching.stop(effects);
        effects.extend(report::over(over));
        for (planned, outcome, deleted) in watching.outcomes() {
            if let Some(chapter) = self.story.chapter_mut(planned) {
                chapter.back = match outcome {
                    Some(outcome) => Back::Rolled(outcome.clone(), deleted.cloned()),
                    None => Back::NotDone,
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
        self.story.forget_what_runs();
        let notes = mem::take(&mut self.pending_notes);
        let notes = Batch::start(notes, Policy::EACH, &mut self.session, effects);
        let batch = ask(&queries, Policy::EACH, &mut self.session, effects);
        self.stage = Stage::LookingAgain { batch, queries, notes };
    }

    /// The agent ends the step: lets go of what is not needed, and puts back what was changed if it
    /// is to, within the time that is left.
    fn cancel(&mut self, now: Millis, effects: &mut Effects) {
        self.verdict = Verdict::Canceled;
        effects.push(report::canceled());
        self.canceled = Some(self.session.wake(GRACE_MS, effects));
        match &mut self.stage {
            Stage::Reading { batch, .. } => {
                batch.stop(effects);
                self.end_unchanged(effects);
            }
            Stage::Setting(batch) => {
                // A command that is ended may have done its work: it is waited for.
                batch.stop(effects);
                if batch.is_over() {
                    self.changes_are_made(now, effects);
                }
            }
            Stage::Explaining(batch, _) => {
                batch.stop(effects);
                self.go_back(now, effects);
            }
            Stage::Watching(watching) => {
                watching.stop(effects);
                watching.tell(now, &mut self.story);
                self.recorded = watching.is_recorded();
                if !self.recorded {
                    self.pending_notes = self.records(&self.plan);
                }
                self.go_back(now, effects);
            }
            Stage::WatchingBack(watching) => {
                watching.stop(effects);
                self.look_again(now, effects);
            }
            Stage::Checking(..)
            | Stage::PuttingBack(..)
            | Stage::LookingAgain { .. }
            | Stage::Over => {}
        }
    }

    fn end_unchanged(&mut self, effects: &mut Effects) {
        let verdict = match self.canceled {
            Some(_) => Verdict::Canceled,
            None => Verdict::Failed,
        };
        finish(effects, verdict, report::NOTHING_CHANGED);
        self.stage = Stage::Over;
    }

    /// Tells the whole story, and ends the step.
    fn conclude(&mut self, now: Millis, effects: &mut Effects) {
        if let Some(versions) = &self.versions {
            versions.kill(effects);
        }
        match &self.stage {
            Stage::LookingAgain { batch, queries, notes } => {
                self.story.see_now(&answered(batch, queries));
                batch.kill(effects);
                notes.kill(effects);
            }
            Stage::Setting(batch) | Stage::Checking(batch, _) => {
                batch.kill(effects);
                self.story.was_not_put_back(self.puts_back());
            }
            Stage::PuttingBack(batch, _) => batch.kill(effects),
            Stage::WatchingBack(watching) => watching.stop(effects),
            _ => {}
        }
        let unchanged_is_an_issue = self.session.request.when_unchanged != WhenUnchanged::Succeed;
        let verdict = self.story.verdict(self.verdict, unchanged_is_an_issue);
        if matches!(verdict, Verdict::Failed | Verdict::Canceled) {
            self.story.way_back = self.way_back();
        }
        effects.extend(report::story(&self.story, verdict, now));
        finish(effects, verdict, report::last_sentence(&self.story, verdict));
        self.stage = Stage::Over;
    }

    /// The commands that put back what is still changed.
    fn way_back(&self) -> Vec<CommandLine> {
        let changed = self.story.chapters.iter().filter(|chapter| chapter.is_changed());
        let workloads = changed.map(|chapter| chapter.planned.reversed()).collect();
        Plan { workloads }.commands(&self.session.request.target)
    }
}

fn queries<'a>(workloads: impl Iterator<Item = &'a Planned>) -> Vec<Query> {
    Query::of_workloads(workloads.map(|planned| (&planned.asked, &planned.name)))
}

fn ask(queries: &[Query], policy: Policy, session: &mut Session, effects: &mut Effects) -> Batch {
    let target = &session.request.target;
    let commands = queries.iter().map(|query| query.command(target)).collect();
    Batch::start(commands, policy, session, effects)
}

/// What every query found.
fn found(batch: &Batch, queries: &[Query]) -> Result<Vec<Found>, serde_json::Error> {
    let answers = queries.iter().enumerate().map(|(at, query)| {
        let workloads = objects::parse(batch.answer(at).unwrap_or_default())?;
        Ok(Found { namespace: query.namespace.clone(), workloads })
    });
    answers.collect()
}

/// What was found by those queries that were answered.
fn answered(batch: &Batch, queries: &[Query]) -> Vec<Found> {
    let answered = queries.iter().enumerate().filter(|(at, _)| batch.succeeded(*at));
    let found = answered.filter_map(|(at, query)| {
        let workloads = objects::parse(batch.answer(at)?).ok()?;
        Some(Found { namespace: query.namespace.clone(), workloads })
    });
    found.collect()
}

/// A line of a container's log, no longer than a person reads.
fn cut(line: &str) -> String {
    line.chars().take(LOG_LINE).collect()
}

/// Shows that a note could not be left.
fn report_note(batch: &mut Batch, event: &Event, session: &mut Session, effects: &mut Effects) {
    let ended = batch.handle(event, session, effects);
    if let Some(ending) = ended.and_then(|ended| batch.failure(ended)) {
        effects.push(report::aside_failed(ending));
    }
}

/// Shows what a command that changes something answered.
fn report_change(batch: &mut Batch, event: &Event, session: &mut Session, effects: &mut Effects) {
    let Some(ended) = batch.handle(event, session, effects) else { return };
    effects.extend(report::answer(batch.answer(ended).unwrap_or_default()));
    if let Some(ending) = batch.failure(ended) {
        effects.extend(report::kubectl_failed("The image cannot be set", ending));
    }
}
