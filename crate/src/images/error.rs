//! What can be wrong with a line, what is to be looked at in one, and the words of both.

use std::fmt;

use crate::{
    images::Instead,
    reference::{ReferenceError, Tag},
    selector::SelectorError,
    tag::mutable::Reason,
    variables::Unresolved,
    workload::Kind,
};

/// Why a line cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ErrorKind {
    Unresolved(Unresolved),
    Flag(String),
    UnknownKind { word: String, similar: Option<&'static str> },
    NoName(String),
    Namespace(String),
    Selector { text: String, cause: SelectorError },
    SelectorWithName(String),
    WorkloadName(String),
    ContainerName(String),
    NoWorkload(String),
    NoImage(String),
    Misplaced(String),
    StarNotAlone,
    ContainerTwice(String),
    Reference { text: String, cause: ReferenceError },
    Mutable(Moving),
}

/// What is to be looked at in a line that can be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineWarning {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) kind: WarningKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WarningKind {
    Mutable(Moving),
    OtherBuild { repository: String, aliases: Vec<String> },
    NotInFile { repository: String, tag: Tag },
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
        place(f, self.line, self.column)?;
        match &self.kind {
            ErrorKind::Unresolved(unresolved) => unresolved.fmt(f),
            ErrorKind::Flag(flag) => {
                write!(f, "{flag:?} is a flag, and flags have no place here. ")?;
                match flag.split('=').next().unwrap_or_default() {
                    "-n" | "--namespace" => f.write_str(
                        "Put the namespace into the input namespace, or before the line: \
                         kube-system: deployments/NAME CONTAINER=IMAGE",
                    ),
                    "--context" => f.write_str("Put the context into the input context"),
                    "--kubeconfig" => f.write_str("Put the path into the input kubeconfig"),
                    "--dry-run" => f.write_str("Use the input dryRun"),
                    _ => f.write_str("Name each workload: deployments/NAME CONTAINER=IMAGE"),
                }
            }
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

impl fmt::Display for LineWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, self.line, self.column)?;
        match &self.kind {
            WarningKind::Mutable(moving) => {
                write!(f, "{} is set, since mutableTags is warn, but ", moving.reference)?;
                moving.fmt(f)
            }
            WarningKind::OtherBuild { repository, aliases } => write!(
                f,
                "{repository} seems to be pushed by another build, {}, but its tag is that of this \
                 run's own build. If so, set it in a step of its own with artifactAlias {}",
                aliases.join(" or "),
                aliases.join(" or ")
            ),
            WarningKind::NotInFile { repository, tag } => write!(
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

/// Where a line and column are; an image that no line names is one of the images file.
fn place(f: &mut fmt::Formatter<'_>, line: usize, column: usize) -> fmt::Result {
    if line == 0 {
        return f.write_str("imagesFile: ");
    }
    write!(f, "images, line {line}, column {column}: ")
}
