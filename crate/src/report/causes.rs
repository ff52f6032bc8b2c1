//! Why a rollout failed, in a sentence, and the command that tells more.

use crate::{
    kubectl::Target,
    rollout::{Cause, Failure, ProbeKind},
    workload::WorkloadName,
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
            let probe = if *probe == ProbeKind::Startup { "startup" } else { "liveness" };
            format!("is ended by the kubelet, its {probe} probe fails ({restarts} restarts)")
        }
        Cause::CrashLoop { exit_code, reason, restarts } => {
            format!("ends again and again (exit code {exit_code}, {reason}{})", again(*restarts))
        }
        Cause::Refused => "its pods may not be created".to_owned(),
        Cause::PodSetup { reason } => {
            format!("does not get its volumes or its network ({reason})")
        }
        Cause::Unschedulable => "is taken by no node".to_owned(),
        Cause::PodFailed { reason } => format!("failed on its node ({reason})"),
        Cause::StuckPod => "is of an earlier change and not ready, and a StatefulSet replaces no \
                            pod before it is"
            .to_owned(),
        Cause::DeadlineExceeded => {
            "Kubernetes gave the rollout up: its progress deadline passed, and no pod says why"
                .to_owned()
        }
    }
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
    use crate::workload::Kind;

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
