//! Everything that can be wrong with an input, and its words.

use std::fmt;

use crate::{
    host::{nearest::nearest, variables::Unresolved},
    image::{
        file::ImagesFileError,
        lines::LineError,
        reference::Reference,
        tag::{TagError, mutable::TOKENS},
    },
    inputs::{files::FILE_LIMIT, rollout::LONGEST_TIMEOUT},
    login::{connection::ConnectionError, kubeconfig::KubeconfigError},
    rollout::RulesError,
};

/// Why an input cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub enum InputError {
    /// An input holds a macro that was not replaced.
    Unresolved(&'static str, Unresolved),
    /// There is no image to set.
    NoImages,
    /// A line of `images` is wrong.
    Line(LineError),
    /// An input has a value that is none of its options.
    Choice {
        /// The input.
        input: &'static str,
        /// Its value.
        found: String,
        /// The values it can have.
        options: &'static [&'static str],
    },
    /// The namespace is no namespace.
    Namespace(String),
    /// The time is no duration, or too long.
    Timeout(String),
    /// There is no tag.
    Tag(TagError),
    /// A file cannot be read.
    FileNotRead {
        /// The input that names it.
        input: &'static str,
        /// Its path.
        path: String,
        /// What the system said.
        error: String,
    },
    /// A file is bigger than such a file can be.
    FileTooBig {
        /// The input that names it.
        input: &'static str,
        /// Its path.
        path: String,
    },
    /// `versionFrom: file` without a file.
    NoVersionFile,
    /// A file is none that a build hands its tag over by.
    ImagesFile {
        /// Its path.
        path: String,
        /// What is wrong with it.
        cause: ImagesFileError,
    },
    /// An entry of `mutableTagList` has braces that mean nothing.
    MutableTagList(String),
    /// `computeTag` with a strategy that gives no tag.
    NothingToCompute,
    /// A rule of `failAfter` is none.
    FailAfter(RulesError),
    /// `undo` with `dryRun: client`.
    UndoNeedsCluster,
    /// The text in `kubeconfig` cannot be read.
    Kubeconfig(KubeconfigError),
    /// A service connection cannot be used.
    Connection(ConnectionError),
    /// An input is empty that this connection needs.
    Empty(&'static str, &'static str),
    /// Connections of two kinds are filled in, and nothing says which is meant.
    TwoConnections {
        /// The environment of the job, which may have filled in one of them.
        environment: Option<String>,
    },
    /// `context` with a connection that has no contexts.
    NoContexts,
    /// A connection is chosen, and `kubeconfig` is filled in as well.
    TwoKubeconfigs {
        /// The connection.
        kind: &'static str,
        /// The environment of the job, which may have filled it in.
        environment: Option<String>,
    },
    /// `kubectlPath` and `kubectlVersion` are both filled in.
    TwoKubectls,
    /// `kubectlVersion` is no version of kubectl.
    KubectlVersion(String),
    /// `pin: digest` with an input that asks no registry.
    PinNeedsRegistry(&'static str),
    /// An input is no URL.
    Url(&'static str, String),
    /// `dryRun: client` with a line that only the cluster can complete.
    NeedsCluster(Reference),
}

/// Who may have filled in a Kubernetes connection that nobody wrote.
fn likely_cause(f: &mut fmt::Formatter<'_>, environment: Option<&str>) -> fmt::Result {
    environment.map_or(Ok(()), |name| {
        write!(
            f,
            "The environment {name} fills in a Kubernetes service connection where the job names a \
             resource of it. "
        )
    })
}

fn two_connections(f: &mut fmt::Formatter<'_>, environment: Option<&str>) -> fmt::Result {
    f.write_str(
        "connectionType: a Kubernetes service connection and a cluster of Azure are both filled in. ",
    )?;
    likely_cause(f, environment)?;
    f.write_str("Say which is meant: kubernetesServiceConnection or azureResourceManager")
}

fn two_kubeconfigs(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    environment: Option<&str>,
) -> fmt::Result {
    write!(f, "kubeconfig: connectionType {kind} logs in by its service connection already. ")?;
    likely_cause(f, environment)?;
    f.write_str("Empty one of them")
}

/// `a`, `a or b`, `a, b or c`.
fn one_of(options: &[&str]) -> String {
    match options {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => options.concat(),
    }
}

impl fmt::Display for InputError {
    #[allow(clippy::too_many_lines, reason = "one sentence for each")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(input, unresolved) => write!(f, "{input}: {unresolved}"),
            Self::NoImages => f.write_str(
                "images: there is no image to set. Write a line for each workload, such as \
                 deployments/identityserver identityserver=$(ACR)/identityserver",
            ),
            Self::Line(error) => error.fmt(f),
            Self::Choice { input, found, options } => {
                write!(f, "{input}: invalid value {found:?}. ")?;
                if let Some(similar) = nearest(found, options.iter().copied()) {
                    write!(f, "Did you mean {similar}? ")?;
                }
                write!(f, "Use {}.", one_of(options))
            }
            Self::Namespace(found) => write!(
                f,
                "namespace: {found:?} cannot be a namespace: up to 63 lower case letters, digits \
                 and dashes, beginning and ending with a letter or digit"
            ),
            Self::Timeout(found) => write!(
                f,
                "rolloutStatusTimeout: invalid value {found:?}. Use seconds or a duration such as \
                 90, 60s, 10m or 1h30m, at most {LONGEST_TIMEOUT}s, or 0 for no limit."
            ),
            Self::Tag(error) => error.fmt(f),
            Self::FailAfter(error) => error.fmt(f),
            Self::UndoNeedsCluster => f.write_str(
                "dryRun: client asks no cluster, and only the cluster knows what undo has to put \
                 back. Take dryRun server",
            ),
            Self::FileNotRead { input, path, error } => write!(
                f,
                "{input}: {path} cannot be read: {error}. The path is relative to \
                 $(System.DefaultWorkingDirectory), where a classic release has the files of an \
                 artifact in the folder of its alias"
            ),
            Self::FileTooBig { input, path } => write!(
                f,
                "{input}: {path} has more than {} KiB, which is no such file. Check the path",
                FILE_LIMIT / 1024
            ),
            Self::NoVersionFile => f.write_str(
                "versionFile is empty, and versionFrom file reads the version from it. Give its \
                 path, such as drop/VERSION",
            ),
            Self::ImagesFile { path, cause } => {
                write!(f, "imagesFile: {path} cannot be used: {cause}")
            }
            Self::MutableTagList(entry) => write!(
                f,
                "mutableTagList: the braces in {entry:?} mean nothing. There are: {}; * stands for \
                 any characters",
                TOKENS.join(", ")
            ),
            Self::Kubeconfig(error) => write!(f, "kubeconfig: {error}"),
            Self::Connection(error) => error.fmt(f),
            Self::Empty(input, kind) => write!(
                f,
                "{input} is empty, and connectionType {kind} needs it. Fill it in, or take another \
                 connectionType"
            ),
            Self::TwoConnections { environment } => two_connections(f, environment.as_deref()),
            Self::NoContexts => f.write_str(
                "context: the service connection is that of a service account, which has no contexts. \
                 Empty it",
            ),
            Self::TwoKubeconfigs { kind, environment } => {
                two_kubeconfigs(f, kind, environment.as_deref())
            }
            Self::TwoKubectls => f.write_str(
                "kubectlVersion: kubectlPath names a kubectl already. Empty one of them",
            ),
            Self::KubectlVersion(found) => write!(
                f,
                "kubectlVersion: {found:?} is no version of kubectl. Give one such as 1.34.2, 1.34 \
                 for the newest of these, or stable for the newest of all"
            ),
            Self::PinNeedsRegistry(input) => write!(
                f,
                "pin: digest asks the registry for it, and {input} asks none. Take another one, or \
                 pin none"
            ),
            Self::Url(input, found) => {
                write!(f, "{input}: {found:?} is no URL that begins with https://")
            }
            Self::NothingToCompute => {
                f.write_str("tagStrategy: none gives no tag to compute. Take tagStrategy buildId")
            }
            Self::NeedsCluster(reference) => write!(
                f,
                "images: only the cluster knows which containers run {}, and dryRun client does \
                 not ask it. Name the container, such as deployments/NAME CONTAINER={reference}, or \
                 take dryRun server",
                reference.repository()
            ),
        }
    }
}
