//! What is read of Kubernetes objects: only the fields that a decision needs.
//!
//! The fields carry the names and the meaning of the Kubernetes API reference (apps/v1, batch/v1,
//! core/v1); one that a kind does not have stays at its default.
#![allow(missing_docs)]

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

/// The kinds of workload whose images can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    CronJob,
    ReplicaSet,
}

impl Kind {
    /// Every kind, in the order that messages list them.
    pub const ALL: [Self; 5] =
        [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::CronJob, Self::ReplicaSet];

    /// The plural that kubectl and the API use: `deployments`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::CronJob => "cronjobs",
            Self::ReplicaSet => "replicasets",
        }
    }

    /// kubectl's short name: `deploy`.
    #[must_use]
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Deployment => "deploy",
            Self::StatefulSet => "sts",
            Self::DaemonSet => "ds",
            Self::CronJob => "cj",
            Self::ReplicaSet => "rs",
        }
    }

    const fn group(self) -> &'static str {
        match self {
            Self::CronJob => "batch",
            _ => "apps",
        }
    }

    /// Reads a kind as kubectl takes it: plural, singular or short, in any case, with or without
    /// its API group (`deployments.apps`, `deployments.v1.apps`).
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let (name, group) = word.split_once('.').unwrap_or((&word, ""));
        Self::ALL.into_iter().find(|kind| {
            let plural = kind.plural();
            let known = [plural, &plural[..plural.len() - 1], kind.short_name()].contains(&name);
            let group = group.strip_prefix("v1.").unwrap_or(group);
            known && ["", kind.group()].contains(&group)
        })
    }
}

/// A workload's name as kubectl takes it. Prints as `deployments/identityserver`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadName {
    /// Its kind.
    pub kind: Kind,
    /// Its `metadata.name`.
    pub name: String,
}

impl fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.plural(), self.name)
    }
}

/// A workload as the API server shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Workload {
    /// Its kind.
    pub kind: Kind,
    /// Name, namespace, generation.
    pub metadata: Metadata,
    /// What it should be.
    #[serde(default)]
    pub spec: Spec,
    /// What it is.
    #[serde(default)]
    pub status: Status,
}

/// The part of `metadata` that is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    pub name: String,
    pub namespace: String,
    pub generation: i64,
    pub labels: BTreeMap<String, String>,
    /// RFC 3339, as the API server writes it: `2026-03-01T12:00:00Z`.
    pub creation_timestamp: Option<String>,
    pub deletion_timestamp: Option<String>,
    pub owner_references: Vec<OwnerReference>,
}

/// Who made an object.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OwnerReference {
    pub kind: String,
    #[serde(default)]
    pub controller: bool,
}

/// The part of a workload's `spec` that is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    pub replicas: Option<i64>,
    pub paused: bool,
    pub selector: Option<Selector>,
    pub update_strategy: Option<UpdateStrategy>,
    template: Option<PodTemplate>,
    job_template: Option<JobTemplate>,
}

/// Which pods belong to a workload.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Selector {
    pub match_labels: BTreeMap<String, String>,
    pub match_expressions: Vec<Requirement>,
}

/// One rule of a selector beside the plain labels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Requirement {
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    #[serde(default)]
    pub values: Vec<String>,
}

/// How a StatefulSet or a DaemonSet replaces its pods.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// `RollingUpdate` or `OnDelete`.
    pub r#type: String,
    pub rolling_update: Option<RollingUpdate>,
}

/// The part of `rollingUpdate` that is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RollingUpdate {
    /// Only pods of a StatefulSet with this ordinal or a higher one are updated.
    pub partition: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct JobSpec {
    template: PodTemplate,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct PodTemplate {
    spec: PodSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodSpec {
    init_containers: Vec<Container>,
    containers: Vec<Container>,
}

/// A container of a pod template.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Container {
    pub name: String,
    #[serde(default)]
    pub image: String,
}

/// The part of a workload's `status` that is read; every kind has some of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    pub observed_generation: i64,
    pub replicas: i64,
    pub updated_replicas: i64,
    pub ready_replicas: i64,
    pub available_replicas: i64,
    pub current_revision: String,
    pub update_revision: String,
    pub desired_number_scheduled: i64,
    pub updated_number_scheduled: i64,
    pub number_available: i64,
    pub conditions: Vec<Condition>,
}

