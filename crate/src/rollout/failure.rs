//! Why a rollout fails, as data.

use crate::{
    kubernetes::{ContainerLog, ContainerRun},
    rollout::rules::Rule,
};

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
    /// The run of the container whose log tells more, where it ran at all.
    pub ran: Option<ContainerRun>,
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
    /// The hook that runs after the start of the container fails, and the kubelet ends it.
    HookFails {
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
    /// The kubelet ended the pod since it used more of the node's disk than its own limits grant.
    Evicted,
    /// The pod failed as a whole on its node.
    PodFailed {
        /// In Kubernetes' word: `UnexpectedAdmissionError`.
        reason: String,
    },
    /// The node of the pod does not answer.
    NodeNotReady {
        /// Its name.
        node: String,
    },
    /// Another condition of the pod than that of its containers is not true: a readiness gate.
    Condition {
        /// Its type: `target-health.elbv2.k8s.aws/web`.
        condition: String,
    },
    /// The container runs and is not ready, and no probe of it was seen to fail.
    NotReady {
        /// How often the container was started again.
        restarts: u32,
    },
    /// The pod is being deleted and does not end, and its controller waits for that.
    Terminating {
        /// The node that it is on.
        node: String,
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

impl Failure {
    /// The log that tells more, where the container ran at all.
    #[must_use]
    pub fn log(&self) -> Option<ContainerLog<'_>> {
        Some(ContainerLog {
            pod: self.pod.as_deref()?,
            container: self.container.as_deref()?,
            previous: self.ran? == ContainerRun::Previous,
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
            Self::ProbeFails { probe: ProbeKind::Startup | ProbeKind::Liveness, .. } => 5,
            Self::HookFails { .. } => 6,
            Self::CrashLoop { .. } => 7,
            Self::Refused => 8,
            Self::PodSetup { .. } => 9,
            Self::Unschedulable => 10,
            Self::Evicted => 11,
            Self::PodFailed { .. } => 12,
            Self::NodeNotReady { .. } => 13,
            Self::Condition { .. } => 14,
            Self::ProbeFails { probe: ProbeKind::Readiness, .. } => 15,
            Self::NotReady { .. } => 16,
            Self::Terminating { .. } => 17,
            Self::StuckPod => 18,
            Self::DeadlineExceeded => 19,
        }
    }

    /// What a rule about restarts counts.
    pub(super) fn restarts(&self) -> u32 {
        match self {
            Self::OutOfMemory { restarts }
            | Self::ProbeFails { restarts, .. }
            | Self::HookFails { restarts }
            | Self::CrashLoop { restarts, .. } => *restarts,
            _ => 0,
        }
    }
}

impl Rule {
    /// Whether the trouble may pass as soon as pods that are being deleted are gone.
    pub(super) fn may_wait_for_room(self) -> bool {
        matches!(self, Self::Refused | Self::Unschedulable | Self::PodSetup)
    }

    /// Whether the trouble hits every new pod alike, so that one pod is proof enough.
    pub(super) fn hits_every_pod(self) -> bool {
        matches!(
            self,
            Self::ImageMissing
                | Self::Config
                | Self::Refused
                | Self::Denied
                | Self::StuckPod
                | Self::Termination
        )
    }
}
