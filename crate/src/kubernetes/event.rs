//! Events: what controllers, the scheduler and the kubelet say of an object.
#![allow(missing_docs)]

use serde::Deserialize;

use crate::kubernetes::Metadata;

/// A core/v1 event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub metadata: Metadata,
    pub involved_object: InvolvedObject,
    /// `Normal` or `Warning`.
    #[serde(default)]
    pub r#type: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub message: String,
    pub count: Option<u32>,
    pub series: Option<Series>,
    #[serde(default)]
    pub source: Source,
    /// Who says it, in an event of the newer API.
    #[serde(default)]
    pub reporting_component: String,
}

/// Who says it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Source {
    pub component: String,
}

/// What an event is about.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InvolvedObject {
    pub uid: String,
    /// The part of it: `spec.containers{identityserver}`.
    pub field_path: String,
}

/// How often an event of the newer API happened.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Series {
    pub count: u32,
}

impl Event {
    /// How often it happened.
    #[must_use]
    pub fn times(&self) -> u32 {
        let series = self.series.as_ref().map(|series| series.count);
        series.or(self.count).unwrap_or(1).max(1)
    }

    /// Whether the scheduler of Kubernetes says it.
    #[must_use]
    pub fn is_of_scheduler(&self) -> bool {
        [&self.source.component, &self.reporting_component]
            .iter()
            .any(|by| *by == "default-scheduler")
    }

    /// Whether it is about this container of the pod.
    #[must_use]
    pub fn is_about(&self, container: &str) -> bool {
        let path = self.involved_object.field_path.strip_suffix('}');
        path.and_then(|path| path.split_once('{')).is_some_and(|(_, name)| name == container)
    }
}
