//! The words of the end: what became of every workload, and what it runs now.

use crate::{
    host::{Age, Effect, Millis, Style, TaskResult},
    plan::KeptReason,
    report::{
        causes, document, log, plain,
        plan::reason,
        rollout::{cause, counts, held, trouble},
        run_report::{
            CurrentImages, Outcome, PodSeen, Purpose, RollbackStatus, RunReport, WorkloadReport,
        },
        section, summary,
        table::table,
    },
    rollout::Proof,
};

/// How many pods of a workload the log names.
const SHOWN_PODS: usize = 10;

/// The whole report: in the log, on the summary of the run, for tools and for later steps.
pub(crate) fn run_result(report: &RunReport, verdict: TaskResult, now: Millis) -> Vec<Effect> {
    let mut effects = vec![section("Result")];
    let (failed, rest): (Vec<&WorkloadReport>, Vec<&WorkloadReport>) =
        report.workloads.iter().partition(|entry| entry.has_failed());
    for entry in failed.into_iter().chain(rest) {
        effects.extend(chapter_lines(report, entry));
    }
    effects.extend(runs_now(report));
    effects.extend(ways_back(report));
    effects.extend(document::outputs(report, verdict));
    let took = Age((now - report.began).max(0));
    effects.push(Effect::Summarise { markdown: summary::page(report, verdict, took) });
    effects.push(document::attachment(report, verdict, took));
    effects
}

fn chapter_lines(report: &RunReport, entry: &WorkloadReport) -> Vec<Effect> {
    let title = report.title(&entry.planned);
    let head = match &entry.outcome {
        Some((Outcome::Held(hold), _)) if hold.needs_somebody() => {
            log(Style::Warning, format!("{title}: {}", held(*hold)))
        }
        _ => plain(format!("{title}: {}", verdict_of(report, entry))),
    };
    let told = was_never_set(entry) || is_done_well(entry);
    let changes = entry.planned.containers.iter().filter(|c| c.changes() && !told);
    let changes = changes.map(|c| match entry.rollback {
        RollbackStatus::Set | RollbackStatus::NotDone | RollbackStatus::Rolled(..) => {
            plain(format!("  {}: {} put back in place of {}", c.container, c.old, c.new))
        }
        _ => plain(format!("  {}: {} replaced by {}", c.container, c.old, c.new)),
    });
    let back = back(report, entry).map(|text| plain(format!("  {text}")));
    let shown = if is_done_well(entry) { 0 } else { SHOWN_PODS };
    let pods = entry.pods.iter().take(shown).map(|pod| plain(format!("  {}", pod_line(pod))));
    let done_well =
        is_done_well(entry).then(|| plain(format!("  {}{}", ages(entry), proof(entry))));
    let pods = pods.chain(done_well);
    let left = entry.pods.len().saturating_sub(SHOWN_PODS) * usize::from(shown > 0);
    let left = (left > 0).then(|| plain(format!("  … {left} more pods")));
    let warnings = entry.warnings.iter().map(|w| plain(format!("  {}: {}", w.reason, w.message)));
    let pods = pods.chain(left).chain(warnings);
    if entry.rollback == RollbackStatus::NotAsked {
        [head].into_iter().chain(changes).chain(pods).collect()
    } else {
        [head].into_iter().chain(pods).chain(changes).chain(back).collect()
    }
}

/// Whether the rollout is done and every pod of it is ready: the tables say the rest.
fn is_done_well(entry: &WorkloadReport) -> bool {
    let done = matches!(entry.outcome, Some((Outcome::Done, _)))
        && entry.rollback == RollbackStatus::NotAsked;
    done && !entry.pods.is_empty() && entry.pods.iter().all(|pod| pod.ready)
}

/// Whether the pods run what was pushed, for the end of a line.
fn proof(entry: &WorkloadReport) -> String {
    match &entry.proof {
        Some(Proof::Verified(digests)) => {
            let short =
                |digest: &str| digest.chars().take("sha256:".len() + 12).collect::<String>();
            let mut digests: Vec<String> =
                digests.iter().map(|(_, digest)| short(digest)).collect();
            digests.dedup();
            format!(", running {} (verified)", digests.join(", "))
        }
        Some(Proof::Differs(_)) => ", not all of them running what was pushed".to_owned(),
        Some(Proof::Unknown(why)) => {
            format!(" (digest not verified: {})", causes::unproven(why))
        }
        None => String::new(),
    }
}

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

