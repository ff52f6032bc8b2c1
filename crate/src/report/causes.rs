//! Why a rollout failed, in a sentence, and the command that tells more.

use crate::{
    kubectl::Target,
    kubernetes::WorkloadName,
    rollout::{
        Cause, Failure, ProbeKind, Stage, Waiting,
        proof::{Difference, Expected, Unproven, Why},
    },
};

/// Names the pod, the container and the cause, with the words of Kubernetes, and ends with a command
/// to paste; the workload is named before it.
#[must_use]
pub fn sentence(target: &Target, workload: &WorkloadName, failure: &Failure) -> String {
    let given_up = if failure.deadline_passed && failure.cause != Cause::DeadlineExceeded {
        " Kubernetes gave the rollout up: its progress deadline passed."
    } else {
        ""
    };
    let place = place(failure);
    let what = what(&failure.cause);
    let words = words(failure);
    let cure = cure(failure);
    let look = look(target, workload, failure);
    format!("{place}{what}{words}.{given_up}{cure} See: {look}")
}

/// The cause for a line that names the pod.
pub(super) fn in_short(failure: &Failure) -> String {
    let container = failure.container.as_ref().map_or(String::new(), |name| format!("{name} "));
    format!("{container}{}{}", what(&failure.cause), words(failure))
}

/// The longest message in a line about the progress, in characters.
const SHORT: usize = 160;

/// What a rollout waits for, in a few words for the line about its progress: `unschedulable: 0/3
/// nodes are available: 3 Insufficient cpu`. The pod is not named.
#[must_use]
pub fn waiting(waiting: &Waiting) -> String {
    let failure = match waiting {
        Waiting::Pod { stage, .. } => return stage_in_short(stage),
        Waiting::Trouble(failure) => failure,
    };
    let what = match &failure.cause {
        Cause::ImagePull => "image cannot be pulled".to_owned(),
        Cause::InvalidImageName => "image name is invalid".to_owned(),
        Cause::ImageNeverPull => "image is not on the node".to_owned(),
        Cause::ConfigError { reason } | Cause::PodSetup { reason } => reason.clone(),
        Cause::OutOfMemory { restarts } => format!("OOMKilled{}", again(*restarts)),
        Cause::ProbeFails { probe, .. } => format!("{} probe failing", probe_name(*probe)),
        Cause::HookFails { restarts } => format!("FailedPostStartHook{}", again(*restarts)),
        Cause::CrashLoop { exit_code, restarts, .. } => {
            format!("ended with exit code {exit_code}{}", again(*restarts))
        }
        Cause::Refused => "pods may not be created".to_owned(),
        Cause::Unschedulable => "unschedulable".to_owned(),
        Cause::Evicted => "evicted".to_owned(),
        Cause::PodFailed { reason } => format!("pod failed, {reason}"),
        Cause::NodeNotReady { node } => format!("node{} does not answer", named(node)),
        Cause::Condition { condition } => format!("{condition} is not true"),
        Cause::NotReady { .. } => "runs and is not ready".to_owned(),
        Cause::Terminating { node } if node.is_empty() => "old pod ends".to_owned(),
        Cause::Terminating { node } => format!("old pod on node {node} ends"),
        Cause::StuckPod => "pod of an earlier change is not ready".to_owned(),
        Cause::DeadlineExceeded => "progress deadline passed".to_owned(),
    };
    let container = failure.container.as_ref().map_or(String::new(), |name| format!("{name}: "));
    // What the scheduler says of preemption repeats what it has said before.
    let message = failure.message.trim();
    let message = message.split_once(" preemption: ").map_or(message, |(before, _)| before);
    let message = message.trim_end_matches('.');
    let message = match message.char_indices().nth(SHORT) {
        _ if message.is_empty() => String::new(),
        Some((end, _)) => format!(": {}…", &message[..end]),
        None => format!(": {message}"),
    };
    format!("{container}{what}{message}")
}

