//! What a registry stores under a reference.

use crate::registry::{Origin, Part, Platform};

/// What is stored under a reference, as far as the check has seen it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The digest of the manifest or index that the reference stands for.
    pub digest: String,
    /// The manifests that the index lists; none where it is no index, or was not read.
    pub parts: Vec<Part>,
    /// The digests of the configurations of its manifests, as far as one was read: `docker` calls an
    /// image by them.
    pub configs: Vec<String>,
    /// What it is for; `None` where that is not known.
    pub platforms: Option<Vec<Platform>>,
    /// What the index lists a manifest for that is not there.
    pub lost: Vec<Platform>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Stored {
    /// Something of which the digest alone is known.
    #[must_use]
    pub fn new(digest: impl Into<String>) -> Self {
        Self { digest: digest.into(), ..Self::default() }
    }

    /// Every digest by which a node may call what it pulled: that of the reference, those of the
    /// manifests of its platforms, and those of the configurations. The digest in a pod's `imageID`
    /// is one of them where the pod runs what is stored here, and where the list is
    /// [complete](Self::is_read) it is none of them where it does not.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        let parts = self.parts.iter().map(|part| part.digest.as_str());
        std::iter::once(self.digest.as_str())
            .chain(parts)
            .chain(self.configs.iter().map(String::as_str))
    }

    /// Whether the manifest or index was read, and not only its digest.
    #[must_use]
    pub fn is_read(&self) -> bool {
        !self.parts.is_empty() || !self.configs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Stored;
    use crate::registry::Part;

    #[test]
    fn a_node_may_call_an_image_by_its_index_a_manifest_or_a_configuration() {
        let stored = Stored {
            parts: vec![Part { digest: "sha256:b".into(), platform: None }],
            configs: vec!["sha256:c".into()],
            ..Stored::new("sha256:a")
        };
        assert!(stored.digests().eq(["sha256:a", "sha256:b", "sha256:c"]));
        assert!(stored.is_read());
        assert!(!Stored::new("sha256:a").is_read());
    }
}
