//! Everything that can be wrong with an input, and its words.

use std::fmt;

use crate::{
    host::{Code, Coded, code, nearest::nearest, variables::Unresolved},
    image::{
        file::ImagesFileError,
        lines::LineError,
        reference::Reference,
        tag::{TagError, mutable::TOKENS},
    },
    inputs::FILE_LIMIT,
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
    Timeout {
        /// Its text.
        found: String,
        /// The longest that it can be, in seconds.
        longest: u32,
    },
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
            "The environment {name} sets a Kubernetes service connection when the job names one \
             of its resources. "
        )
    })
}

fn two_connections(f: &mut fmt::Formatter<'_>, environment: Option<&str>) -> fmt::Result {
    f.write_str(
        "connectionType: required, since a Kubernetes service connection and an AKS cluster are \
         both set. ",
    )?;
    likely_cause(f, environment)?;
    f.write_str("Set it to kubernetesServiceConnection or azureResourceManager")
}

fn two_kubeconfigs(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    environment: Option<&str>,
) -> fmt::Result {
    write!(
        f,
        "kubeconfig: not allowed with connectionType: {kind}, which authenticates with its service \
         connection. "
    )?;
    likely_cause(f, environment)?;
    f.write_str("Set only one of them")
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
                "images: not set. Write a line for each workload, such as \
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
                "namespace: invalid namespace {found:?}. Use up to 63 lower case letters, digits \
                 and dashes, beginning and ending with a letter or digit"
            ),
            Self::Timeout { found, longest } => write!(
                f,
                "rolloutStatusTimeout: invalid value {found:?}. Use seconds or a duration such as \
                 90, 60s, 10m or 1h30m, at most {longest}s, or 0 for no limit."
            ),
            Self::Tag(error) => error.fmt(f),
            Self::FailAfter(error) => error.fmt(f),
            Self::UndoNeedsCluster => f.write_str(
                "dryRun: client does not contact the cluster, which alone knows the previous \
                 images. Set dryRun: server",
            ),
            Self::FileNotRead { input, path, error } => write!(
                f,
                "{input}: {path} cannot be read: {error}. The path is relative to \
                 $(System.DefaultWorkingDirectory), where a classic release has each artifact in \
                 the folder of its alias"
            ),
            Self::FileTooBig { input, path } => write!(
                f,
                "{input}: {path} is larger than {} KiB. Check the path",
                FILE_LIMIT / 1024
            ),
            Self::NoVersionFile => f.write_str(
                "versionFile: required with versionFrom: file. Set its path, such as drop/VERSION",
            ),
            Self::ImagesFile { path, cause } => {
                write!(f, "imagesFile: {path} is invalid: {cause}")
            }
            Self::MutableTagList(entry) => write!(
                f,
                "mutableTagList: invalid token in {entry:?}. Use {}; * stands for any characters",
                TOKENS.join(", ")
            ),
            Self::Kubeconfig(error) => write!(f, "kubeconfig: {error}"),
            Self::Connection(error) => error.fmt(f),
            Self::Empty(input, kind) => write!(
                f,
                "{input}: required with connectionType: {kind}. Set it, or set another \
                 connectionType"
            ),
            Self::TwoConnections { environment } => two_connections(f, environment.as_deref()),
            Self::NoContexts => f.write_str(
                "context: the service connection authenticates with a service account, which has \
                 no contexts. Remove context",
            ),
            Self::TwoKubeconfigs { kind, environment } => {
                two_kubeconfigs(f, kind, environment.as_deref())
            }
            Self::TwoKubectls => {
                f.write_str("kubectlVersion: not allowed with kubectlPath. Set only one of them")
            }
            Self::KubectlVersion(found) => write!(
                f,
                "kubectlVersion: invalid version {found:?}. Use a version such as 1.34.2, 1.34 \
                 for its newest patch, or stable for the newest release"
            ),
            Self::PinNeedsRegistry(input) => write!(
                f,
                "pin: digest needs the registry check, which {input} turns off. Change that, or \
                 set pin: none"
            ),
            Self::Url(input, found) => {
                write!(f, "{input}: invalid URL {found:?}. Use a URL that begins with https://")
            }
            Self::NothingToCompute => {
                f.write_str("tagStrategy: none does not compute a tag. Set tagStrategy: buildId")
            }
            Self::NeedsCluster(reference) => write!(
                f,
                "images: dryRun: client cannot tell which containers run {}. Name the container, \
                 such as deployments/NAME CONTAINER={reference}, or set dryRun: server",
                reference.repository()
            ),
        }
    }
}

impl Coded for InputError {
    fn code(&self) -> Code {
        match self {
            Self::Unresolved(..) => code::NOT_REPLACED,
            Self::NoImages => code::NO_IMAGES,
            Self::Line(error) => error.code(),
            Self::Choice { .. } => code::INVALID_CHOICE,
            Self::Namespace(_) => code::INVALID_NAMESPACE,
            Self::Timeout { .. } => code::INVALID_TIMEOUT,
            Self::Tag(error) => error.code(),
            Self::FileNotRead { .. } => code::FILE_NOT_READ,
            Self::FileTooBig { .. } => code::FILE_TOO_LARGE,
            Self::NoVersionFile | Self::Empty(..) => code::NOT_SET,
            Self::ImagesFile { cause, .. } => cause.code(),
            Self::MutableTagList(_) => code::INVALID_MUTABLE_TAG_LIST,
            Self::NothingToCompute => code::NOTHING_TO_COMPUTE,
            Self::FailAfter(error) => error.code(),
            Self::UndoNeedsCluster | Self::NeedsCluster(_) => code::NEEDS_CLUSTER,
            Self::Kubeconfig(_) => code::INVALID_KUBECONFIG,
            Self::Connection(error) => error.code(),
            Self::TwoConnections { .. } => code::TWO_CONNECTIONS,
            Self::NoContexts => code::NO_CONTEXTS,
            Self::TwoKubeconfigs { .. } => code::TWO_KUBECONFIGS,
            Self::TwoKubectls => code::TWO_KUBECTLS,
            Self::KubectlVersion(_) => code::INVALID_KUBECTL_VERSION,
            Self::PinNeedsRegistry(_) => code::PIN_NEEDS_REGISTRY,
            Self::Url(..) => code::INVALID_URL,
        }
    }
}
