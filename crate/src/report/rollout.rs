//! The words of a rollout while it goes on.

use crate::{
    host::{Age, Code, Effect, code},
    kubernetes::{ApiError, Kind},
    plan::{Planned, Rewritten},
    report::{
        causes,
        line::{self, plain},
        run_report::{Outcome, RunReport, WorkloadReport},
    },
    rollout::{Difference, Failure, Hold, Listing, Progress, StuckPods, Waiting, WatchResult},
};

/// How many rollouts have lines of their own; more than these share one.
pub(crate) const MOST_FOLLOWED: usize = 5;

/// The heading of the rollouts.
pub(crate) fn rollout_section(timeout_ms: Option<u32>) -> Effect {
    let limit = match timeout_ms.map(|millis| elapsed(Age(millis.into()))) {
        Some(limit) => format!(
            "timeout {}",
            limit.strip_suffix("m0s").map_or(limit.clone(), |minutes| format!("{minutes}m"))
        ),
        None => "no timeout".to_owned(),
    };
    line::section(format!("Rollout ({limit})"))
}

/// How far a rollout is, and what it most likely waits for.
pub(crate) fn progress(
    after: Age,
    title: &str,
    progress: Progress,
    waiting: Option<&Waiting>,
) -> Effect {
    let waiting = waiting.map(|waiting| format!("; {}", causes::waiting(waiting)));
    let waiting = waiting.unwrap_or_default();
    timed(after, &format!("{title}  {}{waiting}", counts(progress)))
}

/// A workload runs its previous image again.
pub(crate) fn ready_again(report: &RunReport, planned: &Planned, after: Age) -> Effect {
    let images: Vec<&str> = planned.containers.iter().map(|c| tag_of(&c.new)).collect();
    let entry = report.workloads.iter().find(|entry| entry.is_of(planned));
    let wanted = entry.and_then(WorkloadReport::progress).map_or(0, |progress| progress.wanted);
    let count = if wanted > 0 { format!("{wanted}/{wanted} ") } else { String::new() };
    let title = report.title(planned);
    timed(after, &format!("{title}  {count}pods ready on {}", images.join(", ")))
}

/// A rollout has failed; the error follows once the output of the container is known.
pub(crate) fn failed(
    report: &RunReport,
    planned: &Planned,
    after: Age,
    failure: &Failure,
) -> Effect {
    timed(after, &format!("{}  failed; {}", report.title(planned), causes::in_short(failure)))
}

/// How far many rollouts are together, with the first that are not done.
pub(crate) fn overall(
    after: Age,
    (done, all): (usize, usize),
    waiting: &[(&str, Progress)],
) -> Effect {
    const SHOWN: usize = 2;
    let shown = waiting.iter().take(SHOWN);
    let shown = shown.map(|(name, progress)| match progress.wanted {
        0 => (*name).to_owned(),
        wanted => format!("{name} {}/{wanted}", progress.ready()),
    });
    let names = shown.collect::<Vec<_>>().join(", ");
    let names = match waiting.len().saturating_sub(SHOWN) {
        _ if waiting.is_empty() => String::new(),
        0 => format!("; waiting for {names}"),
        left => format!("; waiting for {names} and {left} more"),
    };
    timed(after, &format!("{done}/{all} done{names}"))
}

fn timed(after: Age, text: &str) -> Effect {
    plain(format!("[{:>4}] {text}", elapsed(after)))
}

/// The tag of an image, or all of it where it has another form.
pub(super) fn tag_of(image: &str) -> &str {
    let tag = image.rfind(':').filter(|at| !image[*at..].contains('/') && !image.contains('@'));
    tag.map_or(image, |at| &image[at + 1..])
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
            "{title}: an admission webhook changed the image of {container} from {asked} to \
             {stored}, which is rolled out"
        ))
    };
    rewritten.iter().map(line).collect()
}

pub(super) fn counts(progress: Progress) -> String {
    let Progress { wanted, old, .. } = progress;
    let pods = if old == 1 { "pod" } else { "pods" };
    let old = match progress.ready() {
        ready if ready >= wanted && old > 0 => {
            format!(", waiting for {old} old {pods} to terminate")
        }
        _ => String::new(),
    };
    format!("{}/{wanted} updated pods ready{old}", progress.ready())
}

/// A rollout is settled: says so at once where it went wrong.
pub(crate) fn settled(report: &RunReport, planned: &Planned, outcome: &Outcome) -> Option<Effect> {
    let trouble = trouble(report, planned, outcome)?;
    let cure = match outcome {
        Outcome::SetByAnother { .. } => {
            ". Run one release at a time, and use one tool for an image"
        }
        Outcome::Deleted => ". Deploy it again",
        _ => "",
    };
    Some(line::error(outcome_code(outcome), format!("{}: {trouble}{cure}", report.title(planned))))
}

/// What failed, each with the last line of its container's output.
pub(crate) fn failures(report: &RunReport) -> Vec<Effect> {
    let failures = report.workloads.iter().filter_map(|entry| {
        let Some((Outcome::Failed(failure), _)) = &entry.outcome else { return None };
        let output =
            entry.log.as_ref().and_then(|log| log.lines.iter().rfind(|l| !l.trim().is_empty()));
        let output =
            output.map_or(String::new(), |last| format!(". Last output: \"{}\"", last.trim()));
        let text =
            format!("{}: {}{output}", report.title(&entry.planned), causes::sentence(failure));
        Some(line::error(causes::code(&failure.cause), text))
    });
    failures.collect()
}

