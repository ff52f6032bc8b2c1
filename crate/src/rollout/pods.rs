//! The pods of a rollout, for the report.

use std::cmp::Reverse;

use crate::{
    kubernetes::Pod,
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
