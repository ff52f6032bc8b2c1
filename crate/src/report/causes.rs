//! Why a rollout failed, in a sentence, and the command that tells more.

use crate::{
    host::{Code, code},
    kubectl::Target,
    kubernetes::WorkloadName,
    rollout::{
        Cause, Failure, ProbeKind, Stage, Waiting,
        proof::{Difference, Expected, Unproven, Why},
    },
};

/// Names the container, the cause and the pod, with the words of Kubernetes and what to do; without the
/// last full stop. The workload is named before it.
#[must_use]
pub fn sentence(failure: &Failure) -> String {
    let pod = match (&failure.pod, &failure.container) {
        (Some(pod), Some(_)) => format!(" in pod {pod}"),
        _ => String::new(),
    };
    let given_up = if failure.deadline_passed && failure.cause != Cause::DeadlineExceeded {
        ". The rollout has exceeded its progress deadline"
    } else {
        ""
    };
    let (subject, what) = (subject(failure), what(&failure.cause));
    format!("{subject}{what}{pod}{}{given_up}{}", words(failure), cure(failure))
}

/// The cause where the pod is named beside it: `container app is crash-looping (exit code 3)`.
pub(super) fn in_short(failure: &Failure) -> String {
    let container = subject(&Failure { pod: None, ..failure.clone() });
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
        Cause::ImagePull => "image pull failed".to_owned(),
        Cause::InvalidImageName => "invalid image name".to_owned(),
        Cause::ImageNeverPull => "image not on the node".to_owned(),
        Cause::ConfigError { reason } | Cause::PodSetup { reason } => reason.clone(),
        Cause::OutOfMemory { restarts } => format!("OOMKilled{}", again(*restarts)),
        Cause::ProbeFails { probe, .. } => format!("{} probe failing", probe_name(*probe)),
        Cause::HookFails { restarts } => format!("FailedPostStartHook{}", again(*restarts)),
        Cause::CrashLoop { exit_code, restarts: 0, .. } => format!("exited with code {exit_code}"),
        Cause::CrashLoop { exit_code, restarts, .. } => {
            format!("CrashLoopBackOff (exit code {exit_code}{})", again(*restarts))
        }
        Cause::Refused => "pods cannot be created".to_owned(),
        Cause::Unschedulable => "unschedulable".to_owned(),
        Cause::Evicted => "evicted".to_owned(),
        Cause::PodFailed { reason } => format!("pod failed, {reason}"),
        Cause::NodeNotReady { node } => format!("node{} does not answer", named(node)),
        Cause::Condition { condition } => format!("{condition} is not true"),
        Cause::NotReady { .. } => "running, not ready".to_owned(),
        Cause::Terminating { node } if node.is_empty() => "old pod terminating".to_owned(),
        Cause::Terminating { node } => format!("old pod on node {node} terminating"),
        Cause::StuckPod => "pod of an earlier change not ready".to_owned(),
        Cause::DeadlineExceeded => "progress deadline exceeded".to_owned(),
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
        Stage::Initializing(container) => format!("init container {container} running"),
        Stage::Settling => "ready, waiting for minReadySeconds".to_owned(),
        Stage::Ending => "old pod terminating".to_owned(),
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
        Expected::OtherPods(digest) => format!("most other pods run {digest}"),
    };
    let why = match why {
        Why::CachedCopy => {
            ", since the node had a copy of the tag and imagePullPolicy is IfNotPresent"
        }
        Why::NeverPulled => ", since imagePullPolicy is Never",
        Why::PulledBefore => ", since the tag was pushed again, or the node pulls from elsewhere",
        Why::NotStated => "",
    };
    format!(
        "container {container} of pod {pod}{node} runs {running}, but {expected}{why}. Set pin: \
         digest, or give every build a unique tag"
    )
}

/// Why nobody can tell what a workload runs.
#[must_use]
pub fn unproven(why: &Unproven) -> String {
    match why {
        Unproven::NoPods => "no new pod was seen".to_owned(),
        Unproven::NotAllSeen { seen, of } => format!("only {seen} of {of} new pods were seen"),
        Unproven::NotAsked => "not checked in the registry".to_owned(),
        Unproven::NotReported { pod, container } => {
            format!("pod {pod} does not report the image of container {container}")
        }
        Unproven::UnknownForm { pod, image_id } => {
            format!("the imageID of pod {pod} has an unknown form: {image_id:?}")
        }
        Unproven::OnlyImageId { pod, id } => {
            format!("pod {pod} reports {id}, which is an image ID and not a digest")
        }
        Unproven::OtherImage { pod, image } => format!("pod {pod} runs the image {image:?}"),
    }
}

