//! What is wrong with one object at one moment, going by its state and the events about it.

use std::mem;

use crate::{
    host::Millis,
    kubernetes::{
        Container, ContainerRun, ContainerStatus, Event, Kind, Pod, Terminated, Workload,
    },
    rollout::{
        failure::{Cause, ProbeKind},
        rules::Rule,
        words,
    },
};

/// Something that keeps a pod from being ready, or pods from being made.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) cause: Cause,
    /// Which rule says how long it may last; `None` where it proves nothing however long it lasts.
    pub(super) rule: Option<Rule>,
    pub(super) container: Option<String>,
    pub(super) init: bool,
    pub(super) message: String,
    /// The run of the container whose log tells more.
    pub(super) ran: Option<ContainerRun>,
    /// Seconds that are granted before the rule begins to count.
    pub(super) grace: u32,
    pub(super) autoscaler: Autoscaler,
    /// When it was first seen.
    pub(super) since: Millis,
}

/// What an autoscaler says of a pod that no node takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Autoscaler {
    /// Nothing: there may be none.
    Silent,
    /// It brings a node.
    Works,
    /// It brings none.
    Refuses,
}

impl Trouble {
    fn new(cause: Cause, rule: impl Into<Option<Rule>>, message: impl Into<String>) -> Self {
        Self {
            cause,
            rule: rule.into(),
            container: None,
            init: false,
            message: message.into(),
            ran: None,
            grace: 0,
            autoscaler: Autoscaler::Silent,
            since: 0,
        }
    }

    /// Whether this is how the other one went on. A container that was started again has another
    /// chance to become ready.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        if self.container != other.container {
            return false;
        }
        let ready_late = [self, other].map(|trouble| trouble.rule == Some(Rule::Readiness));
        match ready_late {
            [true, true] => self.cause.restarts() == other.cause.restarts(),
            [false, false] => mem::discriminant(&self.cause) == mem::discriminant(&other.cause),
            _ => false,
        }
    }
}

/// The reasons of a pod that failed as a whole through no fault of its own: its node has other needs,
/// goes down, or comes back and takes none of its pods again.
const MOVED_AWAY: [&str; 9] = [
    "Evicted",
    "Preempting",
    "Preempted",
    "NodeShutdown",
    "Shutdown",
    "Terminated",
    "NodeLost",
    "NodeAffinity",
    "VolumeAttachmentLimitExceeded",
];

/// How the reasons begin of a pod that came to a node that was full by then: `OutOfcpu`. The kubelet
/// counts the pods that end for longer than the scheduler does, so that a rolling update itself may
/// bring many of them (kubernetes/kubernetes#115325).
const NODE_FULL: &str = "OutOf";

/// The reasons of events about a pod that does not get as far as its containers.
const SETUP_FAILED: [&str; 4] =
    ["FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"];

/// The reasons of events that say that it has got there meanwhile, or is on its way.
const SETUP_GOES_ON: [&str; 5] =
    ["SuccessfulAttachVolume", "Pulling", "Pulled", "Created", "Started"];

/// What is wrong with a pod; the events are those about it, the oldest first.
pub(super) fn of_pod(pod: &Pod, events: &[&Event]) -> Vec<Trouble> {
    if let Some(trouble) = failed(pod, events) {
        return vec![trouble];
    }
    if pod.is_terminating() {
        return vec![terminating(pod)];
    }
    let status = &pod.status;
    if pod.is_ready() || ["Failed", "Succeeded"].contains(&status.phase.as_str()) {
        return Vec::new();
    }
    let mut troubles = Vec::new();
    if is_told_lost(events) {
        troubles.push(node_not_ready(pod));
    } else {
        troubles.extend(unscheduled(pod, events));
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
                    let container = Some(status.name.clone());
                    troubles.push(Trouble { container, init, ..trouble });
                }
            }
        }
        if troubles.is_empty() {
            troubles.extend(setup(pod, events).or_else(|| not_ready(pod)));
        }
    }
    if pod.metadata.controller().is_some_and(|owner| owner.kind == "StatefulSet") {
        troubles.push(Trouble::new(Cause::StuckPod, Rule::StuckPod, ""));
    }
    troubles
}