/// How many pods there are, and how old they are.
fn ages(entry: &WorkloadReport) -> String {
    let count = entry.pods.len();
    let pods = if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") };
    let ages = || entry.pods.iter().filter_map(|pod| pod.age);
    match ages().min().zip(ages().max()) {
        Some((youngest, oldest)) if youngest.to_string() != oldest.to_string() => {
            format!("{pods} ready, {youngest} to {oldest} old")
        }
        Some((age, _)) => format!("{pods} ready, {age} old"),
        None => format!("{pods} ready"),
    }
}

/// What became of a workload, in one sentence without its name.
pub(super) fn verdict_of(report: &RunReport, entry: &WorkloadReport) -> String {
    if was_never_set(entry) {
        return "was not changed".to_owned();
    }
    let Some((outcome, after)) = &entry.outcome else {
        let likely = entry.likely.as_ref();
        let cause = likely.map(|failure| format!(": {}", cause(report, &entry.planned, failure)));
        let cause = cause.unwrap_or_default();
        return match entry.progress() {
            Some(progress) if cause.is_empty() && report.has_failed() => format!(
                "not waited for any longer, since another rollout failed ({})",
                counts(progress)
            ),
            Some(progress) => format!("not done ({}){cause}", counts(progress)),
            None if entry.planned.is_left_as_it_is() => "unchanged".to_owned(),
            None => format!("nothing was seen of its rollout{cause}"),
        };
    };
    match outcome {
        Outcome::Done | Outcome::Held(_)
            if matches!(
                entry.rollback,
                RollbackStatus::Set | RollbackStatus::NotDone | RollbackStatus::Rolled(..)
            ) =>
        {
            format!("rolled back, since the step failed elsewhere; it was settled after {after}")
        }
        Outcome::Done if entry.planned.is_left_as_it_is() => {
            "nothing to replace, every pod is available".to_owned()
        }
        Outcome::Done => format!("done after {after}, every pod is replaced and available"),
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

fn was_never_set(entry: &WorkloadReport) -> bool {
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
        RollbackStatus::Set => {
            "its old images are set again; their pods were not waited for".to_owned()
        }
        RollbackStatus::NotDone => {
            "its old images are set again, and not every pod runs them yet".to_owned()
        }
        RollbackStatus::Rolled(Outcome::Done, None) => {
            "its old images run again, every pod is available".to_owned()
        }
        RollbackStatus::Rolled(Outcome::Done, Some(pod)) => {
            format!("its old images run again, after the pod {pod} was deleted")
        }
        RollbackStatus::Rolled(Outcome::Held(hold), _) => {
            format!("its old images: {}", held(*hold))
        }
        RollbackStatus::Rolled(outcome, _) => {
            let trouble = trouble(report, &entry.planned, outcome).unwrap_or_default();
            format!("its old images are set again, and do not all run: {trouble}")
        }
        RollbackStatus::KeptWorkload(left) => format!("it {}", reason(left)),
        RollbackStatus::Refused(words) => format!("its old images could not be set again: {words}"),
        RollbackStatus::Unknown => {
            "whether its old images are set again is not known: kubectl gave no answer in time"
                .to_owned()
        }
    };
    Some(text)
}

pub(super) fn pod_line(pod: &PodSeen) -> String {
    let age = pod.age.map_or(String::new(), |age| format!(", {age} old"));
    let state = match &pod.trouble {
        _ if pod.ready => "ready".to_owned(),
        Some(failure) => format!("not ready, {}", causes::in_short(failure)),
        None => format!("not ready, {}", pod.phase),
    };
    format!("pod {}: {state}{age}", pod.name)
}

/// What every workload runs at the end of the step.
fn runs_now(report: &RunReport) -> Vec<Effect> {
    let mut rows = vec![["WORKLOAD", "CONTAINER", "RUNS NOW"].map(str::to_owned).to_vec()];
    for entry in &report.workloads {
        for row in now(entry) {
            rows.push([vec![report.title(&entry.planned)], row.to_vec()].concat());
        }
    }
    table(&rows)
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
                    Some(change) if !change.changes() => "as before",
                    Some(change) if change.old == *image => "the old one",
                    Some(change) if change.new == *image => "the new one",
                    _ => "set by somebody else",
                };
                [container.clone(), format!("{image} ({which})")]
            })
            .collect(),
        CurrentImages::Gone => vec![["–".to_owned(), "the workload is gone".to_owned()]],
        CurrentImages::Unknown => changes
            .iter()
            .map(|c| [c.container.clone(), format!("not known: {} or {}", c.old, c.new)])
            .collect(),
    }
}