fn words(failure: &Failure) -> String {
    match failure.message.trim() {
        "" => String::new(),
        words => format!(": {}", words.trim_end_matches('.')),
    }
}

fn subject(failure: &Failure) -> String {
    let kind = if failure.init { "init container" } else { "container" };
    match (&failure.container, &failure.pod) {
        (Some(container), _) => format!("{kind} {container} "),
        (None, Some(pod)) => format!("pod {pod} "),
        (None, None) => String::new(),
    }
}

fn what(cause: &Cause) -> String {
    match cause {
        Cause::ImagePull => "cannot pull its image".to_owned(),
        Cause::InvalidImageName => "has an invalid image name".to_owned(),
        Cause::ImageNeverPull => {
            "cannot start, since its image is not on the node and imagePullPolicy is Never"
                .to_owned()
        }
        Cause::ConfigError { reason } => format!("cannot start ({reason})"),
        Cause::OutOfMemory { restarts } => {
            format!("exceeds its memory limit (OOMKilled{})", again(*restarts))
        }
        Cause::ProbeFails { probe, restarts: 0 } => {
            format!("is not ready, since its {} probe fails", probe_name(*probe))
        }
        Cause::ProbeFails { probe: ProbeKind::Readiness, .. } => {
            "is not ready, since its readiness probe fails".to_owned()
        }
        Cause::ProbeFails { probe, restarts } => format!(
            "is restarted, since its {} probe fails ({})",
            probe_name(*probe),
            again(*restarts).trim_start_matches(", ")
        ),
        Cause::HookFails { restarts } => format!(
            "is restarted, since its postStart hook fails (FailedPostStartHook{})",
            again(*restarts)
        ),
        Cause::CrashLoop { exit_code, reason, restarts } => {
            let reason = match reason.as_str() {
                "" | "Error" => String::new(),
                reason => format!(", {reason}"),
            };
            format!("is crash-looping (exit code {exit_code}{reason}{})", again(*restarts))
        }
        Cause::Refused => "its pods cannot be created".to_owned(),
        Cause::PodSetup { reason } => format!("waits for its volumes or network ({reason})"),
        Cause::Unschedulable => "cannot be scheduled".to_owned(),
        Cause::Evicted => "was evicted for exceeding its own limits".to_owned(),
        Cause::PodFailed { reason } => format!("failed on its node ({reason})"),
        Cause::NodeNotReady { node } => {
            format!("is not ready, since its node{} does not answer", named(node))
        }
        Cause::Condition { condition } => {
            format!("is not ready, since its condition {condition} is not true")
        }
        Cause::NotReady { .. } => "is running but not ready".to_owned(),
        Cause::Terminating { node } => {
            let on = if node.is_empty() { String::new() } else { format!(" on node {node}") };
            format!("is still terminating{on}, and its replacement waits for it")
        }
        Cause::StuckPod => {
            "is from an earlier change and not ready, and a StatefulSet does not replace it"
                .to_owned()
        }
        Cause::DeadlineExceeded => {
            "the rollout has exceeded its progress deadline, and no pod shows why".to_owned()
        }
    }
}

