//! Watches workloads and their pods until every rollout is settled.

use crate::{
    age::Age,
    plan::{Plan, Planned},
    protocol::{Effect, Event, Millis, TimerId},
    report,
    rollout::{self, Goal, Judgement, Listing, Observation, Progress},
    run::{
        batch::{Batch, Policy},
        process::Ending,
        session::{Effects, Session},
        watch::{self, GivenUp, Watch},
    },
    story::{Outcome, Story},
    workload::Kind,
};

/// How long a workload may be unseen while its watch shows others, in milliseconds.
const UNSEEN_MS: u32 = 15_000;
/// How long the pods may lag behind the status of their workload, in milliseconds.
const PODS_SEEN_MS: u32 = 2_000;

/// What becomes of a pod of a failed rollout that keeps a `StatefulSet` from going back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StuckPods {
    /// Nothing is done about it.
    Wait,
    /// The way back ends there, and the pod is named.
    Name,
    /// It is deleted.
    Delete,
}

/// Waits for rollouts.
#[derive(Debug)]
pub(crate) struct Watching {
    followed: Vec<Followed>,
    seen: Observation,
    watches: Vec<Watch>,
    /// Commands beside the watches; they are not what is waited for.
    aside: Vec<Batch>,
    began: Millis,
    deadline: Option<TimerId>,
    /// When a grace time runs out, and the timer for it.
    recheck: Option<(Millis, TimerId)>,
    /// Runs once every rollout is judged and the last pods are still to be seen.
    last_pods: Option<TimerId>,
    /// Runs again and again to look for workloads that are not seen.
    look_out: Option<TimerId>,
    /// Whether one failed rollout is enough to stop waiting for the others.
    first_failure_ends: bool,
    stuck_pods: StuckPods,
    percent: Option<u8>,
}

/// A workload and how far its rollout is.
#[derive(Debug)]
struct Followed {
    planned: Planned,
    goal: Goal,
    outcome: Option<(Outcome, Age)>,
    course: Vec<(Age, Progress)>,
    /// Whether it was not seen when it was last looked for.
    missed: bool,
    /// The pod that was deleted since it held the rollout up.
    deleted_pod: Option<String>,
}

/// Why the watch is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Over {
    /// Every rollout is settled, or one has failed and that is enough.
    Settled,
    /// The time is over.
    TimedOut(Age),
    /// The workloads cannot be watched any more.
    Blind(Ending),
}

impl Watching {
    /// Starts the watches for a plan whose changes were asked for at `began`.
    pub(crate) fn start(
        plan: &Plan,
        began: Millis,
        first_failure_ends: bool,
        stuck_pods: StuckPods,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        let followed: Vec<Followed> = plan.workloads.iter().map(Followed::new).collect();
        let waiting: Vec<&Planned> =
            followed.iter().filter(|f| f.outcome.is_none()).map(|f| &f.planned).collect();
        let watches = watch::for_workloads(&waiting, session, effects);
        let timeout_ms = session.request.timeout_ms.filter(|_| !watches.is_empty());
        let deadline = timeout_ms.map(|after_ms| session.wake(after_ms, effects));
        let look_out = (!watches.is_empty()).then(|| session.wake(UNSEEN_MS, effects));
        Self {
            followed,
            seen: Observation::default(),
            watches,
            aside: Vec::new(),
            began,
            deadline,
            recheck: None,
            last_pods: None,
            look_out,
            first_failure_ends,
            stuck_pods,
            percent: None,
        }
    }

    /// Has commands run beside the watches.
    pub(crate) fn beside(&mut self, batch: Batch) {
        self.aside.push(batch);
    }