fn stage_in_short(stage: &Stage) -> String {
    match stage {
        Stage::Scheduling => "waiting for a node".to_owned(),
        Stage::Creating => "ContainerCreating".to_owned(),
        Stage::Pulling(container) => format!("{container}: pulling image"),
        Stage::Initializing(container) => format!("init container {container} runs"),
        Stage::Settling => "ready, and not yet for minReadySeconds".to_owned(),
        Stage::Ending => "old pod ends".to_owned(),
    }
}

fn probe_name(probe: ProbeKind) -> &'static str {
    match probe {
        ProbeKind::Startup => "startup",
        ProbeKind::Liveness => "liveness",
        ProbeKind::Readiness => "readiness",
    }
}

/// What a pod runs that is not what was pushed, and why, in a sentence that does not name the
/// workload.
#[must_use]
pub fn difference(difference: &Difference) -> String {
    let Difference { pod, node, container, running, expected, why } = difference;
    let node = if node.is_empty() { String::new() } else { format!(" on node {node}") };
    let expected = match expected {
        Expected::Pushed(digest) => format!("the registry has {digest}"),
        Expected::OtherPods(digest) => format!("most of the other pods run {digest}"),
    };
    let why = match why {
        Why::CachedCopy => {
            ": its imagePullPolicy is IfNotPresent, and the node had a copy of the tag"
        }
        Why::NeverPulled => ": its imagePullPolicy is Never, and the node took the copy it has",
        Why::PulledBefore => {
            ": the tag was pushed again after the pod had pulled it, or the node pulls from \
             elsewhere"
        }
        Why::NotStated => "",
    };
    format!(
        "container {container} of pod {pod}{node} runs {running}, but {expected}{why}. Set pin: \
         digest, or give every build a tag of its own"
    )
}

/// Why nobody can tell what a workload runs.
#[must_use]
pub fn unproven(why: &Unproven) -> String {
    match why {
        Unproven::NoPods => "there is no new pod".to_owned(),
        Unproven::NotAsked => "the registry was not asked, or did not tell".to_owned(),
        Unproven::NotReported { pod, container } => {
            format!("pod {pod} does not say what its container {container} runs")
        }
        Unproven::UnknownForm { pod, image_id } => {
            format!("the imageID of pod {pod} has an unknown form: {image_id:?}")
        }
        Unproven::OnlyImageId { pod, id } => format!(
            "pod {pod} only says {id}, which is not the digest of the reference and may still be \
             of the same image"
        ),
        Unproven::OtherImage { pod, image } => format!("pod {pod} runs the image {image:?}"),
    }
}

fn words(failure: &Failure) -> String {
    match failure.message.trim() {
        "" => String::new(),
        words => format!(": {}", words.trim_end_matches('.')),
    }
}

fn place(failure: &Failure) -> String {
    let kind = if failure.init { "init container" } else { "container" };
    match (&failure.pod, &failure.container) {
        (Some(pod), Some(container)) => format!("{kind} {container} of pod {pod} "),
        (Some(pod), None) => format!("pod {pod} "),
        _ => String::new(),
    }
}

