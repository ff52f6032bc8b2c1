//! What can be wrong with a line, what is to be looked at in one, and the words of both.

use std::fmt;

use crate::{
    host::variables::Unresolved,
    image::{
        lines::{Instead, slip::Slip},
        reference::{ReferenceError, Tag},
        tag::mutable::Reason,
    },
    kubernetes::{Kind, selector::SelectorError},
};

/// Why lines cannot be used, and which. The agent has replaced every variable before, so a column
/// would be none of the text that somebody wrote: the words say which part is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// From 1, in ascending order; 0 for an image that no line names.
    pub(super) lines: Vec<usize>,
    pub(super) kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ErrorKind {
    Unresolved(Box<Unresolved>),
    Slip(Slip),
    Flag(String),
    NoFlagValue(String),
    TwoNamespaces(String, String),
    AllWithSelector,
    AllWithName(String),
    UnknownKind {
        word: String,
        similar: Option<&'static str>,
    },
    NoName(String),
    Namespace(String),
    Selector {
        text: String,
        cause: SelectorError,
    },
    SelectorWithName(String),
    WorkloadName(String),
    ContainerName(String),
    NoWorkload(String),
    NoImage(String),
    Misplaced(String),
    StarNotAlone,
    ContainerTwice(String),
    Reference {
        text: String,
        cause: ReferenceError,
    },
    Mutable(Box<Moving>),
    /// What would be a warning elsewhere.
    Refused(WarningKind),
}

/// What is to be looked at in a line that can be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineWarning {
    pub(super) line: usize,
    pub(super) kind: WarningKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WarningKind {
    Mutable(Box<Moving>),
    /// A flag without an effect here.
    Ignored(&'static str),
    OtherBuild {
        repository: String,
        aliases: Vec<String>,
        trigger: Option<String>,
    },
    NotInFile {
        repository: String,
        tag: Tag,
    },
}

/// A reference whose content changes while its name does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moving {
    pub(super) reference: String,
    pub(super) tag: String,
    pub(super) reason: Reason,
    pub(super) instead: Instead,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &self.lines)?;
        match &self.kind {
            ErrorKind::Unresolved(unresolved) => unresolved.fmt(f),
            ErrorKind::Slip(slip) => slip.fmt(f),
            ErrorKind::Refused(kind) => kind.fmt(f),
            ErrorKind::Flag(word) => flag(f, word),
            ErrorKind::NoFlagValue(flag) => {
                write!(f, "a value is missing after {flag}. Write {flag} VALUE, or remove it")
            }
            ErrorKind::TwoNamespaces(prefix, flag) => write!(
                f,
                "the line names the namespace {prefix} before its colon and {flag} after -n. Leave \
                 one of them"
            ),
            ErrorKind::AllWithSelector => f.write_str(
                "--all means every workload of a kind, and -l only some of them. Leave one of them",
            ),
            ErrorKind::AllWithName(word) if word.is_empty() => f.write_str(
                "a kind is missing beside --all. Write deployments --all CONTAINER=IMAGE",
            ),
            ErrorKind::AllWithName(word) => write!(
                f,
                "--all goes with kinds alone, not with {word:?}. Write deployments --all \
                 CONTAINER=IMAGE, or leave --all out"
            ),
            ErrorKind::UnknownKind { word, similar } => {
                write!(f, "{word:?} is no kind of workload whose image can be set. ")?;
                if let Some(similar) = similar {
                    write!(f, "Did you mean {similar}? ")?;
                }
                f.write_str("There are: ")?;
                for (at, kind) in Kind::ALL.into_iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{} ({})", kind.plural(), kind.short_name())?;
                }
                Ok(())
            }
            ErrorKind::NoName(kind) => {
                write!(f, "a name is missing after {kind:?}. Write {kind}/NAME")
            }
            ErrorKind::Namespace(name) => write!(
                f,
                "{name:?} cannot be a namespace: up to 63 lower case letters, digits and dashes, \
                 beginning and ending with a letter or digit"
            ),
            ErrorKind::Selector { text, cause } => write!(
                f,
                "{text:?} is no label selector: {cause}. Write deployments -l app=web \
                 CONTAINER=IMAGE, with quotes around a selector that has spaces"
            ),
            ErrorKind::SelectorWithName(word) => write!(
                f,
                "a selector goes with kinds alone, not with {word:?}. Write deployments -l app=web \
                 CONTAINER=IMAGE"
            ),
            ErrorKind::WorkloadName(name) => write!(
                f,
                "{name:?} cannot be the name of a workload: lower case letters, digits, dashes and \
                 dots, beginning and ending with a letter or digit"
            ),
            ErrorKind::ContainerName(name) => write!(
                f,
                "{name:?} cannot be the name of a container: lower case letters, digits and dashes, \
                 beginning and ending with a letter or digit; * alone means every container"
            ),
            ErrorKind::NoWorkload(pair) => {
                write!(f, "a workload is missing before {pair:?}. Write deployments/NAME {pair}")
            }
            ErrorKind::NoImage(workload) => write!(
                f,
                "an image is missing after {workload:?}. Write {workload} CONTAINER=IMAGE"
            ),
            ErrorKind::Misplaced(word) => {
                write!(f, "{word:?} is no CONTAINER=IMAGE. Workloads stand before the images")
            }
            ErrorKind::StarNotAlone => {
                f.write_str("* means every container, so it must be the only image of its line")
            }
            ErrorKind::ContainerTwice(name) => {
                write!(f, "the container {name} has an image already on this line")
            }
            ErrorKind::Reference { text, cause } => {
                write!(f, "{text:?} is no image reference: {cause}")
            }
            ErrorKind::Mutable(moving) => {
                write!(f, "{} is refused: ", moving.reference)?;
                moving.fmt(f)
            }
        }
    }
}

