//! Whether kubectl and the API server are of an age.

use serde::Deserialize;

/// The versions of both, where they are too far apart: kubectl is supported within one minor
/// version of the API server (kubernetes.io, Version Skew Policy).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    /// The version of kubectl.
    pub client: String,
    /// The version of the API server.
    pub server: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client_version: Version,
    server_version: Version,
}

#[derive(Deserialize)]
struct Version {
    major: String,
    minor: String,
    #[serde(rename = "gitVersion")]
    full: String,
}

impl Version {
    /// Major and minor; the minor of some providers ends in a plus sign.
    fn numbers(&self) -> Option<(u32, u32)> {
        let digits = self.minor.trim_end_matches(|c: char| !c.is_ascii_digit());
        Some((self.major.parse().ok()?, digits.parse().ok()?))
    }
}

impl Skew {
    /// Reads what `kubectl version --output=json` printed. `None` where all is well, or nothing is
    /// known.
    #[must_use]
    pub fn of(printed: &[u8]) -> Option<Self> {
        let Versions { client_version, server_version } = serde_json::from_slice(printed).ok()?;
        let (client, server) = (client_version.numbers()?, server_version.numbers()?);
        let apart = client.0 != server.0 || client.1.abs_diff(server.1) > 1;
        apart.then_some(Self { client: client_version.full, server: server_version.full })
    }
}

#[cfg(test)]
mod tests {
    use super::Skew;

    #[test]
    fn one_minor_version_apart_is_well() {
        let skew = |client: &str, server: &str| {
            let version = |minor: &str| {
                format!(r#"{{"major":"1","minor":"{minor}","gitVersion":"v1.{minor}.2"}}"#)
            };
            let (client, server) = (version(client), version(server));
            Skew::of(format!(r#"{{"clientVersion":{client},"serverVersion":{server}}}"#).as_bytes())
        };
        assert_eq!(skew("32", "33+"), None);
        assert_eq!(skew("32", "31"), None);
        assert_eq!(
            skew("32", "34"),
            Some(Skew { client: "v1.32.2".into(), server: "v1.34.2".into() })
        );
        assert_eq!(Skew::of(br#"{"clientVersion":{}}"#), None);
    }
}
