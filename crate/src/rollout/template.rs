//! Which pods are a workload's, and which of them are of its newest template.

use crate::{
    kubernetes::{Kind, Metadata, Pod, Workload},
    rollout::{
        Goal,
        observation::Observation,
        store::{Entry, Presence},
    },
};

/// A pod of a workload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owned<'a> {
    pub(super) entry: &'a Entry<Pod>,
    /// Whether it is of the newest template.
    pub(super) is_new: bool,
}

/// How the pods of the newest template are told apart.
enum Mark<'a> {
    /// By the replica set that owns them.
    Owner(&'a str),
    /// By the value of a label.
    Label(&'static str, &'a str),
    /// By the containers that the kubelet has replaced in it.
    Containers,
    /// By the images of their containers: what marks them better was not seen.
    Images,
}

/// The label of a StatefulSet's or a DaemonSet's pods that names their revision.
const REVISION: &str = "controller-revision-hash";
/// The label of a DaemonSet's pods that has the generation of their template.
const GENERATION: &str = "pod-template-generation";

impl Owned<'_> {
    /// Whether the pod is there, and is not being deleted.
    pub(super) fn stays(&self) -> bool {
        self.is_there() && !self.entry.object.is_terminating()
    }

    /// Whether the pod is there.
    pub(super) fn is_there(&self) -> bool {
        self.entry.presence == Presence::Seen
    }
}

/// All pods of the workload by their names, those that were deleted too.
///
/// Of a Deployment they are those that its replica sets own; where none of these may be read, those
/// that the selector finds. Those of the newest template are
/// - of a Deployment those of the replica set that is at the Deployment's revision,
/// - of a StatefulSet those labelled with its `updateRevision`,
/// - of a DaemonSet those labelled with the generation of its template, or with the same revision as
///   one of these,
/// - of a pod itself, once the kubelet deals with the new images,
/// - and where that cannot be told, those whose containers have the images that they are to have.
pub(super) fn pods<'a>(
    goal: &Goal,
    workload: &'a Workload,
    seen: &'a Observation,
) -> Vec<Owned<'a>> {
    let uid = &workload.metadata.uid;
    let mut pods: Vec<&Entry<Pod>> = Vec::new();
    let mut mark = mark(workload);
    if workload.kind == Kind::Deployment {
        let mut sets = seen.workloads.owned_by(uid).map(|entry| &entry.object.metadata).peekable();
        if sets.peek().is_none() {
            pods.extend(seen.pods.known().filter(|pod| workload.selects(&pod.object)));
        } else {
            let newest = newest_set(goal, workload, seen);
            mark = Mark::Owner(newest.map_or("", |set| &set.object.metadata.uid));
        }
        for set in sets {
            pods.extend(seen.pods.ever_owned_by(&set.uid));
        }
    } else if workload.kind == Kind::Pod {
        pods.extend(seen.pods.known().filter(|pod| pod.object.metadata.uid == *uid));
    } else {
        pods.extend(seen.pods.ever_owned_by(uid));
    }
    if let Mark::Label(GENERATION, _) = mark {
        mark = by_revision(&pods, mark);
    }
    pods.sort_by(|a, b| a.object.metadata.name.cmp(&b.object.metadata.name));
    let owned = |entry| Owned { entry, is_new: is_new(&entry.object, &mark, goal) };
    pods.into_iter().map(owned).collect()
}

/// The replica set with the newest template of a Deployment. A Deployment that was scaled with the
/// change is observed, and still at the revision before, until its replica set is made.
pub(super) fn newest_set<'a>(
    goal: &Goal,
    deployment: &Workload,
    seen: &'a Observation,
) -> Option<&'a Entry<Workload>> {
    let mut sets = seen.workloads.owned_by(&deployment.metadata.uid);
    sets.find(|set| {
        is_at_revision_of(&set.object.metadata, &deployment.metadata)
            && goal.other_image(&set.object).is_none()
    })
}

fn is_at_revision_of(set: &Metadata, deployment: &Metadata) -> bool {
    let revision = &deployment.annotations.revision;
    revision.is_some() && set.annotations.revision == *revision
}

fn mark(workload: &Workload) -> Mark<'_> {
    let generation = workload.metadata.annotations.template_generation.as_deref();
    match workload.kind {
        Kind::StatefulSet if !workload.status.update_revision.is_empty() => {
            Mark::Label(REVISION, &workload.status.update_revision)
        }
        Kind::Pod => Mark::Containers,
        Kind::DaemonSet => generation.map_or(Mark::Images, |at| Mark::Label(GENERATION, at)),
        _ => Mark::Images,
    }
}

/// A DaemonSet that goes back to a template keeps the pods that still have it, with the label of the
/// generation that they were made in. So the newest ones are all that have the revision of one of
/// the newest generation.
fn by_revision<'a>(pods: &[&'a Entry<Pod>], mark: Mark<'a>) -> Mark<'a> {
    let Mark::Label(label, value) = mark else { return mark };
    let mut labels = pods.iter().map(|pod| &pod.object.metadata.labels);
    let newest = labels.find(|labels| labels.get(label).is_some_and(|known| known == value));
    let revision = newest.and_then(|labels| labels.get(REVISION));
    revision.map_or(Mark::Label(label, value), |revision| Mark::Label(REVISION, revision))
}

fn is_new(pod: &Pod, mark: &Mark<'_>, goal: &Goal) -> bool {
    match mark {
        Mark::Owner(uid) => pod.metadata.controller().is_some_and(|owner| owner.uid == *uid),
        Mark::Label(label, value) => match pod.metadata.labels.get(*label) {
            Some(label) => label == value,
            None => has_images(pod, goal),
        },
        Mark::Containers => has_images(pod, goal) && are_dealt_with(pod, goal),
        Mark::Images => has_images(pod, goal),
    }
}

fn has_images(pod: &Pod, goal: &Goal) -> bool {
    goal.images.iter().all(|(container, image)| {
        pod.spec.all_containers().any(|c| c.name == *container && c.image == *image)
    })
}

/// Whether what the status says of the containers is of their new images. While a new image is not
/// there the status keeps the id of the container before, and what it waits for has the image's name.
fn are_dealt_with(pod: &Pod, goal: &Goal) -> bool {
    let status = &pod.status;
    if ["Succeeded", "Failed"].contains(&status.phase.as_str()) {
        return true;
    }
    goal.before.iter().all(|ran| {
        let mut all = status.init_container_statuses.iter().chain(&status.container_statuses);
        let status = all.find(|status| status.name == ran.container);
        let image = goal.images.iter().find(|(container, _)| *container == ran.container);
        let (Some(status), Some((_, image))) = (status, image) else { return true };
        let waits =
            status.state.waiting.as_ref().is_some_and(|waiting| match waiting.reason.as_str() {
                "CrashLoopBackOff" | "ContainerCreating" | "PodInitializing" => false,
                "ErrImagePull" | "ImagePullBackOff" => waiting.message.contains(image.as_str()),
                _ => true,
            });
        waits || ran.is_replaced(status)
    })
}
