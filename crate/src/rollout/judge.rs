//! From what was seen to a judgement.

use crate::{
    host::Millis,
    kubernetes::{Kind, Workload, last_change},
    rollout::{
        Goal, Judgement, Progress,
        failure::{Cause, Failure},
        observation::Observation,
        rules::{Rule, Rules, Unit},
        status::{self, Generations, Said},
        store::{Entry, Presence},
        stuck::stuck_pod,
        template::{self, Owned},
        trouble::{Autoscaler, Trouble},
        words,
    },
};

/// How long a pod may stay without a node once an autoscaler has said that it brings none, in
/// seconds: old pods that end, within their 30 s of grace, make room meanwhile.
const REFUSED_BY_AUTOSCALER: u32 = 60;

/// A trouble of one pod, or of the workload itself.
#[derive(Clone, Copy)]
struct Suspect<'a> {
    pod: Option<&'a str>,
    trouble: &'a Trouble,
    /// The rule that it is judged by.
    rule: Option<Rule>,
    /// When it is certain; `None` for never.
    certain_at: Option<Millis>,
}

/// Judges the rollout of a workload by all that was seen until `now`.
///
/// A status that does not belong to the newest template counts as progress, whatever its
/// conditions say, and a pod of an older template says nothing of the newest.
#[must_use]
pub fn judge(goal: &Goal, seen: &Observation, rules: &Rules, now: Millis) -> Judgement {
    let Some(entry) = seen.entry(goal) else {
        return Judgement::Progressing { progress: Progress::default(), recheck_at: None };
    };
    let workload = &entry.object;
    if entry.presence == Presence::Deleted {
        return Judgement::Deleted;
    }
    let pods = template::pods(goal, workload, seen);
    let (said, progress) = read(goal, entry, &pods, seen);
    let is_older = workload.metadata.generation < generations(goal, entry).wanted;
    if entry.presence == Presence::Doubtful || is_older {
        return Judgement::Progressing { progress, recheck_at: None };
    }
    if let Some(other_image) = other_image(goal, workload) {
        return other_image;
    }
    match said {
        Said::Done => return Judgement::Done,
        Said::Held(hold) => return Judgement::Held(hold),
        Said::NotObserved => return Judgement::Progressing { progress, recheck_at: None },
        Said::Progressing | Said::DeadlineExceeded => {}
    }
    let suspects = suspects(goal, workload, &pods, seen, rules);
    let certain_at = certain_at(&suspects, &pods, rules);
    let deadline_passed = said == Said::DeadlineExceeded;
    if certain_at.is_some_and(|at| at <= now) {
        let certain = suspects.iter().filter(|s| s.certain_at.is_some_and(|at| at <= now));
        if let Some(failure) = most_telling(certain.copied()) {
            return Judgement::Failed { failure: Failure { deadline_passed, ..failure }, progress };
        }
    }
    if deadline_passed {
        let failure = most_telling(suspects.into_iter()).unwrap_or_else(no_cause);
        return Judgement::Failed { failure: Failure { deadline_passed, ..failure }, progress };
    }
    Judgement::Progressing { progress, recheck_at: certain_at }
}

/// How far a rollout is that is done: every pod that was to be replaced is.
#[must_use]
pub fn progress_when_done(goal: &Goal, seen: &Observation) -> Progress {
    let progress = seen
        .entry(goal)
        .map(|entry| status::read(&entry.object, &goal.before, generations(goal, entry), false).1);
    progress.unwrap_or_default().done()
}

/// Whether an image of the goal was taken back after the rollout was done, as a controller does that
/// heals drift.
#[must_use]
pub fn taken_back(goal: &Goal, seen: &Observation) -> Option<Judgement> {
    other_image(goal, seen.workload(goal)?)
}

fn other_image(goal: &Goal, workload: &Workload) -> Option<Judgement> {
    let container = goal.other_image(workload)?;
    Some(Judgement::OtherImage {
        container: container.name.clone(),
        image: container.image.clone(),
    })
}

/// What most likely keeps the rollout from being done, certain or not, as when its time is up.
#[must_use]
pub fn likely_cause(goal: &Goal, seen: &Observation) -> Option<Failure> {
    let workload = seen.workload(goal)?;
    if !is_observed(goal, seen) {
        return None;
    }
    let pods = template::pods(goal, workload, seen);
    most_telling(suspects(goal, workload, &pods, seen, &Rules::default()).into_iter())
}

