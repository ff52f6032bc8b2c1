//! The page on the summary of the run, as Markdown: the workload that failed first, and a section
//! for each that has more to say than its row of the table.

use std::{collections::BTreeSet, fmt::Write};

use crate::{
    host::{Age, TaskResult},
    plan::{ContainerChange, Planned},
    registry::{Origin, Stored},
    report::{
        causes,
        document::{State, state},
        markdown::{Names, code, escaped, marked},
        result::{back, cause_in_short, last_sentence, now, proven, verdict_of},
        rollout::elapsed,
        run_report::{Outcome, PodSeen, RollbackStatus, RunReport, WorkloadReport},
        timeline::timeline,
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
    for of in report.workloads.iter().map(|entry| self::names(report, entry)) {
        names.unmistakable.extend(of.unmistakable);
        names.containers.extend(of.containers);
    }
    let sentence = marked(&last_sentence(report, verdict), &names);
    let _ = write!(page, "**{result}** after {}. {sentence}\n\n", elapsed(took));
    let mut entries: Vec<&WorkloadReport> = report.workloads.iter().collect();
    entries.sort_by_key(|entry| concern(report, entry));
    table(&mut page, report, &entries);
    for entry in &entries {
        section(&mut page, report, entry);
    }
    origins(&mut page, report);
    if !report.rollback_commands.is_empty() {
        page.push_str("\n## To roll back\n");
        let commands: Vec<String> =
            report.rollback_commands.iter().map(ToString::to_string).collect();
        block(&mut page, commands.iter().map(String::as_str));
    }
    page
}

/// How much a workload asks for a look: the culprits first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
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
    row(page, heads.iter().copied());
    row(page, heads.iter().map(|_| "---"));
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
            row(page, cells.iter().map(String::as_str));
        }
    }
}

fn row<'a>(page: &mut String, cells: impl Iterator<Item = &'a str>) {
    let _ = writeln!(page, "| {} |", cells.collect::<Vec<_>>().join(" | "));
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
        let _ = write!(page, "\n{}\n", marked(&capitalized(&sentence), &names));
    }
    if matches!(concern, Concern::Culprit | Concern::Trouble) {
        findings(page, entry, &names);
    }
    if let Some(drawing) = drawing {
        page.push_str("\nTimeline:\n");
        block(page, drawing.iter().map(String::as_str));
    }
}

/// What was seen of the pods that failed.
fn findings(page: &mut String, entry: &WorkloadReport, names: &Names) {
    if !entry.pods.is_empty() {
        page.push('\n');
    }
    let mut pods: Vec<&PodSeen> = entry.pods.iter().collect();
    pods.sort_by_key(|pod| (pod.ready, pod.trouble.is_none()));
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
        block(page, log.lines.iter().map(String::as_str));
    }
}

/// A part of what an image says of its origin.
type Part = fn(&Origin) -> Option<&String>;

/// What the registry has of the images that are set: the digest, and when and from what each was
/// built, as it says itself.
fn origins(page: &mut String, report: &RunReport) {
    let set = report.workloads.iter().flat_map(|entry| &entry.planned.containers);
    let set: BTreeSet<&str> = set.map(|change| change.new.as_str()).collect();
    let known = set.iter().filter_map(|image| Some((*image, report.stored.get(*image)?)));
    let known: Vec<(&str, &Stored)> = known.collect();
    if known.is_empty() {
        return;
    }
    let parts: [(&str, Part); 3] = [
        ("Built", |origin| origin.created.as_ref()),
        ("Commit", |origin| origin.revision.as_ref()),
        ("Source", |origin| origin.source.as_ref()),
    ];
    let is_told = |part: Part| known.iter().any(|(_, s)| part(&s.origin).is_some());
    let parts: Vec<_> = parts.into_iter().filter(|(_, part)| is_told(*part)).collect();
    page.push_str("\n## Images\n\n");
    row(page, ["Image", "Digest"].into_iter().chain(parts.iter().map(|(head, _)| *head)));
    row(page, ["---"; 2].into_iter().chain(parts.iter().map(|_| "---")));
    for (image, Stored { digest, origin, .. }) in &known {
        let told = parts.iter().map(|(_, part)| part(origin).map_or_else(none, |text| code(text)));
        let cells: Vec<String> = [code(image), code(digest)].into_iter().chain(told).collect();
        row(page, cells.iter().map(String::as_str));
    }
}

/// A block of lines that Markdown leaves as they are.
fn block<'a>(page: &mut String, lines: impl Iterator<Item = &'a str>) {
    page.push('\n');
    for line in lines {
        let _ = writeln!(page, "    {}", line.replace(char::is_control, " "));
    }
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or(String::new(), |first| first.to_uppercase().chain(rest).collect())
}

/// The names in sentences about a workload.
fn names(report: &RunReport, entry: &WorkloadReport) -> Names {
    let Planned { name, containers, .. } = &entry.planned;
    let images = containers.iter().flat_map(|change| [&change.old, &change.new]);
    let running = entry.running.iter().flat_map(|(_, images)| images);
    let pods = entry.pods.iter().map(|pod| &pod.name);
    let failed = entry.failure().and_then(|failure| failure.pod.as_ref());
    let found = images.chain(running.map(|(image, _)| image)).chain(pods).chain(failed).cloned();
    Names {
        unmistakable: found.chain([report.title(&entry.planned), name.to_string()]).collect(),
        containers: containers.iter().map(|change| change.container.clone()).collect(),
    }
}