/// A pod that ended as a whole. The pods of workloads are to run for ever, so that one whose
/// containers ended well has failed too.
///
/// A pod that is being deleted ends as a matter of course; what it failed of before is in the reason
/// of its status. One that had to make room for others has not failed.
fn failed(pod: &Pod, events: &[&Event]) -> Option<Trouble> {
    let status = &pod.status;
    // Programs that end well when they are asked to leave the phase `Succeeded` and no reason.
    let told = events.iter().rev().find(|e| e.reason == "Evicted" && e.r#type == "Warning");
    if status.reason == "Evicted" || told.is_some() {
        let own = Some(&status.message).filter(|_| status.reason == "Evicted");
        let message = own.or(told.map(|event| &event.message))?.trim();
        let own_fault = words::exceeds_own_limit(message);
        return own_fault.then(|| Trouble::new(Cause::Evicted, Rule::PodFailed, message));
    }
    let moved = status.condition("DisruptionTarget").is_some_and(|c| c.status == "True");
    if moved || MOVED_AWAY.contains(&&*status.reason) || status.reason.starts_with(NODE_FULL) {
        return None;
    }
    let reason = match status.phase.as_str() {
        "Failed" if !status.reason.is_empty() => status.reason.clone(),
        "Failed" if !pod.is_terminating() => "Failed".to_owned(),
        "Succeeded" if !pod.is_terminating() => "PodCompleted".to_owned(),
        _ => return None,
    };
    Some(Trouble::new(Cause::PodFailed { reason }, Rule::PodFailed, &status.message))
}

/// A pod that is being deleted; it has its grace period for that.
fn terminating(pod: &Pod) -> Trouble {
    let metadata = &pod.metadata;
    let grace = metadata.deletion_grace_period_seconds.unwrap_or_default();
    let message = match metadata.finalizers.join(", ") {
        held if !held.is_empty() => format!("its finalizers remain: {held}"),
        _ => metadata
            .deletion_timestamp
            .as_ref()
            .map_or(String::new(), |at| format!("its grace period is until {at}")),
    };
    let cause = Cause::Terminating { node: pod.spec.node_name.clone() };
    Trouble {
        grace: u32::try_from(grace).unwrap_or_default(),
        ..Trouble::new(cause, Rule::Termination, message)
    }
}

/// Whether the last that was said of a pod is that its node does not answer.
fn is_told_lost(events: &[&Event]) -> bool {
    let mut events = events.iter().rev().filter(|event| event.reason != "TaintManagerEviction");
    events.next().is_some_and(|event| event.reason == "NodeNotReady")
}

/// The node comes back, or the pod is deleted from it after some minutes: it proves nothing.
fn node_not_ready(pod: &Pod) -> Trouble {
    Trouble::new(Cause::NodeNotReady { node: pod.spec.node_name.clone() }, None, "")
}

fn unscheduled(pod: &Pod, events: &[&Event]) -> Option<Trouble> {
    let scheduled = pod.status.condition("PodScheduled").filter(|c| c.status == "False")?;
    if scheduled.reason == "SchedulingGated" {
        return Some(condition("PodScheduled", &scheduled.message));
    }
    let said = events.iter().rev().find_map(|event| {
        // The first two are of the cluster autoscaler, the others of Karpenter.
        let says = match event.reason.as_str() {
            "TriggeredScaleUp" => Autoscaler::Works,
            "NotTriggerScaleUp" => Autoscaler::Refuses,
            "Nominated" if !event.is_of_scheduler() => Autoscaler::Works,
            "FailedScheduling" if event.message.starts_with("Failed to schedule pod") => {
                Autoscaler::Refuses
            }
            _ => return None,
        };
        Some((says, event.message.trim()))
    });
    let (autoscaler, words) = said.unwrap_or((Autoscaler::Silent, ""));
    let message = match scheduled.message.trim() {
        message if words.is_empty() => message.to_owned(),
        message => format!("{}. The autoscaler says: {words}", message.trim_end_matches('.')),
    };
    let trouble = Trouble::new(Cause::Unschedulable, Rule::Unschedulable, message);
    Some(Trouble { autoscaler, ..trouble })
}

/// What keeps a pod from being ready whose containers all are: a readiness gate, the node, or
/// whatever else its condition names.
fn not_ready(pod: &Pod) -> Option<Trouble> {
    let status = &pod.status;
    let is_true = |r#type: &str| status.condition(r#type).is_some_and(|c| c.status == "True");
    if !is_true("ContainersReady") {
        return None;
    }
    let mut gates = pod.spec.readiness_gates.iter().map(|gate| gate.condition_type.as_str());
    if let Some(gate) = gates.find(|gate| !is_true(gate)) {
        let message = match status.condition(gate) {
            None => "nothing has set it yet",
            Some(set) if set.message.is_empty() => &set.reason,
            Some(set) => &set.message,
        };
        return Some(condition(gate, message));
    }
    let ready = status.condition("Ready")?;
    // The controller of the nodes takes the condition back and gives no reason.
    let is_of_node = ready.reason.is_empty() && ready.message.is_empty();
    let said = if ready.message.is_empty() { &ready.reason } else { &ready.message };
    Some(if is_of_node { node_not_ready(pod) } else { condition("Ready", said) })
}

fn condition(r#type: &str, message: &str) -> Trouble {
    Trouble::new(Cause::Condition { condition: r#type.to_owned() }, Rule::Readiness, message)
}

/// Why pods of a workload, or of a replica set, cannot be made.
///
/// Replica sets and Deployments have a condition for it. The other controllers only write events,
/// and those outlive what they tell: they count while pods are missing and nothing newer is said.
pub(super) fn of_workload(workload: &Workload, events: &[&Event]) -> Option<Trouble> {
    let status = &workload.status;
    let missing = match workload.kind {
        Kind::Deployment | Kind::ReplicaSet | Kind::ReplicationController => {
            let mut conditions = status.conditions.iter();
            let refused =
                conditions.find(|c| c.r#type == "ReplicaFailure" && c.status == "True")?;
            return Some(refused_as(&refused.message));
        }
        Kind::StatefulSet => status.replicas < workload.spec.replicas.unwrap_or(1),
        Kind::DaemonSet => status.current_number_scheduled < status.desired_number_scheduled,
        Kind::CronJob | Kind::Pod => false,
    };
    let newest = events.iter().rev().find(|event| {
        ["FailedCreate", "SuccessfulCreate", "SuccessfulDelete"].contains(&event.reason.as_str())
    })?;
    (missing && newest.reason == "FailedCreate").then(|| refused_as(&newest.message))
}

fn refused_as(message: &str) -> Trouble {
    let rule = if words::refused_for_good(message) { Rule::Denied } else { Rule::Refused };
    Trouble::new(Cause::Refused, rule, message)
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
                let last = status.last_state.terminated.as_ref()?;
                Some(ended(status, last, ContainerRun::Previous, events))
            }
            "PostStartHookError" => {
                Some(hook_fails(status, &waiting.message, ContainerRun::Previous))
            }
            reason => waits(reason, &waiting.message, image, events),
        };
    }
    let runs_once = init && !container.is_some_and(Container::is_sidecar);
    if let Some(terminated) = &state.terminated {
        let complete = runs_once && terminated.exit_code == 0;
        return (!complete).then(|| ended(status, terminated, ContainerRun::Newest, events));
    }
    // An init container that runs once is never ready before it ends.
    if state.running.is_none() || status.ready || runs_once {
        return None;
    }
    let restarts = status.restart_count;
    if restarts >= 2
        && let Some(last) = &status.last_state.terminated
    {
        // It has another chance, but this is what is known of it.
        let trouble = ended(status, last, ContainerRun::Previous, events);
        return Some(Trouble { rule: Some(Rule::Readiness), ..trouble });
    }
    let fails = |begins| last_words(events, "Unhealthy", begins, "failed: ");
    let (cause, rule, message) = if status.started == Some(false) {
        // The kubelet itself ends it once the probe has failed too often.
        let probe = fails("Startup probe")
            .map(|_| Cause::ProbeFails { probe: ProbeKind::Startup, restarts });
        let cause = probe.unwrap_or(Cause::NotReady { restarts });
        (cause, None, fails("Startup probe"))
    } else {
        let probe = fails("Readiness probe")
            .map(|_| Cause::ProbeFails { probe: ProbeKind::Readiness, restarts });
        let cause = probe.unwrap_or(Cause::NotReady { restarts });
        (cause, Some(Rule::Readiness), fails("Readiness probe"))
    };
    let trouble = Trouble::new(cause, rule, message.unwrap_or_default());
    Some(Trouble { ran: Some(ContainerRun::Newest), ..trouble })
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
        "SignatureValidationFailed" => {
            let rule = if words::may_pass(message) { Rule::ImagePull } else { Rule::ImageMissing };
            Trouble::new(Cause::ImagePull, rule, message)
        }
        "InvalidImageName" => Trouble::new(Cause::InvalidImageName, Rule::ImageMissing, message),
        "ErrImageNeverPull" => Trouble::new(Cause::ImageNeverPull, Rule::ImageMissing, message),
        "CreateContainerConfigError"
        | "CreateContainerError"
        | "RunContainerError"
        | "PreCreateHookError"
        | "PreStartHookError" => cannot_start(reason, message),
        _ => return None,
    };
    Some(trouble)
}

