//! What every object has.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::kubernetes::managers::{ImageManager, image_managers};

/// The part of `metadata` that is read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    /// Grows with every change; see [`Metadata::is_newer_than`].
    pub resource_version: String,
    pub generation: i64,
    pub labels: BTreeMap<String, String>,
    pub annotations: Annotations,
    /// RFC 3339, as the API server writes it: `2026-03-01T12:00:00Z`.
    pub creation_timestamp: Option<String>,
    pub deletion_timestamp: Option<String>,
    /// How long the object may take to end once it is being deleted.
    pub deletion_grace_period_seconds: Option<i64>,
    /// What has to let go of the object before it can end.
    pub finalizers: Vec<String>,
    pub owner_references: Vec<OwnerReference>,
    /// Who set images of the pod template, out of `managedFields`.
    #[serde(rename = "managedFields", deserialize_with = "image_managers")]
    pub image_managers: Vec<ImageManager>,
}

/// The annotations that are read; the rest may be large.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Annotations {
    /// See [`crate::plan::record`].
    #[serde(rename = "kubectl-set-image/replaced")]
    pub replaced: Option<String>,
    #[serde(rename = "kubernetes.io/change-cause")]
    pub change_cause: Option<String>,
    /// See [`TRACE`].
    #[serde(rename = "azure-pipelines/run")]
    pub run: Option<String>,
    #[serde(rename = "azure-pipelines/pipeline")]
    pub pipeline: Option<String>,
    #[serde(rename = "azure-pipelines/pipelineId")]
    pub pipeline_id: Option<String>,
    #[serde(rename = "azure-pipelines/jobName")]
    pub job_name: Option<String>,
    #[serde(rename = "azure-pipelines/runuri")]
    pub run_uri: Option<String>,
    #[serde(rename = "azure-pipelines/project")]
    pub project: Option<String>,
    #[serde(rename = "azure-pipelines/org")]
    pub org: Option<String>,
    /// Of a Deployment the revision it is at, of a ReplicaSet the one it was made for.
    #[serde(rename = "deployment.kubernetes.io/revision")]
    pub revision: Option<String>,
    /// The generation of a DaemonSet's template; its pods carry it as a label.
    #[serde(rename = "deprecated.daemonset.template.generation")]
    pub template_generation: Option<String>,
    /// See [`owners`](super::owners).
    #[serde(rename = "meta.helm.sh/release-name")]
    pub helm_release: Option<String>,
    #[serde(rename = "meta.helm.sh/release-namespace")]
    pub helm_namespace: Option<String>,
    #[serde(rename = "argocd.argoproj.io/tracking-id")]
    pub argo_tracking_id: Option<String>,
    /// In a pod template: what `kubectl rollout restart` sets.
    #[serde(rename = "kubectl.kubernetes.io/restartedAt")]
    pub restarted_at: Option<String>,
}

impl Annotations {
    /// The annotations of [`TRACE`].
    #[must_use]
    pub fn trace(&self) -> Vec<Note> {
        let values = [
            &self.run,
            &self.pipeline,
            &self.pipeline_id,
            &self.job_name,
            &self.run_uri,
            &self.project,
            &self.org,
        ];
        TRACE.into_iter().zip(values.into_iter().cloned()).collect()
    }
}

/// The annotations that the view of an environment reads, as `KubernetesManifest@1` writes them.
pub const TRACE: [&str; 7] = [
    "azure-pipelines/run",
    "azure-pipelines/pipeline",
    "azure-pipelines/pipelineId",
    "azure-pipelines/jobName",
    "azure-pipelines/runuri",
    "azure-pipelines/project",
    "azure-pipelines/org",
];

/// An annotation with its value; one without a value is to be taken away.
pub type Note = (&'static str, Option<String>);

/// Who made an object.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OwnerReference {
    pub kind: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub uid: String,
    #[serde(default)]
    pub controller: bool,
}

/// A condition of a workload or a pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    pub reason: String,
    pub message: String,
    /// When its status became what it is.
    pub last_transition_time: Option<String>,
}

impl Metadata {
    /// The object that made this one and looks after it.
    #[must_use]
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    /// Whether this is a later state of the same object. Resource versions are decimal numbers of
    /// any length; a state without one counts as later than what is there.
    #[must_use]
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let [this, other] = [&self.resource_version, &other.resource_version];
        this.is_empty() || other.is_empty() || (this.len(), this) > (other.len(), other)
    }
}
