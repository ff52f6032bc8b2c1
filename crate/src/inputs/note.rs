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
                "Namespace {namespace} is from the service connection; the input namespace \
                 overrides it"
            ),
            Self::Environment { environment, instead } => write!(
                f,
                "The environment {environment} sets kubernetesServiceConnection. The pipeline \
                 sets {instead}, which is used instead"
            ),
            Self::Container => f.write_str(
                "This step runs in a container, where the agent cannot signal a cancellation: \
                 images that are set stay set. Add target: host to the step to roll back when the \
                 run is canceled",
            ),
            Self::Fork => f.write_str(
                "This build is from a fork and cannot change itself: addBuildTag and \
                 updateBuildNumber are ignored",
            ),
        }
    }
}
