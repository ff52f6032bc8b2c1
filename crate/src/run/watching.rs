//! Watches workloads and their pods until every rollout is settled.

use std::mem;

use crate::{
    host::{Age, ApiRequest, Effect, Event, Millis, TimerId},
    kubernetes::{ApiError, Kind, last_change},
    plan::{Plan, Planned},
    report::{
        self,
        run_report::{Outcome, RunReport},
    },
    rollout::{
        self, Cause, Failure, Goal, Judgement, Listing, Observation, Progress, StuckPods, Waiting,
        WatchResult,
    },
    run::{
        requests::{Requests, RetryPolicy},
        session::{Effects, Session},
        watch::{self, Watch, WatchNews},
    },
};

/// How often the log says what is waited for while nothing moves, in milliseconds.
const HEARTBEAT_MS: u32 = 30_000;
/// How long the pods may lag behind the status of their workload, in milliseconds.
const PODS_SEEN_MS: u32 = 2_000;

/// How rollouts are watched.
#[derive(Debug)]
pub(crate) struct Terms {
    /// When the changes were asked for.
    pub(crate) began: Millis,
    /// Whether one failed rollout is enough to stop waiting for the others.
    pub(crate) first_failure_ends: bool,
    /// What becomes of pods that hold a rollout up.
    pub(crate) stuck_pods: StuckPods,
    /// Whether the rollouts are those of a rollback, which are not explained afterwards.
    pub(crate) going_back: bool,
    /// The images that registries have: a node that finds none is only early.
    pub(crate) verified: Vec<String>,
    /// The pods that an earlier rollout has waited for in vain.
    pub(crate) waited_for: Vec<String>,
}

/// Waits for rollouts.
#[derive(Debug)]
pub(crate) struct Watching {
    followed: Vec<Followed>,
    seen: Observation,
    watches: Vec<Watch>,
    /// Requests beside the watches; they are not what is waited for.
    aside: Vec<Requests>,
    terms: Terms,
    deadline: Option<TimerId>,
    /// When a grace time runs out, and the timer for it.
    recheck: Option<(Millis, TimerId)>,
    /// Runs once every rollout is judged and the last pods are still to be seen.
    last_pods: Option<TimerId>,
    /// Runs while the pods may be judged without, since they were not listed yet.
    pods_awaited: Option<TimerId>,
    /// When the log has to say what is waited for, unless something moves before.
    heartbeat: Option<TimerId>,
    /// Whether something moved since the heartbeat was set.
    moved: bool,
    percent: Option<u8>,
    /// How many fifths of many rollouts were done, as the log said it last.
    said: Option<usize>,
}

/// A workload and how far its rollout is.
#[derive(Debug)]
struct Followed {
    planned: Planned,
    goal: Goal,
    outcome: Option<(Outcome, Age)>,
    timeline: Vec<(Age, Progress)>,
    /// How far it is, as the log said it last: fifths of its pods, and whether that is all of them.
    said: Option<(i64, bool)>,
    /// What was wrong and could pass, as the log said it last.
    awaited: Option<(mem::Discriminant<Cause>, Option<String>)>,
    /// The pod that was deleted since it held the rollout up.
    deleted_pod: Option<DeletedPod>,
}

/// A pod whose deletion was asked for.
#[derive(Debug)]
struct DeletedPod {
    name: String,
    /// Of the pod that is meant; one that was made anew has another.
    uid: String,
    /// The place of the request among those beside the watches.
    request: usize,
}

impl Watching {
    /// Starts the watches for a plan whose changes are made.
    pub(crate) fn start(
        plan: &Plan,
        terms: Terms,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        let follow = |planned| Followed::new(planned, &terms);
        let followed: Vec<Followed> = plan.workloads.iter().map(follow).collect();
        let waiting: Vec<&Planned> =
            followed.iter().filter(|f| f.outcome.is_none()).map(|f| &f.planned).collect();
        let watches = watch::for_workloads(&waiting, session, effects);
        let timeout_ms = session.request.timeout_ms.filter(|_| !watches.is_empty());
        let deadline = timeout_ms.map(|after_ms| session.wake(after_ms, effects));
        let pods_awaited = (!watches.is_empty()).then(|| session.wake(PODS_SEEN_MS, effects));
        let heartbeat = (!watches.is_empty()).then(|| session.wake(HEARTBEAT_MS, effects));
        Self {
            followed,
            seen: Observation::default(),
            watches,
            aside: Vec::new(),
            terms,
            deadline,
            recheck: None,
            last_pods: None,
            pods_awaited,
            heartbeat,
            moved: false,
            percent: None,
            said: None,
        }
    }

