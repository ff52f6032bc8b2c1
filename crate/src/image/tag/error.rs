//! Why there is no tag, in words.

use std::fmt;

use crate::{
    host::{Code, Coded, code, nearest::nearest},
    image::{
        reference::{ReferenceError, Tag},
        tag::{
            source::{CURRENT, Source},
            template::TemplateError,
        },
    },
};

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
    /// Another variable is empty.
    Missing {
        /// What needs it: the input and its value.
        needed_by: String,
        /// The variable.
        variable: String,
        /// Whether it is one of the run's own build.
        own: bool,
    },
    /// What is named is no build, and has no such fact.
    NoBuild {
        /// What needs it: the input and its value.
        needed_by: String,
        /// The alias of the artifact or resource.
        alias: String,
        /// What it is.
        source: Source,
    },
    /// A resource triggered the run, and the pipeline does not say which.
    SeveralTriggers {
        /// The resources that it may be.
        known: Vec<String>,
    },
    /// The template's own text leaves no room for the build id.
    NoRoom,
    /// A token of the template has no value.
    EmptyToken {
        /// The token as written, without its braces.
        token: String,
        /// Where its value would come from.
        place: String,
    },
    /// The time at which the build began is not known.
    NoStartTime(NoStartTime),
    /// There is no artifact or pipeline resource of this alias.
    UnknownAlias {
        /// The alias.
        alias: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The run is not one of a git tag that names a version.
    NoVersion {
        /// The variable that would hold the git tag.
        variable: String,
        /// Its value.
        source: Option<String>,
        /// Why it names no version, where it is a git tag at all.
        cause: Option<String>,
    },
    /// The place that `versionFrom` names is empty.
    EmptyVersion {
        /// The input.
        input: &'static str,
        /// What is empty.
        place: String,
    },
    /// What should be a version is none.
    BadVersion {
        /// The input.
        input: &'static str,
        /// Where the text stands: a variable, an input, a file.
        place: String,
        /// The text.
        text: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The template is none.
    Template(TemplateError),
    /// The template is missing.
    NoTemplate,
    /// Nothing of the text can stand in a tag.
    Nothing {
        /// Where the text comes from.
        origin: String,
        /// The text.
        text: String,
    },
    /// A value that is taken as it is cannot be a tag.
    Illegal {
        /// Where it comes from: the variable, input or file.
        place: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        cause: ReferenceError,
    },
    /// Two images of one repository have not the same tag and digest, and one file is to name them.
    TwoOfRepository {
        /// The one that comes first.
        first: String,
        /// The other.
        other: String,
    },
    /// The tag is one that moves.
    Mutable {
        /// The tag.
        tag: Tag,
        /// Where it comes from.
        origin: String,
        /// The entry of `mutableTagList` by which it moves.
        entry: String,
        /// What to do.
        advice: Advice,
    },
}

/// What to do where a tag moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// Take this template.
    Template(String),
    /// Compute another tag in the build, which handed this one over.
    InTheBuild,
    /// Push the image of a container resource or artifact under another tag.
    PushAnother,
}

