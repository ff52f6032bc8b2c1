//! Judgement: how far a rollout is, and why it fails, going by the objects alone.
//!
//! [`Observation`] takes in what the watches tell, in any order; [`judge()`] is a pure function of
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
//!   waiting makes a tag. A name that is none, or an image that is never pulled, is alike. An image
//!   that the registry check has just seen ([`Goal::verified`]) is only late, as where a registry
//!   copies it from region to region: it is waited for as `imagePull` says. So is one that another
//!   new pod has already: what the registry denies to this node alone may pass.
//! - `imagePull`, 120 s: limits, timeouts and errors of a registry pass, and failing at the first
//!   of them is what other tools had to take back. The kubelet tries four times until then.
//! - `config`, 15 s: a ConfigMap or Secret may be made a moment after the workload, and the kubelet
//!   looks for it every few seconds. A command that is not in the image never appears.
//! - `crashLoop`, 2 restarts: the first start of a release may meet a database that is not there
//!   yet, and so may the second. A container that ended three times in a row is broken. So is one
//!   whose postStart hook failed as often.
//! - `outOfMemory`, 1 restart: a start needs the memory that it needs, and nothing around it
//!   changes that. The second kill only shows that the first was no accident.
//! - `probe`, 2 restarts: the kubelet has given the probe its whole `failureThreshold` before each
//!   restart, and so it is treated as any container that ends again and again.
//! - `readiness`, off: nothing tells slow from broken. A probe that still fails proves nothing, nor
//!   does a readiness gate that nothing has set yet; the deadline of the Deployment and the timeout
//!   of the step end the waiting. Where it is set, it runs from the start of the container, or from
//!   the pass of its startup probe. An init container that runs once has nothing to do with it.
//! - `unschedulable`, 300 s: an autoscaler brings a node within two to four minutes. A cluster that
//!   cannot grow says the same, so that waiting for ever would help nobody. While an autoscaler says
//!   that it brings a node the rule does not count, and once it says that it brings none, 60 s are
//!   enough for old pods to make room. What pods that are being deleted still hold, a new one may
//!   lack: their grace period is added, to `podSetup` and `refused` as well.
//! - `podSetup`, 300 s: a disk that is still attached elsewhere takes minutes to come over, and a
//!   network plugin on a new node as well.
//! - `refused`, 60 s: old pods that end, within their 30 s of grace, give back what a quota counts;
//!   the controller tries again by itself.
//! - `denied`, 15 s: a webhook, a policy, a standard or a limit range that refuses the template
//!   refuses it each time. The seconds are for a condition that is still there from before.
//! - `podFailed`, 2 pods: a node that gives a pod back as failed may have been full by the time it
//!   came, and another pod replaces it. Pods that were preempted, or evicted for the need of their
//!   node, do not count; those that were evicted for their own limits do.
//! - `stuckPod`, 120 s: a StatefulSet does not replace an unready pod of an older template, so
//!   that this one cannot begin; but that pod may recover. So what ails it has to be certain by its
//!   own rule too: one that takes long after a move to another node is no stuck one.
//! - `termination`, 300 s: they begin when the grace period of the pod is over. A node that is
//!   started again is back by then; one that is lost is not, and nothing but that node, or somebody
//!   who deletes it, ends the pod.
//!
//! # What belongs to this rollout
//! - The status counts once its controller has seen the generation of the change; a later one that
//!   leaves the template alone, as by the step's own annotations, takes no progress back.
//! - That the progress deadline has passed counts where the condition names the newest replica set.
//! - A pod counts by its template, an event by the UID of its object, and one about volumes or the
//!   network only until a later one says that the pod has got further.

mod failure;
mod judge;
mod observation;
mod pods;
pub mod proof;
pub mod rules;
mod status;
mod store;
mod stuck;
mod template;
mod trouble;
mod waiting;
mod watch_result;
mod words;

pub use failure::{Cause, Failure, ProbeKind};
pub use judge::{judge, likely_cause, progress_when_done, taken_back};
pub use observation::{Listing, Observation};
pub use pods::{PodState, RunningImages, pods, running_images};
pub use proof::{Difference, Expected, Proof, Pushed, Unproven, Why, prove};
pub use rules::{Rules, RulesError};
pub use store::Change;
pub use stuck::{pod_in_the_way_back, stuck_pod};
pub use waiting::{Stage, Waiting, default_timeout, waiting};
pub(crate) use watch_result::{StuckPods, WatchResult};

