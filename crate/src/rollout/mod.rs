//! Judgement: how far a rollout is, and why it fails, going by the objects alone.
//!
//! [`Observation`] takes in what the watches tell, in any order; [`judge`] is a pure function of
//! it. What is done, held or given up by Kubernetes is read of the workload's status; what fails
//! early is read of the pods of the newest template, of the events about them, and of the
//! conditions and events that say why pods are not made. Words live in [`crate::report`].
//!
//! # When a trouble is certain
//! Every rule can be set by the input `failAfter`; [`RULES`](rules::RULES) has the names. A rollout is not
//! done before all its pods are, so that one pod that can never be ready is enough to fail it. But
//! where the pod or its node may be at fault (`crashLoop`, `outOfMemory`, `probe`, `readiness`,
//! `unschedulable`, `podSetup`, `imagePull`), `pods` can ask for more than one; where there are
//! fewer new pods than that, all of them.
//!
//! - `imageMissing`, at once: what the registry denies to one node it denies to every node, and no
//!   waiting makes a tag. A name that is none, or an image that is never pulled, is alike.
//! - `imagePull`, 120 s: limits, timeouts and errors of a registry pass, and failing at the first
//!   of them is what other tools had to take back. The kubelet tries four times until then.
//! - `config`, 15 s: a ConfigMap or Secret may be made a moment after the workload, and the kubelet
//!   looks for it every few seconds. A command that is not in the image never appears.
//! - `crashLoop`, 2 restarts: the first start of a release may meet a database that is not there
//!   yet, and so may the second. A container that ended three times in a row is broken.
//! - `outOfMemory`, 1 restart: a start needs the memory that it needs, and nothing around it
//!   changes that. The second kill only shows that the first was no accident.
//! - `probe`, 2 restarts: the kubelet has given the probe its whole `failureThreshold` before each
//!   restart, and so it is treated as any container that ends again and again.
//! - `readiness`, 120 s, or longer where the probe's own delays and thresholds add up to more:
//!   nothing tells slow from broken, and undoing a good release is worse than waiting two minutes.
//!   It runs from the start of the container, or from the pass of its startup probe.
//! - `unschedulable`, 300 s: an autoscaler brings a node within two to four minutes. A cluster that
//!   cannot grow says the same, so that waiting for ever would help nobody.
//! - `podSetup`, 300 s: a disk that is still attached elsewhere takes minutes to come over, and a
//!   network plugin on a new node as well.
//! - `refused`, 60 s: old pods that end, within their 30 s of grace, give back what a quota counts;
//!   the controller tries again by itself.
//! - `denied`, 15 s: a webhook or a standard that refuses the template refuses it each time. The
//!   seconds are for a condition that is still there from before.
//! - `podFailed`, 2 pods: a node that gives a pod back as failed may have been full by the time it
//!   came, and another pod replaces it. Pods that were evicted or preempted do not count.
//! - `stuckPod`, 120 s: a StatefulSet does not replace an unready pod of an older template, so
//!   that this one cannot begin; but that pod may recover.

mod failure;
mod judge;
mod observation;
pub mod rules;
mod status;
mod store;
mod story;
mod template;
mod trouble;
mod words;

pub use failure::{Cause, ContainerLog, Failure, ProbeKind};
pub use judge::{judge, likely_cause};
pub use observation::{Listing, Observation};
pub use rules::{Rules, RulesError};
pub use store::Change;
pub use story::{PodState, pods, stuck_pod};

use crate::{
    protocol::Millis,
    workload::{Container, Kind, Workload, WorkloadName},
};

/// What a rollout is to lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// The namespace of the workload.
    pub namespace: String,
    /// The workload.
    pub name: WorkloadName,
    /// Its UID, where it is known: one made anew under its name is then another.
    pub uid: Option<String>,
    /// The containers that an image is for, and that image.
    pub images: Vec<(String, String)>,
}

/// What the objects say of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Pods are still to be replaced, or to become ready.
    Progressing {
        /// How far it is.
        progress: Progress,
        /// When to judge again though nothing was seen: then a trouble has lasted too long.
        recheck_at: Option<Millis>,
    },
    /// Every pod runs the new template and is available.
    Done,
    /// The template is set, and nothing replaces the pods now.
    Held(Hold),
    /// It will not be done.
    Failed {
        /// Why.
        failure: Failure,
        /// How far it was.
        progress: Progress,
    },
    /// The template has another image than the goal: the change is not seen yet, or somebody else
    /// set one.
    OtherImage {
        /// The container.
        container: String,
        /// The image it has.
        image: String,
    },
    /// The workload was deleted.
    Deleted,
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

impl Progress {
    /// The same while the controller has not seen the newest template: every pod is an old one.
    #[must_use]
    pub(crate) fn before_the_change(self) -> Self {
        Self { updated: 0, old: (self.updated + self.old).min(self.wanted), ..self }
    }

    /// The same once every pod is replaced.
    #[must_use]
    pub(crate) fn done(self) -> Self {
        let Self { wanted, .. } = self;
        Self { wanted, updated: wanted, available: wanted, old: 0 }
    }

    /// How many pods of the new template are ready at least, taking every old one for ready.
    #[must_use]
    pub fn ready(&self) -> i64 {
        (self.available - self.old).clamp(0, self.updated.max(0))
    }
}

impl Hold {
    /// Why nothing replaces the pods of a kind, whatever its spec says.
    #[must_use]
    pub fn of_kind(kind: Kind) -> Option<Self> {
        match kind {
            Kind::CronJob => Some(Self::Schedule),
            Kind::ReplicaSet => Some(Self::KeepsPods),
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => None,
        }
    }

    /// Whether the pods are replaced only after somebody does something.
    #[must_use]
    pub fn needs_somebody(self) -> bool {
        self != Self::Schedule
    }
}

impl Goal {
    /// A container that has another image than it is to have.
    #[must_use]
    pub fn other_image<'a>(&self, workload: &'a Workload) -> Option<&'a Container> {
        self.images.iter().find_map(|(container, image)| {
            let now = workload.all_containers().find(|c| c.name == *container)?;
            (now.image != *image).then_some(now)
        })
    }
}
