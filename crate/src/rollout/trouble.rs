//! What is wrong with one object at one moment, going by its state and the events about it.

use std::mem;

use crate::{
    protocol::Millis,
    rollout::{
        failure::{Cause, ProbeKind},
        rules::Rule,
        words,
    },
    workload::{Container, ContainerStatus, Event, Kind, Pod, Probe, Terminated, Workload},
};

/// Something that keeps a pod from being ready, or pods from being made.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) cause: Cause,
    /// Which rule says how long it may last.
    pub(super) rule: Rule,
    pub(super) container: Option<String>,
    pub(super) init: bool,
    pub(super) message: String,
    /// Seconds that the object itself grants.
    pub(super) needed: u32,
    /// When it was first seen.
    pub(super) since: Millis,
}

impl Trouble {
    fn new(cause: Cause, rule: Rule, message: impl Into<String>) -> Self {
        Self {
            cause,
            rule,
            container: None,
            init: false,
            message: message.into(),
            needed: 0,
            since: 0,
        }
    }

    /// Whether this is how the other one went on. A container that was started again has another
    /// chance to become ready.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let again = self.rule == Rule::Readiness && self.cause != other.cause;
        mem::discriminant(&self.cause) == mem::discriminant(&other.cause)
            && self.container == other.container
            && !again
    }
}

/// The reasons of a pod that failed as a whole through no fault of its own.
const MOVED_AWAY: [&str; 6] =
    ["Evicted", "Preempting", "Preempted", "NodeShutdown", "Terminated", "NodeLost"];

/// The reasons of events about a pod that does not get as far as its containers.
const SETUP_FAILED: [&str; 4] =
    ["FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"];

