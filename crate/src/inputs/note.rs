//! What the step does though nobody wrote it, in words for the log.

use std::fmt;

/// Something that the inputs alone do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The namespace is that of the service connection.
    Namespace(String),
    /// The environment has filled in a connection that is not taken.
    Environment {
        /// The environment with its resource, such as `shop.production`.
        environment: String,
        /// The inputs that are taken instead.
        instead: &'static str,
    },
    /// The step runs in a container.
    Container,
    /// The build is that of a fork, so it keeps its tags and its number.
    Fork,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(namespace) => write!(
                f,
                "Namespace {namespace}, from the service connection; the input namespace overrides it"
            ),
            Self::Environment { environment, instead } => write!(
                f,
                "The environment {environment} fills in kubernetesServiceConnection by itself. The \
                 pipeline sets {instead}, which is used instead"
            ),
            Self::Container => f.write_str(
                "This step runs in a container, where the agent cannot tell it that the run is \
                 canceled: what is set by then stays set. Add target: host to the step to have it \
                 rolled back",
            ),
            Self::Fork => f.write_str(
                "This is the build of a fork, which may not change itself: addBuildTag and \
                 updateBuildNumber are ignored",
            ),
        }
    }
}