/// A flag that a line cannot have, and where it belongs.
fn flag(f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
    write!(f, "{word:?} is a flag that a line cannot have. ")?;
    f.write_str(match word.split('=').next().unwrap_or_default() {
        "--context" => "Put the context into the input context",
        "--kubeconfig" => "Put the path into the input kubeconfig",
        "--dry-run" => "Use the input dryRun",
        "-A" | "--all-namespaces" => "Name the namespaces: shop,billing: …",
        _ => "Remove it. A line can have -n NAMESPACE, -l SELECTOR, --all and --record",
    })
}

impl LineWarning {
    /// The same as an error.
    #[must_use]
    pub fn into_error(self) -> LineError {
        LineError { lines: vec![self.line], kind: ErrorKind::Refused(self.kind) }
    }
}

impl fmt::Display for LineWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, &[self.line])?;
        self.kind.fmt(f)
    }
}

impl fmt::Display for WarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignored(flag) => write!(
                f,
                "{flag} is ignored: this step records the cause of every change by itself, for \
                 kubectl rollout history"
            ),
            Self::Mutable(moving) => {
                write!(f, "{} is set, since mutableTags is warn, but ", moving.reference)?;
                moving.fmt(f)
            }
            Self::OtherBuild { repository, aliases, trigger: Some(trigger) } => write!(
                f,
                "{repository} seems to be pushed by {}, but {trigger} triggered this run. Set it in \
                 a step of its own with artifactAlias {}; artifactAlias {trigger} takes the build of \
                 {trigger}",
                aliases.join(" or "),
                aliases.join(" or ")
            ),
            Self::OtherBuild { repository, aliases, trigger: None } => write!(
                f,
                "{repository} seems to be pushed by another build, {}, but its tag is that of this \
                 run's own build. If so, set it in a step of its own with artifactAlias {}",
                aliases.join(" or "),
                aliases.join(" or ")
            ),
            Self::NotInFile { repository, tag } => write!(
                f,
                "{repository} is not in the imagesFile, and gets its common tag {tag}. Name it in \
                 the input images of the step that computes the tag, so that a build that does not \
                 push it is noticed"
            ),
        }
    }
}

impl fmt::Display for Moving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::NoTag => f.write_str("it has no tag, which means latest. ")?,
            Reason::Entry(entry) if entry.eq_ignore_ascii_case(&self.tag) => {
                write!(f, "the tag {} moves. ", self.tag)?;
            }
            Reason::Entry(entry) => {
                write!(f, "the tag {} moves ({entry} in mutableTagList). ", self.tag)?;
            }
        }
        f.write_str(
            "To Kubernetes nothing changes when it is pushed again, so no pod would be replaced, and \
             there would be no name to roll back to. ",
        )?;
        match &self.instead {
            Instead::Computed(tag) => {
                write!(f, "Leave the tag out, and this step adds :{tag}, the tag of this build")
            }
            Instead::HandedOver => f.write_str(
                "Let the command computeTag in the build give the image a tag of its own, and leave \
                 the tag out here",
            ),
            Instead::Nothing => f.write_str(
                "Write the tag of the build, such as :$(Build.BuildId), or leave it out and take \
                 tagStrategy buildId",
            ),
        }
    }
}

/// Which lines these are; an image that no line names is one of the images file.
fn place(f: &mut fmt::Formatter<'_>, lines: &[usize]) -> fmt::Result {
    match lines {
        [] | [0] => f.write_str("imagesFile: "),
        [line] => write!(f, "images, line {line}: "),
        [others @ .., last] => {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            write!(f, "images, lines {} and {last}: ", others.join(", "))
        }
    }
}
