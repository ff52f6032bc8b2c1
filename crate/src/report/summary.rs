//! The page on the summary of the run, as Markdown: the workload that failed first, and a section
//! for each that has more to say than its row of the table.

use std::fmt::Write;

use crate::{
    host::{Age, TaskResult},
    plan::{ContainerChange, Planned},
    registry::{Origin, Stored},
    report::{
        causes,
        document::{State, state},
        markdown::{Names, code, escaped, marked},
        rollout::elapsed,
        run_report::{Outcome, PodSeen, RollbackStatus, RunReport, WorkloadReport},
        timeline::timeline,
        verdict::{back, cause_in_short, last_sentence, now, proven, verdict_of},
    },
    rollout::{Proof, Unproven},
};

/// How many pods of a workload the page names.
const SHOWN_PODS: usize = 20;
/// How much of a digest tells it from others.
const SHORT_DIGEST: usize = "sha256:".len() + 12;

/// The page, below the heading that Azure DevOps gives it.
pub(super) fn page(report: &RunReport, verdict: TaskResult, took: Age) -> String {
    let mut page = String::new();
    let result = match verdict {
        TaskResult::Succeeded => "Succeeded",
        TaskResult::SucceededWithIssues => "Succeeded with issues",
        TaskResult::Failed => "Failed",
        TaskResult::Canceled => "Canceled",
    };
    let mut names = Names::default();
    report.workloads.iter().for_each(|entry| add_names(&mut names, report, entry));
    let sentence = marked(&last_sentence(report, verdict), &names);
    let _ = write!(page, "**{result}** after {}. {sentence}\n\n", elapsed(took));
    let mut entries: Vec<&WorkloadReport> = Vec::new();
    for wanted in [Concern::Culprit, Concern::Trouble, Concern::RolledBack, Concern::Fine] {
        entries.extend(report.workloads.iter().filter(|entry| concern(report, entry) == wanted));
    }
    table(&mut page, report, &entries);
    for entry in &entries {
        section(&mut page, report, entry);
    }
    origins(&mut page, report);
    if !report.rollback_commands.is_empty() {
        page.push_str("\n## To roll back\n");
        let commands: Vec<String> =
            report.rollback_commands.iter().map(ToString::to_string).collect();
        block(&mut page, &commands);
    }
    page
}

/// How much a workload asks for a look: the culprits first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Concern {
    Culprit,
    Trouble,
    RolledBack,
    Fine,
}

fn concern(report: &RunReport, entry: &WorkloadReport) -> Concern {
    match state(entry) {
        _ if cause_in_short(report, entry).is_some() => Concern::Culprit,
        State::RolledBack => Concern::RolledBack,
        State::Done | State::Held | State::Unchanged => Concern::Fine,
        _ => Concern::Trouble,
    }
}

fn table(page: &mut String, report: &RunReport, entries: &[&WorkloadReport]) {
    let has_digests = entries.iter().any(|entry| {
        !matches!(entry.proof, None | Some(Proof::Unknown(Unproven::NotAsked | Unproven::NoPods)))
    });
    let mut heads = vec!["Result", "Workload", "Container", "Image", "Runs now"];
    heads.extend(has_digests.then_some("Digest"));
    heads.extend(["Pods ready", "Time"]);
    head(page, &heads);
    for entry in entries {
        let names = names(report, entry);
        let ready = entry.pods.iter().filter(|pod| pod.ready).count();
        let pods = entry.progress().map(|progress| format!("{ready}/{}", progress.wanted));
        let time = entry.outcome.as_ref().map(|(_, after)| elapsed(*after));
        let now = now(entry);
        for change in &entry.planned.containers {
            let now = now
                .iter()
                .find(|[container, _]| *container == change.container || container == "–")
                .map(|[_, image]| marked(image, &names));
            let mut cells = vec![
                became(report, entry).to_owned(),
                code(&report.title(&entry.planned)),
                code(&change.container),
                images(change),
                now.unwrap_or_else(none),
            ];
            cells.extend(has_digests.then(|| digest(entry, &change.container, &names)));
            cells.extend([pods.clone().unwrap_or_else(none), time.clone().unwrap_or_else(none)]);
            row(page, &cells);
        }
    }
}

