//! What a rollout waits for, for the line that says how far it is.

use crate::{
    kubernetes::{Event, Kind, Pod, Workload},
    rollout::{
        Goal,
        failure::{Cause, Failure},
        judge::{is_observed, likely_cause},
        observation::Observation,
        template::{self, Owned},
    },
};

/// What a rollout waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// Something is wrong, and may pass.
    Trouble(Failure),
    /// A pod takes its course.
    Pod {
        /// Its name.
        pod: String,
        /// How far it is.
        stage: Stage,
    },
}

/// How far a pod is, in the order of its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It has no node yet.
    Scheduling,
    /// Its node sets it up.
    Creating,
    /// Its node pulls the image of this container.
    Pulling(String),
    /// This init container runs.
    Initializing(String),
    /// It is ready and has to stay so for `minReadySeconds`.
    Settling,
    /// It is being deleted, and its place is not free before it is gone.
    Ending,
}

/// What the rollout waits for now; nothing where that is only its controller.
///
/// What is wrong comes first, as in [`likely_cause`]; then the new pod that is the least far; then an
/// old one that has not ended. It costs what a judgement costs.
#[must_use]
pub fn waiting(goal: &Goal, seen: &Observation) -> Option<Waiting> {
    let workload = seen.workload(goal)?;
    if !is_observed(goal, seen) {
        return None;
    }
    let failure = likely_cause(goal, seen);
    let is_ending = |failure: &Failure| {
        matches!(failure.cause, Cause::Terminating { .. } | Cause::NotReady { .. })
    };
    let pods = template::pods(goal, workload, seen);
    let failure = match failure {
        Some(failure) if !is_ending(&failure) => return Some(Waiting::Trouble(failure)),
        failure => failure,
    };
    let mut stages: Vec<(u8, &str, Stage)> = Vec::new();
    for pod in pods.iter().filter(|pod| pod.is_there()) {
        if let Some(stage) = stage(workload, pod, seen) {
            stages.push((stage.rank(), &pod.entry.object.metadata.name, stage));
        }
    }
    stages.sort_by_key(|(rank, name, _)| (*rank, *name));
    let first = stages.into_iter().next();
    let pod = first.map(|(_, pod, stage)| Waiting::Pod { pod: pod.to_owned(), stage });
    pod.or(failure.map(Waiting::Trouble))
}

/// How long to wait for rollouts of these workloads where nobody says, in seconds: the longest
/// progress deadline among them, and ten minutes at least.
#[must_use]
pub fn default_timeout<'a>(workloads: impl IntoIterator<Item = &'a Workload>) -> u32 {
    /// The largest value stands for no deadline at all.
    const NONE: i64 = 2_147_483_647;
    let deployments = workloads.into_iter().filter(|w| w.kind == Kind::Deployment);
    let deadlines = deployments.filter_map(|w| w.spec.progress_deadline_seconds);
    let longest = deadlines.filter(|seconds| *seconds < NONE).max().unwrap_or_default();
    u32::try_from(longest).unwrap_or_default().max(600)
}

fn stage(workload: &Workload, pod: &Owned<'_>, seen: &Observation) -> Option<Stage> {
    if !pod.stays() {
        return workload.waits_for_pods_to_end().then_some(Stage::Ending);
    }
    pod.is_new.then(|| of_pod(&pod.entry.object, workload, seen)).flatten()
}

fn of_pod(pod: &Pod, workload: &Workload, seen: &Observation) -> Option<Stage> {
    if pod.is_ready() {
        return (workload.spec.min_ready_seconds > 0).then_some(Stage::Settling);
    }
    if pod.spec.node_name.is_empty() {
        return Some(Stage::Scheduling);
    }
    let status = &pod.status;
    let init = status.init_container_statuses.iter().find(|status| {
        let mut containers = pod.spec.init_containers.iter();
        let is_sidecar = containers.any(|c| c.name == status.name && c.is_sidecar());
        status.state.running.is_some() && !is_sidecar
    });
    if let Some(init) = init {
        return Some(Stage::Initializing(init.name.clone()));
    }
    let mut all = status.init_container_statuses.iter().chain(&status.container_statuses);
    if let Some(container) = all.find(|status| is_pulled(&status.name, pod, seen)) {
        return Some(Stage::Pulling(container.name.clone()));
    }
    (status.phase == "Pending").then_some(Stage::Creating)
}

/// Whether the last that was said of the container is that its image is being pulled.
fn is_pulled(container: &str, pod: &Pod, seen: &Observation) -> bool {
    let events = seen.events_about(&pod.metadata.uid);
    let last: Option<&&Event> = events.iter().rev().find(|event| event.is_about(container));
    last.is_some_and(|event| event.reason == "Pulling")
}

impl Stage {
    /// The pod that is the least far is the one that is waited for.
    fn rank(&self) -> u8 {
        match self {
            Self::Scheduling => 0,
            Self::Creating => 1,
            Self::Pulling(_) => 2,
            Self::Initializing(_) => 3,
            Self::Settling => 4,
            Self::Ending => 5,
        }
    }
}
