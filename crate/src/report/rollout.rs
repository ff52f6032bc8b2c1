//! The words of a rollout while it goes on.

use crate::{
    host::{Age, Effect, Style},
    kubernetes::{ApiError, Kind},
    plan::{Planned, Rewritten},
    report::{
        causes, log, plain,
        run_report::{Outcome, RunReport},
    },
    rollout::{Difference, Failure, Hold, Listing, Progress, StuckPods, Waiting, WatchResult},
};

/// How many lines of a container's log are shown.
const SHOWN_LOG_LINES: usize = 20;

/// How far a rollout is, and what it most likely waits for.
pub(crate) fn progress(
    after: Age,
    title: &str,
    progress: Progress,
    waiting: Option<&Waiting>,
) -> Effect {
    let waiting = waiting.map(|waiting| format!("; {}", causes::waiting(waiting)));
    let waiting = waiting.unwrap_or_default();
    plain(format!("[{:>4}] {title}: {}{waiting}", elapsed(after), counts(progress)))
}

/// Nothing has moved for a while: what is waited for. The first few of many are told.
pub(crate) fn heartbeat(
    after: Age,
    waiting: &[(String, Progress, Option<Waiting>)],
) -> Vec<Effect> {
    const SHOWN: usize = 5;
    let shown = waiting.iter().take(SHOWN);
    let lines =
        shown.map(|(title, counts, likely)| progress(after, title, *counts, likely.as_ref()));
    let left = waiting.len().saturating_sub(SHOWN);
    let left = (left > 0)
        .then(|| plain(format!("[{:>4}] still waiting for {left} more workloads", elapsed(after))));
    lines.chain(left).collect()
}

/// A time as kubectl writes it: `38s`, `2m5s`, `1h2m`.
pub(super) fn elapsed(Age(millis): Age) -> String {
    let seconds = millis / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, _) => format!("{hours}h{minutes}m"),
    }
}

/// What the cluster made of images.
pub(crate) fn rewritten(report: &RunReport, rewritten: &[Rewritten]) -> Vec<Effect> {
    let line = |Rewritten { place, container, asked, stored }: &Rewritten| {
        let title = report.title(&report.workloads[*place].planned);
        plain(format!(
            "{title}: the cluster stored {stored} for {container} in place of {asked}: an admission \
             webhook rewrites images. That image is rolled out"
        ))
    };
    rewritten.iter().map(line).collect()
}

pub(super) fn counts(progress: Progress) -> String {
    let Progress { wanted, old, .. } = progress;
    let old = if old > 0 { format!(", {old} old left") } else { String::new() };
    format!("{}/{wanted} ready{old}", progress.ready())
}

/// A rollout is settled: says so at once where it went wrong.
pub(crate) fn settled(report: &RunReport, planned: &Planned, outcome: &Outcome) -> Option<Effect> {
    let trouble = trouble(report, planned, outcome)?;
    Some(log(Style::Error, format!("{}: {trouble}", report.title(planned))))
}

/// What went wrong with a rollout, in one sentence that does not name the workload.
pub(super) fn trouble(report: &RunReport, planned: &Planned, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Done | Outcome::Held(_) => None,
        Outcome::Failed(failure) => Some(cause(report, planned, failure)),
        Outcome::Differs(difference) => Some(causes::difference(difference)),
        Outcome::Deleted => Some("somebody deleted it during the rollout".to_owned()),
        Outcome::SetByAnother { container, image, by } => Some(format!(
            "{} set {container} to {image} during the rollout",
            another(by.as_deref())
        )),
        Outcome::Blocked { pod } => Some(format!(
            "the stateful set does not replace its pod {pod} of the failed rollout by itself. \
             Delete it: {}. The input deleteStuckPods has the step do so",
            report.target.within(planned.asked.as_deref()).delete_pod(pod)
        )),
    }
}

/// Who set an image that is not the step's: the field manager, where it is known.
pub(super) fn another(manager: Option<&str>) -> String {
    match manager {
        Some("kubectl-set" | "kubectl-set-image") | None => "another deployment".to_owned(),
        Some(manager) => format!("another deployment (field manager {manager})"),
    }
}

/// The cause of a failure, and where to look.
pub(super) fn cause(report: &RunReport, planned: &Planned, failure: &Failure) -> String {
    let target = report.target.within(planned.asked.as_deref());
    causes::sentence(&target, &planned.name, failure)
}