/// What went wrong with a rollout, in one sentence that does not name the workload.
pub(super) fn trouble(report: &RunReport, planned: &Planned, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Done | Outcome::Held(_) => None,
        Outcome::Failed(failure) => Some(causes::sentence(failure)),
        Outcome::Differs(difference) => Some(causes::difference(difference)),
        Outcome::Deleted => Some("it was deleted during the rollout".to_owned()),
        Outcome::SetByAnother { container, image, by } => Some(format!(
            "{} set {container} to {image} during the rollout",
            another(by.as_deref())
        )),
        Outcome::Blocked { pod } => Some(format!(
            "the StatefulSet does not replace its pod {pod} of the failed rollout. Set \
             deleteStuckPods: true, or run {}",
            report.target.within(planned.asked.as_deref()).delete_pod(pod)
        )),
    }
}

/// The code of what went wrong with a rollout.
fn outcome_code(outcome: &Outcome) -> Code {
    match outcome {
        Outcome::Done | Outcome::Held(_) => code::HELD,
        Outcome::Failed(failure) => causes::code(&failure.cause),
        Outcome::Differs(_) => code::DIGEST_MISMATCH,
        Outcome::Deleted => code::DELETED,
        Outcome::SetByAnother { .. } => code::CHANGED_BY_ANOTHER,
        Outcome::Blocked { .. } => code::STUCK_POD,
    }
}

/// Who set an image that is not the step's: the field manager, where it is known.
pub(super) fn another(manager: Option<&str>) -> String {
    match manager {
        Some("kubectl-set" | "kubectl-set-image") | None => "another deployment".to_owned(),
        Some(manager) => format!("another deployment (field manager {manager})"),
    }
}

pub(super) fn held(hold: Hold) -> &'static str {
    match hold {
        Hold::Paused => {
            "the image is set, but the deployment is paused. Run kubectl rollout resume to replace \
             its pods"
        }
        Hold::OnDelete => {
            "the image is set, but the update strategy is OnDelete. Delete the pods to replace them"
        }
        Hold::Partition => {
            "the image is set, but the partition of the StatefulSet is above all its pods. Lower the \
             partition to replace them"
        }
        Hold::ScaledToZero => "the image is set; the workload is scaled to 0 replicas",
        Hold::NoNodes => "the image is set; no node matches the DaemonSet",
        Hold::Schedule => "the image is set; the next job uses it",
        Hold::Ended => "the image is set; the pod has ended",
        Hold::Suspended => "the image is set; the CronJob is suspended and its next job uses it",
        Hold::KeepsPods => {
            "the image is set, but a ReplicaSet or ReplicationController keeps its pods. Delete the \
             pods to replace them"
        }
    }
}

pub(crate) fn stuck_pod(title: &str, pod: &str, stuck_pods: StuckPods) -> Effect {
    let what = match stuck_pods {
        StuckPods::Delete => "It is deleted, so that the previous image runs again",
        StuckPods::DeleteOnceCertain => "It is deleted to continue the rollout",
        StuckPods::Wait | StuckPods::Name => "Set deleteStuckPods: true, or delete it",
    };
    line::warning(
        code::STUCK_POD,
        format!("{title}: the pod {pod} of the failed rollout blocks it. {what}"),
    )
}

/// The rollouts are not watched any longer, though they are not settled.
pub(crate) fn over(over: &WatchResult) -> Vec<Effect> {
    match over {
        WatchResult::Settled => Vec::new(),
        WatchResult::TimedOut(after) => vec![line::error(
            code::TIMED_OUT,
            format!(
                "The rollout timed out after {after}. Fix what it waits for, or increase \
                 rolloutStatusTimeout"
            ),
        )],
        WatchResult::Lost(error) => {
            vec![line::error(code::WATCH_LOST, format!("The rollout cannot be watched: {error}"))]
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
    let text = format!("{}: {}", report.title(planned), causes::difference(difference));
    let line = if required { line::error } else { line::warning };
    line(code::DIGEST_MISMATCH, text)
}

/// The agent ends the step.
pub(crate) fn canceled() -> Effect {
    line::warning(code::CANCELED, "The agent ends the step: it was canceled or has timed out")
}

/// A watch goes on after a failure.
pub(crate) fn watch_failed(listing: Listing, error: &ApiError) -> Effect {
    line::debug(format!("The watch of {} goes on after an error: {error}", what(listing)))
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
    line::debug(format!("No permission to list all {kind}, so each is watched by name: {error}"))
}

/// What cannot be read, and is done without.
pub(crate) fn not_seen(listing: Listing, error: &ApiError) -> Effect {
    let without = match listing {
        Listing::Pods | Listing::Events => "the rollout is judged without them",
        Listing::Workloads(_) => "new pods are recognized by their images",
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
    line::warning(
        code::NOT_RECORDED,
        format!(
            "The change cannot be recorded on its workload, so command: undo will not find it: \
             {error}"
        ),
    )
}