    /// Has requests go on beside the watches.
    pub(crate) fn beside(&mut self, requests: Requests) {
        self.aside.push(requests);
    }

    /// Takes an event; tells once there is nothing more to wait for.
    pub(crate) fn handle(
        &mut self,
        now: Millis,
        event: &Event,
        report: &RunReport,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<WatchResult> {
        match event {
            Event::Woken { timer } if self.deadline == Some(*timer) => {
                return Some(WatchResult::TimedOut(Age(now - self.terms.began)));
            }
            Event::Woken { timer } if self.last_pods == Some(*timer) => {
                return Some(WatchResult::Settled);
            }
            Event::Woken { timer } if self.pods_awaited == Some(*timer) => self.pods_awaited = None,
            Event::Woken { timer } if self.recheck.is_some_and(|(_, known)| known == *timer) => {
                self.recheck = None;
            }
            Event::Woken { timer } if self.heartbeat == Some(*timer) => {
                if !mem::take(&mut self.moved) {
                    self.say_what_is_awaited(now, report, effects);
                }
                self.heartbeat = Some(session.wake(HEARTBEAT_MS, effects));
            }
            _ => {}
        }
        for requests in &mut self.aside {
            if let Some(ended) = requests.handle(event, session, effects)
                && let Some(error) = requests.failure(ended)
            {
                effects.push(report::not_recorded(error));
            }
        }
        let mut lost = None;
        let mut split = Vec::new();
        for (place, watch) in self.watches.iter_mut().enumerate() {
            match watch.handle(now, event, &mut self.seen, session, effects) {
                None => {}
                Some(WatchNews::Polls(listing, error)) => {
                    effects.push(report::polls(listing, &error));
                }
                Some(WatchNews::GivenUp(Listing::Workloads(kind), error))
                    if self.followed.iter().any(|f| f.waits_for(kind)) =>
                {
                    if error.is_forbidden() && watch.is_of_many() {
                        split.push((place, kind, error));
                    } else {
                        lost = Some(error);
                    }
                }
                Some(WatchNews::GivenUp(listing, error)) => {
                    effects.push(report::not_seen(listing, &error));
                }
            }
        }
        for (place, kind, error) in split {
            self.watch_by_name(place, kind, &error, session, effects);
        }
        if let Some(error) = lost {
            return Some(WatchResult::Lost(error));
        }
        self.judge(now, report, session, effects);
        self.is_settled(session, effects).then_some(WatchResult::Settled)
    }

    /// Whether there is nothing more to wait for.
    pub(crate) fn is_settled(&mut self, session: &mut Session, effects: &mut Effects) -> bool {
        if !self.aside.iter().all(Requests::is_over) {
            return false;
        }
        let mut outcomes = self.followed.iter().filter_map(|f| f.outcome.as_ref());
        if self.terms.first_failure_ends && outcomes.any(|(outcome, _)| outcome.is_failure()) {
            return true;
        }
        if self.followed.iter().any(|followed| followed.outcome.is_none()) {
            return false;
        }
        if self.all_pods_seen() {
            return true;
        }
        if self.last_pods.is_none() {
            self.last_pods = Some(session.wake(PODS_SEEN_MS, effects));
        }
        false
    }

    /// Whether the first requests beside the watches have all succeeded.
    pub(crate) fn is_recorded(&self) -> bool {
        self.aside.first().is_some_and(|notes| notes.is_over() && notes.first_failure().is_none())
    }

    /// Whether a request beside the watches failed.
    pub(crate) fn lacks_something(&self) -> bool {
        self.aside.iter().any(|requests| requests.first_failure().is_some())
    }

    /// Ends the watches, and what goes on beside them.
    pub(crate) fn stop(&mut self, session: &mut Session, effects: &mut Effects) {
        self.watches.iter().for_each(|watch| watch.stop(session, effects));
        for requests in self.aside.iter_mut().filter(|requests| !requests.is_over()) {
            requests.stop(session, effects);
        }
    }

    /// How the rollouts ended, in the order of the plan; with the pod that had to be deleted.
    pub(crate) fn outcomes(
        &self,
    ) -> impl Iterator<Item = (&Planned, Option<&Outcome>, Option<&String>)> {
        self.followed.iter().map(|followed| {
            let outcome = followed.outcome.as_ref().map(|(outcome, _)| outcome);
            (&followed.planned, outcome, followed.deleted_pod.as_ref().map(|pod| &pod.name))
        })
    }

    /// The pods that rollouts have waited for in vain, since they do not end.
    pub(crate) fn pods_that_do_not_end(&self) -> Vec<String> {
        let failures = self.followed.iter().filter_map(|followed| match &followed.outcome {
            Some((Outcome::Failed(failure), _)) => Some(failure.clone()),
            _ => rollout::likely_cause(&followed.goal, &self.seen),
        });
        let ending = failures.filter(|f| matches!(f.cause, Cause::Terminating { .. }));
        ending.filter_map(|failure| failure.pod).collect()
    }

    /// Writes down all that was seen.
    pub(crate) fn tell(&self, now: Millis, report: &mut RunReport) {
        let stored = mem::take(&mut report.stored);
        for followed in &self.followed {
            let Some(entry) = report.workload_mut(&followed.planned) else { continue };
            entry.outcome.clone_from(&followed.outcome);
            entry.timeline.clone_from(&followed.timeline);
            entry.see(&followed.goal, &self.seen, self.terms.began, now);
            entry.prove(&followed.goal, &self.seen, &stored);
        }
        report.stored = stored;
    }

    /// Judges every workload that is not settled, or that loses its image again, and shows what moved.
    fn judge(
        &mut self,
        now: Millis,
        report: &RunReport,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        let after = Age(now - self.terms.began);
        let mut recheck_at: Option<Millis> = None;
        for at in 0..self.followed.len() {
            let followed = &self.followed[at];
            if let Some((outcome, _)) = &followed.outcome {
                if !outcome.is_failure()
                    && let Some(judgement) = rollout::taken_back(&followed.goal, &self.seen)
                {
                    self.settle(at, after, judgement, report, effects);
                }
                continue;
            }
            if !self.knows_pods(&followed.planned.namespace) {
                continue;
            }
            let judgement = rollout::judge(&followed.goal, &self.seen, &session.request.rules, now);
            match judgement {
                Judgement::Progressing { progress, recheck_at: again } => {
                    recheck_at = recheck_at.into_iter().chain(again).min();
                    self.goes_on(at, after, progress, report, session, effects);
                }
                Judgement::Failed { failure, progress } if self.may_be_freed(at, &failure) => {
                    self.followed[at].moves(after, progress);
                    if let Some(pod) = failure.pod {
                        self.free(at, pod, report, session, effects);
                    }
                }
                judgement => self.settle(at, after, judgement, report, effects),
            }
        }
        let waits_for = self.recheck.map(|(at, _)| at);
        if let Some(at) = recheck_at.filter(|at| waits_for != Some(*at)) {
            let after_ms = u32::try_from((at - now).max(1)).unwrap_or(u32::MAX);
            self.recheck = Some((at, session.wake(after_ms, effects)));
        }
        self.say_how_many_are_done(now, report, effects);
        self.show_percent(effects);
    }

    /// Whether the pods of a namespace are known, or were waited for long enough: without them a
    /// workload that is paused looks as if every pod had its template. Without replica sets, which are
    /// asked for as well, the old pods of a restart look like new ones.
    fn knows_pods(&self, namespace: &str) -> bool {
        let are = |listing: Listing| {
            let here = |watch: &&Watch| watch.listing == listing && watch.is_within(namespace);
            self.watches.iter().filter(here).all(Watch::has_answered)
        };
        are(Listing::Workloads(Kind::ReplicaSet))
            && (self.pods_awaited.is_none() || are(Listing::Pods))
    }

    /// A rollout is not settled: shows what moved, and what it waits for.
    fn goes_on(
        &mut self,
        at: usize,
        after: Age,
        progress: Progress,
        report: &RunReport,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        let shown = self.shown(after, report);
        let are_many = self.are_many();
        let followed = &mut self.followed[at];
        let title = report.title(&followed.planned);
        if followed.is_seen(&self.seen) {
            let waiting = rollout::waiting(&followed.goal, &self.seen);
            followed.moves(after, progress);
            let is_news = followed.is_news(progress) && !are_many;
            if followed.has_new_trouble(waiting.as_ref()) | is_news {
                effects.push(report::progress(shown, &title, progress, waiting.as_ref()));
                self.moved = true;
            }
        } else if self.watches.iter().any(|watch| watch.covers(&followed.planned)) {
            effects.extend(report::settled(report, &followed.planned, &Outcome::Deleted));
            followed.outcome = Some((Outcome::Deleted, after));
            return;
        }
        let Some(pod) = followed.new_stuck_pod(self.terms.stuck_pods, &self.seen) else { return };
        if self.terms.stuck_pods == StuckPods::Delete {
            self.free(at, pod, report, session, effects);
        } else {
            effects.push(report::stuck_pod(&title, &pod, self.terms.stuck_pods));
            followed.outcome = Some((Outcome::Blocked { pod }, after));
        }
    }

    /// Whether a rollout fails for a pod that may be deleted, or was, so that it goes on.
    fn may_be_freed(&self, at: usize, failure: &Failure) -> bool {
        let may = self.terms.stuck_pods == StuckPods::DeleteOnceCertain;
        let again = self.followed[at].deleted_pod.as_ref().is_some_and(|deleted| {
            let refused = self.aside[deleted.request].first_failure().is_some();
            rollout::stuck_pod(&self.followed[at].goal, &self.seen).is_some_and(|stuck| {
                let stuck = &stuck.metadata;
                stuck.name == deleted.name && (stuck.uid != deleted.uid || refused)
            })
        });
        may && failure.cause == Cause::StuckPod && failure.pod.is_some() && !again
    }

    /// Deletes a pod that holds a rollout up.
    fn free(
        &mut self,
        at: usize,
        pod: String,
        report: &RunReport,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        let followed = &mut self.followed[at];
        if followed.deleted_pod.as_ref().is_some_and(|deleted| deleted.name == pod) {
            return;
        }
        let stuck = rollout::stuck_pod(&followed.goal, &self.seen);
        let uid = stuck.map_or(String::new(), |stuck| stuck.metadata.uid.clone());
        let title = report.title(&followed.planned);
        effects.push(report::stuck_pod(&title, &pod, self.terms.stuck_pods));
        let namespace = &followed.planned.namespace;
        let target = session.request.target.within(Some(namespace));
        effects.push(report::command(&target.delete_pod(&pod)));
        let delete = vec![ApiRequest::delete_pod(namespace, &pod)];
        self.aside.push(Requests::start(delete, RetryPolicy::EACH, session, effects));
        let request = self.aside.len() - 1;
        followed.deleted_pod = Some(DeletedPod { name: pod, uid, request });
    }

    /// A rollout is settled.
    fn settle(
        &mut self,
        at: usize,
        after: Age,
        judgement: Judgement,
        report: &RunReport,
        effects: &mut Effects,
    ) {
        let shown = self.shown(after, report);
        let are_many = self.are_many();
        let followed = &mut self.followed[at];
        match &judgement {
            Judgement::Failed { progress, .. } => followed.moves(after, *progress),
            Judgement::Done => {
                let progress = rollout::progress_when_done(&followed.goal, &self.seen);
                followed.moves(after, progress)
            }
            _ => false,
        };
        let Some(outcome) = Outcome::of(judgement) else { return };
        let outcome = followed.with_manager(outcome, &self.seen);
        match &outcome {
            Outcome::Failed(failure) if !self.terms.going_back => {
                effects.push(report::failed(report, &followed.planned, shown, failure));
            }
            Outcome::Done if self.terms.going_back && !are_many => {
                effects.push(report::ready_again(report, &followed.planned, shown));
            }
            Outcome::Done
                if !are_many
                    && followed.progress().wanted > 0
                    && followed.is_news(followed.progress()) =>
            {
                let (title, progress) = (report.title(&followed.planned), followed.progress());
                effects.push(report::progress(shown, &title, progress, None));
            }
            outcome => effects.extend(report::settled(report, &followed.planned, outcome)),
        }
        followed.outcome = Some((outcome, after));
        self.moved = true;
    }

    /// Nothing has moved for a while: says how far the rollouts are, and what they most likely wait
    /// for.
    fn say_what_is_awaited(&self, now: Millis, report: &RunReport, effects: &mut Effects) {
        let shown = Age(now - report.began);
        if self.are_many() {
            effects.push(self.overall(shown));
            return;
        }
        for followed in self.waiting() {
            let title = report.title(&followed.planned);
            let waiting = rollout::waiting(&followed.goal, &self.seen);
            effects.push(report::progress(shown, &title, followed.progress(), waiting.as_ref()));
        }
    }

    /// Says how far many rollouts are, where a fifth more of them is done.
    fn say_how_many_are_done(&mut self, now: Millis, report: &RunReport, effects: &mut Effects) {
        let all = self.followed.len();
        let is_seen = self.followed.iter().any(|followed| !followed.timeline.is_empty());
        let fifths = self.done() * 5 / all.max(1);
        if self.are_many() && is_seen && self.said.replace(fifths) != Some(fifths) {
            effects.push(self.overall(Age(now - report.began)));
            self.moved = true;
        }
    }

    fn overall(&self, shown: Age) -> Effect {
        let waiting = self.waiting().map(|f| (f.planned.name.name.as_str(), f.progress()));
        report::overall(shown, (self.done(), self.followed.len()), &waiting.collect::<Vec<_>>())
    }

    fn done(&self) -> usize {
        let outcomes = self.followed.iter().filter_map(|followed| followed.outcome.as_ref());
        outcomes.filter(|(outcome, _)| !outcome.is_failure()).count()
    }

    fn waiting(&self) -> impl Iterator<Item = &Followed> {
        self.followed.iter().filter(|followed| followed.outcome.is_none())
    }

    /// Whether the rollouts share one line of the log.
    fn are_many(&self) -> bool {
        self.followed.len() > report::MOST_FOLLOWED
    }

    /// The time since the first change of the run, which the log shows.
    fn shown(&self, after: Age, report: &RunReport) -> Age {
        Age(after.0 + self.terms.began - report.began)
    }

    /// The workloads of a kind may not be watched together: each is watched by its name.
    fn watch_by_name(
        &mut self,
        place: usize,
        kind: Kind,
        error: &ApiError,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        effects.push(report::watched_by_name(kind, error));
        let many = self.watches.swap_remove(place);
        let waiting = self.followed.iter().filter(|followed| {
            followed.waits_for(kind) && many.is_within(&followed.planned.namespace)
        });
        let waiting: Vec<&Planned> = waiting.map(|followed| &followed.planned).collect();
        self.watches.extend(watch::by_name(&waiting, session, effects));
    }

    /// Shows the share of the new pods that run.
    fn show_percent(&mut self, effects: &mut Effects) {
        let (mut done, mut all) = (0, 0);
        for followed in &self.followed {
            let progress = followed.timeline.last().map(|(_, progress)| *progress);
            let progress = progress.unwrap_or_default();
            let wanted = progress.wanted.max(1);
            all += wanted;
            done += if followed.outcome.is_some() { wanted } else { progress.ready() };
        }
        let percent = u8::try_from(done * 100 / all.max(1)).unwrap_or(100);
        if self.percent.replace(percent) != Some(percent) {
            effects.push(Effect::SetProgress { percent });
        }
    }

    /// Whether the pods say what the workloads say, so that the report can name them.
    fn all_pods_seen(&self) -> bool {
        let pods_lost =
            self.watches.iter().any(|watch| watch.listing == Listing::Pods && watch.is_given_up());
        pods_lost || self.followed.iter().all(|followed| followed.all_pods_seen(&self.seen))
    }
}

impl Followed {
    fn new(planned: &Planned, terms: &Terms) -> Self {
        let images = planned.containers.iter().map(|c| (c.container.clone(), c.new.clone()));
        let goal = Goal {
            namespace: planned.namespace.clone(),
            name: planned.name.clone(),
            uid: Some(planned.uid.clone()),
            images: images.collect(),
            generation: (!planned.is_left_as_it_is()).then_some(planned.generation),
            verified: terms.verified.clone(),
            waited_for: terms.waited_for.clone(),
            before: planned.replaced(),
        };
        let is_watched = rollout::Hold::of_kind(planned.name.kind).is_none();
        let hold = planned.hold.filter(|_| !is_watched);
        let outcome = hold.map(|hold| (Outcome::Held(hold), Age(0)));
        let planned = planned.clone();
        Self {
            planned,
            goal,
            outcome,
            timeline: Vec::new(),
            said: None,
            awaited: None,
            deleted_pod: None,
        }
    }