pub(super) fn held(hold: Hold) -> &'static str {
    match hold {
        Hold::Paused => {
            "the image is set, but the deployment is paused: its pods are replaced after kubectl \
             rollout resume"
        }
        Hold::OnDelete => {
            "the image is set; with the update strategy OnDelete a pod gets it when somebody \
             deletes the pod"
        }
        Hold::Partition => {
            "the image is set, but the partition of the stateful set is above all its pods: none \
             gets it before the partition is lowered"
        }
        Hold::ScaledToZero => {
            "the image is set, and nothing runs it now: the workload is scaled to 0 replicas"
        }
        Hold::NoNodes => {
            "the image is set, and nothing runs it now: no node is one for the pods of the daemon \
             set"
        }
        Hold::Schedule => "the image is set; the next job gets it",
        Hold::Ended => "the image is set, and nothing runs it: the pod has ended",
        Hold::Suspended => {
            "the image is set, and nothing runs it now: the cron job is suspended; its next job \
             gets it"
        }
        Hold::KeepsPods => {
            "the image is set; replica sets and replication controllers keep the pods they have, \
             and only new ones get it"
        }
    }
}

pub(crate) fn stuck_pod(title: &str, pod: &str, stuck_pods: StuckPods) -> Effect {
    let what = match stuck_pods {
        StuckPods::Delete => "it is deleted, so that the old image runs again",
        StuckPods::DeleteOnceCertain => "it is deleted, so that the rollout goes on",
        StuckPods::Wait | StuckPods::Name => "it stays, since deleteStuckPods is not set",
    };
    log(Style::Warning, format!("{title}: the pod {pod} of the failed rollout blocks it; {what}"))
}

/// The rollouts are not watched any longer, though they are not settled.
pub(crate) fn over(over: &WatchResult) -> Vec<Effect> {
    match over {
        WatchResult::Settled => Vec::new(),
        WatchResult::TimedOut(after) => vec![log(
            Style::Error,
            format!(
                "The rollout is not done after {after}. More time can be given by the input \
                 rolloutStatusTimeout"
            ),
        )],
        WatchResult::Lost(error) => {
            vec![log(Style::Error, format!("The rollout cannot be watched any longer: {error}"))]
        }
    }
}

/// A pod runs something else than what was pushed.
pub(crate) fn differs(
    report: &RunReport,
    planned: &Planned,
    difference: &Difference,
    required: bool,
) -> Effect {
    let style = if required { Style::Error } else { Style::Warning };
    log(style, format!("{}: {}", report.title(planned), causes::difference(difference)))
}

/// The agent ends the step.
pub(crate) fn canceled() -> Effect {
    log(Style::Warning, "The agent ends the step: it was canceled, or its time is over")
}

/// A watch goes on after a failure.
pub(crate) fn watch_failed(listing: Listing, error: &ApiError) -> Effect {
    log(Style::Debug, format!("The watch of {} goes on after this: {error}", what(listing)))
}

/// A request is sent once more.
pub(crate) fn tried_again(error: &ApiError, after_ms: u32) -> Effect {
    plain(format!("A request failed: {error}. Trying again in {}", Age(after_ms.into())))
}

/// What may not be watched is asked for again and again.
pub(crate) fn polls(listing: Listing, error: &ApiError) -> Effect {
    let what = what(listing);
    plain(format!("No permission to watch {what}, so they are read every 3s: {error}"))
}

/// What may not be watched together is watched one by one.
pub(crate) fn watched_by_name(kind: Kind, error: &ApiError) -> Effect {
    let kind = kind.plural();
    log(
        Style::Debug,
        format!("No permission to list all {kind}, so each is watched by name: {error}"),
    )
}

/// What cannot be read, and is done without.
pub(crate) fn not_seen(listing: Listing, error: &ApiError) -> Effect {
    let without = match listing {
        Listing::Pods | Listing::Events => "the rollout is judged without them",
        Listing::Workloads(_) => "new pods are told by their images",
    };
    plain(format!("The {} cannot be watched, so {without}: {error}", what(listing)))
}

fn what(listing: Listing) -> &'static str {
    match listing {
        Listing::Pods => "pods",
        Listing::Events => "events",
        Listing::Workloads(kind) => kind.plural(),
    }
}

/// The record of the change could not be left; the rollout goes on.
pub(crate) fn not_recorded(error: &ApiError) -> Effect {
    log(
        Style::Warning,
        format!(
            "The record of the change cannot be left on its workload, so command: undo will not know \
             of it: {error}"
        ),
    )
}

/// The last lines of the containers that failed.
pub(crate) fn container_logs(report: &RunReport) -> Vec<Effect> {
    let mut effects = Vec::new();
    for container_log in report.workloads.iter().filter_map(|entry| entry.log.as_ref()) {
        let (pod, container) = (&container_log.pod, &container_log.container);
        effects.push(plain(format!("The last lines of {container} in the pod {pod}:")));
        let lines = &container_log.lines;
        let shown = lines.iter().skip(lines.len().saturating_sub(SHOWN_LOG_LINES));
        effects.extend(shown.map(|line| plain(format!("  | {line}"))));
    }
    effects
}
