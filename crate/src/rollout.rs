//! Judgement: how far a rollout is, going by the objects alone.
//!
//! The rules for "done" are those of `kubectl rollout status` (`polymorphichelpers/
//! rollout_status.go` of k8s.io/kubectl). Words live in [`crate::report`].

use crate::workload::{Kind, Workload};

/// What the objects say of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Pods are still to be replaced, or to become ready.
    Progressing(Progress),
    /// Every pod runs the new template and is available.
    Done,
    /// The template is set, and nothing replaces the pods now.
    Held(Hold),
    /// Kubernetes gave up waiting: `progressDeadlineSeconds` passed without progress.
    DeadlineExceeded(Progress),
}

/// Counts of a rollout's pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many there are to be.
    pub wanted: i64,
    /// How many run the new template.
    pub updated: i64,
    /// How many are available, old ones too.
    pub available: i64,
    /// How many run an older template.
    pub old: i64,
}

/// Why nothing replaces the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The deployment is paused.
    Paused,
    /// The update strategy waits for somebody to delete the pods.
    OnDelete,
    /// A cron job starts pods by its schedule.
    Schedule,
    /// A replica set keeps the pods it has.
    KeepsPods,
}

impl Hold {
    /// Whether the pods are replaced only after somebody does something.
    #[must_use]
    pub fn needs_somebody(self) -> bool {
        self != Self::Schedule
    }
}

/// Judges a workload. A status that does not belong to the newest template yet counts as progress,
/// whatever its conditions say.
#[must_use]
pub fn judge(workload: &Workload) -> Judgement {
    match workload.kind {
        Kind::Deployment if workload.spec.paused => Judgement::Held(Hold::Paused),
        Kind::Deployment => judge_deployment(workload),
        Kind::StatefulSet | Kind::DaemonSet if is_on_delete(workload) => {
            Judgement::Held(Hold::OnDelete)
        }
        Kind::StatefulSet => judge_stateful_set(workload),
        Kind::DaemonSet => judge_daemon_set(workload),
        Kind::CronJob => Judgement::Held(Hold::Schedule),
        Kind::ReplicaSet => Judgement::Held(Hold::KeepsPods),
    }
}

fn judge_deployment(workload: &Workload) -> Judgement {
    let status = &workload.status;
    let wanted = workload.spec.replicas.unwrap_or(1);
    let progress = Progress {
        wanted,
        updated: status.updated_replicas,
        available: status.available_replicas,
        old: status.replicas - status.updated_replicas,
    };
    if !is_observed(workload) {
        return Judgement::Progressing(Progress { wanted, ..Progress::default() });
    }
    let exceeded = status
        .conditions
        .iter()
        .any(|c| c.r#type == "Progressing" && c.reason == "ProgressDeadlineExceeded");
    let done =
        progress.updated >= wanted && progress.old <= 0 && progress.available >= progress.updated;
    match (exceeded, done) {
        (true, _) => Judgement::DeadlineExceeded(progress),
        (false, true) => Judgement::Done,
        (false, false) => Judgement::Progressing(progress),
    }
}

fn judge_stateful_set(workload: &Workload) -> Judgement {
    let status = &workload.status;
    let wanted = workload.spec.replicas.unwrap_or(1);
    let strategy = workload.spec.update_strategy.as_ref();
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let partition = rolling.and_then(|rolling| rolling.partition).unwrap_or(0);
    let to_update = (wanted - partition).max(0);
    let progress = Progress {
        wanted,
        updated: status.updated_replicas,
        available: status.ready_replicas,
        old: status.replicas - status.updated_replicas,
    };
    if !is_observed(workload) {
        return Judgement::Progressing(Progress { wanted, ..Progress::default() });
    }
    let settled = partition > 0 || status.update_revision == status.current_revision;
    if status.ready_replicas >= wanted && status.updated_replicas >= to_update && settled {
        Judgement::Done
    } else {
        Judgement::Progressing(progress)
    }
}

fn judge_daemon_set(workload: &Workload) -> Judgement {
    let status = &workload.status;
    let wanted = status.desired_number_scheduled;
    if !is_observed(workload) {
        return Judgement::Progressing(Progress { wanted, ..Progress::default() });
    }
    if status.updated_number_scheduled >= wanted && status.number_available >= wanted {
        return Judgement::Done;
    }
    Judgement::Progressing(Progress {
        wanted,
        updated: status.updated_number_scheduled,
        available: status.number_available,
        old: wanted - status.updated_number_scheduled,
    })
}

fn is_on_delete(workload: &Workload) -> bool {
    workload.spec.update_strategy.as_ref().is_some_and(|strategy| strategy.r#type == "OnDelete")
}

fn is_observed(workload: &Workload) -> bool {
    workload.status.observed_generation >= workload.metadata.generation
}