fn what(cause: &Cause) -> String {
    match cause {
        Cause::ImagePull => "cannot start, its image cannot be pulled".to_owned(),
        Cause::InvalidImageName => "cannot start, its image has no valid name".to_owned(),
        Cause::ImageNeverPull => {
            "cannot start, its image is not on the node and its imagePullPolicy is Never".to_owned()
        }
        Cause::ConfigError { reason } => format!("cannot be started ({reason})"),
        Cause::OutOfMemory { restarts } => {
            format!(
                "is killed for using more memory than its limit (OOMKilled{})",
                again(*restarts)
            )
        }
        Cause::ProbeFails { probe: ProbeKind::Readiness, .. } => {
            "runs and does not become ready, its readiness probe fails".to_owned()
        }
        Cause::ProbeFails { probe, restarts } => {
            let probe = probe_name(*probe);
            match restarts {
                0 => format!("runs and is not ready, its {probe} probe fails"),
                _ => format!(
                    "is ended by the kubelet, its {probe} probe fails ({restarts} restarts)"
                ),
            }
        }
        Cause::HookFails { restarts } => format!(
            "is ended by the kubelet, its postStart hook fails (FailedPostStartHook{})",
            again(*restarts)
        ),
        Cause::CrashLoop { exit_code, reason, restarts } => {
            format!("ends again and again (exit code {exit_code}, {reason}{})", again(*restarts))
        }
        Cause::Refused => "its pods may not be created".to_owned(),
        Cause::PodSetup { reason } => {
            format!("does not get its volumes or its network ({reason})")
        }
        Cause::Unschedulable => "is taken by no node".to_owned(),
        Cause::Evicted => "is evicted for using more than its own limits".to_owned(),
        Cause::PodFailed { reason } => format!("failed on its node ({reason})"),
        Cause::NodeNotReady { node } => {
            format!("is not ready, its node{} does not answer", named(node))
        }
        Cause::Condition { condition } => {
            format!("is not ready, its condition {condition} is not true")
        }
        Cause::NotReady { .. } => "runs and is not ready".to_owned(),
        Cause::Terminating { node } => {
            let on = if node.is_empty() { String::new() } else { format!(" on node {node}") };
            format!(
                "is being deleted and has not ended yet{on}, and no other takes its place before it \
                 has"
            )
        }
        Cause::StuckPod => "is of an earlier change and not ready, and a StatefulSet replaces no \
                            pod before it is"
            .to_owned(),
        Cause::DeadlineExceeded => {
            "Kubernetes gave the rollout up: its progress deadline passed, and no pod says why"
                .to_owned()
        }
    }
}

/// A name for the middle of a sentence.
fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" {name}") }
}

fn again(restarts: u32) -> String {
    match restarts {
        0 => String::new(),
        1 => ", 1 restart".to_owned(),
        restarts => format!(", {restarts} restarts"),
    }
}

fn cure(failure: &Failure) -> &'static str {
    match failure.cause {
        Cause::StuckPod => " Delete the pod, and the rollout goes on.",
        Cause::Terminating { .. } => {
            " Bring the node back, or, where it is gone for good, delete the pod with --force \
             --grace-period=0."
        }
        _ => "",
    }
}