    /// Names who set the image that is not the step's.
    fn with_manager(&self, outcome: Outcome, seen: &Observation) -> Outcome {
        match outcome {
            Outcome::SetByAnother { container, image, .. } => {
                let workload = seen.workload(&self.goal);
                let by = workload.and_then(|workload| last_change(workload, &container));
                Outcome::SetByAnother { by: by.map(|by| by.manager.clone()), container, image }
            }
            outcome => outcome,
        }
    }

    fn waits_for(&self, kind: Kind) -> bool {
        self.outcome.is_none() && self.planned.name.kind == kind
    }

    fn is_seen(&self, seen: &Observation) -> bool {
        seen.workload(&self.goal).is_some()
    }

    /// How far it is, as it was last seen.
    fn progress(&self) -> Progress {
        self.timeline.last().map(|(_, progress)| *progress).unwrap_or_default()
    }

    /// Writes a step of the rollout down; tells whether it is one.
    fn moves(&mut self, after: Age, progress: Progress) -> bool {
        let shown = |progress: &Progress| (progress.wanted, progress.ready(), progress.old);
        let moved = self.timeline.last().is_none_or(|(_, last)| shown(last) != shown(&progress));
        if moved {
            self.timeline.push((after, progress));
        }
        moved
    }

    /// Remembers how far the log says it is; tells whether that is a change of substance: the first
    /// sign, a fifth of the pods more or less that are ready, or all of them while old ones are left.
    fn is_news(&mut self, progress: Progress) -> bool {
        let (ready, wanted) = (progress.ready(), progress.wanted.max(1));
        let fifth = if wanted <= 5 { ready } else { ready * 5 / wanted };
        let news = (fifth, ready >= wanted);
        self.said.replace(news) != Some(news)
    }

