//! The tag that every image without one of its own gets.

use std::fmt;

use semver::{BuildMetadata, Version};

use crate::{
    reference::{Reference, ReferenceError, Tag},
    variables::Variables,
};

/// Where the tag comes from: the input `tagStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// `Build.BuildId`, a number that no two builds of an organisation share.
    BuildId,
    /// The semantic version that the git tag of the run names: `refs/tags/v1.4.2` gives `1.4.2`.
    Semver,
    /// Nowhere: every image names its tag.
    None,
}

/// Why there is no tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagError {
    /// `Build.BuildId` is empty.
    NoBuildId {
        /// Whether the step runs in a classic release.
        in_classic_release: bool,
        /// The alias of the release's primary artifact.
        primary_artifact: Option<String>,
    },
    /// The run is not one of a git tag that names a version.
    NoVersion {
        /// `Build.SourceBranch`.
        source: Option<String>,
        /// Why it names no version, where it is a git tag at all.
        cause: Option<String>,
    },
    /// The version carries build metadata, for whose `+` a tag has no place.
    BuildMetadata(Version),
    /// The variable holds something that cannot be a tag.
    Illegal {
        /// The variable's name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        cause: ReferenceError,
    },
}

const BUILD_ID: &str = "Build.BuildId";
const SOURCE: &str = "Build.SourceBranch";

impl Strategy {
    /// The tag of this run, or `None` where the strategy gives none.
    ///
    /// # Errors
    /// Says which variable is missing or holds no tag.
    pub fn tag(self, variables: &Variables) -> Result<Option<Tag>, TagError> {
        match self {
            Self::None => Ok(None),
            Self::BuildId => build_id(variables).map(Some),
            Self::Semver => version(variables).map(Some),
        }
    }

    /// The variable that the tag comes from.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::BuildId => BUILD_ID,
            Self::Semver => SOURCE,
            Self::None => "nowhere",
        }
    }
}

fn build_id(variables: &Variables) -> Result<Tag, TagError> {
    let value = variables.get(BUILD_ID).ok_or_else(|| TagError::NoBuildId {
        in_classic_release: variables.in_classic_release(),
        primary_artifact: variables.get("Release.PrimaryArtifactSourceAlias").map(str::to_owned),
    })?;
    Tag::parse(value).map_err(|cause| TagError::Illegal {
        variable: BUILD_ID,
        value: value.to_owned(),
        cause,
    })
}

/// Reads the version of semver.org that a git tag names, with or without a leading `v`.
fn version(variables: &Variables) -> Result<Tag, TagError> {
    let source = variables.get(SOURCE);
    let no_version = |cause| TagError::NoVersion { source: source.map(str::to_owned), cause };
    let name = source.and_then(|source| source.strip_prefix("refs/tags/"));
    let name = name.ok_or_else(|| no_version(None))?;
    let version = Version::parse(name.strip_prefix('v').unwrap_or(name))
        .map_err(|cause| no_version(Some(cause.to_string())))?;
    if version.build != BuildMetadata::EMPTY {
        return Err(TagError::BuildMetadata(version));
    }
    Tag::parse(&version.to_string()).map_err(|cause| TagError::Illegal {
        variable: SOURCE,
        value: version.to_string(),
        cause,
    })
}