/// A condition of a workload or a pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Condition {
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    pub reason: String,
    pub message: String,
}

/// A pod as the API server shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Pod {
    pub metadata: Metadata,
    #[serde(default)]
    pub status: PodStatus,
}

/// The part of a pod's `status` that is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    pub phase: String,
    pub conditions: Vec<Condition>,
    pub init_container_statuses: Vec<ContainerStatus>,
    pub container_statuses: Vec<ContainerStatus>,
}

/// How one container of a pod is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    pub name: String,
    pub ready: bool,
    pub state: ContainerState,
    pub last_state: ContainerState,
}

/// One of the three states of a container; the API fills in at most one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    pub waiting: Option<Waiting>,
    pub terminated: Option<Terminated>,
}

/// Why a container does not run yet.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    pub reason: String,
    pub message: String,
}

/// How a container ended.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    pub exit_code: i64,
    pub reason: String,
}

impl Workload {
    /// The name to give to kubectl.
    #[must_use]
    pub fn workload_name(&self) -> WorkloadName {
        WorkloadName { kind: self.kind, name: self.metadata.name.clone() }
    }

    /// Whether this is the workload of that name.
    #[must_use]
    pub fn is_named(&self, name: &WorkloadName) -> bool {
        self.kind == name.kind && self.metadata.name == name.name
    }

    /// The containers that run together.
    #[must_use]
    pub fn containers(&self) -> &[Container] {
        self.pod_spec().map_or(&[], |spec| &spec.containers)
    }

    /// The containers that run before them.
    #[must_use]
    pub fn init_containers(&self) -> &[Container] {
        self.pod_spec().map_or(&[], |spec| &spec.init_containers)
    }

    /// Init containers, then containers.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers().iter().chain(self.containers())
    }

    /// Whether another workload made this one and decides on its images.
    #[must_use]
    pub fn is_controlled(&self) -> bool {
        self.metadata.owner_references.iter().any(|owner| owner.controller)
    }

    /// Whether the pod is one of this workload's, going by the selector.
    #[must_use]
    pub fn selects(&self, pod: &Pod) -> bool {
        self.metadata.namespace == pod.metadata.namespace
            && self.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.metadata.labels))
    }

    fn pod_spec(&self) -> Option<&PodSpec> {
        let template = self.spec.template.as_ref();
        let job = self.spec.job_template.as_ref();
        template.or(job.map(|job| &job.spec.template)).map(|template| &template.spec)
    }
}

impl Selector {
    /// The selector as kubectl takes it: `app=web,tier=front`. `None` where it is more than labels.
    #[must_use]
    pub fn labels(&self) -> Option<String> {
        let labels: Vec<String> =
            self.match_labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        (self.match_expressions.is_empty() && !labels.is_empty()).then(|| labels.join(","))
    }

    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|rule| rule.matches(labels.get(&rule.key)))
    }
}

impl Requirement {
    fn matches(&self, value: Option<&String>) -> bool {
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            _ => value.is_none(),
        }
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
        self.status.conditions.iter().any(|c| c.r#type == "Ready" && c.status == "True")
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_kind_is_read_as_kubectl_reads_it() {
        for word in [
            "deployments",
            "deployment",
            "deploy",
            "Deployment",
            "deployments.apps",
            "deploy.v1.apps",
        ] {
            assert_eq!(Kind::parse(word), Some(Kind::Deployment), "{word}");
        }
        assert_eq!(Kind::parse("cj"), Some(Kind::CronJob));
        assert_eq!(Kind::parse("cronjobs.batch"), Some(Kind::CronJob));
        for word in ["deploys", "pods", "cronjobs.apps", "", "deployments.batch"] {
            assert_eq!(Kind::parse(word), None, "{word}");
        }
    }
}