/// How to put back by hand what this run did not.
fn ways_back(report: &RunReport) -> Vec<Effect> {
    if report.rollback_commands.is_empty() {
        return Vec::new();
    }
    let commands = report.rollback_commands.iter().map(|command| plain(format!("  {command}")));
    [plain("To have what was there before, run:")].into_iter().chain(commands).collect()
}

/// The longest cause in the last sentence, in characters.
const SHORT: usize = 200;

/// The last sentence of the step: what became of it, and which workload is the cause.
pub(crate) fn last_sentence(report: &RunReport, verdict: TaskResult) -> String {
    let sentence = sentence(report, verdict);
    match culprit(report).filter(|_| verdict == TaskResult::Failed) {
        Some(culprit) => format!("{sentence}. {culprit}"),
        None => sentence.to_owned(),
    }
}

/// The first workload that failed, and why, in short.
fn culprit(report: &RunReport) -> Option<String> {
    let found = report.workloads.iter().find_map(|c| Some((c, cause_in_short(report, c)?)));
    let Some((entry, cause)) = found else {
        let (workloads, words) = report.refused.as_ref()?;
        let titles: Vec<String> = workloads.iter().map(|planned| report.title(planned)).collect();
        let words: String = words.chars().take(SHORT).collect();
        return Some(format!("{}: {words}", titles.join(", ")));
    };
    Some(format!("{}: {cause}", report.title(&entry.planned)))
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

fn sentence(report: &RunReport, verdict: TaskResult) -> &'static str {
    let changed = || report.workloads.iter().filter(|entry| entry.planned.changes());
    let is_back = |entry: &WorkloadReport| {
        matches!(
            entry.rollback,
            RollbackStatus::Set
                | RollbackStatus::Rolled(Outcome::Done | Outcome::Held(_), _)
                | RollbackStatus::KeptWorkload(KeptReason::NeverSet)
        )
    };
    let asked = changed().any(|entry| entry.rollback != RollbackStatus::NotAsked);
    let all_back = changed().all(is_back);
    let none_set = changed().all(was_never_set);
    match (verdict, report.purpose) {
        (TaskResult::Succeeded, Purpose::Set) => "The images are set and run",
        (TaskResult::Succeeded, Purpose::Undo) => "The old images are set and run",
        (TaskResult::SucceededWithIssues, Purpose::Set)
            if report.workloads.iter().any(|entry| entry.planned.is_left_as_it_is()) =>
        {
            "The images run, and some were there already"
        }
        (TaskResult::SucceededWithIssues, _) => "The images are set; the log has warnings",
        (TaskResult::Failed, Purpose::Undo) if none_set => "The old images could not be set",
        (TaskResult::Failed, Purpose::Undo) => "The old images are set, but not all of them run",
        (TaskResult::Failed, Purpose::Set) if none_set => {
            "The images could not be set; every workload has its old ones"
        }
        (TaskResult::Failed, Purpose::Set) if !asked => {
            "The images are set, but not all of them run, and they stay"
        }
        (TaskResult::Failed, Purpose::Set) if changed().any(was_taken) => {
            "The images do not all run: another deployment changed a workload meanwhile; see the \
             last table"
        }
        (TaskResult::Failed, Purpose::Set) if all_back => {
            "The new images do not all run; the old ones are back"
        }
        (TaskResult::Failed, Purpose::Set) => {
            "The new images do not all run, and not every old one is back: see the last table"
        }
        (TaskResult::Canceled, _) if none_set => "Canceled; every workload has its old images",
        (TaskResult::Canceled, _) if !asked => "Canceled; what was set stays set",
        (TaskResult::Canceled, _) if all_back => "Canceled; the old images are set again",
        (TaskResult::Canceled, _) => "Canceled; not every old image is back: see the last table",
    }
}
