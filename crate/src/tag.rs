//! The tag that every image without one of its own gets.

use std::fmt;

use crate::{
    reference::{Reference, ReferenceError, Tag},
    variables::Variables,
};

/// Where the tag comes from: the input `tagStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// `Build.BuildId`, a number that no two builds of an organisation share.
    BuildId,
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

impl Strategy {
    /// The tag of this run, or `None` where the strategy gives none.
    ///
    /// # Errors
    /// Says which variable is missing or holds no tag.
    pub fn tag(self, variables: &Variables) -> Result<Option<Tag>, TagError> {
        match self {
            Self::None => Ok(None),
            Self::BuildId => build_id(variables).map(Some),
        }
    }
}

fn build_id(variables: &Variables) -> Result<Tag, TagError> {
    let variable = "Build.BuildId";
    let value = variables.get(variable).ok_or_else(|| TagError::NoBuildId {
        in_classic_release: variables.in_classic_release(),
        primary_artifact: variables.get("Release.PrimaryArtifactSourceAlias").map(str::to_owned),
    })?;
    Tag::parse(value).map_err(|cause| TagError::Illegal {
        variable,
        value: value.to_owned(),
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
