//! What the status of a workload alone says of its rollout.
//!
//! The rules for "done" are those of `kubectl rollout status` (`polymorphichelpers/
//! rollout_status.go` of k8s.io/kubectl), but for two: a StatefulSet whose partition is 0 is only
//! done once its revisions agree, and one of no pods is done at once.

use crate::{
    rollout::{Hold, Progress},
    workload::{Kind, Workload},
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

/// Reads the status.
pub(super) fn read(workload: &Workload) -> (Said, Progress) {
    let (progress, done) = match workload.kind {
        Kind::Deployment => deployment(workload),
        Kind::StatefulSet => stateful_set(workload),
        Kind::DaemonSet => daemon_set(workload),
        Kind::CronJob | Kind::ReplicaSet => (Progress::default(), false),
    };
    let observed = workload.status.observed_generation >= workload.metadata.generation;
    let hold = hold(workload);
    if hold == Some(Hold::OnDelete) && observed && done {
        (Said::Done, progress)
    } else if let Some(hold) = hold {
        (Said::Held(hold), progress)
    } else if !observed {
        (Said::NotObserved, progress.before_the_change())
    } else if deadline_exceeded(workload) {
        (Said::DeadlineExceeded, progress)
    } else if done {
        (Said::Done, progress)
    } else {
        (Said::Progressing, progress)
    }
}

fn hold(workload: &Workload) -> Option<Hold> {
    let strategy = workload.spec.update_strategy.as_ref();
    match workload.kind {
        Kind::Deployment => workload.spec.paused.then_some(Hold::Paused),
        Kind::StatefulSet | Kind::DaemonSet => {
            strategy.is_some_and(|s| s.r#type == "OnDelete").then_some(Hold::OnDelete)
        }
        Kind::CronJob => Some(Hold::Schedule),
        Kind::ReplicaSet => Some(Hold::KeepsPods),
    }
}

fn deployment(workload: &Workload) -> (Progress, bool) {
    let status = &workload.status;
    let progress = Progress {
        wanted: workload.spec.replicas.unwrap_or(1),
        updated: status.updated_replicas,
        available: status.available_replicas.unwrap_or_default(),
        old: status.replicas - status.updated_replicas,
    };
    let done = progress.updated >= progress.wanted
        && progress.old <= 0
        && progress.available >= progress.updated;
    (progress, done)
}

fn stateful_set(workload: &Workload) -> (Progress, bool) {
    let status = &workload.status;
    let wanted = workload.spec.replicas.unwrap_or(1);
    let strategy = workload.spec.update_strategy.as_ref();
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let partition = rolling.and_then(|rolling| rolling.partition).unwrap_or(0);
    let progress = Progress {
        wanted,
        updated: status.updated_replicas,
        available: status.ready_replicas,
        old: status.replicas - status.updated_replicas,
    };
    let settled = partition > 0 || status.update_revision == status.current_revision;
    let updated = status.updated_replicas >= (wanted - partition).max(0) && settled;
    let none = wanted == 0 && status.replicas == 0;
    (progress, none || (updated && status.ready_replicas >= wanted))
}

fn daemon_set(workload: &Workload) -> (Progress, bool) {
    let status = &workload.status;
    let wanted = status.desired_number_scheduled;
    let progress = Progress {
        wanted,
        updated: status.updated_number_scheduled,
        available: status.number_available,
        old: wanted - status.updated_number_scheduled,
    };
    (progress, progress.updated >= wanted && progress.available >= wanted)
}

fn deadline_exceeded(workload: &Workload) -> bool {
    let mut conditions = workload.status.conditions.iter();
    conditions.any(|c| c.r#type == "Progressing" && c.reason == "ProgressDeadlineExceeded")
}