/// Whether the controller has seen the change; before that, no pod is told by its template.
pub(super) fn is_observed(goal: &Goal, seen: &Observation) -> bool {
    let entry = seen.entry(goal);
    entry.is_some_and(|entry| generations(goal, entry).has_template(&entry.object))
}

fn generations(goal: &Goal, entry: &Entry<Workload>) -> Generations {
    let wanted = goal.generation.unwrap_or(entry.object.metadata.generation);
    Generations { wanted, template: entry.template_since.min(wanted) }
}

/// What keeps a single pod from being ready.
pub(super) fn suspected(pod: &Owned<'_>) -> Option<Failure> {
    let troubles = pod.entry.troubles.iter();
    let troubles = troubles.filter(|trouble| trouble.rule != Some(Rule::StuckPod));
    most_telling(troubles.map(|trouble| Suspect {
        pod: Some(&pod.entry.object.metadata.name),
        trouble,
        rule: trouble.rule,
        certain_at: None,
    }))
}

/// What the status says, as far as it is of this rollout, and how far that is.
fn read(
    goal: &Goal,
    entry: &Entry<Workload>,
    pods: &[Owned<'_>],
    seen: &Observation,
) -> (Said, Progress) {
    let workload = &entry.object;
    let generations = generations(goal, entry);
    let deadline_passed = status::deadline_exceeded(workload)
        .is_some_and(|message| !is_of_another_set(message, goal, workload, pods, seen));
    let (said, progress) = status::read(workload, &goal.before, generations, deadline_passed);
    (said, Progress { old_ready: old_ready(workload, progress, pods), ..progress })
}

/// Whether the condition is left from a rollout before: its message names a replica set, and that
/// is not the one with the newest template. The condition stays as it was while its controller
/// waits for the pods of a replica set that it had already (`DeploymentTimedOut` of
/// `pkg/controller/deployment/util/deployment_util.go`).
fn is_of_another_set(
    message: &str,
    goal: &Goal,
    workload: &Workload,
    pods: &[Owned<'_>],
    seen: &Observation,
) -> bool {
    let name = message.strip_prefix("ReplicaSet \"").and_then(|rest| rest.split_once('"'));
    let Some((name, _)) = name else { return false };
    if let Some(newest) = template::newest_set(goal, workload, seen) {
        return newest.object.metadata.name != name;
    }
    let mut sets = seen.workloads.owned_by(&workload.metadata.uid);
    if let Some(set) = sets.find(|set| set.object.metadata.name == name) {
        return goal.other_image(&set.object).is_some();
    }
    // The replica sets may not be read, but their pods name them.
    let mut new = pods.iter().filter(|pod| pod.is_new && pod.is_there());
    let owner = new.find_map(|pod| pod.entry.object.metadata.controller());
    owner.is_some_and(|owner| owner.name != name)
}

/// How many of the old pods are ready: all of them where none is seen to be otherwise.
fn old_ready(workload: &Workload, progress: Progress, pods: &[Owned<'_>]) -> i64 {
    let old = pods.iter().filter(|pod| !pod.is_new && pod.is_there());
    let count = |pods: usize| i64::try_from(pods).unwrap_or(i64::MAX);
    if workload.kind == Kind::DaemonSet && pods.iter().any(Owned::is_there) {
        // A node whose old pod has gone counts among the old ones until it has a new one.
        let ready = old.filter(|pod| pod.stays() && pod.entry.object.is_ready());
        return count(ready.count()).min(progress.old);
    }
    // The status of a StatefulSet counts pods until they are gone, that of the others does not.
    let counted = |pod: &&Owned| workload.kind == Kind::StatefulSet || pod.stays();
    let unready = old.filter(counted).filter(|pod| !pod.entry.object.is_ready());
    (progress.old - count(unready.count())).max(0)
}

/// Everything that is wrong with the workload and the pods that matter to its rollout.
fn suspects<'a>(
    goal: &Goal,
    workload: &'a Workload,
    pods: &[Owned<'a>],
    seen: &'a Observation,
    rules: &Rules,
) -> Vec<Suspect<'a>> {
    // A pod that failed as a whole may be gone by the time that its successor fails.
    let of = |rule: Rule| move |trouble: &Trouble| trouble.rule == Some(rule);
    let failed = pods.iter().filter(|pod| pod.is_new && !is_left_over(pod, goal, workload));
    let failed = failed.filter(|pod| pod.entry.troubles.iter().any(of(Rule::PodFailed)));
    // Nothing makes another pod in the place of one that nothing made.
    let failed = match failed.count() {
        1.. if workload.kind == Kind::Pod => u32::MAX,
        pods => u32::try_from(pods).unwrap_or(u32::MAX),
    };
    let given = given(workload, pods);
    let course = Course { goal, rules, failed, ending: longest_grace(pods), given };
    let suspect = |pod: Option<&Owned<'a>>, trouble: &'a Trouble| {
        let name = pod.map(|pod| pod.entry.object.metadata.name.as_str());
        let rule = course.rule(trouble);
        let known = rule == Some(Rule::Termination)
            && name.is_some_and(|pod| goal.waited_for.iter().any(|before| before == pod));
        let certain_at = match pod {
            _ if known => Some(trouble.since),
            Some(pod) if rule == Some(Rule::StuckPod) => course.certain_to_be_stuck(pod, trouble),
            _ => course.certain(trouble),
        };
        Suspect { pod: name, trouble, rule, certain_at }
    };
    let stuck = stuck_pod(goal, seen).map(|pod| &pod.metadata.uid);
    let mut suspects = Vec::new();
    for pod in pods {
        let metadata = &pod.entry.object.metadata;
        let counts = |trouble: &&Trouble| match trouble.rule {
            Some(Rule::StuckPod) => stuck == Some(&metadata.uid),
            Some(Rule::Termination) => pod.is_there() && workload.waits_for_pods_to_end(),
            Some(Rule::PodFailed) => pod.is_new && !is_left_over(pod, goal, workload),
            _ => pod.is_new && pod.is_there(),
        };
        let troubles = pod.entry.troubles.iter().filter(counts);
        suspects.extend(troubles.map(|trouble| suspect(Some(pod), trouble)));
    }
    let set = match workload.kind {
        Kind::Deployment => template::newest_set(goal, workload, seen),
        _ => None,
    };
    let own = set.or_else(|| seen.entry(goal));
    suspects.extend(own.iter().flat_map(|e| &e.troubles).map(|trouble| suspect(None, trouble)));
    suspects
}

/// What the rollout as a whole says of how long a trouble may last.
struct Course<'a> {
    goal: &'a Goal,
    rules: &'a Rules,
    /// How many pods failed as a whole.
    failed: u32,
    /// The seconds that a pod may take to end which is being deleted now.
    ending: u32,
    /// The containers whose image a node has got from the registry.
    given: Vec<&'a str>,
}

impl Course<'_> {
    /// The rule that a trouble is judged by: an image that the registry check has seen is only late,
    /// and one that another new pod runs is refused to this node alone.
    fn rule(&self, trouble: &Trouble) -> Option<Rule> {
        let container = trouble.container.as_deref();
        let mut images = self.goal.images.iter();
        let image = images.find(|(name, _)| container == Some(name)).map(|(_, image)| image);
        let is_late = |image: &String| {
            self.goal.verified.contains(image) && words::image_is_late(&trouble.message, image)
        };
        let is_given = || {
            container.is_some_and(|container| self.given.contains(&container))
                && !words::lacks_platform(&trouble.message)
        };
        match trouble.rule {
            Some(Rule::ImageMissing) if image.is_some_and(is_late) || is_given() => {
                Some(Rule::ImagePull)
            }
            rule => rule,
        }
    }

    /// When a trouble is certain.
    fn certain(&self, trouble: &Trouble) -> Option<Millis> {
        let rule = self.rule(trouble)?;
        let limit = match (trouble.autoscaler, self.rules.limit(rule)?) {
            (Autoscaler::Silent, limit) => limit,
            (Autoscaler::Works, _) => return None,
            (Autoscaler::Refuses, limit) => limit.min(REFUSED_BY_AUTOSCALER),
        };
        match rule.info().unit {
            Unit::Seconds => {
                let ending = if rule.may_wait_for_room() { self.ending } else { 0 };
                let seconds = [limit, trouble.grace, ending].map(Millis::from);
                Some(trouble.since + seconds.iter().sum::<Millis>() * 1000)
            }
            Unit::Restarts => {
                let before = self.goal.restarts_before(trouble);
                let restarts = trouble.cause.restarts().saturating_sub(before);
                (restarts >= limit).then_some(trouble.since)
            }
            Unit::Pods => (self.failed >= limit).then_some(trouble.since),
        }
    }

    /// When it is certain that an older pod will not become ready: what ails it has its own rule, by
    /// which a pod that takes long is not broken.
    fn certain_to_be_stuck(&self, pod: &Owned<'_>, stuck: &Trouble) -> Option<Millis> {
        let troubles = pod.entry.troubles.iter();
        let own = troubles.filter(|trouble| trouble.rule != Some(Rule::StuckPod));
        let own = own.filter_map(|trouble| self.certain(trouble)).min()?;
        Some(self.certain(stuck)?.max(own))
    }
}

