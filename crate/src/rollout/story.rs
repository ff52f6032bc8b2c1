//! The pods of a rollout, for the report.

use crate::{
    rollout::{
        Goal,
        failure::Failure,
        judge::suspected,
        observation::Observation,
        template::{self, Owned},
    },
    workload::{Kind, Pod},
};

/// A pod, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct PodState<'a> {
    /// The pod.
    pub pod: &'a Pod,
    /// Whether it is of the newest template.
    pub is_new: bool,
    /// What keeps it from being ready, for certain or not.
    pub trouble: Option<Failure>,
}

/// All pods of the workload that are there and stay, by their names.
#[must_use]
pub fn pods<'a>(goal: &Goal, seen: &'a Observation) -> Vec<PodState<'a>> {
    let state = |pod: Owned<'a>| PodState {
        pod: &pod.entry.object,
        is_new: pod.is_new,
        trouble: suspected(&pod),
    };
    owned(goal, seen).into_iter().map(state).collect()
}

/// The pod of an older template that a StatefulSet waits for, and will for ever.
///
/// One that makes its pods in order looks at the lowest ordinal that is not running and ready, and
/// does nothing before it is, be it that its template is the one that has failed. So a change back
/// replaces that pod only after somebody deleted it (kubernetes/kubernetes#67250).
#[must_use]
pub fn stuck_pod<'a>(goal: &Goal, seen: &'a Observation) -> Option<&'a Pod> {
    let workload = seen.workload(goal)?;
    let status = &workload.status;
    let waits = workload.kind == Kind::StatefulSet
        && workload.spec.pod_management_policy != "Parallel"
        && status.observed_generation >= workload.metadata.generation;
    if !waits {
        return None;
    }
    let pods = template::pods(goal, workload, seen).into_iter();
    let unready = pods.filter(|pod| !pod.entry.object.is_ready());
    let first = unready.min_by_key(|pod| ordinal(&pod.entry.object))?;
    (!first.is_new).then_some(&first.entry.object)
}

fn owned<'a>(goal: &Goal, seen: &'a Observation) -> Vec<Owned<'a>> {
    seen.workload(goal).map_or(Vec::new(), |workload| template::pods(goal, workload, seen))
}

/// The number at the end of the pod's name.
fn ordinal(pod: &Pod) -> u32 {
    let (_, number) = pod.metadata.name.rsplit_once('-').unwrap_or_default();
    number.parse().unwrap_or(u32::MAX)
}
