//! What can be wrong with a line, what is to be looked at in one, and the words of both.

use std::fmt;

use crate::{
    host::{Code, Coded, code, variables::Unresolved},
    image::{
        lines::slip::Slip,
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

/// The tag that an image could have instead of one that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// The computed one.
    Computed(Tag),
    /// One that an images file hands over.
    HandedOver,
    /// None: there is no strategy, or it gives no tag.
    Nothing,
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
                write!(f, "{flag} has no value. Write {flag} VALUE, or remove it")
            }
            ErrorKind::TwoNamespaces(prefix, flag) => write!(
                f,
                "the line has two namespaces, {prefix} before the colon and {flag} after -n. Keep \
                 one of them"
            ),
            ErrorKind::AllWithSelector => f.write_str(
                "--all selects every workload, and -l only some of them. Keep one of them",
            ),
            ErrorKind::AllWithName(word) if word.is_empty() => {
                f.write_str("--all needs a kind. Write deployments --all CONTAINER=IMAGE")
            }
            ErrorKind::AllWithName(word) => write!(
                f,
                "--all cannot be combined with {word:?}. Write deployments --all CONTAINER=IMAGE, \
                 or remove --all"
            ),
            ErrorKind::UnknownKind { word, similar } => {
                write!(f, "unknown kind of workload {word:?}. ")?;
                if let Some(similar) = similar {
                    write!(f, "Did you mean {similar}? ")?;
                }
                f.write_str("Use ")?;
                for (at, kind) in Kind::ALL.into_iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{} ({})", kind.plural(), kind.short_name())?;
                }
                Ok(())
            }
            ErrorKind::NoName(kind) => {
                write!(f, "{kind:?} has no name after it. Write {kind}/NAME")
            }
            ErrorKind::Namespace(name) => write!(
                f,
                "invalid namespace {name:?}. Use up to 63 lower case letters, digits and dashes, \
                 beginning and ending with a letter or digit"
            ),
            ErrorKind::Selector { text, cause } => write!(
                f,
                "invalid label selector {text:?}: {cause}. Write deployments -l app=web \
                 CONTAINER=IMAGE, with quotes around a selector that has spaces"
            ),
            ErrorKind::SelectorWithName(word) => write!(
                f,
                "-l cannot be combined with {word:?}. Write deployments -l app=web CONTAINER=IMAGE"
            ),
            ErrorKind::WorkloadName(name) => write!(
                f,
                "invalid workload name {name:?}. Use lower case letters, digits, dashes and dots, \
                 beginning and ending with a letter or digit"
            ),
            ErrorKind::ContainerName(name) => write!(
                f,
                "invalid container name {name:?}. Use lower case letters, digits and dashes, \
                 beginning and ending with a letter or digit, or * for every container"
            ),
            ErrorKind::NoWorkload(pair) => {
                write!(f, "{pair:?} has no workload before it. Write deployments/NAME {pair}")
            }
            ErrorKind::NoImage(workload) => {
                write!(f, "{workload:?} has no image after it. Write {workload} CONTAINER=IMAGE")
            }
            ErrorKind::Misplaced(word) => {
                write!(
                    f,
                    "expected CONTAINER=IMAGE, found {word:?}. Write the workloads before the \
                     images"
                )
            }
            ErrorKind::StarNotAlone => f.write_str(
                "*=IMAGE sets every container of the line. Remove the other images of the line",
            ),
            ErrorKind::ContainerTwice(name) => {
                write!(f, "the container {name} has two images on this line. Keep one of them")
            }
            ErrorKind::Reference { text, cause } => {
                write!(f, "invalid image reference {text:?}: {cause}")
            }
            ErrorKind::Mutable(moving) => moving.fmt(f),
        }
    }
}

