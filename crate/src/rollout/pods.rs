//! The pods of a rollout, for the report.

use std::cmp::Reverse;

use crate::{
    kubernetes::{Kind, Pod},
    rollout::{
        Goal,
        failure::Failure,
        judge::suspected,
        observation::Observation,
        template::{self, Owned},
    },
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

/// What the pods of a workload run of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningImages<'a> {
    /// The container.
    pub container: &'a str,
    /// The images, each with the number of pods that have it.
    pub images: Vec<(&'a str, usize)>,
}

/// All pods of the workload that are there and stay, by their names.
#[must_use]
pub fn pods<'a>(goal: &Goal, seen: &'a Observation) -> Vec<PodState<'a>> {
    let state = |pod: Owned<'a>| PodState {
        pod: &pod.entry.object,
        is_new: pod.is_new,
        trouble: suspected(&pod),
    };
    owned(goal, seen).map(state).collect()
}

/// The pod of an older template that a StatefulSet waits for, and will for ever.
///
/// One that makes its pods in order looks at the lowest ordinal that is not running and ready, and
/// does nothing before it is, be it that its template is the one that has failed. So a change back,
/// or forward to a good image, replaces that pod only after somebody deleted it
/// (kubernetes/kubernetes#67250). A pod that is being deleted already is not meant.
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
    let pods = template::pods(goal, workload, seen).into_iter().filter(Owned::is_there);
    let unready = pods.filter(|pod| !pod.stays() || !pod.entry.object.is_ready());
    let first = unready.min_by_key(|pod| ordinal(&pod.entry.object))?;
    (!first.is_new && first.stays()).then_some(&first.entry.object)
}

/// What the pods of the workload that stay run of each container of the goal: an image, and how
/// many pods have it; the most frequent first.
///
/// It is what runs where the template is not: while the workload is paused, or waits for somebody
/// to delete its pods.
#[must_use]
pub fn running_images<'a>(goal: &'a Goal, seen: &'a Observation) -> Vec<RunningImages<'a>> {
    let pods = pods(goal, seen);
    let of = |container: &'a str| {
        let mut images: Vec<(&str, usize)> = Vec::new();
        let all = pods.iter().flat_map(|state| state.pod.spec.all_containers());
        for image in all.filter(|c| c.name == container).map(|c| c.image.as_str()) {
            match images.iter_mut().find(|(known, _)| *known == image) {
                Some((_, pods)) => *pods += 1,
                None => images.push((image, 1)),
            }
        }
        images.sort_by_key(|(image, pods)| (Reverse(*pods), *image));
        RunningImages { container, images }
    };
    goal.images.iter().map(|(container, _)| of(container)).collect()
}

fn owned<'a>(goal: &Goal, seen: &'a Observation) -> impl Iterator<Item = Owned<'a>> {
    let workload = seen.workload(goal);
    let pods = workload.map_or(Vec::new(), |workload| template::pods(goal, workload, seen));
    pods.into_iter().filter(Owned::stays)
}

/// The number at the end of the pod's name.
fn ordinal(pod: &Pod) -> u32 {
    let (_, number) = pod.metadata.name.rsplit_once('-').unwrap_or_default();
    number.parse().unwrap_or(u32::MAX)
}
