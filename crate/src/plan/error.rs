//! Why there is no plan.

use std::fmt;

use crate::{
    host::{Code, Coded, code, nearest::nearest},
    image::lines::EVERY,
    kubectl::TooLong,
    kubernetes::{Kind, Workload, WorkloadName},
};

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// A workload of the input is not in the cluster.
    NotFound {
        /// The workload.
        workload: WorkloadName,
        /// The namespace that was asked for.
        namespace: Option<String>,
    },
    /// A pod that a controller made, and makes anew with the image of its own template.
    MadeByAnother {
        /// The pod.
        workload: WorkloadName,
        /// What made it: `ReplicaSet web-5d8f`.
        by: String,
        /// The workload whose image decides, where it is known.
        instead: Option<WorkloadName>,
    },
    /// A selector fits no workload.
    NothingSelected {
        /// The selector, or [`EVERY`].
        selector: String,
        /// The namespace that was asked for.
        namespace: Option<String>,
    },
    /// A workload has no container of the name.
    NoContainer {
        /// The workload.
        workload: WorkloadName,
        /// The name that the input gives.
        container: String,
        /// The names it has.
        containers: Vec<String>,
        /// The names of its init containers.
        init_containers: Vec<String>,
    },
    /// No container of the workload runs the repository.
    NotRun {
        /// The workload.
        workload: WorkloadName,
        /// The repository.
        repository: String,
        /// The images it runs.
        images: Vec<String>,
    },
    /// No workload runs the repository.
    RunNowhere {
        /// The repository.
        repository: String,
        /// The namespaces that were asked for.
        namespaces: Vec<Option<String>>,
    },
    /// Two lines give one container different images.
    Contradiction {
        /// The workload.
        workload: WorkloadName,
        /// The container.
        container: String,
        /// The two images.
        images: [String; 2],
    },
    /// An image is there already, and `whenUnchanged` is `fail`.
    Unchanged {
        /// The workload.
        workload: String,
        /// The images it has.
        images: Vec<String>,
    },
    /// A command for the workload, there or back, is longer than the agent's system takes.
    TooLong {
        /// The workload.
        workload: String,
        /// How long.
        command: TooLong,
    },
    /// `undo` of a workload on which no run of the task has left a record.
    NoRecord {
        /// The workload.
        workload: WorkloadName,
    },
    /// `undo` of a workload whose record cannot be read.
    BadRecord {
        /// The workload.
        workload: WorkloadName,
        /// What is wrong with it.
        cause: String,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { workload, namespace } => write!(
                f,
                "{workload} not found{}. Check the name, the inputs namespace and context, and \
                 whether the workload has been deployed",
                within(namespace.as_ref())
            ),
            Self::MadeByAnother { workload, by, instead } => {
                write!(
                    f,
                    "{workload} is managed by {by}, which keeps its own image for the next pod. \
                     Set the image of "
                )?;
                match instead {
                    Some(instead) => write!(f, "{instead}"),
                    None => f.write_str("the workload that manages the pod"),
                }
            }
            Self::NothingSelected { selector, namespace } if selector == EVERY => write!(
                f,
                "--all matches nothing{}. Check the kind, and the inputs namespace and context",
                within(namespace.as_ref())
            ),
            Self::NothingSelected { selector, namespace } => write!(
                f,
                "the selector {selector} matches nothing{}. Compare it with kubectl get \
                 deployments --show-labels, and check the inputs namespace and context",
                within(namespace.as_ref())
            ),
            Self::NoContainer { workload, container, containers, init_containers } => {
                write!(f, "container {container} not found in {workload}. ")?;
                let all = containers.iter().chain(init_containers).map(String::as_str);
                if let Some(similar) = nearest(container, all) {
                    write!(f, "Did you mean {similar}? ")?;
                }
                write!(f, "Containers: {}", containers.join(", "))?;
                if !init_containers.is_empty() {
                    write!(f, "; init containers: {}", init_containers.join(", "))?;
                }
                Ok(())
            }
            Self::NotRun { workload, repository, images } => write!(
                f,
                "repository {repository} not found in {workload}, which runs {}. Name the \
                 container: {workload} CONTAINER={repository}",
                images.join(", ")
            ),
            Self::RunNowhere { repository, namespaces } => {
                let named: Vec<&str> = namespaces.iter().flatten().map(String::as_str).collect();
                let place = match named.as_slice() {
                    [] => String::new(),
                    named => format!(" of the namespace {}", named.join(", ")),
                };
                write!(
                    f,
                    "repository {repository} not found in any workload{place}. Check the inputs \
                     namespace and context, or name the workload: deployments/NAME \
                     CONTAINER={repository}"
                )
            }
            Self::Contradiction { workload, container, images: [first, second] } => write!(
                f,
                "images: two lines set {container} of {workload}, to {first} and to {second}. \
                 Keep one of them"
            ),
            Self::Unchanged { workload, images } => write!(
                f,
                "{workload} already has {}, and whenUnchanged is fail. Give every build a unique \
                 tag, or set whenUnchanged to warn, succeed or restart",
                images.join(", ")
            ),
            Self::TooLong { workload, command: TooLong { length, limit } } => write!(
                f,
                "{workload} gets so many images that the command line would have {length} \
                 characters, and Windows allows {limit}. Use a Linux or macOS agent, or several \
                 steps"
            ),
            Self::NoRecord { workload } => write!(
                f,
                "{workload} has no record of a previous image, so it cannot be rolled back. Find \
                 the previous image with kubectl rollout history {workload}"
            ),
            Self::BadRecord { workload, cause } => write!(
                f,
                "the record of {workload} in its annotation {} is invalid: {cause}. Set the \
                 previous image with kubectl set image, and remove the annotation",
                crate::plan::record::ANNOTATION
            ),
        }
    }
}

