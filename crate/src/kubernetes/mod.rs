//! Kubernetes, as data: the objects that are read, requests, what went wrong with one, and the machine
//! that lists a collection and then watches it.
//!
//! Of the objects there are the fields that a decision needs. They carry the names and the meaning of
//! the Kubernetes API reference (apps/v1, batch/v1, core/v1); one that a kind does not have stays at its
//! default.
//!
//! Nothing here sends anything. A request goes to the API server through the one `kubectl proxy` of
//! the run, and its answer comes back in chunks.

mod container_log;
mod error;
mod event;
mod kind;
mod list_watch;
mod managers;
mod metadata;
mod node;
mod owner;
mod pod;
mod request;
mod response;
pub mod selector;
mod workload;

pub use container_log::{ContainerLog, ContainerRun, is_no_log};
pub use error::ApiError;
pub use event::{Event, InvolvedObject, Series, Source};
pub(crate) use kind::is_label;
pub use kind::{Kind, WorkloadName};
pub use list_watch::{Heard, ListWatch, Picture, Want};
pub use managers::{ImageManager, Operation};
pub use metadata::{Annotations, Condition, Metadata, Note, OwnerReference, TRACE};
pub use node::{Node, NodeInfo, NodeStatus};
pub use owner::{FluxKind, Owner, last_change, owners};
pub use pod::{
    Container, ContainerState, ContainerStatus, Pod, PodSpec, PodStatus, Ran, ReadinessGate,
    Running, Terminated, Waiting,
};
pub use request::{Collection, PATHS, REJECTED_METHODS};
pub use response::{List, Response, next_page, read};
pub use selector::{Requirement, Selector};
pub use workload::{Spec, Status, Workload};
