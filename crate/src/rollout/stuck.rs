//! The pod that keeps a rollout from going on.

use crate::{
    kubernetes::{Kind, Pod},
    rollout::{
        Goal,
        observation::Observation,
        template::{self, Owned},
    },
};

/// The pod of an older template that a StatefulSet waits for, and will for ever.
///
/// One that makes its pods in order looks at the lowest ordinal that is not running and ready, and
/// does nothing before it is, be it that its template is the one that has failed. So a change back,
/// or forward to a good image, replaces that pod only after somebody deleted it
/// (kubernetes/kubernetes#67250). A pod that is being deleted already is not meant.
#[must_use]
pub fn stuck_pod<'a>(goal: &Goal, seen: &'a Observation) -> Option<&'a Pod> {
    first_unready(goal, seen).filter(|pod| !pod.is_new).map(|pod| &pod.entry.object)
}

/// The pod of the newest template that would be such a one if the StatefulSet went back now.
#[must_use]
pub fn pod_in_the_way_back<'a>(goal: &Goal, seen: &'a Observation) -> Option<&'a Pod> {
    first_unready(goal, seen).filter(|pod| pod.is_new).map(|pod| &pod.entry.object)
}

/// The pod that a StatefulSet which makes its pods in order looks at, unless it is being deleted.
fn first_unready<'a>(goal: &Goal, seen: &'a Observation) -> Option<Owned<'a>> {
    let workload = seen.workload(goal)?;
    let status = &workload.status;
    let waits = workload.kind == Kind::StatefulSet
        && workload.spec.pod_management_policy != "Parallel"
        && status.observed_generation >= workload.metadata.generation;
    if !waits {
        return None;
    }
    let pods = template::pods(goal, workload, seen).into_iter().filter(Owned::is_there);
    let unready = pods.filter(|pod| !pod.stays() || !pod.entry.object.is_ready());
    unready.min_by_key(|pod| ordinal(&pod.entry.object)).filter(Owned::stays)
}

/// The number at the end of the pod's name.
fn ordinal(pod: &Pod) -> u32 {
    let (_, number) = pod.metadata.name.rsplit_once('-').unwrap_or_default();
    number.parse().unwrap_or(u32::MAX)
}