    /// Remembers what is wrong and may pass; tells whether that is something new.
    fn has_new_trouble(&mut self, waiting: Option<&Waiting>) -> bool {
        let Some(Waiting::Trouble(failure)) = waiting else { return false };
        if matches!(failure.cause, Cause::NotReady { .. } | Cause::Terminating { .. }) {
            return false;
        }
        let trouble = (mem::discriminant(&failure.cause), failure.container.clone());
        self.awaited.replace(trouble.clone()) != Some(trouble)
    }

    fn new_stuck_pod(&self, stuck_pods: StuckPods, seen: &Observation) -> Option<String> {
        if !matches!(stuck_pods, StuckPods::Name | StuckPods::Delete) {
            return None;
        }
        let pod = &rollout::stuck_pod(&self.goal, seen)?.metadata.name;
        let is_deleted = self.deleted_pod.as_ref().is_some_and(|deleted| deleted.name == *pod);
        (!is_deleted).then(|| pod.clone())
    }

    fn all_pods_seen(&self, seen: &Observation) -> bool {
        let (Some((Outcome::Done, _)), Some(workload)) = (&self.outcome, seen.workload(&self.goal))
        else {
            return true;
        };
        let status = &workload.status;
        let (new, old) = match workload.kind {
            Kind::DaemonSet => (status.desired_number_scheduled, 0),
            Kind::Pod => (1, 0),
            _ => (status.updated_replicas, status.replicas - status.updated_replicas),
        };
        let (new_pods, old_pods): (Vec<_>, Vec<_>) =
            rollout::pods(&self.goal, seen).into_iter().partition(|state| state.is_new);
        let are = |pods: usize, wanted: i64| i64::try_from(pods).is_ok_and(|pods| pods == wanted);
        are(new_pods.len(), new)
            && are(old_pods.len(), old)
            && new_pods.iter().all(|state| state.pod.is_ready())
    }
}
