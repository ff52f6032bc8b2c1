//! What became of a run and of its workloads, in sentences: for the log, the summary and the document.

use crate::{
    host::TaskResult,
    plan::KeptReason,
    report::{
        causes,
        plan::reason,
        rollout::{counts, held, tag_of, trouble},
        run_report::{CurrentImages, Outcome, Purpose, RollbackStatus, RunReport, WorkloadReport},
    },
    rollout::Proof,
};

/// Whether the pods run what was pushed, in a sentence.
pub(super) fn proven(entry: &WorkloadReport) -> Option<String> {
    Some(match entry.proof.as_ref()? {
        Proof::Verified(digests) => {
            let pairs: Vec<String> =
                digests.iter().map(|(container, digest)| format!("{container} {digest}")).collect();
            format!("Verified: every new pod runs what was pushed ({})", pairs.join(", "))
        }
        Proof::Differs(difference) => format!("Differs: {}", causes::difference(difference)),
        Proof::Unknown(why) => format!("Not verified: {}", causes::unproven(why)),
    })
}

pub(super) fn is_rolled_back(entry: &WorkloadReport) -> bool {
    matches!(
        entry.rollback,
        RollbackStatus::Set
            | RollbackStatus::Rolled(Outcome::Done | Outcome::Held(_), _)
            | RollbackStatus::KeptWorkload(KeptReason::NeverSet)
    )
}

/// What became of a workload, in one sentence without its name.
pub(super) fn verdict_of(report: &RunReport, entry: &WorkloadReport) -> String {
    if was_never_set(entry) {
        return "not changed".to_owned();
    }
    let Some((outcome, after)) = &entry.outcome else {
        let likely = entry.likely.as_ref();
        let cause = likely.map(|failure| format!(": {}", causes::sentence(failure)));
        let cause = cause.unwrap_or_default();
        return match entry.progress() {
            Some(progress) if cause.is_empty() && report.has_failed() => {
                format!("stopped, since another rollout failed ({})", counts(progress))
            }
            Some(progress) => format!("not done ({}){cause}", counts(progress)),
            None if entry.planned.is_left_as_it_is() => "unchanged".to_owned(),
            None => format!("state of its rollout not known{cause}"),
        };
    };
    match outcome {
        Outcome::Done | Outcome::Held(_)
            if matches!(
                entry.rollback,
                RollbackStatus::Set | RollbackStatus::NotDone | RollbackStatus::Rolled(..)
            ) =>
        {
            format!("done after {after}, and rolled back since another workload failed")
        }
        Outcome::Done if entry.planned.is_left_as_it_is() => {
            "unchanged, every pod is available".to_owned()
        }
        Outcome::Done => format!("done after {after}, every pod is updated and available"),
        Outcome::Held(hold) => held(*hold).to_owned(),
        outcome => {
            let trouble = trouble(report, &entry.planned, outcome).unwrap_or_default();
            format!("failed after {after}: {trouble}")
        }
    }
}

/// Whether another deployment has set an image since.
fn was_taken(entry: &WorkloadReport) -> bool {
    matches!(entry.rollback, RollbackStatus::KeptWorkload(KeptReason::SetByAnother { .. }))
        || (entry.rollback == RollbackStatus::NotAsked
            && matches!(entry.outcome, Some((Outcome::SetByAnother { .. }, _))))
}

pub(super) fn was_never_set(entry: &WorkloadReport) -> bool {
    let not_asked = entry.rollback == RollbackStatus::NotAsked && entry.outcome.is_none();
    entry.rollback == RollbackStatus::KeptWorkload(KeptReason::NeverSet)
        || (not_asked && entry.has_old_images())
}

/// What became of the images that were there before.
pub(super) fn back(report: &RunReport, entry: &WorkloadReport) -> Option<String> {
    let text = match &entry.rollback {
        RollbackStatus::NotAsked | RollbackStatus::KeptWorkload(KeptReason::NeverSet) => {
            return None;
        }
        RollbackStatus::Set => "rolled back; its pods were not waited for".to_owned(),
        RollbackStatus::NotDone => "rolled back, but not every pod is ready yet".to_owned(),
        RollbackStatus::Rolled(Outcome::Done, None) => "rolled back".to_owned(),
        RollbackStatus::Rolled(Outcome::Done, Some(pod)) => {
            format!("rolled back, after pod {pod} was deleted")
        }
        RollbackStatus::Rolled(Outcome::Held(hold), _) => {
            format!("rolled back: {}", held(*hold))
        }
        RollbackStatus::Rolled(outcome, _) => {
            let trouble = trouble(report, &entry.planned, outcome).unwrap_or_default();
            format!("rolled back, but not running: {trouble}")
        }
        RollbackStatus::KeptWorkload(left) => reason(left),
        RollbackStatus::Refused(words) => format!("cannot be rolled back: {words}"),
        RollbackStatus::Unknown => "rollback unknown: kubectl timed out".to_owned(),
    };
    Some(text)
}

