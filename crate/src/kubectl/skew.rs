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

/// The version of the API server, out of the answer of `/version`.
#[must_use]
pub fn server_version(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    let Version { git_version } = serde_json::from_slice(answer).ok()?;
    numbers(&git_version).is_some().then_some(git_version)
}

/// The version of kubectl, out of the `User-Agent` of its requests (`kubectl/v1.34.2 (linux/amd64)`).
#[must_use]
pub fn client_version(log: &[u8]) -> Option<String> {
    let log = String::from_utf8_lossy(log);
    let (_, agent) = log.split_once("User-Agent: ")?;
    let (_, version) = agent.split_once('/')?;
    let end = version.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
    let version = &version[..end.unwrap_or(version.len())];
    numbers(version).is_some().then(|| version.to_owned())
}

/// Major and minor of a version such as `v1.34.2-gke.100`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl Skew {
    /// `None` where all is well, or a version is none.
    #[must_use]
    pub fn of(client: &str, server: &str) -> Option<Self> {
        let [(major, minor), (server_major, server_minor)] = [numbers(client)?, numbers(server)?];
        let apart = major != server_major || minor.abs_diff(server_minor) > 1;
        apart.then(|| Self { client: client.to_owned(), server: server.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_minor_version_apart_is_well() {
        assert_eq!(Skew::of("v1.32.2", "v1.33.4-eks-1"), None);
        assert_eq!(Skew::of("v1.32.2", "v1.31.0+k3s1"), None);
        let skew = Skew::of("v1.32.2", "v1.34.2").unwrap();
        assert_eq!((&*skew.client, &*skew.server), ("v1.32.2", "v1.34.2"));
        assert_eq!(Skew::of("v1.32.2", "unknown"), None);
    }

    #[test]
    fn versions_are_read_of_what_each_side_says() {
        let log =
            b"I1128 10:13:36 round_trippers.go:480]     User-Agent: kubectl/v1.32.4 (linux/amd64)";
        assert_eq!(client_version(log).as_deref(), Some("v1.32.4"));
        let log = b"\"Request\" verb=\"GET\" headers=<\n\tUser-Agent: kubectl/v1.34.0-rc.1 (linux/arm64)\n >";
        assert_eq!(client_version(log).as_deref(), Some("v1.34.0-rc.1"));
        assert_eq!(client_version(b"User-Agent: other/thing"), None);
        let answer = br#"{"major":"1","minor":"34+","gitVersion":"v1.34.1-gke.1"}"#;
        assert_eq!(server_version(answer).as_deref(), Some("v1.34.1-gke.1"));
        assert_eq!(server_version(br#"{"gitVersion":"latest"}"#), None);
    }
}
