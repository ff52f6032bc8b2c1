//! From what was seen to a judgement.

use crate::{
    protocol::Millis,
    rollout::{
        Goal, Judgement, Progress,
        failure::{Cause, Failure},
        observation::Observation,
        rules::{Rule, Rules, Unit},
        status::{self, Said},
        store::{Entry, Presence},
        story::stuck_pod,
        template::{self, Owned},
        trouble::Trouble,
    },
    workload::{Kind, Workload},
};

/// A trouble of one pod, or of the workload itself.
#[derive(Clone, Copy)]
struct Suspect<'a> {
    pod: Option<&'a str>,
    trouble: &'a Trouble,
    /// When it is certain; `None` for never.
    certain_at: Option<Millis>,
}

/// Judges the rollout of a workload by all that was seen until `now`.
///
/// A status that does not belong to the newest template counts as progress, whatever its
/// conditions say, and a pod of an older template says nothing of the newest.
#[must_use]
pub fn judge(goal: &Goal, seen: &Observation, rules: &Rules, now: Millis) -> Judgement {
    let Some(Entry { object: workload, presence, .. }) = seen.entry(goal) else {
        return Judgement::Progressing { progress: Progress::default(), recheck_at: None };
    };
    if *presence == Presence::Deleted {
        return Judgement::Deleted;
    }
    if *presence == Presence::Doubtful {
        return Judgement::Progressing { progress: status::read(workload).1, recheck_at: None };
    }
    if let Some(container) = goal.other_image(workload) {
        return Judgement::OtherImage {
            container: container.name.clone(),
            image: container.image.clone(),
        };
    }
    let (said, progress) = status::read(workload);
    match said {
        Said::Done => return Judgement::Done,
        Said::Held(hold) => return Judgement::Held(hold),
        Said::NotObserved => return Judgement::Progressing { progress, recheck_at: None },
        Said::Progressing | Said::DeadlineExceeded => {}
    }
    let pods = template::pods(goal, workload, seen);
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

/// What most likely keeps the rollout from being done, certain or not, as when its time is up.
#[must_use]
pub fn likely_cause(goal: &Goal, seen: &Observation) -> Option<Failure> {
    let workload = seen.workload(goal)?;
    let pods = template::pods(goal, workload, seen);
    most_telling(suspects(goal, workload, &pods, seen, &Rules::default()).into_iter())
}

/// What keeps a single pod from being ready.
pub(super) fn suspected(pod: &Owned<'_>) -> Option<Failure> {
    let troubles = pod.entry.troubles.iter().filter(|trouble| trouble.rule != Rule::StuckPod);
    let suspect =
        |trouble| Suspect { pod: Some(&pod.entry.object.metadata.name), trouble, certain_at: None };
    most_telling(troubles.map(suspect))
}

/// Everything that is wrong with the workload and the pods that matter to its rollout.
fn suspects<'a>(
    goal: &Goal,
    workload: &'a Workload,
    pods: &[Owned<'a>],
    seen: &'a Observation,
    rules: &Rules,
) -> Vec<Suspect<'a>> {
    let failed = pods.iter().filter(|pod| pod.is_new && pod.entry.object.status.phase == "Failed");
    let failed = u32::try_from(failed.count()).unwrap_or(u32::MAX);
    let suspect = |pod, trouble: &'a Trouble| Suspect {
        pod,
        trouble,
        certain_at: certain(trouble, failed, rules),
    };
    let stuck = stuck_pod(goal, seen).map(|pod| &pod.metadata.uid);
    let mut suspects = Vec::new();
    for pod in pods {
        let metadata = &pod.entry.object.metadata;
        let counts = |trouble: &&Trouble| match trouble.rule {
            Rule::StuckPod => stuck == Some(&metadata.uid),
            _ => pod.is_new,
        };
        let troubles = pod.entry.troubles.iter().filter(counts);
        suspects.extend(troubles.map(|trouble| suspect(Some(metadata.name.as_str()), trouble)));
    }
    let set = match workload.kind {
        Kind::Deployment => template::newest_set(workload, seen),
        _ => None,
    };
    let own = set.or_else(|| seen.entry(goal));
    suspects.extend(own.iter().flat_map(|e| &e.troubles).map(|trouble| suspect(None, trouble)));
    suspects
}

/// When a trouble is certain; `failed` is how many pods failed as a whole.
fn certain(trouble: &Trouble, failed: u32, rules: &Rules) -> Option<Millis> {
    let limit = rules.limit(trouble.rule, trouble.needed)?;
    match trouble.rule.info().unit {
        Unit::Seconds => Some(trouble.since + Millis::from(limit) * 1000),
        Unit::Restarts => (trouble.cause.restarts() >= limit).then_some(trouble.since),
        Unit::Pods => (failed >= limit).then_some(trouble.since),
    }
}

/// When the whole rollout is certain to fail: once a trouble is that hits every pod alike, or once
/// as many pods have one as the rule `pods` asks for.
fn certain_at(suspects: &[Suspect<'_>], pods: &[Owned<'_>], rules: &Rules) -> Option<Millis> {
    let (shared, own): (Vec<&Suspect>, Vec<&Suspect>) =
        suspects.iter().partition(|suspect| suspect.trouble.rule.hits_every_pod());
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
    let new = pods.iter().filter(|pod| pod.is_new).count();
    let asked = rules.limit(Rule::Pods, 0).map_or(1, |pods| pods as usize);
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
        deadline_passed: true,
    }
}
