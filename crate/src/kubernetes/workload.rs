//! Workloads: deployments, stateful sets, daemon sets, cron jobs, and what they are made of.
#![allow(missing_docs)]

use serde::Deserialize;

use crate::kubernetes::{
    Annotations, Condition, Container, ContainerStatus, Kind, Metadata, Pod, PodSpec, Ran,
    Selector, WorkloadName,
};

/// A workload as the API server shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Workload {
    /// Its kind. The items of a list do not say it; whoever reads a list sets it.
    #[serde(default)]
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

/// The part of a workload's `spec` that is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    pub replicas: Option<i64>,
    /// Of a Deployment: nothing is rolled out meanwhile.
    pub paused: bool,
    /// Of a CronJob: no job is started meanwhile.
    pub suspend: bool,
    pub selector: Option<Selector>,
    /// How long a Deployment may make no progress before Kubernetes gives it up.
    pub progress_deadline_seconds: Option<i64>,
    /// How long a pod has to be ready before it is available.
    pub min_ready_seconds: i64,
    /// How a Deployment replaces its pods: `RollingUpdate` or `Recreate`.
    pub strategy: Option<UpdateStrategy>,
    /// The same of a StatefulSet or a DaemonSet.
    pub update_strategy: Option<UpdateStrategy>,
    /// `OrderedReady` or `Parallel`: whether a StatefulSet waits for each pod before the next.
    pub pod_management_policy: String,
    /// Of a pod, which has no template.
    containers: Vec<Container>,
    init_containers: Vec<Container>,
    template: Option<PodTemplate>,
    job_template: Option<JobTemplate>,
}

/// How a workload replaces its pods.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// `RollingUpdate`, or of a Deployment `Recreate`, of the others `OnDelete`.
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
    #[serde(default)]
    metadata: TemplateMetadata,
    spec: PodSpec,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct TemplateMetadata {
    annotations: Annotations,
}

/// The part of a workload's `status` that is read; every kind has some of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    pub observed_generation: i64,
    pub replicas: i64,
    pub updated_replicas: i64,
    pub ready_replicas: i64,
    /// A StatefulSet before Kubernetes 1.22 has none.
    pub available_replicas: Option<i64>,
    pub current_revision: String,
    pub update_revision: String,
    pub desired_number_scheduled: i64,
    pub current_number_scheduled: i64,
    pub updated_number_scheduled: i64,
    pub number_available: i64,
    pub conditions: Vec<Condition>,
    /// Of a pod: `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    pub init_container_statuses: Vec<ContainerStatus>,
    pub container_statuses: Vec<ContainerStatus>,
}

impl Workload {
    /// The name to give to kubectl.
    #[must_use]
    pub fn workload_name(&self) -> WorkloadName {
        WorkloadName { kind: self.kind, name: self.metadata.name.clone() }
    }

    /// The containers that run together.
    #[must_use]
    pub fn containers(&self) -> &[Container] {
        self.pod_spec().map_or(&self.spec.containers, |spec| &spec.containers)
    }

    /// The containers that run before them.
    #[must_use]
    pub fn init_containers(&self) -> &[Container] {
        self.pod_spec().map_or(&self.spec.init_containers, |spec| &spec.init_containers)
    }

    /// Init containers, then containers.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers().iter().chain(self.containers())
    }

    /// The containers of a pod as they run, or ran last, which another image replaces: all but the
    /// init containers that run once.
    #[must_use]
    pub fn ran(&self) -> Vec<Ran> {
        let status = &self.status;
        let sidecars = Ran::of(&status.init_container_statuses).filter(|ran| {
            self.init_containers().iter().any(|c| c.name == ran.container && c.is_sidecar())
        });
        sidecars.chain(Ran::of(&status.container_statuses)).collect()
    }

    /// Whether a container of a pod runs.
    #[must_use]
    pub fn is_running(&self, container: &str) -> bool {
        let status = &self.status;
        let mut all = status.init_container_statuses.iter().chain(&status.container_statuses);
        all.any(|status| status.name == container && status.state.running.is_some())
    }

    /// Whether another workload made this one and decides on its images.
    #[must_use]
    pub fn is_controlled(&self) -> bool {
        self.metadata.controller().is_some()
    }

    /// Whether the pod is one of this workload's, going by the selector.
    #[must_use]
    pub fn selects(&self, pod: &Pod) -> bool {
        self.metadata.namespace == pod.metadata.namespace
            && self.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.metadata.labels))
    }

    /// The lowest ordinal of a StatefulSet's pods that are replaced.
    #[must_use]
    pub fn partition(&self) -> i64 {
        let strategy = self.spec.update_strategy.as_ref();
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        rolling.and_then(|rolling| rolling.partition).unwrap_or(0)
    }

    /// Whether a pod gets a new template only when somebody deletes it.
    #[must_use]
    pub fn replaces_on_delete(&self) -> bool {
        self.spec.update_strategy.as_ref().is_some_and(|strategy| strategy.r#type == "OnDelete")
    }

    /// Whether a pod has to be gone before another takes its place.
    #[must_use]
    pub fn waits_for_pods_to_end(&self) -> bool {
        let recreates = || self.spec.strategy.as_ref().is_some_and(|s| s.r#type == "Recreate");
        match self.kind {
            Kind::Deployment => recreates(),
            Kind::StatefulSet | Kind::DaemonSet => true,
            Kind::CronJob | Kind::ReplicaSet | Kind::ReplicationController | Kind::Pod => false,
        }
    }

    /// Whether the pod template is the same as in that other state, in all that is read of it.
    #[must_use]
    pub fn has_template_of(&self, other: &Self) -> bool {
        self.spec.template == other.spec.template
            && self.spec.job_template == other.spec.job_template
            && self.spec.containers == other.spec.containers
            && self.spec.init_containers == other.spec.init_containers
    }

    fn pod_spec(&self) -> Option<&PodSpec> {
        let template = self.spec.template.as_ref();
        let job = self.spec.job_template.as_ref();
        template.or(job.map(|job| &job.spec.template)).map(|template| &template.spec)
    }
}