use crate::{
    host::Millis,
    kubernetes::{Container, Kind, Ran, Workload, WorkloadName},
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
    /// The generation of the workload that is to be rolled out, where it is known: what the API
    /// server gave the change, or the restart. Without it, it is the newest one that is seen.
    pub generation: Option<i64>,
    /// The images that the registry check has seen: they are there, and at most late.
    pub verified: Vec<String>,
    /// The pods that a rollout before has waited for in vain, by name, since they do not end: a
    /// pod of these that still does not is not waited for again.
    pub waited_for: Vec<String>,
    /// Of a pod, the containers that the kubelet replaces by others with the new images, as they
    /// were before.
    pub before: Vec<Ran>,
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
    /// How many of those are ready.
    pub old_ready: i64,
}

/// Why nothing replaces the pods, or why there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The deployment is paused.
    Paused,
    /// The update strategy waits for somebody to delete the pods.
    OnDelete,
    /// The partition of a StatefulSet is above all its pods.
    Partition,
    /// The workload is scaled to no pods.
    ScaledToZero,
    /// No node is one for the pods of a DaemonSet.
    NoNodes,
    /// A cron job starts pods by its schedule.
    Schedule,
    /// A cron job is suspended.
    Suspended,
    /// A replica set, or a replication controller, keeps the pods it has.
    KeepsPods,
    /// The containers of a pod have ended for good.
    Ended,
}

impl Progress {
    /// The same while the controller has not seen the newest template: every pod is an old one.
    #[must_use]
    pub(crate) fn before_the_change(self) -> Self {
        let old = (self.updated + self.old).min(self.wanted);
        Self { updated: 0, old, old_ready: old, ..self }
    }

    /// The same once every pod is replaced.
    #[must_use]
    pub(crate) fn done(self) -> Self {
        let Self { wanted, .. } = self;
        Self { wanted, updated: wanted, available: wanted, old: 0, old_ready: 0 }
    }

    /// How many pods of the new template are ready at least.
    #[must_use]
    pub fn ready(&self) -> i64 {
        (self.available - self.old_ready).clamp(0, self.updated.max(0))
    }
}

impl Hold {
    /// Why nothing replaces the pods of a kind, whatever its spec says.
    #[must_use]
    pub fn of_kind(kind: Kind) -> Option<Self> {
        match kind {
            Kind::CronJob => Some(Self::Schedule),
            Kind::ReplicaSet | Kind::ReplicationController => Some(Self::KeepsPods),
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Pod => None,
        }
    }

    /// Why nothing replaces the pods of this workload, going by its spec.
    #[must_use]
    pub fn of_workload(workload: &Workload) -> Option<Self> {
        let spec = &workload.spec;
        let replicas = spec.replicas.unwrap_or(1);
        let (paused, suspended) = (spec.paused, spec.suspend);
        match workload.kind {
            Kind::Deployment if paused => Some(Self::Paused),
            Kind::CronJob if suspended => Some(Self::Suspended),
            Kind::Deployment | Kind::StatefulSet if replicas == 0 => Some(Self::ScaledToZero),
            Kind::StatefulSet | Kind::DaemonSet if workload.replaces_on_delete() => {
                Some(Self::OnDelete)
            }
            Kind::StatefulSet if workload.partition() >= replicas => Some(Self::Partition),
            kind => Self::of_kind(kind),
        }
    }

    /// Whether the pods are replaced only after somebody does something.
    #[must_use]
    pub fn needs_somebody(self) -> bool {
        match self {
            Self::Paused | Self::OnDelete | Self::Partition | Self::KeepsPods => true,
            Self::ScaledToZero | Self::NoNodes | Self::Schedule | Self::Suspended | Self::Ended => {
                false
            }
        }
    }
}

impl Goal {
    /// The restarts of the trouble's container that are not of its new image: those before, and the
    /// one by which the kubelet started it with that image.
    fn restarts_before(&self, trouble: &trouble::Trouble) -> u32 {
        let mut before = self.before.iter();
        let ran = before.find(|ran| trouble.container.as_ref() == Some(&ran.container));
        ran.map_or(0, |ran| ran.restarts + 1)
    }

    /// A container that has another image than it is to have.
    #[must_use]
    pub fn other_image<'a>(&self, workload: &'a Workload) -> Option<&'a Container> {
        self.images.iter().find_map(|(container, image)| {
            let now = workload.all_containers().find(|c| c.name == *container)?;
            (now.image != *image).then_some(now)
        })
    }
}