/// What is wrong with a pod; the events are those about it, the oldest first.
pub(super) fn of_pod(pod: &Pod, events: &[&Event]) -> Vec<Trouble> {
    if pod.is_ready() || pod.is_terminating() {
        return Vec::new();
    }
    let status = &pod.status;
    let mut troubles = Vec::new();
    if status.phase == "Failed" {
        if !MOVED_AWAY.contains(&status.reason.as_str()) {
            let cause = Cause::PodFailed { reason: status.reason.clone() };
            troubles.push(Trouble::new(cause, Rule::PodFailed, &status.message));
        }
        return troubles;
    }
    let unscheduled =
        status.conditions.iter().find(|c| c.r#type == "PodScheduled" && c.status == "False");
    if let Some(condition) = unscheduled {
        let trouble = Trouble::new(Cause::Unschedulable, Rule::Unschedulable, &condition.message);
        troubles.push(trouble);
    }
    let containers = [
        (true, &status.init_container_statuses, &pod.spec.init_containers),
        (false, &status.container_statuses, &pod.spec.containers),
    ];
    for (init, statuses, containers) in containers {
        for status in statuses {
            let container = containers.iter().find(|c| c.name == status.name);
            let about: Vec<&Event> =
                events.iter().copied().filter(|event| event.is_about(&status.name)).collect();
            if let Some(trouble) = of_container(status, container, init, &about) {
                troubles.push(Trouble { container: Some(status.name.clone()), init, ..trouble });
            }
        }
    }
    if troubles.is_empty() {
        troubles.extend(setup(pod, events));
    }
    if pod.metadata.controller().is_some_and(|owner| owner.kind == "StatefulSet") {
        troubles.push(Trouble::new(Cause::StuckPod, Rule::StuckPod, ""));
    }
    troubles
}

/// Why pods of a workload, or of a replica set, cannot be made.
///
/// Replica sets and Deployments have a condition for it. The other controllers only write events,
/// and those outlive what they tell: they count while pods are missing and nothing newer is said.
pub(super) fn of_workload(workload: &Workload, events: &[&Event]) -> Option<Trouble> {
    let status = &workload.status;
    let missing = match workload.kind {
        Kind::Deployment | Kind::ReplicaSet => {
            let mut conditions = status.conditions.iter();
            let refused =
                conditions.find(|c| c.r#type == "ReplicaFailure" && c.status == "True")?;
            let rule = if words::refused_for_good(&refused.message) {
                Rule::Denied
            } else {
                Rule::Refused
            };
            return Some(Trouble::new(Cause::Refused, rule, &refused.message));
        }
        Kind::StatefulSet => status.replicas < workload.spec.replicas.unwrap_or(1),
        Kind::DaemonSet => status.current_number_scheduled < status.desired_number_scheduled,
        Kind::CronJob => false,
    };
    let newest = events.iter().rev().find(|event| {
        ["FailedCreate", "SuccessfulCreate", "SuccessfulDelete"].contains(&event.reason.as_str())
    })?;
    (missing && newest.reason == "FailedCreate")
        .then(|| Trouble::new(Cause::Refused, Rule::Refused, &newest.message))
}

fn of_container(
    status: &ContainerStatus,
    container: Option<&Container>,
    init: bool,
    events: &[&Event],
) -> Option<Trouble> {
    let state = &status.state;
    if let Some(waiting) = &state.waiting {
        let image = container.map_or("", |container| &container.image);
        return match waiting.reason.as_str() {
            "CrashLoopBackOff" => {
                ended(status, status.last_state.terminated.as_ref()?, events).into()
            }
            reason => waits(reason, &waiting.message, image, events),
        };
    }
    if let Some(terminated) = &state.terminated {
        let complete = init && terminated.exit_code == 0;
        return (!complete).then(|| ended(status, terminated, events));
    }
    let probe = container.and_then(|container| container.readiness_probe.as_ref());
    let waits = state.running.is_some() && !status.ready && status.started != Some(false);
    waits.then(|| {
        let cause =
            Cause::ProbeFails { probe: ProbeKind::Readiness, restarts: status.restart_count };
        let message = last_words(events, "Unhealthy", "Readiness probe", "failed: ");
        Trouble {
            needed: probe.map_or(0, patience),
            ..Trouble::new(cause, Rule::Readiness, message.unwrap_or_default())
        }
    })
}

/// A container that waits for something that may not come.
fn waits(reason: &str, message: &str, image: &str, events: &[&Event]) -> Option<Trouble> {
    let trouble = match reason {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" | "ImageInspectError" => {
            // Older kubelets say no more than that they wait; the event has the registry's words.
            let own = message.split_once("ErrImagePull: ").map_or(message, |(_, words)| words);
            let silent = own.is_empty() || own.starts_with("Back-off pulling image");
            let told = || last_words(events, "Failed", "Failed to pull image", "\": ");
            let message = silent.then(told).flatten().unwrap_or(own);
            let rule = if words::image_is_missing(message, image) {
                Rule::ImageMissing
            } else {
                Rule::ImagePull
            };
            Trouble::new(Cause::ImagePull, rule, message)
        }
        "SignatureValidationFailed" => Trouble::new(Cause::ImagePull, Rule::ImageMissing, message),
        "InvalidImageName" => Trouble::new(Cause::InvalidImageName, Rule::ImageMissing, message),
        "ErrImageNeverPull" => Trouble::new(Cause::ImageNeverPull, Rule::ImageMissing, message),
        "CreateContainerConfigError"
        | "CreateContainerError"
        | "RunContainerError"
        | "PreCreateHookError"
        | "PreStartHookError"
        | "PostStartHookError" => cannot_start(reason, message),
        _ => return None,
    };
    Some(trouble)
}

fn cannot_start(reason: &str, message: &str) -> Trouble {
    let rule = if words::node_is_slow(message) { Rule::PodSetup } else { Rule::Config };
    Trouble::new(Cause::ConfigError { reason: reason.to_owned() }, rule, message)
}

/// A container that ended and is to run.
fn ended(status: &ContainerStatus, last: &Terminated, events: &[&Event]) -> Trouble {
    let restarts = status.restart_count;
    let killed_for = |probe: &str| {
        events.iter().any(|event| event.reason == "Killing" && event.message.contains(probe))
    };
    match last.reason.as_str() {
        "OOMKilled" => {
            Trouble::new(Cause::OutOfMemory { restarts }, Rule::OutOfMemory, &last.message)
        }
        reason @ ("StartError" | "ContainerCannotRun") => cannot_start(reason, &last.message),
        reason => {
            let probes = [
                (ProbeKind::Startup, "failed startup probe", "Startup probe"),
                (ProbeKind::Liveness, "failed liveness probe", "Liveness probe"),
            ];
            if let Some((probe, _, words)) =
                probes.into_iter().find(|(_, kill, _)| killed_for(kill))
            {
                let message = last_words(events, "Unhealthy", words, "failed: ");
                let cause = Cause::ProbeFails { probe, restarts };
                return Trouble::new(cause, Rule::Probe, message.unwrap_or_default());
            }
            let reason = reason.to_owned();
            let cause = Cause::CrashLoop { exit_code: last.exit_code, reason, restarts };
            Trouble::new(cause, Rule::CrashLoop, &last.message)
        }
    }
}

/// A pod that has a node and does not get as far as its containers.
fn setup(pod: &Pod, events: &[&Event]) -> Option<Trouble> {
    let status = &pod.status;
    let mut all = status.init_container_statuses.iter().chain(&status.container_statuses);
    let begins = |status: &ContainerStatus| {
        let waiting = status.state.waiting.as_ref();
        waiting
            .is_some_and(|w| ["ContainerCreating", "PodInitializing"].contains(&w.reason.as_str()))
    };
    if status.phase != "Pending" || !all.all(begins) {
        return None;
    }
    let told = events.iter().rev().find(|event| SETUP_FAILED.contains(&event.reason.as_str()))?;
    let rule =
        if words::volume_source_is_missing(&told.message) { Rule::Config } else { Rule::PodSetup };
    Some(Trouble::new(Cause::PodSetup { reason: told.reason.clone() }, rule, &told.message))
}

/// The newest message of the reason that begins so, from behind the mark; the events are the oldest
/// first.
fn last_words<'a>(events: &[&'a Event], reason: &str, begins: &str, mark: &str) -> Option<&'a str> {
    let mut told = events.iter().rev().filter(|event| event.reason == reason);
    let message = &told.find(|event| event.message.starts_with(begins))?.message;
    Some(message.split_once(mark).map_or(message, |(_, words)| words))
}

/// How long a readiness probe may fail before that means something, in seconds: the first probe,
/// as many as may fail and have to succeed, and half a period since nothing starts on the dot.
fn patience(probe: &Probe) -> u32 {
    let thresholds = probe.failure_threshold.saturating_add(probe.success_threshold);
    probe
        .initial_delay_seconds
        .saturating_add(probe.timeout_seconds.saturating_mul(2))
        .saturating_add(thresholds.saturating_sub(3).saturating_mul(probe.period_seconds))
        .saturating_add(probe.period_seconds / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_says_how_long_it_may_fail() {
        for (delay, timeout, period, success, failure, seconds) in
            [(0, 1, 10, 1, 3, 17), (60, 5, 30, 1, 10, 325), (0, 1, 5, 1, 1, 4)]
        {
            let probe = Probe {
                initial_delay_seconds: delay,
                timeout_seconds: timeout,
                period_seconds: period,
                success_threshold: success,
                failure_threshold: failure,
            };
            assert_eq!(patience(&probe), seconds);
        }
    }
}