/// Container and image, a row each.
pub(super) fn now(entry: &WorkloadReport) -> Vec<[String; 2]> {
    let changes = &entry.planned.containers;
    match &entry.now {
        CurrentImages::Images(images) => images
            .iter()
            .map(|(container, image)| {
                let change = changes.iter().find(|c| c.container == *container);
                let running = entry.running.iter().find(|(name, _)| name == container);
                let running = running.map(|(_, images)| images.as_slice()).unwrap_or_default();
                if running.iter().any(|(other, _)| other != image) {
                    let pods = |(image, pods): &(String, usize)| format!("{image} in {pods}");
                    let pods: Vec<String> = running.iter().map(pods).collect();
                    let template = format!("{image} (template; pods run {})", pods.join(", "));
                    return [container.clone(), template];
                }
                let which = match change {
                    Some(change) if !change.changes() => "unchanged",
                    Some(change) if change.old == *image => "previous image",
                    Some(change) if change.new == *image => "new image",
                    _ => "set by another deployment",
                };
                [container.clone(), format!("{image} ({which})")]
            })
            .collect(),
        CurrentImages::Gone => vec![["–".to_owned(), "the workload has been deleted".to_owned()]],
        CurrentImages::Unknown => changes
            .iter()
            .map(|c| [c.container.clone(), format!("not known: {} or {}", c.old, c.new)])
            .collect(),
    }
}

/// The longest cause in the last sentence, in characters.
const SHORT: usize = 200;

/// The last sentence of the step: what became of it, and which workload is the cause.
pub(crate) fn last_sentence(report: &RunReport, verdict: TaskResult) -> String {
    let state = state_of_run(report, verdict);
    let failed = verdict == TaskResult::Failed;
    if let Some(culprit) = culprit(report).filter(|_| failed) {
        return format!("{culprit}; {state}");
    }
    if failed && report.purpose == Purpose::Set {
        return format!("The images do not all run; {state}");
    }
    let mut rest = state.chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}

/// The first workload that failed, and why, in short.
fn culprit(report: &RunReport) -> Option<String> {
    let found = report.workloads.iter().find_map(|c| Some((c, cause_in_short(report, c)?)));
    let Some((entry, cause)) = found else {
        let (workloads, words) = report.refused.as_ref()?;
        let titles: Vec<String> = workloads.iter().map(|planned| report.title(planned)).collect();
        let words: String = words.chars().take(SHORT).collect();
        return Some(format!("{} cannot be updated: {words}", titles.join(", ")));
    };
    Some(format!("{} failed: {cause}", report.title(&entry.planned)))
}

/// Why a workload failed, or why it was not done in time; `None` for one that did not fail itself.
pub(super) fn cause_in_short(report: &RunReport, entry: &WorkloadReport) -> Option<String> {
    let cause = match &entry.outcome {
        Some((Outcome::Failed(failure), _)) => causes::in_short(failure),
        Some((outcome, _)) => trouble(report, &entry.planned, outcome)?,
        None if report.has_failed() => return None,
        None => causes::in_short(entry.likely.as_ref()?),
    };
    Some(cause.chars().take(SHORT).collect())
}

/// Whether pods are restarted, and not all of them run.
pub(super) fn stays_restarted(report: &RunReport) -> bool {
    report.workloads.iter().any(WorkloadReport::is_half_restarted)
}

/// What the workloads have at the end of the step.
fn state_of_run(report: &RunReport, verdict: TaskResult) -> String {
    let changed = || report.workloads.iter().filter(|entry| entry.planned.changes());
    let asked = changed().any(|entry| entry.rollback != RollbackStatus::NotAsked);
    let none_set = changed().all(was_never_set);
    let left = || match () {
        () if none_set && stays_restarted(report) => {
            "the restart stays: see the result for the way back".to_owned()
        }
        () if none_set => "every workload has its previous images".to_owned(),
        () if !asked => "the new images stay set".to_owned(),
        () if changed().any(was_taken) => {
            "another deployment has changed a workload: see the result".to_owned()
        }
        () if changed().all(is_rolled_back) => format!("rolled back{}", to_tag(report)),
        () => "not fully rolled back: see the result".to_owned(),
    };
    match (verdict, report.purpose) {
        (TaskResult::Succeeded, Purpose::Set) => "the images are set and run".to_owned(),
        (TaskResult::Succeeded, Purpose::Undo) => "the previous images are set and run".to_owned(),
        (TaskResult::SucceededWithIssues, Purpose::Set)
            if report.workloads.iter().any(|entry| entry.planned.is_left_as_it_is()) =>
        {
            "the images run, and some were already set".to_owned()
        }
        (TaskResult::SucceededWithIssues, _) => {
            "the images are set; the log has warnings".to_owned()
        }
        (TaskResult::Failed, Purpose::Undo) if none_set => {
            "the previous images could not be set".to_owned()
        }
        (TaskResult::Failed, Purpose::Undo) => {
            "the previous images are set, but not all of them run".to_owned()
        }
        (TaskResult::Failed, Purpose::Set) => left(),
        (TaskResult::Canceled, _) => format!("canceled; {}", left()),
    }
}

/// ` to 4124`, where one image alone is meant.
fn to_tag(report: &RunReport) -> String {
    let changed = report.workloads.iter().filter(|entry| entry.planned.changes());
    let containers = changed.flat_map(|entry| entry.planned.containers.iter());
    match containers.filter(|c| c.changes()).collect::<Vec<_>>().as_slice() {
        [only] => format!(" to {}", tag_of(&only.old)),
        _ => String::new(),
    }
}
