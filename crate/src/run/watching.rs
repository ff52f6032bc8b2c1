//! The third phase: watch the workloads and their pods until every rollout is settled.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::{
    age::Age,
    kubectl::CommandLine,
    plan::{Plan, Planned},
    protocol::{Effect, Event, Millis, TimerId, Verdict},
    report,
    rollout::{Change, Goal, Judgement, Observation, Progress, Rules, judge},
    run::{
        State,
        process::{Ending, Process},
        session::{Effects, Session, finish},
        watch_events,
    },
    workload::{Kind, Pod, Workload, WorkloadName},
};

/// How long the pods may lag behind the status of their workload, in milliseconds.
const PODS_SEEN_MS: u32 = 2_000;
/// How often in a row a watch may fail before it is given up.
const LAST_ATTEMPT: u32 = 6;

/// Waits for the rollouts.
#[derive(Debug)]
pub(crate) struct Watching {
    session: Session,
    plan: Plan,
    began: Millis,
    followed: Vec<Followed>,
    pods: BTreeMap<String, Pod>,
    watches: Vec<Watch>,
    deadline: Option<TimerId>,
    /// Runs once every rollout is judged and the last pods are still to be seen.
    last_pods: Option<TimerId>,
}

/// A planned workload and what became of it so far.
#[derive(Debug)]
struct Followed {
    seen: Option<Workload>,
    shown: Option<Progress>,
    outcome: Option<Outcome>,
}

impl Followed {
    /// Whether the workload is as this run left it, going by all that was seen.
    fn is_ours(&self) -> bool {
        !matches!(self.outcome, Some(Outcome::Deleted | Outcome::SetByAnother(..)))
    }
}

/// How a rollout ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// It was judged for good, this long after the change.
    Judged(Judgement, Age),
    /// Somebody deleted the workload.
    Deleted,
    /// Somebody set another image: container, image.
    SetByAnother(String, String),
}

/// A watch of one resource, started anew when it ends.
#[derive(Debug)]
struct Watch {
    subject: Subject,
    command: CommandLine,
    process: Option<Process>,
    restart: Option<TimerId>,
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Workloads(Kind),
    Pods,
}

impl Watching {
    pub(crate) fn start(
        mut session: Session,
        plan: Plan,
        began: Millis,
        effects: &mut Effects,
    ) -> State {
        effects.push(report::section("Rollout"));
        let followed = plan
            .workloads
            .iter()
            .map(|_| Followed { seen: None, shown: None, outcome: None })
            .collect();
        let mut watches = watches(&plan, &session);
        for watch in &mut watches {
            watch.process = Some(session.start(&watch.command, effects));
        }
        let timeout_ms = session.request.timeout_ms;
        let deadline = timeout_ms.map(|after_ms| session.wake(after_ms, effects));
        State::Watching(Self {
            session,
            plan,
            began,
            followed,
            pods: BTreeMap::new(),
            watches,
            deadline,
            last_pods: None,
        })
    }

    pub(crate) fn handle(mut self, now: Millis, event: &Event, effects: &mut Effects) -> State {
        match event {
            Event::Canceled => return self.stop(Verdict::Canceled, now, effects),
            Event::Woken { timer } if self.deadline == Some(*timer) => {
                effects.push(report::timed_out(Age(now - self.began)));
                return self.stop(Verdict::Failed, now, effects);
            }
            Event::Woken { timer } if self.last_pods == Some(*timer) => {
                return self.settle(now, effects);
            }
            Event::Woken { timer } => {
                if let Some(watch) = self.watches.iter_mut().find(|w| w.restart == Some(*timer)) {
                    watch.restart = None;
                    watch.process = Some(self.session.start(&watch.command, effects));
                }
                return State::Watching(self);
            }
            event => {
                for at in 0..self.watches.len() {
                    if let Some(ending) = self.feed(at, event, effects)
                        && !self.resume(at, &ending, effects)
                    {
                        return self.stop(Verdict::Failed, now, effects);
                    }
                }
            }
        }
        self.judge(now, effects);
        if self.followed.iter().any(|followed| followed.outcome.is_none()) {
            return State::Watching(self);
        }
        if self.all_pods_seen() {
            return self.settle(now, effects);
        }
        if self.last_pods.is_none() {
            self.last_pods = Some(self.session.wake(PODS_SEEN_MS, effects));
        }
        State::Watching(self)
    }

