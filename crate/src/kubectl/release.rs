//! A published kubectl: which, and where.

use crate::host::Agent;

/// The program's name.
pub const PROGRAM: &str = "kubectl";

/// A published kubectl, for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubectlRelease {
    /// `1.34.2`; or `1.34` for the newest of these, or `stable` for the newest of all.
    pub version: String,
    /// Where versions are published, without a slash at the end.
    pub downloads: String,
    /// The platform, as kubectl is published for it: `linux/amd64`.
    platform: String,
}

impl KubectlRelease {
    /// The release for the agent.
    #[must_use]
    pub fn new(version: String, downloads: String, agent: &Agent) -> Self {
        let os = if agent.os == "win32" { "windows" } else { &agent.os };
        let arch = match agent.arch.as_str() {
            "x64" => "amd64",
            "ia32" => "386",
            arch => arch,
        };
        Self { version, downloads, platform: format!("{os}/{arch}") }
    }

    /// Where the newest version is said, if the version is not a whole one.
    #[must_use]
    pub fn newest(&self) -> Option<String> {
        let Self { version, downloads, .. } = self;
        match version.split('.').count() {
            1 => Some(format!("{downloads}/{version}.txt")),
            2 => Some(format!("{downloads}/stable-{version}.txt")),
            _ => None,
        }
    }

    /// The same at a whole version, such as `v1.34.2`; `None` where it is none.
    #[must_use]
    pub fn at(&self, version: &str) -> Option<Self> {
        let version = semver::Version::parse(version.trim_start_matches('v')).ok()?;
        Some(Self { version: version.to_string(), ..self.clone() })
    }

    /// The name of the program's file.
    #[must_use]
    pub fn file(&self) -> &'static str {
        if self.platform.starts_with("windows/") { "kubectl.exe" } else { PROGRAM }
    }

    /// Where the program is.
    #[must_use]
    pub fn url(&self) -> String {
        let Self { version, downloads, platform } = self;
        format!("{downloads}/v{version}/bin/{platform}/{}", self.file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_kubectl_is_published() {
        let agent =
            |os: &str, arch: &str| Agent { os: os.into(), arch: arch.into(), ..Agent::default() };
        let release = |version: &str, os, arch| {
            KubectlRelease::new(version.into(), "https://a.io".into(), &agent(os, arch))
        };
        let whole = release("1.34.2", "win32", "x64");
        assert_eq!(whole.newest(), None);
        assert_eq!(whole.url(), "https://a.io/v1.34.2/bin/windows/amd64/kubectl.exe");
        let newest = release("1.34", "linux", "arm64");
        assert_eq!(newest.newest().unwrap(), "https://a.io/stable-1.34.txt");
        let newest = newest.at("v1.34.3").unwrap();
        assert_eq!(newest.url(), "https://a.io/v1.34.3/bin/linux/arm64/kubectl");
        assert_eq!(newest.at("<html>"), None);
        let stable = release("stable", "darwin", "arm64");
        assert_eq!(stable.newest().unwrap(), "https://a.io/stable.txt");
    }
}
