//! What a run leaves on a workload, so that a later one can put its image back.
//!
//! Two annotations: [`ANNOTATION`] holds a [`Record`] as JSON, and [`CHANGE_CAUSE`] a sentence that
//! `kubectl rollout history` shows. Beside them the annotations of [`TRACE`](crate::kubernetes::TRACE), by which the view of an
//! environment of Azure DevOps links a workload to the run that changed it.

use serde::{Deserialize, Serialize};

use crate::{image::reference::Reference, kubernetes::is_label};

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
    /// Who replaced them; release and stage, or pipeline run, and commit.
    pub by: String,
}

impl Record {
    /// The record of a change.
    #[must_use]
    pub fn new(images: Vec<(String, String, String)>, by: &str) -> Self {
        Self { version: VERSION, images, by: by.to_owned() }
    }

    /// Reads an annotation.
    ///
    /// Whoever may change the workload may write it, and its words become arguments of kubectl: so
    /// they have to be the name of a container and image references.
    ///
    /// # Errors
    /// It is not of this format, or holds something else.
    pub fn read(text: &str) -> Result<Self, String> {
        let record: Self =
            serde_json::from_slice(text.as_bytes()).map_err(|error| error.to_string())?;
        if record.version != VERSION {
            return Err(format!(
                "its format is {}, but this version of the task reads {VERSION}",
                record.version
            ));
        }
        for (container, old, new) in &record.images {
            if !is_label(container) {
                return Err(format!("invalid container name {container:?}"));
            }
            for image in [old, new] {
                Reference::parse(image)
                    .map_err(|cause| format!("invalid image reference {image:?}: {cause}"))?;
            }
        }
        Ok(record)
    }

    /// The text of the annotation.
    #[must_use]
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn holds_containers_and_images_and_nothing_that_kubectl_could_take_for_more() {
        let read = |images: &str| {
            let text = format!(r#"{{"version":1,"images":[{images}],"by":"somebody"}}"#);
            Record::read(&text).map(|record| record.images.len())
        };
        assert_eq!(read(r#"["app","a.io/app:1","a.io/app:2"]"#), Ok(1));
        for (images, message) in [
            (r#"["--server","https://evil.example",""]"#, r#"invalid container name "--server""#),
            (r#"["*","a.io/app:1","a.io/app:2"]"#, r#"invalid container name "*""#),
            (r#"["a=b","a.io/app:1","a.io/app:2"]"#, r#"invalid container name "a=b""#),
            (r#"["app","a.io/app:1",""]"#, r#"invalid image reference "": the reference is empty"#),
            (
                r#"["app","x --all","a.io/app:2"]"#,
                r#"invalid image reference "x --all": unexpected character ' ' in the repository"#,
            ),
        ] {
            assert_eq!(read(images), Err(message.to_owned()));
        }
        assert_eq!(
            Record::read(r#"{"version":2,"images":[],"by":""}"#).unwrap_err(),
            "its format is 2, but this version of the task reads 1"
        );
    }
}