    /// Gives an event to a watch and takes in the objects that it completes.
    fn feed(&mut self, at: usize, event: &Event, effects: &mut Effects) -> Option<Ending> {
        let watch = &mut self.watches[at];
        let process = watch.process.as_mut()?;
        let ending = process.take(event);
        let understood = match watch.subject {
            Subject::Workloads(_) => take_events(process).map(|events: Vec<Change<Workload>>| {
                for event in &events {
                    watch.failures = 0;
                    take_workload(&mut self.followed, &self.plan, event);
                }
            }),
            Subject::Pods => take_events(process).map(|events: Vec<Change<Pod>>| {
                for event in events {
                    watch.failures = 0;
                    take_pod(&mut self.pods, event);
                }
            }),
        };
        if let Err(error) = understood {
            effects.push(Effect::Kill { process: process.id() });
            return Some(Ending::Failure { code: None, stderr: error.to_string() });
        }
        ending
    }

    /// Starts an ended watch anew after a while, or gives it up; false where the rollouts cannot
    /// be judged without it.
    fn resume(&mut self, at: usize, ending: &Ending, effects: &mut Effects) -> bool {
        let watch = &mut self.watches[at];
        watch.process = None;
        watch.failures += 1;
        let again = matches!(ending, Ending::Success | Ending::Failure { .. });
        if again && watch.failures < LAST_ATTEMPT {
            let after_ms = 250 << watch.failures;
            effects.push(report::watch_ended(ending, after_ms));
            watch.restart = Some(self.session.wake(after_ms, effects));
            if watch.subject == Subject::Pods {
                self.pods.clear();
            }
            return true;
        }
        if watch.subject == Subject::Pods {
            effects.push(report::pods_not_seen(ending));
            return true;
        }
        effects.extend(report::kubectl_failed("The rollout cannot be watched", ending));
        false
    }

    /// Judges every workload that is not settled, and shows what moved.
    fn judge(&mut self, now: Millis, effects: &mut Effects) {
        for (followed, planned) in self.followed.iter_mut().zip(&self.plan.workloads) {
            let (Some(workload), None) = (&followed.seen, &followed.outcome) else { continue };
            if let Some((container, image)) = other_image(planned, workload) {
                followed.outcome = Some(Outcome::SetByAnother(container, image));
                continue;
            }
            match judge_alone(workload, now) {
                Judgement::Progressing { progress, .. } => {
                    if followed.shown.replace(progress) != Some(progress) {
                        effects.push(report::progress(&planned.name, progress));
                    }
                }
                judgement => {
                    followed.outcome = Some(Outcome::Judged(judgement, Age(now - self.began)));
                }
            }
        }
    }

    /// Whether the pods say what the workloads say, so that the report can name them.
    fn all_pods_seen(&self) -> bool {
        let lost = self.watches.iter().any(|watch| {
            watch.subject == Subject::Pods && watch.process.is_none() && watch.restart.is_none()
        });
        lost || self.followed.iter().all(|followed| match (&followed.seen, &followed.outcome) {
            (Some(workload), Some(Outcome::Judged(Judgement::Done, _))) => {
                let wanted = match workload.kind {
                    Kind::DaemonSet => workload.status.desired_number_scheduled,
                    _ => workload.status.replicas,
                };
                let pods: Vec<&Pod> = self.pods_of(workload).collect();
                let all = i64::try_from(pods.len()).is_ok_and(|pods| pods == wanted);
                all && pods.iter().all(|pod| pod.is_ready())
            }
            _ => true,
        })
    }

    fn pods_of<'a>(&'a self, workload: &'a Workload) -> impl Iterator<Item = &'a Pod> {
        self.pods.values().filter(|pod| !pod.is_terminating() && workload.selects(pod))
    }

    /// Every rollout is settled: says how.
    fn settle(self, now: Millis, effects: &mut Effects) -> State {
        let failed = self.followed.iter().any(|followed| match &followed.outcome {
            Some(Outcome::Judged(judgement, _)) => {
                !matches!(judgement, Judgement::Done | Judgement::Held(_))
            }
            _ => true,
        });
        let held = self.followed.iter().any(|followed| match &followed.outcome {
            Some(Outcome::Judged(Judgement::Held(hold), _)) => hold.needs_somebody(),
            _ => false,
        });
        let unchanged = self.plan.workloads.iter().any(|planned| !planned.changes());
        let verdict = match (failed, unchanged || held) {
            (true, _) => Verdict::Failed,
            (false, true) => Verdict::SucceededWithIssues,
            (false, false) => Verdict::Succeeded,
        };
        self.stop(verdict, now, effects)
    }