/// Whether the reference names a tag that is pushed again and again, so that setting it changes
/// nothing: `:latest`, or no tag at all, which means the same. A digest settles the content.
#[must_use]
pub fn is_mutable(reference: &Reference) -> bool {
    !reference.has_digest()
        && reference.tag().is_none_or(|tag| tag.as_str().eq_ignore_ascii_case("latest"))
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBuildId { in_classic_release: false, .. } => f.write_str(
                "tagStrategy buildId needs the variable Build.BuildId, which is empty here. Run \
                 this step in a build or a YAML pipeline, or name a tag for every image and take \
                 tagStrategy none",
            ),
            Self::NoBuildId { in_classic_release: true, primary_artifact } => {
                f.write_str("tagStrategy buildId needs the variable Build.BuildId, ")?;
                match primary_artifact {
                    Some(alias) => write!(
                        f,
                        "which is empty since the primary artifact {alias} of this release is no \
                         build. Make the build artifact the primary one, or name the tag of the \
                         other artifact for every image (:$(Release.Artifacts.ALIAS.BuildId))"
                    ),
                    None => f.write_str(
                        "which is empty since this release has no artifact. Add the build that \
                         pushes the image as an artifact of the release pipeline",
                    ),
                }
            }
            Self::NoVersion { source, cause } => {
                let source = source.as_deref().unwrap_or("empty");
                write!(
                    f,
                    "tagStrategy semver needs a run of a git tag that names a version, such as "
                )?;
                write!(f, "refs/tags/v1.4.2; Build.SourceBranch is {source}")?;
                if let Some(cause) = cause {
                    write!(f, ", which names none ({cause})")?;
                }
                f.write_str(". Run the build for such a tag, or take tagStrategy buildId")
            }
            Self::BuildMetadata(version) => write!(
                f,
                "the version {version} of the git tag has build metadata, and the tag of an image \
                 cannot hold a plus sign. Leave +{} out of the git tag, or take tagStrategy buildId",
                version.build
            ),
            Self::Illegal { variable, value, cause } => write!(
                f,
                "the variable {variable} is {value:?}, which cannot be a tag: {cause}. Name a tag \
                 for every image and take tagStrategy none"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(variables: &[(&str, &str)]) -> Result<Option<Tag>, String> {
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Strategy::BuildId.tag(&Variables::new(variables)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_build_id_is_the_tag() {
        assert_eq!(tag(&[("Build.BuildId", "4125")]).unwrap().unwrap().as_str(), "4125");
        assert_eq!(Strategy::None.tag(&Variables::default()), Ok(None));
    }

    #[test]
    fn says_why_there_is_no_build_id() {
        assert_eq!(
            tag(&[]).unwrap_err(),
            "tagStrategy buildId needs the variable Build.BuildId, which is empty here. Run this \
             step in a build or a YAML pipeline, or name a tag for every image and take \
             tagStrategy none"
        );
        assert_eq!(
            tag(&[("System.HostType", "release")]).unwrap_err(),
            "tagStrategy buildId needs the variable Build.BuildId, which is empty since this \
             release has no artifact. Add the build that pushes the image as an artifact of the \
             release pipeline"
        );
        assert_eq!(
            tag(&[("System.HostType", "release"), ("Release.PrimaryArtifactSourceAlias", "_git")])
                .unwrap_err(),
            "tagStrategy buildId needs the variable Build.BuildId, which is empty since the primary \
             artifact _git of this release is no build. Make the build artifact the primary one, or \
             name the tag of the other artifact for every image \
             (:$(Release.Artifacts.ALIAS.BuildId))"
        );
        assert_eq!(
            tag(&[("Build.BuildId", "4125+1")]).unwrap_err(),
            "the variable Build.BuildId is \"4125+1\", which cannot be a tag: unexpected character \
             '+' in the tag. Name a tag for every image and take tagStrategy none"
        );
    }

    #[test]
    fn a_git_tag_gives_its_version() {
        let tag = |source: &str| {
            let variables = [("Build.SourceBranch".to_owned(), source.to_owned())];
            let tag = Strategy::Semver.tag(&Variables::new(variables.into()));
            tag.map(|tag| tag.unwrap().to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(tag("refs/tags/v1.4.2").unwrap(), "1.4.2");
        assert_eq!(tag("refs/tags/2.0.0-rc.1").unwrap(), "2.0.0-rc.1");
        assert_eq!(
            tag("refs/heads/main").unwrap_err(),
            "tagStrategy semver needs a run of a git tag that names a version, such as \
             refs/tags/v1.4.2; Build.SourceBranch is refs/heads/main. Run the build for such a tag, \
             or take tagStrategy buildId"
        );
        assert_eq!(
            tag("refs/tags/v1.4").unwrap_err(),
            "tagStrategy semver needs a run of a git tag that names a version, such as \
             refs/tags/v1.4.2; Build.SourceBranch is refs/tags/v1.4, which names none (unexpected \
             end of input while parsing minor version number). Run the build for such a tag, or take \
             tagStrategy buildId"
        );
        assert_eq!(
            tag("refs/tags/v1.4.2+7").unwrap_err(),
            "the version 1.4.2+7 of the git tag has build metadata, and the tag of an image cannot \
             hold a plus sign. Leave +7 out of the git tag, or take tagStrategy buildId"
        );
    }

    #[test]
    fn latest_moves_and_so_does_no_tag() {
        for (text, mutable) in [
            ("app", true),
            ("app:latest", true),
            ("app:LATEST", true),
            ("app:4125", false),
            (&format!("app:latest@sha256:{}", "0".repeat(64)), false),
        ] {
            assert_eq!(is_mutable(&Reference::parse(text).unwrap()), mutable, "{text}");
        }
    }
}