/// Whether the pod was made before the images were set: a replica set keeps the pods that have failed
/// of it, and a Deployment may come back to it.
fn is_left_over(pod: &Owned<'_>, goal: &Goal, workload: &Workload) -> bool {
    let mut images = goal.images.iter().filter_map(|(name, _)| last_change(workload, name));
    let made = pod.entry.object.metadata.creation_timestamp.as_ref();
    workload.kind != Kind::Pod
        && made.is_some_and(|made| images.any(|by| by.time.as_ref().is_some_and(|at| made < at)))
}

/// The containers that have started in a new pod. A pod that nothing made keeps the id of the image
/// before.
fn given<'a>(workload: &Workload, pods: &[Owned<'a>]) -> Vec<&'a str> {
    let new = pods.iter().filter(|pod| pod.is_new && workload.kind != Kind::Pod);
    let statuses = new.flat_map(|pod| {
        let status = &pod.entry.object.status;
        status.init_container_statuses.iter().chain(&status.container_statuses)
    });
    statuses.filter(|status| !status.image_id.is_empty()).map(|s| s.name.as_str()).collect()
}

/// How long pods that are being deleted now may take to end, at most, in seconds.
fn longest_grace(pods: &[Owned<'_>]) -> u32 {
    let ending = pods.iter().filter(|pod| pod.is_there() && !pod.stays());
    let graces = ending.filter_map(|pod| pod.entry.object.metadata.deletion_grace_period_seconds);
    graces.filter_map(|seconds| u32::try_from(seconds).ok()).max().unwrap_or_default()
}

/// When the whole rollout is certain to fail: once a trouble is that hits every pod alike, or once
/// as many pods have one as the rule `pods` asks for.
fn certain_at(suspects: &[Suspect<'_>], pods: &[Owned<'_>], rules: &Rules) -> Option<Millis> {
    let (shared, own): (Vec<&Suspect>, Vec<&Suspect>) =
        suspects.iter().partition(|suspect| suspect.rule.is_some_and(Rule::hits_every_pod));
    let shared = shared.iter().filter_map(|suspect| suspect.certain_at).min();
    // The first certain trouble of each pod; the suspects come pod by pod.
    let mut of_pods: Vec<(Option<&str>, Millis)> = Vec::new();
    for suspect in own {
        let Some(at) = suspect.certain_at else { continue };
        match of_pods.last_mut() {
            Some((pod, first)) if *pod == suspect.pod => *first = at.min(*first),
            _ => of_pods.push((suspect.pod, at)),
        }
    }
    let mut times: Vec<Millis> = of_pods.into_iter().map(|(_, at)| at).collect();
    times.sort_unstable();
    let new = pods.iter().filter(|pod| pod.is_new && pod.stays()).count();
    let asked = rules.limit(Rule::Pods).map_or(1, |pods| pods as usize);
    let own = times.get(asked.min(new).max(1) - 1).copied();
    shared.into_iter().chain(own).min()
}

/// The cause that says most; among equal ones that of the first pod.
fn most_telling<'a>(suspects: impl Iterator<Item = Suspect<'a>>) -> Option<Failure> {
    let Suspect { pod, trouble, .. } = suspects.min_by_key(|s| (s.trouble.cause.rank(), s.pod))?;
    Some(Failure {
        cause: trouble.cause.clone(),
        pod: pod.map(str::to_owned),
        container: trouble.container.clone(),
        init: trouble.init,
        message: trouble.message.clone(),
        ran: trouble.ran,
        deadline_passed: false,
    })
}

fn no_cause() -> Failure {
    Failure {
        cause: Cause::DeadlineExceeded,
        pod: None,
        container: None,
        init: false,
        message: String::new(),
        ran: None,
        deadline_passed: true,
    }
}