    /// Ends the watches and reports what state every workload is in.
    fn stop(self, verdict: Verdict, now: Millis, effects: &mut Effects) -> State {
        for process in self.watches.iter().filter_map(|watch| watch.process.as_ref()) {
            effects.push(Effect::Kill { process: process.id() });
        }
        effects.push(report::section("Result"));
        for (followed, planned) in self.followed.iter().zip(&self.plan.workloads) {
            let pods: Vec<&Pod> =
                followed.seen.iter().flat_map(|workload| self.pods_of(workload)).collect();
            effects.extend(report::outcome(
                planned,
                followed.outcome.as_ref(),
                followed.shown,
                &pods,
                now,
            ));
        }
        if matches!(verdict, Verdict::Failed | Verdict::Canceled) {
            let target = &self.session.request.target;
            let commands = self.plan.undo_commands(target, |at| self.followed[at].is_ours());
            effects.extend(report::way_back(&commands));
        }
        finish(effects, verdict, report::verdict(verdict));
        State::Finished
    }
}

/// A watch for every kind that is followed, and one for the pods.
fn watches(plan: &Plan, session: &Session) -> Vec<Watch> {
    let target = &session.request.target;
    let names: Vec<&WorkloadName> = plan.workloads.iter().map(|planned| &planned.name).collect();
    let kinds = Kind::ALL.into_iter().filter(|kind| names.iter().any(|name| name.kind == *kind));
    let watch =
        |subject, command| Watch { subject, command, process: None, restart: None, failures: 0 };
    let of_kinds = kinds.map(|kind| {
        let of_kind: Vec<&str> =
            names.iter().filter(|name| name.kind == kind).map(|name| name.name.as_str()).collect();
        let only = if let [only] = of_kind.as_slice() { Some(*only) } else { None };
        watch(Subject::Workloads(kind), target.watch(kind, only))
    });
    let selector = match plan.workloads.as_slice() {
        [only] => only.selector.as_deref(),
        _ => None,
    };
    of_kinds.chain([watch(Subject::Pods, target.watch_pods(selector))]).collect()
}

fn take_events<T: DeserializeOwned>(
    process: &mut Process,
) -> Result<Vec<Change<T>>, serde_json::Error> {
    watch_events::take(process.stdout())
}

fn take_workload(followed: &mut [Followed], plan: &Plan, event: &Change<Workload>) {
    let (Change::Present(workload) | Change::Deleted(workload)) = event;
    let name = workload.workload_name();
    let at = plan.workloads.iter().position(|planned| planned.name == name);
    let Some(followed) = at.and_then(|at| followed.get_mut(at)) else { return };
    followed.seen = Some(workload.clone());
    if matches!(event, Change::Deleted(_)) {
        followed.outcome = Some(Outcome::Deleted);
    }
}

fn take_pod(pods: &mut BTreeMap<String, Pod>, event: Change<Pod>) {
    match event {
        Change::Present(pod) => {
            pods.insert(pod.metadata.name.clone(), pod);
        }
        Change::Deleted(pod) => {
            pods.remove(&pod.metadata.name);
        }
    }
}

/// Judges a workload without its pods.
fn judge_alone(workload: &Workload, now: Millis) -> Judgement {
    let goal = Goal {
        namespace: workload.metadata.namespace.clone(),
        name: workload.workload_name(),
        uid: None,
        images: Vec::new(),
    };
    let mut seen = Observation::default();
    seen.see_workload(now, Change::Present(workload.clone()));
    judge(&goal, &seen, &Rules::default(), now)
}

/// A container that has another image than it was given, and that image.
fn other_image(planned: &Planned, workload: &Workload) -> Option<(String, String)> {
    planned.containers.iter().find_map(|change| {
        let now = workload.all_containers().find(|c| c.name == change.container)?;
        (now.image != change.new).then(|| (now.name.clone(), now.image.clone()))
    })
}