fn head(page: &mut String, heads: &[&str]) {
    let cells: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    row(page, &cells);
    row(page, &vec!["---".to_owned(); heads.len()]);
}

fn row(page: &mut String, cells: &[String]) {
    for cell in cells {
        page.push_str("| ");
        page.push_str(cell);
        page.push(' ');
    }
    page.push_str("|\n");
}

fn none() -> String {
    "–".to_owned()
}

/// What became of a workload, in a few words.
fn became(report: &RunReport, entry: &WorkloadReport) -> &'static str {
    match state(entry) {
        State::RolledBack if cause_in_short(report, entry).is_some() => "✗ Failed, rolled back",
        State::RolledBack => "↩ Rolled back",
        State::Failed => "✗ Failed",
        State::Deleted => "✗ Deleted",
        State::SetByAnother => "✗ Changed by another deployment",
        State::Differs => "✗ Digest differs",
        State::NotDone => "✗ Not finished",
        State::Done => "✓ Done",
        State::Held => "✓ Image set",
        State::Unchanged => "– Unchanged",
    }
}

/// An image and its successor, without what both have in common.
fn images(ContainerChange { old, new, .. }: &ContainerChange) -> String {
    let repository = old.rfind(':').filter(|at| !old[*at..].contains('/'));
    let tag = repository.and_then(|at| new.strip_prefix(&old[..=at]));
    match tag {
        _ if old == new => code(old),
        Some(tag) => format!("{} → {}", code(old), code(tag)),
        None => format!("{} → {}", code(old), code(new)),
    }
}

/// Which digest the pods run, and whether it is the one that was pushed.
fn digest(entry: &WorkloadReport, container: &str, names: &Names) -> String {
    match &entry.proof {
        Some(Proof::Verified(digests)) => digests
            .iter()
            .find(|(name, _)| name == container)
            .map_or_else(none, |(_, digest)| format!("{} verified", code(&shortened(digest)))),
        Some(Proof::Differs(difference)) if difference.container == container => {
            format!("{} **differs**", code(&shortened(&difference.running)))
        }
        Some(Proof::Differs(_)) | None => none(),
        Some(Proof::Unknown(why)) => {
            format!("unknown: {}", marked(&causes::unproven(why), names))
        }
    }
}

fn shortened(digest: &str) -> String {
    digest.chars().take(SHORT_DIGEST).collect()
}

/// What there is to say of a workload beyond its row; its timeline also where it is the only one.
fn section(page: &mut String, report: &RunReport, entry: &WorkloadReport) {
    let concern = concern(report, entry);
    let differs = matches!(entry.proof, Some(Proof::Differs(_)));
    let is_back = matches!(entry.rollback, RollbackStatus::Rolled(Outcome::Done, None));
    let needs_somebody =
        matches!(&entry.outcome, Some((Outcome::Held(hold), _)) if hold.needs_somebody());
    let speaks = match concern {
        Concern::Culprit | Concern::Trouble => true,
        Concern::RolledBack => !is_back,
        Concern::Fine => differs || needs_somebody,
    };
    let drawing = timeline(entry).filter(|_| speaks || report.workloads.len() == 1);
    if !speaks && drawing.is_none() {
        return;
    }
    let names = names(report, entry);
    let _ = write!(page, "\n## {}\n", code(&report.title(&entry.planned)));
    let sentences = [
        Some(verdict_of(report, entry)).filter(|_| speaks),
        back(report, entry),
        proven(entry).filter(|_| differs),
    ];
    for sentence in sentences.into_iter().flatten() {
        let _ = write!(page, "\n{}\n", marked(&capitalized(sentence), &names));
    }
    if matches!(concern, Concern::Culprit | Concern::Trouble) {
        findings(page, entry, &names);
    }
    if let Some(drawing) = drawing {
        page.push_str("\nTimeline:\n");
        block(page, &drawing);
    }
}

