//! Who set which image, as server-side apply keeps it in `metadata.managedFields`.
//!
//! That list names every field of an object, so it is often larger than the rest. What is kept of
//! it is who owns the image of a container of the pod template; all else is skipped as it is read.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::IgnoredAny};

/// A field manager that owns the image of at least one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageManager {
    /// Its name: `kubectl-set`, `helm`, `kustomize-controller`.
    pub manager: String,
    pub operation: Operation,
    /// When it last changed one of its fields, RFC 3339 in whole seconds.
    pub time: Option<String>,
    /// The containers whose image it owns, init containers too.
    pub containers: Vec<String>,
}

/// How a field manager came by its fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Operation {
    /// By server-side apply: it wants the field to have this value.
    Apply,
    /// By any other request: it was the last to set it.
    Update,
    /// By something that is not known yet.
    #[default]
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    manager: String,
    #[serde(default)]
    operation: Operation,
    time: Option<String>,
    fields_v1: Option<Fields>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(rename = "f:spec")]
    spec: SpecFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SpecFields {
    /// Of a pod.
    #[serde(rename = "f:initContainers")]
    init_containers: BTreeMap<String, ContainerFields>,
    #[serde(rename = "f:containers")]
    containers: BTreeMap<String, ContainerFields>,
    #[serde(rename = "f:template")]
    template: TemplateFields,
    #[serde(rename = "f:jobTemplate")]
    job_template: JobTemplateFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobTemplateFields {
    #[serde(rename = "f:spec")]
    spec: JobFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobFields {
    #[serde(rename = "f:template")]
    template: TemplateFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TemplateFields {
    #[serde(rename = "f:spec")]
    spec: PodFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodFields {
    #[serde(rename = "f:initContainers")]
    init_containers: BTreeMap<String, ContainerFields>,
    #[serde(rename = "f:containers")]
    containers: BTreeMap<String, ContainerFields>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerFields {
    #[serde(rename = "f:image")]
    image: Option<IgnoredAny>,
}

/// The key of a list's item: `k:{"name":"app"}`.
#[derive(Deserialize)]
struct Key {
    name: String,
}

/// Reads `managedFields`, and keeps who owns an image.
pub(super) fn image_managers<'de, D>(deserializer: D) -> Result<Vec<ImageManager>, D::Error>
where
    D: Deserializer<'de>,
{
    let entries = Option::<Vec<Entry>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(entries.into_iter().filter_map(ImageManager::of).collect())
}

impl ImageManager {
    fn of(entry: Entry) -> Option<Self> {
        let Entry { manager, operation, time, fields_v1 } = entry;
        let SpecFields { init_containers, containers, template, job_template } = fields_v1?.spec;
        let own = PodFields { init_containers, containers };
        let containers: Vec<String> = [own, template.spec, job_template.spec.template.spec]
            .iter()
            .flat_map(|pod| pod.init_containers.iter().chain(&pod.containers))
            .filter(|(_, fields)| fields.image.is_some())
            .filter_map(|(key, _)| {
                serde_json::from_slice::<Key>(key.strip_prefix("k:")?.as_bytes()).ok()
            })
            .map(|key| key.name)
            .collect();
        (!containers.is_empty()).then_some(Self { manager, operation, time, containers })
    }
}
