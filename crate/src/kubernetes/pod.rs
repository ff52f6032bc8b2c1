//! Pods: their containers, and how they fare.
#![allow(missing_docs)]

use serde::Deserialize;

use crate::kubernetes::{Condition, Metadata};

/// The part of a pod's `spec` that is read; that of a pod template too.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    pub init_containers: Vec<Container>,
    pub containers: Vec<Container>,
    /// The node that the pod is bound to; empty before that.
    pub node_name: String,
    pub readiness_gates: Vec<ReadinessGate>,
}

/// A condition that something outside of the pod sets, and without which the pod is not ready.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReadinessGate {
    pub condition_type: String,
}

/// A container as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    pub name: String,
    #[serde(default)]
    pub image: String,
    /// `Always`, `IfNotPresent` or `Never`; the API server fills it in.
    #[serde(default)]
    pub image_pull_policy: String,
    /// `Always` makes an init container one that runs beside the others.
    #[serde(default)]
    pub restart_policy: String,
}

impl PodSpec {
    /// Init containers, then containers.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().chain(&self.containers)
    }
}

impl Container {
    /// Whether this init container runs on beside the containers, as a sidecar does.
    #[must_use]
    pub fn is_sidecar(&self) -> bool {
        self.restart_policy == "Always"
    }
}

/// A pod as the API server shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Pod {
    pub metadata: Metadata,
    #[serde(default)]
    pub spec: PodSpec,
    #[serde(default)]
    pub status: PodStatus,
}

/// The part of a pod's `status` that is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    pub phase: String,
    /// Why the whole pod is in its phase, as in `Evicted`.
    pub reason: String,
    pub message: String,
    pub conditions: Vec<Condition>,
    pub init_container_statuses: Vec<ContainerStatus>,
    pub container_statuses: Vec<ContainerStatus>,
}

/// How one container of a pod is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    pub name: String,
    /// Of the container that runs or ran last; empty before the first.
    #[serde(rename = "containerID")]
    pub container_id: String,
    /// What the node's runtime runs; see [`crate::rollout::proof`]. Empty before it is pulled.
    #[serde(rename = "imageID")]
    pub image_id: String,
    pub ready: bool,
    /// Whether its startup probe has passed.
    pub started: Option<bool>,
    pub restart_count: u32,
    pub state: ContainerState,
    pub last_state: ContainerState,
}

/// One of the three states of a container; the API fills in at most one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    pub waiting: Option<Waiting>,
    pub running: Option<Running>,
    pub terminated: Option<Terminated>,
}

/// Why a container does not run yet.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    pub reason: String,
    pub message: String,
}

/// A container runs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Running {}

/// How a container ended.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    pub exit_code: i64,
    pub reason: String,
    /// What it left as its last words, or why it could not run.
    pub message: String,
}

/// A container as it ran before a change of its image. The kubelet starts another one in its place,
/// and that has another id; the name of the image in the status may be any that the node knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The container.
    pub container: String,
    /// The `containerID`.
    pub id: String,
    /// Its restarts until then.
    pub restarts: u32,
    /// Whether it had ended.
    pub ended: bool,
}

impl Ran {
    /// What the status says of containers that have run.
    pub(super) fn of(statuses: &[ContainerStatus]) -> impl Iterator<Item = Self> {
        statuses.iter().filter(|status| !status.container_id.is_empty()).map(|status| Self {
            container: status.name.clone(),
            id: status.container_id.clone(),
            restarts: status.restart_count,
            ended: status.state.terminated.is_some(),
        })
    }

    /// Whether the status is that of another container than this one.
    #[must_use]
    pub fn is_replaced(&self, status: &ContainerStatus) -> bool {
        !status.container_id.is_empty() && status.container_id != self.id
    }
}

impl PodStatus {
    /// The condition of this type, whatever its status.
    #[must_use]
    pub fn condition(&self, r#type: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.r#type == r#type)
    }
}

impl Pod {
    /// Whether the pod is being deleted.
    #[must_use]
    pub fn is_terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// Whether the pod's `Ready` condition is true.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready().is_some()
    }

    /// The time stamp at which the pod became ready, if it is.
    #[must_use]
    pub fn ready_since(&self) -> Option<&str> {
        self.ready()?.last_transition_time.as_deref()
    }

    fn ready(&self) -> Option<&Condition> {
        self.status.condition("Ready").filter(|condition| condition.status == "True")
    }
}
