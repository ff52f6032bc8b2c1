//! Why a rollout fails, as data.

use crate::rollout::rules::Rule;

/// Why a rollout fails, and where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The cause.
    pub cause: Cause,
    /// The pod, where it is one's.
    pub pod: Option<String>,
    /// Its container, where it is one's.
    pub container: Option<String>,
    /// Whether that is an init container.
    pub init: bool,
    /// The words of Kubernetes, the registry or the container; may be empty.
    pub message: String,
    /// Whether Kubernetes gave up waiting: `progressDeadlineSeconds` passed without progress.
    pub deadline_passed: bool,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The image cannot be pulled; the message has the registry's words.
    ImagePull,
    /// The image's name is none.
    InvalidImageName,
    /// The image is not on the node, and the pull policy is `Never`.
    ImageNeverPull,
    /// The container cannot be created or started as it is described.
    ConfigError {
        /// In Kubernetes' word: `CreateContainerConfigError`.
        reason: String,
    },
    /// The container used more memory than its limit.
    OutOfMemory {
        /// How often it was started again.
        restarts: u32,
    },
    /// A probe fails.
    ProbeFails {
        /// Which one.
        probe: ProbeKind,
        /// How often the container was started again.
        restarts: u32,
    },
    /// The container ends again and again.
    CrashLoop {
        /// Its last exit code.
        exit_code: i64,
        /// In Kubernetes' word: `Error`, `Completed`.
        reason: String,
        /// How often it was started again.
        restarts: u32,
    },
    /// Pods may not be created.
    Refused,
    /// The volumes or the network of the pod cannot be set up.
    PodSetup {
        /// In Kubernetes' word: `FailedMount`.
        reason: String,
    },
    /// No node takes the pod.
    Unschedulable,
    /// The pod failed as a whole on its node.
    PodFailed {
        /// In Kubernetes' word: `UnexpectedAdmissionError`.
        reason: String,
    },
    /// A pod of an older template is not ready, and the StatefulSet replaces none before it is
    /// (kubernetes/kubernetes#67250). It goes on once the pod is deleted.
    StuckPod,
    /// Kubernetes gave up waiting, and no pod says why.
    DeadlineExceeded,
}

/// The three probes of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    /// Until it passes once, the other two wait.
    Startup,
    /// Where it fails, the container is started again.
    Liveness,
    /// Where it fails, the pod gets no traffic.
    Readiness,
}

/// The log of a container that tells more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerLog<'a> {
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
    /// Whether it is the log of the run before the last restart.
    pub previous: bool,
}

impl Failure {
    /// The log that tells more, where the container ran at all.
    #[must_use]
    pub fn log(&self) -> Option<ContainerLog<'_>> {
        let previous = match &self.cause {
            Cause::ProbeFails { probe: ProbeKind::Readiness, .. } => false,
            Cause::OutOfMemory { restarts }
            | Cause::ProbeFails { restarts, .. }
            | Cause::CrashLoop { restarts, .. } => *restarts > 0,
            _ => return None,
        };
        Some(ContainerLog {
            pod: self.pod.as_deref()?,
            container: self.container.as_deref()?,
            previous,
        })
    }
}

impl Cause {
    /// The cause that says most comes first where several are known.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::InvalidImageName => 0,
            Self::ImageNeverPull => 1,
            Self::ImagePull => 2,
            Self::ConfigError { .. } => 3,
            Self::OutOfMemory { .. } => 4,
            Self::ProbeFails { .. } => 5,
            Self::CrashLoop { .. } => 6,
            Self::Refused => 7,
            Self::PodSetup { .. } => 8,
            Self::Unschedulable => 9,
            Self::PodFailed { .. } => 10,
            Self::StuckPod => 11,
            Self::DeadlineExceeded => 12,
        }
    }

    /// What a rule about restarts counts.
    pub(super) fn restarts(&self) -> u32 {
        match self {
            Self::OutOfMemory { restarts }
            | Self::ProbeFails { restarts, .. }
            | Self::CrashLoop { restarts, .. } => *restarts,
            _ => 0,
        }
    }
}

impl Rule {
    /// Whether the trouble hits every new pod alike, so that one pod is proof enough.
    pub(super) fn hits_every_pod(self) -> bool {
        matches!(
            self,
            Self::ImageMissing | Self::Config | Self::Refused | Self::Denied | Self::StuckPod
        )
    }
}
