//! What the status of a workload alone says of its rollout.
//!
//! The rules for "done" are those of `kubectl rollout status` (`polymorphichelpers/
//! rollout_status.go` of k8s.io/kubectl), but for these: a StatefulSet whose partition is 0 is only
//! done once its revisions agree; its pods have to be available and not only ready, where its status
//! counts them (since Kubernetes 1.22); and a workload that has no pods is not done, but held.
//!
//! A pod, of which kubectl waits for nothing, is done once the kubelet has replaced its containers by
//! others and it is ready, or has ended well. Its `observedGeneration` says less: the kubelet writes
//! it before it replaces them, and only since Kubernetes 1.33.

use crate::{
    kubernetes::{Condition, Kind, Ran, Workload},
    rollout::{Hold, Progress},
};

/// What the status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Its controller has not seen the newest template, so nothing else in it counts.
    NotObserved,
    Progressing,
    Done,
    Held(Hold),
    DeadlineExceeded,
}

/// How many pods have the newest template, going by the status.
pub(super) fn updated(workload: &Workload) -> i64 {
    let status = &workload.status;
    match workload.kind {
        Kind::DaemonSet => status.updated_number_scheduled,
        Kind::Pod => 1,
        _ => status.updated_replicas,
    }
}

/// Generations of a workload; each change of its spec or of its annotations begins one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Generations {
    /// The one that the controller has to have seen.
    pub(super) wanted: i64,
    /// The first that is known to have the pod template of the newest.
    pub(super) template: i64,
}

impl Generations {
    /// Whether the status is of the pod template that is wanted, of whichever generation.
    pub(super) fn has_template(self, workload: &Workload) -> bool {
        // The status of a pod tells by its containers what it is of.
        workload.metadata.generation >= self.wanted
            && (workload.kind == Kind::Pod || workload.status.observed_generation >= self.template)
    }

    /// Whether the status is of the generation that is wanted, or of a later one.
    fn are_seen(self, workload: &Workload) -> bool {
        workload.metadata.generation >= self.wanted
            && workload.status.observed_generation >= self.wanted
    }
}

/// Reads the status; `deadline_passed` is what its condition says that is of this rollout, and
/// `before` the containers of a pod that are to be replaced.
pub(super) fn read(
    workload: &Workload,
    before: &[Ran],
    generations: Generations,
    deadline_passed: bool,
) -> (Said, Progress) {
    let (progress, done) = match workload.kind {
        Kind::Pod => return pod(workload, before),
        Kind::Deployment => deployment(workload),
        Kind::StatefulSet => stateful_set(workload),
        Kind::DaemonSet => daemon_set(workload),
        Kind::CronJob | Kind::ReplicaSet | Kind::ReplicationController => {
            (Progress::default(), false)
        }
    };
    let observed = generations.are_seen(workload);
    // A later change that leaves the template alone takes no pod back.
    let progress =
        if generations.has_template(workload) { progress } else { progress.before_the_change() };
    let said = match Hold::of_workload(workload) {
        Some(Hold::ScaledToZero) if !observed || workload.status.replicas > 0 => Said::NotObserved,
        Some(Hold::Paused | Hold::OnDelete | Hold::Partition)
            if observed && done && progress.wanted > 0 =>
        {
            Said::Done
        }
        Some(hold) => Said::Held(hold),
        None if !observed => Said::NotObserved,
        None if deadline_passed => Said::DeadlineExceeded,
        None if done && progress.wanted == 0 => Said::Held(Hold::NoNodes),
        None if done => Said::Done,
        None => Said::Progressing,
    };
    (said, progress)
}

fn deployment(workload: &Workload) -> (Progress, bool) {
    let status = &workload.status;
    let old = status.replicas - status.updated_replicas;
    let progress = Progress {
        wanted: workload.spec.replicas.unwrap_or(1),
        updated: status.updated_replicas,
        available: status.available_replicas.unwrap_or_default(),
        old,
        old_ready: old,
    };
    let done = progress.updated >= progress.wanted
        && progress.old <= 0
        && progress.available >= progress.updated;
    (progress, done)
}

fn stateful_set(workload: &Workload) -> (Progress, bool) {
    let status = &workload.status;
    let wanted = workload.spec.replicas.unwrap_or(1);
    let partition = workload.partition();
    let available = status.available_replicas.unwrap_or(status.ready_replicas);
    // The pods below a partition keep their template, and do not count.
    let kept = if partition < wanted { partition } else { 0 };
    let old = (status.replicas - status.updated_replicas - kept).max(0);
    let progress = Progress {
        wanted: wanted - kept,
        updated: status.updated_replicas,
        available: (available - kept).max(0),
        old,
        old_ready: old,
    };
    // With OnDelete the controller never makes the newest revision the current one.
    let by_hand = workload.replaces_on_delete();
    let settled = by_hand
        || (0 < partition && partition < wanted)
        || status.update_revision == status.current_revision;
    let updated = status.updated_replicas >= (wanted - partition).max(0) && settled;
    (progress, updated && available >= wanted)
}

fn daemon_set(workload: &Workload) -> (Progress, bool) {
    let status = &workload.status;
    let wanted = status.desired_number_scheduled;
    let progress = Progress {
        wanted,
        updated: status.updated_number_scheduled,
        available: status.number_available,
        old: wanted - status.updated_number_scheduled,
        old_ready: wanted - status.updated_number_scheduled,
    };
    (progress, progress.updated >= wanted && progress.available >= wanted)
}

fn pod(pod: &Workload, before: &[Ran]) -> (Said, Progress) {
    let status = &pod.status;
    let statuses = || status.init_container_statuses.iter().chain(&status.container_statuses);
    let is_replaced = |ran: &Ran| {
        statuses().any(|status| status.name == ran.container && ran.is_replaced(status))
    };
    let replaced = before.iter().all(is_replaced);
    let is_ready =
        |condition: &Condition| condition.r#type == "Ready" && condition.status == "True";
    let ready = status.conditions.iter().any(is_ready);
    let [updated, old] = [replaced, !replaced].map(i64::from);
    let progress =
        Progress { wanted: 1, updated, available: i64::from(ready), old, old_ready: old };
    let over = status.phase == "Succeeded" || status.phase == "Failed";
    let had_ended = !before.is_empty() && before.iter().all(|ran| ran.ended);
    let said = match status.phase.as_str() {
        _ if over && had_ended && !replaced => Said::Held(Hold::Ended),
        "Succeeded" if replaced => Said::Done,
        _ if replaced && ready => Said::Done,
        _ => Said::Progressing,
    };
    (said, progress)
}

/// The message of Kubernetes that it has given the rollout up.
pub(super) fn deadline_exceeded(workload: &Workload) -> Option<&str> {
    let mut conditions = workload.status.conditions.iter();
    conditions
        .find(|c| c.r#type == "Progressing" && c.reason == "ProgressDeadlineExceeded")
        .map(|condition| condition.message.as_str())
}
