//! Manifests: their digests, and the platforms that they are for.

use std::fmt;

use serde::Deserialize;

use crate::reference::check_digest;

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

/// What a manifest says of platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Platforms {
    /// These.
    Known(Vec<Platform>),
    /// The blob of this digest tells.
    Config(String),
    /// Nothing.
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u8,
    #[serde(default)]
    manifests: Vec<Part>,
    config: Option<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    digest: String,
    platform: Option<Platform>,
}

/// The platforms of a manifest; `None` where it is none.
pub(super) fn platforms(body: &[u8]) -> Option<Platforms> {
    let manifest: Manifest = serde_json::from_slice(body).ok()?;
    if !matches!(manifest.schema_version, 1 | 2) {
        return None;
    }
    if let Some(config) = manifest.config.filter(|config| is_digest(&config.digest)) {
        return Some(Platforms::Config(config.digest));
    }
    let mut known: Vec<Platform> = Vec::new();
    for part in manifest.manifests {
        match part.platform {
            Some(platform) if platform.os == "unknown" && platform.architecture == "unknown" => {}
            Some(platform) if platform.is_sane() && known.len() < MOST => {
                if !known.contains(&platform) {
                    known.push(platform);
                }
            }
            _ => return Some(Platforms::Unknown),
        }
    }
    Some(if known.is_empty() { Platforms::Unknown } else { Platforms::Known(known) })
}

/// The platform that the configuration of an image names.
pub(super) fn of_config(body: &[u8]) -> Option<Platform> {
    serde_json::from_slice(body).ok().filter(Platform::is_sane)
}

#[cfg(test)]
mod tests {
    use super::{Platform, Platforms, is_digest, of_config, platforms};

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
        let index = r#"{"schemaVersion":2,"mediaType":"x","manifests":[
            {"platform":{"os":"linux","architecture":"arm","variant":"v7","os.version":"1"}},
            {"platform":{"os":"linux","architecture":"arm","variant":"v7"}},
            {"platform":{"os":"windows","architecture":"amd64"}},
            {"platform":{"os":"unknown","architecture":"unknown"}}]}"#;
        let known = vec![platform("linux", "arm", "v7"), platform("windows", "amd64", "")];
        assert_eq!(platforms(index.as_bytes()), Some(Platforms::Known(known)));
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