/// The code of a cause.
pub(super) fn code(cause: &Cause) -> Code {
    match cause {
        Cause::ImagePull => code::IMAGE_PULL,
        Cause::InvalidImageName => code::INVALID_IMAGE_NAME,
        Cause::ImageNeverPull => code::IMAGE_NOT_ON_NODE,
        Cause::ConfigError { .. } => code::CONTAINER_CONFIG,
        Cause::OutOfMemory { .. } => code::OUT_OF_MEMORY,
        Cause::ProbeFails { probe: ProbeKind::Readiness, .. } | Cause::NotReady { .. } => {
            code::NOT_READY
        }
        Cause::ProbeFails { .. } => code::PROBE_FAILS,
        Cause::HookFails { .. } => code::HOOK_FAILS,
        Cause::CrashLoop { .. } => code::CRASH_LOOP,
        Cause::Refused => code::PODS_REFUSED,
        Cause::PodSetup { .. } => code::POD_SETUP,
        Cause::Unschedulable => code::UNSCHEDULABLE,
        Cause::Evicted => code::EVICTED,
        Cause::PodFailed { .. } => code::POD_FAILED,
        Cause::NodeNotReady { .. } => code::NODE_NOT_READY,
        Cause::Condition { .. } => code::READINESS_GATE,
        Cause::Terminating { .. } => code::TERMINATING,
        Cause::StuckPod => code::STUCK_POD,
        Cause::DeadlineExceeded => code::DEADLINE_EXCEEDED,
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
        Cause::StuckPod => ". Delete the pod to continue the rollout",
        Cause::Terminating { .. } => {
            ". Repair the node, or if it is gone for good, delete the pod with --force \
             --grace-period=0"
        }
        _ => "",
    }
}

/// The command that tells more, as long as the pod is there.
#[must_use]
pub fn look(target: &Target, workload: &WorkloadName, failure: &Failure) -> String {
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
            let said =
                format!("{}. See: {}", sentence(&failure), look(&target, &workload, &failure));
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
                "container app cannot pull its image in pod web-1: a.io/web:2: not found. See: \
                 kubectl describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::InvalidImageName,
                "invalid reference format",
                "container app has an invalid image name in pod web-1: invalid reference format. \
                 See: kubectl describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::ImageNeverPull,
                "",
                "container app cannot start, since its image is not on the node and \
                 imagePullPolicy is Never in pod web-1. See: kubectl describe pods/web-1 \
                 --namespace=shop",
            ),
            (
                Cause::ConfigError { reason: reason("CreateContainerConfigError") },
                "configmap \"settings\" not found",
                "container app cannot start (CreateContainerConfigError) in pod web-1: configmap \
                 \"settings\" not found. See: kubectl describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::OutOfMemory { restarts: 1 },
                "",
                "container app exceeds its memory limit (OOMKilled, 1 restart) in pod web-1. See: \
                 kubectl logs web-1 --container=app --previous --namespace=shop",
            ),
            (
                probe(ProbeKind::Readiness),
                "Readiness probe failed: HTTP probe failed with statuscode: 503",
                "container app is not ready, since its readiness probe fails in pod web-1: \
                 Readiness probe failed: HTTP probe failed with statuscode: 503. See: kubectl \
                 logs web-1 --container=app --namespace=shop",
            ),
            (
                probe(ProbeKind::Startup),
                "",
                "container app is restarted, since its startup probe fails (2 restarts) in pod \
                 web-1. See: kubectl logs web-1 --container=app --previous --namespace=shop",
            ),
            (
                probe(ProbeKind::Liveness),
                "",
                "container app is restarted, since its liveness probe fails (2 restarts) in pod \
                 web-1. See: kubectl logs web-1 --container=app --previous --namespace=shop",
            ),
            (
                Cause::CrashLoop { exit_code: 3, reason: reason("Error"), restarts: 2 },
                "no database",
                "container app is crash-looping (exit code 3, 2 restarts) in pod web-1: no \
                 database. See: kubectl logs web-1 --container=app --previous --namespace=shop",
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
                "pod web-1 waits for its volumes or network (FailedMount): timed out. See: \
                 kubectl describe pods/web-1 --namespace=shop",
            ),
            (
                Cause::Unschedulable,
                "0/3 nodes are available",
                "pod web-1 cannot be scheduled: 0/3 nodes are available. See: kubectl describe \
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
                "pod web-1 is from an earlier change and not ready, and a StatefulSet does not \
                 replace it. Delete the pod to continue the rollout. See: kubectl describe \
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
                "its pods cannot be created: exceeded quota: team. See: kubectl describe \
                 statefulsets/web --namespace=shop",
            ),
            (
                Cause::DeadlineExceeded,
                "",
                "the rollout has exceeded its progress deadline, and no pod shows why. See: \
                 kubectl describe statefulsets/web --namespace=shop",
            ),
        ];
        check(false, false, &cases);
    }
}
