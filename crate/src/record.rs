//! What a run leaves on a workload, so that a later one can put its image back.
//!
//! Two annotations: [`ANNOTATION`] holds a [`Record`] as JSON, and [`CHANGE_CAUSE`] a sentence that
//! `kubectl rollout history` shows.

use serde::{Deserialize, Serialize};

use crate::{
    plan::{ContainerChange, Planned},
    variables::Variables,
};

/// The annotation that holds the record.
pub const ANNOTATION: &str = "kubectl-set-image/replaced";
/// The annotation that `kubectl rollout history` shows.
pub const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// The format that this version writes, and the only one it reads.
const VERSION: u32 = 1;

/// The images that a run replaced on a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// Container, image before, image after.
    pub images: Vec<(String, String, String)>,
    /// Who replaced them; see [`author`].
    pub by: String,
}

impl Record {
    /// The record of what a plan changes on a workload.
    #[must_use]
    pub fn of(planned: &Planned, by: &str) -> Self {
        let changed = planned.containers.iter().filter(|change| change.changes());
        let images = changed.map(|ContainerChange { container, old, new, .. }| {
            (container.clone(), old.clone(), new.clone())
        });
        Self { version: VERSION, images: images.collect(), by: by.to_owned() }
    }

    /// Reads an annotation.
    ///
    /// # Errors
    /// It is not of this format.
    pub fn read(text: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if record.version != VERSION {
            return Err(format!(
                "it has the format {}, and this version of the task reads {VERSION}",
                record.version
            ));
        }
        Ok(record)
    }

    /// The text of the annotation.
    #[must_use]
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Who changes a workload: the release and its stage, or the pipeline's run, and the commit.
#[must_use]
pub fn author(variables: &Variables) -> String {
    let named = |what: &str, name: &str| variables.get(name).map(|value| format!("{what} {value}"));
    let commit = variables
        .get("Build.SourceVersion")
        .map(|commit| format!("commit {}", commit.chars().take(12).collect::<String>()));
    let parts = [
        named("release", "Release.ReleaseName"),
        named("stage", "Release.EnvironmentName").or_else(|| named("stage", "System.StageName")),
        named("build", "Build.BuildNumber").or_else(|| named("build", "Build.BuildId")),
        commit,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "Kubectl Set Image".to_owned() } else { parts.join(", ") }
}

/// The sentence for `kubectl rollout history`.
#[must_use]
pub fn change_cause(planned: &Planned, by: &str) -> String {
    let changed = planned.containers.iter().filter(|change| change.changes());
    let pairs: Vec<String> = changed.map(|c| format!("{}={}", c.container, c.new)).collect();
    format!("kubectl set image {} ({by})", pairs.join(" "))
}
