//! What watching rollouts is to do about stuck pods, and how it ends.

use crate::{host::Age, kubernetes::ApiError};

/// What becomes of a pod of a failed rollout that keeps a `StatefulSet` from going back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StuckPods {
    /// Nothing is done about it.
    Wait,
    /// The way back ends there, and the pod is named.
    Name,
    /// It is deleted.
    Delete,
    /// It is deleted once it is certain that the rollout waits for it in vain.
    DeleteOnceCertain,
}

/// Why the watch is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WatchResult {
    /// Every rollout is settled, or one has failed and that is enough.
    Settled,
    /// The time is over.
    TimedOut(Age),
    /// The workloads cannot be watched any more.
    Lost(ApiError),
}
