//! What the artifacts of a classic release are.

use crate::host::variables::Variables;

/// What an artifact of a classic release is, by `Release.Artifacts.A.Type`
/// (learn.microsoft.com/azure/devops/pipelines/release/variables).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A build of Azure Pipelines, Jenkins or the like.
    Build,
    /// A repository: its `BuildNumber` is a commit (`38629c964`), of TFVC a changeset
    /// (`Changeset 3`), and there is no build.
    Repository,
    /// A release of GitHub, or a package: its `BuildNumber` is the name of the version.
    Release,
    /// An image of a container registry: its `BuildNumber` is the tag.
    Container,
}

/// The alias that means the run's own build, as in `download: current`.
pub const CURRENT: &str = "current";
/// What the variables of artifacts begin with.
pub(super) const ARTIFACTS: &str = "Release.Artifacts.";

impl Source {
    pub(super) fn of(variables: &Variables, alias: &str) -> Self {
        let kind = variables.get(&format!("{ARTIFACTS}{alias}.Type")).unwrap_or_default();
        match kind.to_ascii_lowercase().as_str() {
            "tfvc" | "git" | "github" | "githubenterprise" | "bitbucket" | "externalgit" => {
                Self::Repository
            }
            "githubrelease" | "packagemanagement" => Self::Release,
            kind if kind.contains("container") || kind.contains("docker") => Self::Container,
            _ => Self::Build,
        }
    }
}
