//! The words of a rollout: how it goes, how it ended, and what state things are in.

use crate::{
    age::Age,
    kubectl::CommandLine,
    plan::Planned,
    protocol::{Effect, Millis, Style, Verdict},
    report::{log, plain},
    rollout::{Hold, Judgement, Progress},
    run::{Ending, Outcome},
    workload::{ContainerStatus, Pod, WorkloadName},
};

/// How many pods of a workload the report names.
const SHOWN_PODS: usize = 10;

pub(crate) fn progress(name: &WorkloadName, progress: Progress) -> Effect {
    plain(format!("{name}: {}", counts(progress)))
}

fn counts(Progress { wanted, updated, available, old }: Progress) -> String {
    let old = if old > 0 { format!(", {old} old left") } else { String::new() };
    format!("{updated} of {wanted} updated, {available} available{old}")
}

pub(crate) fn timed_out(after: Age) -> Effect {
    log(
        Style::Error,
        format!(
            "The rollout is not done after {after}. More time can be given by the input \
             rolloutStatusTimeout"
        ),
    )
}

pub(crate) fn watch_ended(ending: &Ending, after_ms: u32) -> Effect {
    let why = match ending {
        Ending::Failure { stderr, .. } if !stderr.is_empty() => format!(": {stderr}"),
        _ => String::new(),
    };
    log(Style::Debug, format!("A watch ended and goes on in {after_ms} ms{why}"))
}

pub(crate) fn pods_not_seen(ending: &Ending) -> Effect {
    let why = match ending {
        Ending::Failure { stderr, .. } => stderr.lines().next().unwrap_or_default(),
        _ => "",
    };
    plain(format!("The pods cannot be watched, so the report does not name them. {why}"))
}

/// What became of a workload, its images and its pods.
pub(crate) fn outcome(
    planned: &Planned,
    outcome: Option<&Outcome>,
    progress: Option<Progress>,
    pods: &[&Pod],
    now: Millis,
) -> Vec<Effect> {
    let name = &planned.name;
    let failed = |text: String| log(Style::Error, format!("{name}: {text}"));
    let head = match outcome {
        Some(Outcome::Judged(Judgement::Done, after)) if planned.changes() => {
            plain(format!("{name}: done after {after}, every pod is replaced and available"))
        }
        Some(Outcome::Judged(Judgement::Done, _)) => {
            plain(format!("{name}: nothing to replace, every pod is available"))
        }
        Some(Outcome::Judged(Judgement::Held(hold), _)) => {
            let style = if hold.needs_somebody() { Style::Warning } else { Style::Plain };
            log(style, format!("{name}: {}", held(*hold)))
        }
        Some(Outcome::Judged(
            Judgement::Failed { progress, .. } | Judgement::Progressing { progress, .. },
            after,
        )) => failed(format!(
            "Kubernetes gave the rollout up after {after}: its progress deadline passed ({})",
            counts(*progress)
        )),
        Some(Outcome::Deleted | Outcome::Judged(Judgement::Deleted, _)) => {
            failed("somebody deleted it during the rollout".to_owned())
        }
        Some(
            Outcome::SetByAnother(container, image)
            | Outcome::Judged(Judgement::OtherImage { container, image }, _),
        ) => failed(format!("somebody else set {container} to {image} during the rollout")),
        None => match progress {
            Some(progress) => failed(format!("not done ({})", counts(progress))),
            None => failed("nothing was seen of its rollout".to_owned()),
        },
    };
    let changes = planned.containers.iter().filter(|change| change.changes()).map(|change| {
        plain(format!("  {}: {} replaced by {}", change.container, change.old, change.new))
    });
    let shown = pods.iter().take(SHOWN_PODS).map(|pod| plain(format!("  {}", pod_line(pod, now))));
    let left = pods.len().saturating_sub(SHOWN_PODS);
    let left = (left > 0).then(|| plain(format!("  … {left} more pods")));
    [head].into_iter().chain(changes).chain(shown).chain(left).collect()
}

fn held(hold: Hold) -> &'static str {
    match hold {
        Hold::Paused => {
            "the image is set, but the deployment is paused: its pods are replaced after kubectl \
             rollout resume"
        }
        Hold::OnDelete => {
            "the image is set; with the update strategy OnDelete a pod gets it when somebody \
             deletes the pod"
        }
        Hold::Schedule => "the image is set; the next job gets it",
        Hold::KeepsPods => {
            "the image is set; a replica set keeps the pods it has, and only new ones get it"
        }
    }
}

fn pod_line(pod: &Pod, now: Millis) -> String {
    let created = pod.metadata.creation_timestamp.as_deref();
    let age = created.and_then(|created| Age::since(created, now));
    let age = age.map_or(String::new(), |age| format!(", {age} old"));
    let state = if pod.is_ready() { "ready".to_owned() } else { not_ready(pod) };
    format!("pod {}: {state}{age}", pod.metadata.name)
}

/// Why a pod is not ready, in Kubernetes' own words.
fn not_ready(pod: &Pod) -> String {
    let status = &pod.status;
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    let unscheduled =
        status.conditions.iter().find(|c| c.r#type == "PodScheduled" && c.status == "False");
    if let Some(cause) = containers.filter(|c| !c.ready).find_map(container_cause) {
        format!("not ready, {cause}")
    } else if let Some(condition) = unscheduled {
        format!("not scheduled, {}: {}", condition.reason, condition.message)
    } else {
        format!("not ready, {}", status.phase)
    }
}

fn container_cause(container: &ContainerStatus) -> Option<String> {
    let name = &container.name;
    if let Some(waiting) = &container.state.waiting {
        let message = if waiting.message.is_empty() {
            String::new()
        } else {
            format!(" ({})", waiting.message)
        };
        let last = container.last_state.terminated.as_ref();
        let last = last
            .map_or(String::new(), |t| format!(", last ended with {} {}", t.reason, t.exit_code));
        return Some(format!("{name} waits: {}{message}{last}", waiting.reason));
    }
    let ended = container.state.terminated.as_ref()?;
    Some(format!("{name} ended: {} {}", ended.reason, ended.exit_code))
}

/// How to put back what the run replaced.
pub(crate) fn way_back(commands: &[CommandLine]) -> Vec<Effect> {
    if commands.is_empty() {
        return Vec::new();
    }
    let lines = commands.iter().map(|command| plain(format!("  {command}")));
    [plain("This step puts nothing back. To have what was there before, run:")]
        .into_iter()
        .chain(lines)
        .collect()
}

/// The last sentence.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Succeeded => "The images are set and run",
        Verdict::SucceededWithIssues => "The images run, and some were there already",
        Verdict::Failed => "The images are set, but not all of them run",
        Verdict::Canceled => "Canceled while waiting for the rollout; the images are set",
    }
}
