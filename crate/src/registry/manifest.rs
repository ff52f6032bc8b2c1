//! Manifests: their digests, the platforms that they are for, and where their images come from.

use std::fmt;

use serde::Deserialize;

use crate::{
    image::reference::check_digest,
    registry::origin::{Annotations, Origin},
};

/// The kinds of manifest that are asked for.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// The most platforms that are told of one image.
const MOST: usize = 32;

/// A platform that an image is for, or a node is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// The system: `linux`.
    pub os: String,
    /// The architecture: `amd64`, `arm64`.
    pub architecture: String,
    /// What there is of one architecture: `v7` of `arm`. Empty for most.
    pub variant: String,
}

impl Platform {
    /// Whether an image for this one runs where the other is; the variant is left to the cluster.
    #[must_use]
    pub fn is_for(&self, node: &Self) -> bool {
        self.os == node.os && self.architecture == node.architecture
    }

    fn is_sane(&self) -> bool {
        let word = |text: &str| {
            text.len() <= 32
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        !self.os.is_empty()
            && !self.architecture.is_empty()
            && word(&self.os)
            && word(&self.architecture)
            && word(&self.variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.os)?;
        f.write_str("/")?;
        f.write_str(&self.architecture)?;
        if !self.variant.is_empty()
            && (self.architecture.as_str(), self.variant.as_str()) != ("arm64", "v8")
        {
            f.write_str("/")?;
            f.write_str(&self.variant)?;
        }
        Ok(())
    }
}

/// Whether the text is a digest that references can hold.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    check_digest(text, 0).is_ok()
}

/// A manifest or an index, as far as it is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The manifests that an index lists, but for attestations.
    pub(super) parts: Vec<Part>,
    /// The digest of the configuration that a manifest names.
    pub(super) config: Option<String>,
    /// What its annotations say.
    pub(super) origin: Origin,
}

/// The manifest of one platform, as an index lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its digest.
    pub digest: String,
    /// What it is for; `None` where the index does not say.
    pub platform: Option<Platform>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u8,
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(default)]
    digest: String,
    platform: Option<Platform>,
}

impl Descriptor {
    /// Whether it is what `docker build` attests of an image, and no image.
    fn is_attestation(&self) -> bool {
        self.platform
            .as_ref()
            .is_some_and(|platform| platform.os == "unknown" && platform.architecture == "unknown")
    }
}

impl Manifest {
    /// Reads a manifest or an index; `None` where it is none.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(body).ok()?;
        if !matches!(document.schema_version, 1 | 2) {
            return None;
        }
        let config = document.config.map(|config| config.digest);
        let images = document.manifests.into_iter().filter(|part| !part.is_attestation());
        let parts = images.take(MOST).map(|part| Part {
            digest: part.digest,
            platform: part.platform.filter(Platform::is_sane),
        });
        Some(Self {
            parts: parts.filter(|part| is_digest(&part.digest)).collect(),
            config: config.filter(|digest| is_digest(digest)),
            origin: document.annotations.as_ref().map(Origin::of_annotations).unwrap_or_default(),
        })
    }

    /// The platforms of an index, each once; `None` where one of them is not known.
    pub(super) fn platforms(&self) -> Option<Vec<Platform>> {
        let mut known: Vec<Platform> = Vec::new();
        for part in &self.parts {
            let platform = part.platform.as_ref()?;
            if !known.contains(platform) {
                known.push(platform.clone());
            }
        }
        (!known.is_empty()).then_some(known)
    }
}

/// The platform that the configuration of an image names.
pub(super) fn of_config(body: &[u8]) -> Option<Platform> {
    serde_json::from_slice(body).ok().filter(Platform::is_sane)
}

#[cfg(test)]
mod tests {
    use super::{Manifest, Platform, is_digest, of_config};

    fn platform(os: &str, architecture: &str, variant: &str) -> Platform {
        let [os, architecture, variant] = [os, architecture, variant].map(str::to_owned);
        Platform { os, architecture, variant }
    }

    #[test]
    fn a_digest_is_an_algorithm_and_its_digits() {
        let hex = "0123456789abcdef".repeat(4);
        assert!(is_digest(&format!("sha256:{hex}")), "64 digits");
        assert!(is_digest(&format!("sha512:{hex}{hex}")), "128 digits");
        for text in ["", "sha256:", &hex, "sha256:abc", &format!("sha256:{}", hex.to_uppercase())] {
            assert!(!is_digest(text), "{text}");
        }
    }

    #[test]
    fn an_index_names_its_platforms_once() {
        let entry = |digit: char, platform: &str| {
            let digest = digit.to_string().repeat(64);
            format!(r#"{{"digest":"sha256:{digest}","platform":{platform}}}"#)
        };
        let index = format!(
            r#"{{"schemaVersion":2,"mediaType":"x","manifests":[{},{},{},{}]}}"#,
            entry('a', r#"{"os":"linux","architecture":"arm","variant":"v7","os.version":"1"}"#),
            entry('b', r#"{"os":"linux","architecture":"arm","variant":"v7"}"#),
            entry('c', r#"{"os":"windows","architecture":"amd64"}"#),
            entry('d', r#"{"os":"unknown","architecture":"unknown"}"#),
        );
        let index = Manifest::read(index.as_bytes()).unwrap();
        let known = vec![platform("linux", "arm", "v7"), platform("windows", "amd64", "")];
        assert_eq!(index.platforms(), Some(known));
        let digits: String = index.parts.iter().map(|part| &part.digest[7..8]).collect();
        assert_eq!(digits, "abc", "an attestation is no image");
    }

    #[test]
    fn platforms_are_written_as_docker_writes_them() {
        for (platform, text) in [
            (platform("linux", "amd64", ""), "linux/amd64"),
            (platform("linux", "arm", "v7"), "linux/arm/v7"),
            (platform("linux", "arm64", "v8"), "linux/arm64"),
        ] {
            assert_eq!(platform.to_string(), text);
        }
    }

    #[test]
    fn a_configuration_names_one() {
        assert_eq!(
            of_config(br#"{"os":"linux","architecture":"amd64","config":{"Env":[]}}"#),
            Some(platform("linux", "amd64", ""))
        );
        for body in ["{}", "[]", r#"{"os":"linux"}"#, r#"{"os":"a b","architecture":"c"}"#] {
            assert_eq!(of_config(body.as_bytes()), None, "{body}");
        }
    }
}
