//! What is to become of one workload.

use crate::{
    kubernetes::{Container, Kind, Note, Owner, Ran, Selector, Workload, WorkloadName},
    rollout::Hold,
};

/// What is to become of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Its name.
    pub name: WorkloadName,
    /// The namespace it is in.
    pub namespace: String,
    /// The namespace that kubectl has to be told.
    pub asked: Option<String>,
    /// Its `metadata.uid`: another workload of the same name has another one.
    pub uid: String,
    /// Of a pod, its containers as they ran when it was read.
    pub ran: Vec<Ran>,
    /// Its `metadata.generation` as it was read.
    pub generation: i64,
    /// The labels of its pods, as kubectl takes them, where they say it all.
    pub selector: Option<String>,
    /// The containers that an image is for.
    pub containers: Vec<ContainerChange>,
    /// The record of the run before, if there is one.
    pub record: Option<String>,
    /// The sentence of the change before, if there is one.
    pub change_cause: Option<String>,
    /// The annotations of [`crate::kubernetes::TRACE`] as they were before.
    pub trace: Vec<Note>,
    /// Why nothing replaces its pods, where that is so whatever is set.
    pub hold: Option<Hold>,
    /// The containers whose node pulls nothing where it has a copy of the tag, and that have a tag
    /// alone.
    pub cached: Vec<String>,
    /// Who sets its images besides the step.
    pub owners: Vec<Owner>,
    /// Whether its pods are to be replaced though no image changes.
    pub restart: bool,
    /// Whether no line names it, but one means every workload of its kind.
    pub by_all: bool,
    /// Whether one image is for every container.
    pub(super) every: bool,
}

/// The image of one container, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerChange {
    /// The container's name.
    pub container: String,
    /// Whether it is an init container.
    pub init: bool,
    /// The image it has, as the workload spells it.
    pub old: String,
    /// The image it is to have.
    pub new: String,
}

impl Planned {
    /// Its plan before any image is for it.
    pub(super) fn untouched(asked: Option<&str>, workload: &Workload) -> Self {
        let annotations = &workload.metadata.annotations;
        Self {
            name: workload.workload_name(),
            namespace: workload.metadata.namespace.clone(),
            asked: asked.map(str::to_owned),
            uid: workload.metadata.uid.clone(),
            ran: workload.ran(),
            generation: workload.metadata.generation,
            hold: Hold::of_workload(workload),
            cached: cached(workload),
            owners: Vec::new(),
            selector: workload.spec.selector.as_ref().and_then(Selector::labels),
            containers: Vec::new(),
            record: annotations.replaced.clone(),
            change_cause: annotations.change_cause.clone(),
            trace: annotations.trace(),
            restart: false,
            by_all: false,
            every: false,
        }
    }

    /// Its name, with the namespace where names alone say too little.
    #[must_use]
    pub fn title(&self, with_namespace: bool) -> String {
        if with_namespace {
            format!("{}/{}", self.namespace, self.name)
        } else {
            self.name.to_string()
        }
    }

    /// The same for the log: `deployment/web`, or `shop/deployment/web`.
    #[must_use]
    pub fn label(&self, with_namespace: bool) -> String {
        let name = self.name.singular();
        if with_namespace { format!("{}/{name}", self.namespace) } else { name }
    }

    /// Whether nothing at all is done to it.
    #[must_use]
    pub fn is_left_as_it_is(&self) -> bool {
        !self.changes() && !self.restart
    }

    /// Whether a container gets another image.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.containers.iter().any(ContainerChange::changes)
    }

    /// Of a pod, the containers that the kubelet replaces since they get another image.
    #[must_use]
    pub fn replaced(&self) -> Vec<Ran> {
        let changes = |ran: &&Ran| {
            self.containers.iter().any(|c| c.changes() && c.container == ran.container)
        };
        self.ran.iter().filter(changes).cloned().collect()
    }

    /// Whether `kubectl rollout restart` takes this kind.
    #[must_use]
    pub fn can_restart(&self) -> bool {
        self.hold != Some(Hold::Paused)
            && matches!(self.name.kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet)
    }

    /// Whether a container of it may run a copy that its node has, in place of what was pushed.
    #[must_use]
    pub fn pulls_nothing(&self) -> bool {
        self.containers.iter().any(|change| self.cached.contains(&change.container))
    }

    /// The containers and their images as kubectl takes them.
    pub(super) fn pairs(&self) -> Vec<String> {
        match self.containers.first() {
            Some(first) if self.every => vec![format!("*={}", first.new)],
            _ => self.containers.iter().map(|c| format!("{}={}", c.container, c.new)).collect(),
        }
    }
}

impl ContainerChange {
    /// Whether the two images differ.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.old != self.new
    }
}

/// The containers with `imagePullPolicy: IfNotPresent` and a tag that could be pushed again.
fn cached(workload: &Workload) -> Vec<String> {
    let may_be = |container: &&Container| {
        container.image_pull_policy == "IfNotPresent" && !container.image.contains('@')
    };
    workload.all_containers().filter(may_be).map(|container| container.name.clone()).collect()
}