/// Why the time at which the build began is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoStartTime {
    /// The variable has the time of a release, or of a run that takes another one's image.
    OfAnother,
    /// The variable is empty.
    Empty,
    /// The variable holds this, which is no time.
    Unreadable(String),
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBuildId { in_classic_release: false, .. } => f.write_str(
                "tagStrategy: buildId needs Build.BuildId, which is not set in this run. Run this \
                 step in a build or a YAML pipeline, or set tagStrategy: none and give every \
                 image a tag",
            ),
            Self::NoBuildId { in_classic_release: true, primary_artifact } => {
                no_build(f, primary_artifact.as_deref())
            }
            Self::Missing { needed_by, variable, own: true } => write!(
                f,
                "{needed_by} needs {variable}, which is not set in this run. Run this step where \
                 the pipeline sets it, or pass the tag on from the build with imagesFile"
            ),
            Self::Missing { needed_by, variable, own: false } => write!(
                f,
                "{needed_by} needs {variable}, which is not set in this run. Name the artifact of \
                 the build that pushes the image in artifactAlias, or pass the tag on from the \
                 build with imagesFile"
            ),
            Self::NoBuild { needed_by, alias, source } => {
                no_such_fact(f, needed_by, alias, *source)
            }
            Self::SeveralTriggers { known } => write!(
                f,
                "artifactAlias: required, since resources.triggeringAlias does not name the \
                 resource that triggered this run. Set it to {}, or to {CURRENT} for this run's \
                 own build",
                known.join(", ")
            ),
            Self::NoRoom => f.write_str(
                "tagTemplate: its text leaves too little room for the build ID in the 128 \
                 characters of a tag. Shorten it",
            ),
            Self::EmptyToken { token, place } => write!(
                f,
                "tagTemplate: {{{token}}} has no value in this run: {place}. Write {{-{token}}} \
                 for a dash and the value where it has one"
            ),
            Self::NoStartTime(why) => why.fmt(f),
            Self::UnknownAlias { alias, known } => {
                write!(f, "artifactAlias: artifact or pipeline resource {alias:?} not found. ")?;
                if let Some(similar) = nearest(alias, known.iter().map(String::as_str)) {
                    write!(f, "Did you mean {similar}? ")?;
                }
                if known.is_empty() {
                    f.write_str(
                        "This run has none: remove artifactAlias to use the run's own build",
                    )
                } else {
                    write!(f, "Use {}", known.join(", "))
                }
            }
            Self::NoVersion { variable, source, cause } => {
                no_version(f, variable, source.as_deref().unwrap_or("empty"), cause.as_deref())
            }
            Self::EmptyVersion { input, place } => write!(
                f,
                "{input}: the version is not set, since {place} is empty. Set it to a version \
                 such as 1.4.2"
            ),
            Self::BadVersion { input, place, text, cause } => write!(
                f,
                "{input}: invalid version {text:?} in {place} ({cause}). Use three numbers such \
                 as 1.4.2, as semver.org defines"
            ),
            Self::Template(error) => error.fmt(f),
            Self::NoTemplate => f.write_str(
                "tagTemplate: required with tagStrategy: template. Set it to text with tokens, \
                 such as {branch}-{buildId}",
            ),
            Self::Nothing { origin, text } => write!(
                f,
                "{origin} is {text:?}, which has no character that a tag can have (letters, \
                 digits, underscores). Set tagStrategy: buildId, or add {{buildId}} to tagTemplate"
            ),
            Self::Illegal { place, value, cause } => write!(
                f,
                "{place} is {value:?}, which is not valid as a tag: {cause}. Give every image a \
                 tag and set tagStrategy: none"
            ),
            Self::TwoOfRepository { first, other } => write!(
                f,
                "images: {first} and {other} have the same repository, and imagesFile holds one \
                 tag for each. Name the repository once, or compute the tags in two steps with \
                 separate files"
            ),
            Self::Mutable { tag, origin, entry, advice } => moves(f, tag, origin, entry, advice),
        }
    }
}

/// What an artifact that is no build has instead of a build's facts.
fn no_such_fact(
    f: &mut fmt::Formatter<'_>,
    needed_by: &str,
    alias: &str,
    source: Source,
) -> fmt::Result {
    let (what, instead) = match source {
        Source::Build => ("a build without it", "buildId"),
        Source::Repository => ("a repository, which has commits but no builds", "commit"),
        Source::Release => {
            ("a release or package, which has a version but no build ID", "buildNumber or semver")
        }
        Source::Container => {
            ("an image, which has a tag but neither branch nor commit", "buildId, which is its tag")
        }
    };
    write!(
        f,
        "{needed_by}: the artifact {alias} is {what}. Name the build that pushes the image in \
         artifactAlias, or set tagStrategy: {instead}"
    )
}