/// A flag that a line cannot have, and where it belongs.
fn flag(f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
    write!(f, "unsupported flag {word:?}. ")?;
    f.write_str(match word.split('=').next().unwrap_or_default() {
        "--context" => "Set the input context",
        "--kubeconfig" => "Set the input kubeconfig",
        "--dry-run" => "Set the input dryRun",
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
                "{flag} is ignored: this step always records the cause of a change for kubectl \
                 rollout history"
            ),
            Self::Mutable(moving) => moving.fmt(f),
            Self::OtherBuild { repository, aliases, trigger: Some(trigger) } => write!(
                f,
                "{repository} seems to be pushed by {}, but {trigger} triggered this run. Set it \
                 in a separate step with artifactAlias: {}, or set artifactAlias: {trigger} to \
                 use the build of {trigger}",
                aliases.join(" or "),
                aliases.join(" or ")
            ),
            Self::OtherBuild { repository, aliases, trigger: None } => write!(
                f,
                "{repository} seems to be pushed by another build, {}, but its tag is from this \
                 run's own build. If so, set it in a separate step with artifactAlias: {}",
                aliases.join(" or "),
                aliases.join(" or ")
            ),
            Self::NotInFile { repository, tag } => write!(
                f,
                "{repository} is not found in imagesFile, so it gets the common tag {tag} of the \
                 file. Name it in the input images of the step that computes the tag"
            ),
        }
    }
}

impl fmt::Display for Moving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference, tag, reason, instead } = self;
        match reason {
            Reason::NoTag => {
                write!(f, "{reference} has no tag, which means the mutable tag latest")?;
            }
            Reason::Entry(entry) if entry.eq_ignore_ascii_case(tag) => {
                write!(f, "{reference} uses a mutable tag")?;
            }
            Reason::Entry(entry) => {
                write!(f, "{reference} uses a mutable tag ({entry} in mutableTagList)")?;
            }
        }
        f.write_str(
            ", so Kubernetes would not start a rollout and there would be nothing to roll back to. ",
        )?;
        match instead {
            Instead::Computed(computed) => write!(
                f,
                "Remove \":{tag}\" to use this build's tag (:{computed}), or set mutableTags: allow"
            ),
            Instead::HandedOver => f.write_str(
                "Compute a unique tag in the build with command: computeTag, and remove the tag from \
                 this line",
            ),
            Instead::Nothing => f.write_str(
                "Use a unique tag such as :$(Build.BuildId), or remove the tag and set tagStrategy: \
                 buildId",
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

impl Coded for LineError {
    fn code(&self) -> Code {
        match &self.kind {
            ErrorKind::Unresolved(_) => code::NOT_REPLACED,
            ErrorKind::Slip(slip) => slip.code(),
            ErrorKind::Flag(_) => code::UNSUPPORTED_FLAG,
            ErrorKind::NoFlagValue(_) => code::FLAG_WITHOUT_VALUE,
            ErrorKind::TwoNamespaces(..) => code::TWO_NAMESPACES,
            ErrorKind::AllWithSelector
            | ErrorKind::AllWithName(_)
            | ErrorKind::SelectorWithName(_) => code::SELECTOR_WITH_NAME,
            ErrorKind::UnknownKind { .. } => code::UNKNOWN_KIND,
            ErrorKind::NoName(_) | ErrorKind::NoWorkload(_) => code::WORKLOAD_MISSING,
            ErrorKind::Namespace(_) => code::INVALID_NAMESPACE,
            ErrorKind::Selector { .. } => code::INVALID_SELECTOR,
            ErrorKind::WorkloadName(_) | ErrorKind::ContainerName(_) => code::INVALID_NAME,
            ErrorKind::NoImage(_) => code::IMAGE_MISSING,
            ErrorKind::Misplaced(_) => code::WRONG_ORDER,
            ErrorKind::StarNotAlone | ErrorKind::ContainerTwice(_) => code::CONTAINER_TWICE,
            ErrorKind::Reference { .. } => code::INVALID_REFERENCE,
            ErrorKind::Mutable(_) => code::MUTABLE_TAG,
            ErrorKind::Refused(kind) => kind.code(),
        }
    }
}

impl Coded for LineWarning {
    fn code(&self) -> Code {
        self.kind.code()
    }
}

impl WarningKind {
    fn code(&self) -> Code {
        match self {
            Self::Mutable(_) => code::MUTABLE_TAG,
            Self::Ignored(_) => code::UNSUPPORTED_FLAG,
            Self::OtherBuild { .. } => code::OTHER_BUILD,
            Self::NotInFile { .. } => code::NOT_IN_IMAGES_FILE,
        }
    }
}
