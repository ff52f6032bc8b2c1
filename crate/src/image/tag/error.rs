//! Why there is no tag, in words.

use std::fmt;

use crate::{
    host::nearest::nearest,
    image::{
        reference::{ReferenceError, Tag},
        tag::{
            build::{CURRENT, Source},
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
                "tagStrategy buildId needs the variable Build.BuildId, which is empty here. Run \
                 this step in a build or a YAML pipeline, or name a tag for every image and take \
                 tagStrategy none",
            ),
            Self::NoBuildId { in_classic_release: true, primary_artifact } => {
                no_build(f, primary_artifact.as_deref())
            }
            Self::Missing { needed_by, variable, own: true } => write!(
                f,
                "{needed_by} needs the variable {variable}, which is empty here. Run this step \
                 where the pipeline sets it, or hand the tag over from the build with imagesFile"
            ),
            Self::Missing { needed_by, variable, own: false } => write!(
                f,
                "{needed_by} needs the variable {variable}, which is empty here. Name the artifact \
                 of the build that pushes the image in artifactAlias, or hand the tag over from the \
                 build with imagesFile"
            ),
            Self::NoBuild { needed_by, alias, source } => no_such_fact(f, needed_by, alias, *source),
            Self::SeveralTriggers { known } => write!(
                f,
                "artifactAlias: a resource triggered this run, and resources.triggeringAlias does \
                 not say which. Name it: {}; or {CURRENT} for this run's own build",
                known.join(", ")
            ),
            Self::NoRoom => f.write_str(
                "tagTemplate: its own text leaves no room for the build id in the 128 characters of \
                 a tag. Shorten it",
            ),
            Self::EmptyToken { token, place } => write!(
                f,
                "tagTemplate: {{{token}}} has no value here: {place}. Write {{-{token}}} for a \
                 dash and the value, and nothing where there is none"
            ),
            Self::NoStartTime(why) => why.fmt(f),
            Self::UnknownAlias { alias, known } => {
                write!(f, "artifactAlias: there is no artifact or pipeline resource {alias:?}. ")?;
                if let Some(similar) = nearest(alias, known.iter().map(String::as_str)) {
                    write!(f, "Did you mean {similar}? ")?;
                }
                if known.is_empty() {
                    f.write_str(
                        "There is none here: leave artifactAlias empty for the run's own build",
                    )
                } else {
                    write!(f, "There are: {}", known.join(", "))
                }
            }
            Self::NoVersion { variable, source, cause } => {
                no_version(f, variable, source.as_deref().unwrap_or("empty"), cause.as_deref())
            }
            Self::EmptyVersion { input, place } => write!(
                f,
                "{input}: there is no version, since {place} is empty. It has to be one such as \
                 1.4.2"
            ),
            Self::BadVersion { input, place, text, cause } => write!(
                f,
                "{input}: {text:?} in {place} is no version such as 1.4.2 ({cause}). Give it three \
                 numbers, as semver.org has them"
            ),
            Self::Template(error) => error.fmt(f),
            Self::NoTemplate => f.write_str(
                "tagTemplate is empty, and tagStrategy template makes the tag of it. Write text \
                 with tokens, such as {branch}-{buildId}",
            ),
            Self::Nothing { origin, text } => write!(
                f,
                "{origin} gives {text:?}, and nothing of it can stand in a tag: letters, digits, \
                 underscores, and dots and dashes between them. Take tagStrategy buildId, or add \
                 {{buildId}} to a tagTemplate"
            ),
            Self::Illegal { place, value, cause } => write!(
                f,
                "{place} is {value:?}, which cannot be a tag: {cause}. Name a tag \
                 for every image and take tagStrategy none"
            ),
            Self::TwoOfRepository { first, other } => write!(
                f,
                "images: {first} and {other} are of one repository, and the imagesFile holds one tag \
                 of each. Name the repository once, or compute the tags in two steps that write \
                 files of their own"
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
        Source::Build => ("a build without one", "buildId"),
        Source::Repository => ("a repository, which has commits and no builds", "commit"),
        Source::Release => {
            ("a release or package, which has a version and no build id", "buildNumber or semver")
        }
        Source::Container => {
            ("an image, which has a tag and neither branch nor commit", "buildId, which is its tag")
        }
    };
    write!(
        f,
        "{needed_by}: {alias} is {what}. Name the build that pushes the image in artifactAlias, or \
         use tagStrategy {instead}"
    )
}

impl fmt::Display for NoStartTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfAnother => f.write_str(
                "tagTemplate: {date} is the day of the build, and the date of a release is another: \
                 System.PipelineStartTime is the time at which this release or run began. Let the \
                 build compute the tag (command computeTag) and hand it over with imagesFile",
            ),
            Self::Empty => f.write_str(
                "tagTemplate: {date} needs the variable System.PipelineStartTime, which is empty \
                 here. Run this step where the pipeline sets it, or hand the tag over from the \
                 build with imagesFile",
            ),
            Self::Unreadable(found) => write!(
                f,
                "tagTemplate: {{date}} needs a time such as 2026-11-24 04:00:00+00:00 in the \
                 variable System.PipelineStartTime, and it is {found:?}. Take {{buildNumber}}, \
                 whose format can have a date"
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
        "{origin} gives the tag {tag}, which moves ({entry} in mutableTagList). To Kubernetes \
         nothing changes when it is pushed again, so no pod would be replaced, and there would be no \
         name to roll back to. "
    )?;
    match advice {
        Advice::InTheBuild => f.write_str(
            "Let the command computeTag in the build give every build a tag of its own, such as with \
             tagStrategy buildId",
        ),
        Advice::Template(template) => write!(
            f,
            "Take a strategy that gives every build a tag of its own, such as tagTemplate {template}"
        ),
        Advice::PushAnother => f.write_str(
            "Push the image under a tag of its own for every build, or set pin: digest",
        ),
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
        "tagStrategy semver needs a run of a git tag that names a version, such as \
         refs/tags/v1.4.2; {variable} is {source}"
    )?;
    if let Some(cause) = cause {
        write!(f, ", which names none ({cause})")?;
    }
    f.write_str(". Run the build for such a tag, or take another versionFrom or tagStrategy")
}

fn no_build(f: &mut fmt::Formatter<'_>, primary_artifact: Option<&str>) -> fmt::Result {
    f.write_str("tagStrategy buildId needs the variable Build.BuildId, ")?;
    match primary_artifact {
        Some(alias) => write!(
            f,
            "which is empty since the primary artifact {alias} of this release is no \
             build. Make the build artifact the primary one, or name it in the input \
             artifactAlias"
        ),
        None => f.write_str(
            "which is empty since this release has no artifact. Add the build that \
             pushes the image as an artifact of the release pipeline",
        ),
    }
}

impl From<TemplateError> for TagError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}