impl fmt::Display for NoStartTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfAnother => f.write_str(
                "tagTemplate: {date} is the date of the build, but System.PipelineStartTime is \
                 when this release or run began. Compute the tag in the build (command: \
                 computeTag), and pass it on with imagesFile",
            ),
            Self::Empty => f.write_str(
                "tagTemplate: {date} needs System.PipelineStartTime, which is not set in this \
                 run. Run this step where the pipeline sets it, or pass the tag on from the build \
                 with imagesFile",
            ),
            Self::Unreadable(found) => write!(
                f,
                "tagTemplate: {{date}} needs a time such as 2026-11-24 04:00:00+00:00, but \
                 System.PipelineStartTime is {found:?}. Use {{buildNumber}}, whose format can \
                 have a date"
            ),
        }
    }
}

fn moves(
    f: &mut fmt::Formatter<'_>,
    tag: &Tag,
    origin: &str,
    entry: &str,
    advice: &Advice,
) -> fmt::Result {
    write!(
        f,
        "{origin} gives the mutable tag {tag} ({entry} in mutableTagList), so Kubernetes would \
         not start a rollout and there would be nothing to roll back to. "
    )?;
    match advice {
        Advice::InTheBuild => f.write_str(
            "Compute a unique tag in the build with command: computeTag, such as with \
             tagStrategy: buildId",
        ),
        Advice::Template(template) => {
            write!(f, "Give every build a unique tag, such as with tagTemplate: {template}")
        }
        Advice::PushAnother => {
            f.write_str("Push every build with a unique tag, or set pin: digest")
        }
    }
}

fn no_version(
    f: &mut fmt::Formatter<'_>,
    variable: &str,
    source: &str,
    cause: Option<&str>,
) -> fmt::Result {
    write!(
        f,
        "tagStrategy: semver needs a run of a git tag with a version, such as refs/tags/v1.4.2, \
         but {variable} is {source}"
    )?;
    if let Some(cause) = cause {
        write!(f, ", which has no version ({cause})")?;
    }
    f.write_str(". Run the build for such a tag, or set another versionFrom or tagStrategy")
}

fn no_build(f: &mut fmt::Formatter<'_>, primary_artifact: Option<&str>) -> fmt::Result {
    f.write_str("tagStrategy: buildId needs Build.BuildId, ")?;
    match primary_artifact {
        Some(alias) => write!(
            f,
            "which is not set: the primary artifact {alias} of this release does not come from a \
             build. Make the build the primary artifact, or name it in artifactAlias"
        ),
        None => f.write_str(
            "which is not set: this release has no artifact. Add the build that pushes the image \
             as an artifact of the release pipeline",
        ),
    }
}

impl From<TemplateError> for TagError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}

impl Coded for TagError {
    fn code(&self) -> Code {
        match self {
            Self::NoBuildId { .. } => code::BUILD_ID_NOT_SET,
            Self::Missing { .. } => code::VARIABLE_NOT_SET,
            Self::NoBuild { .. } => code::NOT_A_BUILD,
            Self::SeveralTriggers { .. } => code::TRIGGER_UNKNOWN,
            Self::NoRoom => code::TEMPLATE_TOO_LONG,
            Self::EmptyToken { .. } => code::EMPTY_TOKEN,
            Self::NoStartTime(_) => code::BUILD_DATE_UNKNOWN,
            Self::UnknownAlias { .. } => code::ALIAS_NOT_FOUND,
            Self::NoVersion { .. } => code::GIT_TAG_WITHOUT_VERSION,
            Self::EmptyVersion { .. } => code::VERSION_NOT_SET,
            Self::BadVersion { .. } => code::INVALID_VERSION,
            Self::Template(_) => code::INVALID_TEMPLATE,
            Self::NoTemplate => code::NOT_SET,
            Self::Nothing { .. } => code::NOTHING_LEFT,
            Self::Illegal { .. } => code::INVALID_TAG_VALUE,
            Self::TwoOfRepository { .. } => code::TWO_TAGS_OF_REPOSITORY,
            Self::Mutable { .. } => code::MUTABLE_TAG,
        }
    }
}