impl PlanError {
    /// The error of a pod that a controller made. A `ReplicaSet` with the hash of a template in its name
    /// is that of a Deployment.
    pub(super) fn made_by_another(pod: &Workload) -> Option<Self> {
        let owner = pod.metadata.controller().filter(|_| pod.kind == Kind::Pod)?;
        let hash = pod.metadata.labels.get("pod-template-hash");
        let deployment = hash.and_then(|hash| owner.name.strip_suffix(hash)?.strip_suffix('-'));
        let instead = match (deployment, Kind::parse(&owner.kind)) {
            (Some(name), Some(Kind::ReplicaSet)) => Some((Kind::Deployment, name)),
            (_, kind) => kind.map(|kind| (kind, owner.name.as_str())),
        };
        Some(Self::MadeByAnother {
            workload: pod.workload_name(),
            by: format!("{} {}", owner.kind, owner.name),
            instead: instead.map(|(kind, name)| WorkloadName { kind, name: name.to_owned() }),
        })
    }
}

fn within(namespace: Option<&String>) -> String {
    namespace.map_or(String::new(), |namespace| format!(" in the namespace {namespace}"))
}

impl Coded for PlanError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => code::WORKLOAD_NOT_FOUND,
            Self::MadeByAnother { .. } => code::MANAGED_POD,
            Self::NothingSelected { .. } => code::NOTHING_SELECTED,
            Self::NoContainer { .. } => code::CONTAINER_NOT_FOUND,
            Self::NotRun { .. } => code::IMAGE_NOT_IN_WORKLOAD,
            Self::RunNowhere { .. } => code::IMAGE_NOT_FOUND,
            Self::Contradiction { .. } => code::CONTRADICTION,
            Self::Unchanged { .. } => code::UNCHANGED,
            Self::TooLong { .. } => code::COMMAND_TOO_LONG,
            Self::NoRecord { .. } => code::NO_RECORD,
            Self::BadRecord { .. } => code::INVALID_RECORD,
        }
    }
}