/// The command that tells more.
fn look(target: &Target, workload: &WorkloadName, failure: &Failure) -> String {
    if let Some(log) = failure.log() {
        return target.logs(&log).to_string();
    }
    let object = match &failure.pod {
        Some(pod) => format!("pods/{pod}"),
        None => workload.to_string(),
    };
    target.describe(&object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::{ContainerRun, Kind};

    fn check(pod: bool, container: bool, cases: &[(Cause, &str, &str)]) {
        let target = Target { namespace: Some("shop".into()), ..Target::default() };
        let workload = WorkloadName { kind: Kind::StatefulSet, name: "web".into() };
        for (cause, message, expected) in cases {
            let failure = Failure {
                cause: cause.clone(),
                pod: pod.then(|| "web-1".into()),
                container: container.then(|| "app".into()),
                init: false,
                message: (*message).into(),
                ran: match cause {
                    Cause::OutOfMemory { .. }
                    | Cause::CrashLoop { .. }
                    | Cause::HookFails { .. }
                    | Cause::ProbeFails {
                        probe: ProbeKind::Startup | ProbeKind::Liveness, ..
                    } => Some(ContainerRun::Previous),
                    Cause::ProbeFails { .. } | Cause::NotReady { .. } => Some(ContainerRun::Newest),
                    _ => None,
                },
                deadline_passed: false,
            };
            let said = sentence(&target, &workload, &failure);
            assert_eq!(said, *expected);
        }
    }

    fn reason(reason: &str) -> String {
        reason.to_owned()
    }

    #[test]
    fn a_container_is_named_with_its_pod() {
        let probe = |probe| Cause::ProbeFails { probe, restarts: 2 };
        let cases = [
            (
                Cause::ImagePull,
                "a.io/web:2: not found",
                "container app of pod web-1 cannot start, its image cannot be pulled: a.io/web:2: \
                 not found. See: kubectl describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::InvalidImageName,
                "invalid reference format",
                "container app of pod web-1 cannot start, its image has no valid name: invalid \
                 reference format. See: kubectl describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::ImageNeverPull,
                "",
                "container app of pod web-1 cannot start, its image is not on the node and its \
                 imagePullPolicy is Never. See: kubectl describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::ConfigError { reason: reason("CreateContainerConfigError") },
                "configmap \"settings\" not found",
                "container app of pod web-1 cannot be started (CreateContainerConfigError): \
                 configmap \"settings\" not found. See: kubectl describe pods/web-1 \
                 --namespace=shop",
            ),
            (
                Cause::OutOfMemory { restarts: 1 },
                "",
                "container app of pod web-1 is killed for using more memory than its limit \
                 (OOMKilled, 1 restart). See: kubectl logs web-1 --container=app --previous \
                 --namespace=shop",
            ),
            (
                probe(ProbeKind::Readiness),
                "Readiness probe failed: HTTP probe failed with statuscode: 503",
                "container app of pod web-1 runs and does not become ready, its readiness probe \
                 fails: Readiness probe failed: HTTP probe failed with statuscode: 503. See: \
                 kubectl logs web-1 --container=app --namespace=shop",
            ),
            (
                probe(ProbeKind::Startup),
                "",
                "container app of pod web-1 is ended by the kubelet, its startup probe fails (2 \
                 restarts). See: kubectl logs web-1 --container=app --previous --namespace=shop",
            ),
            (
                probe(ProbeKind::Liveness),
                "",
                "container app of pod web-1 is ended by the kubelet, its liveness probe fails (2 \
                 restarts). See: kubectl logs web-1 --container=app --previous --namespace=shop",
            ),
            (
                Cause::CrashLoop { exit_code: 3, reason: reason("Error"), restarts: 2 },
                "no database",
                "container app of pod web-1 ends again and again (exit code 3, Error, 2 restarts): \
                 no database. See: kubectl logs web-1 --container=app --previous --namespace=shop",
            ),
        ];
        check(true, true, &cases);
    }

    #[test]
    fn a_pod_is_named_alone() {
        let cases = [
            (
                Cause::PodSetup { reason: reason("FailedMount") },
                "timed out",
                "pod web-1 does not get its volumes or its network (FailedMount): timed out. See: \
                 kubectl describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::Unschedulable,
                "0/3 nodes are available",
                "pod web-1 is taken by no node: 0/3 nodes are available. See: kubectl describe \
                 pods/web-1 --namespace=shop",
            ),
            (
                Cause::PodFailed { reason: reason("UnexpectedAdmissionError") },
                "no devices",
                "pod web-1 failed on its node (UnexpectedAdmissionError): no devices. See: kubectl \
                 describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::StuckPod,
                "",
                "pod web-1 is of an earlier change and not ready, and a StatefulSet replaces no \
                 pod before it is. Delete the pod, and the rollout goes on. See: kubectl describe \
                 pods/web-1 --namespace=shop",
            ),
        ];
        check(true, false, &cases);
    }

    #[test]
    fn what_no_pod_says_is_the_workloads() {
        let cases = [
            (
                Cause::Refused,
                "exceeded quota: team.",
                "its pods may not be created: exceeded quota: team. See: kubectl describe \
                 statefulsets/web --namespace=shop",
            ),
            (
                Cause::DeadlineExceeded,
                "",
                "Kubernetes gave the rollout up: its progress deadline passed, and no pod says \
                 why. See: kubectl describe statefulsets/web --namespace=shop",
            ),
        ];
        check(false, false, &cases);
    }
}