    /// Takes an event; tells once there is nothing more to wait for.
    pub(crate) fn handle(
        &mut self,
        now: Millis,
        event: &Event,
        story: &Story,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<Over> {
        match event {
            Event::Woken { timer } if self.deadline == Some(*timer) => {
                return Some(Over::TimedOut(Age(now - self.began)));
            }
            Event::Woken { timer } if self.last_pods == Some(*timer) => return Some(Over::Settled),
            Event::Woken { timer } if self.recheck.is_some_and(|(_, known)| known == *timer) => {
                self.recheck = None;
            }
            Event::Woken { timer } if self.look_out == Some(*timer) => {
                self.miss_unseen(now, story, effects);
                self.look_out = Some(session.wake(UNSEEN_MS, effects));
            }
            _ => {}
        }
        for batch in &mut self.aside {
            if let Some(ended) = batch.handle(event, session, effects)
                && let Some(ending) = batch.failure(ended)
            {
                effects.push(report::aside_failed(ending));
            }
        }
        for watch in &mut self.watches {
            let Some(GivenUp { listing, ending }) =
                watch.handle(now, event, &mut self.seen, session, effects)
            else {
                continue;
            };
            match listing {
                Listing::Workloads(kind) if self.followed.iter().any(|f| f.waits_for(kind)) => {
                    return Some(Over::Blind(ending));
                }
                listing => effects.push(report::not_seen(listing, &ending)),
            }
        }
        self.judge(now, story, session, effects);
        self.is_settled(session, effects).then_some(Over::Settled)
    }

    /// Whether there is nothing more to wait for.
    pub(crate) fn is_settled(&mut self, session: &mut Session, effects: &mut Effects) -> bool {
        if !self.aside.iter().all(Batch::is_over) {
            return false;
        }
        let mut outcomes = self.followed.iter().filter_map(|f| f.outcome.as_ref());
        if self.first_failure_ends && outcomes.any(|(outcome, _)| outcome.is_failure()) {
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

    /// Whether the first commands beside the watches have all succeeded.
    pub(crate) fn is_recorded(&self) -> bool {
        self.aside.first().is_some_and(|batch| batch.is_over() && batch.first_failure().is_none())
    }

    /// Whether a command beside the watches failed.
    pub(crate) fn lacks_something(&self) -> bool {
        self.aside.iter().any(|batch| batch.first_failure().is_some())
    }

    /// Ends the watches, and what runs beside them.
    pub(crate) fn stop(&self, effects: &mut Effects) {
        self.watches.iter().for_each(|watch| watch.kill(effects));
        self.aside.iter().for_each(|batch| batch.kill(effects));
    }

    /// How the rollouts ended, in the order of the plan; with the pod that had to be deleted.
    pub(crate) fn outcomes(
        &self,
    ) -> impl Iterator<Item = (&Planned, Option<&Outcome>, Option<&String>)> {
        self.followed.iter().map(|followed| {
            let outcome = followed.outcome.as_ref().map(|(outcome, _)| outcome);
            (&followed.planned, outcome, followed.deleted_pod.as_ref())
        })
    }

    /// Writes down all that was seen.
    pub(crate) fn tell(&self, now: Millis, story: &mut Story) {
        for followed in &self.followed {
            let Some(chapter) = story.chapter_mut(&followed.planned) else { continue };
            chapter.outcome.clone_from(&followed.outcome);
            chapter.course.clone_from(&followed.course);
            chapter.see(&followed.goal, &self.seen, self.began, now);
        }
    }

    /// Judges every workload that is not settled, and shows what moved.
    fn judge(&mut self, now: Millis, story: &Story, session: &mut Session, effects: &mut Effects) {
        let after = Age(now - self.began);
        let mut recheck_at: Option<Millis> = None;
        for followed in self.followed.iter_mut().filter(|followed| followed.outcome.is_none()) {
            let title = story.title(&followed.planned);
            let judgement = rollout::judge(&followed.goal, &self.seen, &session.request.rules, now);
            match judgement {
                Judgement::Progressing { progress, recheck_at: at } => {
                    recheck_at = recheck_at.into_iter().chain(at).min();
                    if followed.is_seen(&self.seen) && followed.moves(after, progress) {
                        effects.push(report::progress(&title, progress));
                    }
                    if let Some(pod) = followed.new_stuck_pod(self.stuck_pods, &self.seen) {
                        effects.push(report::stuck_pod(&title, &pod, self.stuck_pods));
                        if self.stuck_pods == StuckPods::Delete {
                            let target = &session.request.target;
                            let target = target.within(followed.planned.asked.as_deref());
                            let delete = vec![target.delete_pod(&pod)];
                            let batch = Batch::start(delete, Policy::EACH, session, effects);
                            self.aside.push(batch);
                            followed.deleted_pod = Some(pod);
                        } else {
                            followed.outcome = Some((Outcome::Blocked { pod }, after));
                        }
                    }
                }
                judgement => {
                    let last = followed.course.last().map(|(_, progress)| *progress);
                    match &judgement {
                        Judgement::Failed { progress, .. } => followed.moves(after, *progress),
                        Judgement::Done => followed.moves(after, last.unwrap_or_default().done()),
                        _ => false,
                    };
                    let Some(outcome) = Outcome::of(judgement) else { continue };
                    effects.extend(report::settled(story, &followed.planned, &outcome));
                    followed.outcome = Some((outcome, after));
                }
            }
        }
        let waits_for = self.recheck.map(|(at, _)| at);
        if let Some(at) = recheck_at.filter(|at| waits_for != Some(*at)) {
            let after_ms = u32::try_from((at - now).max(1)).unwrap_or(u32::MAX);
            self.recheck = Some((at, session.wake(after_ms, effects)));
        }
        self.show_percent(effects);
    }

    /// A workload that was not seen since the last time, though its watch shows what there is, is
    /// gone.
    fn miss_unseen(&mut self, now: Millis, story: &Story, effects: &mut Effects) {
        let after = Age(now - self.began);
        for followed in self.followed.iter_mut().filter(|followed| followed.outcome.is_none()) {
            let kind = followed.planned.name.kind;
            let namespace = &followed.planned.namespace;
            let watched = self.watches.iter().any(|watch| watch.shows(kind, namespace));
            if followed.is_seen(&self.seen) || !watched {
                followed.missed = false;
            } else if followed.missed {
                effects.extend(report::settled(story, &followed.planned, &Outcome::Deleted));
                followed.outcome = Some((Outcome::Deleted, after));
            } else {
                followed.missed = true;
            }
        }
    }

    /// Shows the share of the new pods that run.
    fn show_percent(&mut self, effects: &mut Effects) {
        let (mut done, mut all) = (0, 0);
        for followed in &self.followed {
            let progress = followed.course.last().map(|(_, progress)| *progress);
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
    fn new(planned: &Planned) -> Self {
        let images = planned.containers.iter().map(|c| (c.container.clone(), c.new.clone()));
        let goal = Goal {
            namespace: planned.namespace.clone(),
            name: planned.name.clone(),
            uid: Some(planned.uid.clone()),
            images: images.collect(),
        };
        let held = rollout::Hold::of_kind(planned.name.kind);
        let outcome = held.map(|hold| (Outcome::Held(hold), Age(0)));
        let planned = planned.clone();
        Self { planned, goal, outcome, course: Vec::new(), missed: false, deleted_pod: None }
    }

    fn waits_for(&self, kind: Kind) -> bool {
        self.outcome.is_none() && self.planned.name.kind == kind
    }

    fn is_seen(&self, seen: &Observation) -> bool {
        seen.workload(&self.goal).is_some()
    }

    /// Writes a step of the rollout down; tells whether it is one.
    fn moves(&mut self, after: Age, progress: Progress) -> bool {
        let shown = |progress: &Progress| (progress.wanted, progress.ready(), progress.old);
        let moved = self.course.last().is_none_or(|(_, last)| shown(last) != shown(&progress));
        if moved {
            self.course.push((after, progress));
        }
        moved
    }

    fn new_stuck_pod(&self, stuck_pods: StuckPods, seen: &Observation) -> Option<String> {
        if stuck_pods == StuckPods::Wait {
            return None;
        }
        let pod = &rollout::stuck_pod(&self.goal, seen)?.metadata.name;
        (self.deleted_pod.as_ref() != Some(pod)).then(|| pod.clone())
    }

    fn all_pods_seen(&self, seen: &Observation) -> bool {
        let (Some((Outcome::Done, _)), Some(workload)) = (&self.outcome, seen.workload(&self.goal))
        else {
            return true;
        };
        let status = &workload.status;
        let (new, old) = match workload.kind {
            Kind::DaemonSet => (status.desired_number_scheduled, 0),
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