/// What was seen of the pods that failed.
fn findings(page: &mut String, entry: &WorkloadReport, names: &Names) {
    if !entry.pods.is_empty() {
        page.push('\n');
    }
    let mut pods: Vec<&PodSeen> = entry.pods.iter().filter(|pod| !pod.ready).collect();
    pods.extend(entry.pods.iter().filter(|pod| pod.ready));
    for pod in pods.iter().take(SHOWN_PODS) {
        let state = match &pod.trouble {
            _ if pod.ready => "ready".to_owned(),
            Some(failure) => causes::in_short(failure),
            None => format!("not ready, {}", pod.phase),
        };
        let age = pod.age.map_or(String::new(), |age| format!(", {} old", elapsed(age)));
        let _ = writeln!(page, "- {}: {}{age}", code(&pod.name), marked(&state, names));
    }
    let left = pods.len().saturating_sub(SHOWN_PODS);
    if left > 0 {
        let _ = writeln!(page, "- {left} more pods");
    }
    if !entry.warnings.is_empty() {
        page.push_str("\nKubernetes events:\n\n");
    }
    for warning in &entry.warnings {
        let (reason, message) = (escaped(&warning.reason), marked(&warning.message, names));
        let times =
            if warning.times > 1 { format!(" ({} times)", warning.times) } else { String::new() };
        let _ = writeln!(page, "- **{reason}**{times}: {message}");
    }
    if let Some(log) = &entry.log {
        let (pod, container) = (code(&log.pod), code(&log.container));
        let _ = write!(page, "\nLast output of {container} in pod {pod}:\n");
        block(page, &log.lines);
    }
}

/// What the registry has of the images that are set: the digest, and when and from what each was
/// built, as it says itself.
fn origins(page: &mut String, report: &RunReport) {
    if report.stored.is_empty() {
        return;
    }
    let has_origins = report.stored.values().any(|stored| stored.origin != Origin::default());
    let heads = ["Image", "Digest", "Built", "Commit", "Source"];
    page.push_str("\n## Images\n\n");
    head(page, if has_origins { &heads } else { &heads[..2] });
    for (image, Stored { digest, origin, .. }) in &report.stored {
        let mut cells = vec![code(image), code(digest)];
        for part in [&origin.created, &origin.revision, &origin.source] {
            if has_origins {
                cells.push(part.as_deref().map_or_else(none, code));
            }
        }
        row(page, &cells);
    }
}

/// A block of lines that Markdown leaves as they are.
fn block(page: &mut String, lines: &[String]) {
    page.push('\n');
    for line in lines {
        let _ = writeln!(page, "    {}", line.replace(char::is_control, " "));
    }
}

fn capitalized(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// The names in sentences about a workload.
fn names(report: &RunReport, entry: &WorkloadReport) -> Names {
    let mut names = Names::default();
    add_names(&mut names, report, entry);
    names
}

fn add_names(names: &mut Names, report: &RunReport, entry: &WorkloadReport) {
    let Planned { name, containers, .. } = &entry.planned;
    let Names { unmistakable, containers: of_containers } = names;
    unmistakable.extend([report.title(&entry.planned), name.to_string()]);
    for ContainerChange { container, old, new, .. } in containers {
        unmistakable.extend([old.clone(), new.clone()]);
        of_containers.push(container.clone());
    }
    let running = entry.running.iter().flat_map(|(_, images)| images);
    unmistakable.extend(running.map(|(image, _)| image.clone()));
    unmistakable.extend(entry.pods.iter().map(|pod| pod.name.clone()));
    unmistakable.extend(entry.failure().and_then(|failure| failure.pod.clone()));
}