fn cannot_start(reason: &str, message: &str) -> Trouble {
    let rule = if words::node_is_slow(message) { Rule::PodSetup } else { Rule::Config };
    Trouble::new(Cause::ConfigError { reason: reason.to_owned() }, rule, message)
}

fn hook_fails(status: &ContainerStatus, message: &str, run: ContainerRun) -> Trouble {
    let cause = Cause::HookFails { restarts: status.restart_count };
    Trouble { ran: Some(run), ..Trouble::new(cause, Rule::CrashLoop, message) }
}

/// A container that ended and is to run; `run` is the one that ended.
fn ended(
    status: &ContainerStatus,
    last: &Terminated,
    run: ContainerRun,
    events: &[&Event],
) -> Trouble {
    let restarts = status.restart_count;
    let killed_for = |probe: &str| {
        events.iter().any(|event| event.reason == "Killing" && event.message.contains(probe))
    };
    let hook = || events.iter().rev().find(|event| event.reason == "FailedPostStartHook");
    let trouble = match last.reason.as_str() {
        "OOMKilled" => {
            Trouble::new(Cause::OutOfMemory { restarts }, Rule::OutOfMemory, &last.message)
        }
        reason @ ("StartError" | "ContainerCannotRun") => {
            return cannot_start(reason, &last.message);
        }
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
                Trouble::new(cause, Rule::Probe, message.unwrap_or_default())
            } else if let Some(hook) = hook() {
                hook_fails(status, &hook.message, run)
            } else {
                let reason = reason.to_owned();
                let cause = Cause::CrashLoop { exit_code: last.exit_code, reason, restarts };
                Trouble::new(cause, Rule::CrashLoop, &last.message)
            }
        }
    };
    Trouble { ran: Some(run), ..trouble }
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
    let is_set_up =
        status.condition("PodReadyToStartContainers").is_some_and(|c| c.status == "True");
    if status.phase != "Pending" || is_set_up || !all.all(begins) {
        return None;
    }
    let told = events.iter().rev().find(|event| {
        [SETUP_FAILED.as_slice(), &SETUP_GOES_ON].concat().contains(&event.reason.as_str())
    })?;
    if !SETUP_FAILED.contains(&told.reason.as_str()) {
        return None;
    }
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
