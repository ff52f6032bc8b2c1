//! The words of the end: what became of every workload, and what it runs now.

use crate::{
    host::{Age, Effect, Millis, TaskResult, code},
    report::{
        causes, document,
        line::{self, plain},
        rollout::{elapsed, held, tag_of, trouble},
        run_report::{CurrentImages, Outcome, Purpose, RollbackStatus, RunReport, WorkloadReport},
        summary,
        verdict::{
            back, cause_in_short, is_rolled_back, now, stays_restarted, verdict_of, was_never_set,
        },
    },
    rollout::{Progress, Proof},
};

/// How many workloads have lines of their own, of those that failed and of the others.
const SHOWN_FAILURES: usize = 5;
const SHOWN: usize = 10;
/// How many lines of a container's output the log shows, and how many events.
const SHOWN_OUTPUT: usize = 10;
const SHOWN_EVENTS: usize = 2;

/// The whole report: in the log, on the summary of the run, for tools and for later steps.
pub(crate) fn run_result(report: &RunReport, verdict: TaskResult, now: Millis) -> Vec<Effect> {
    let mut effects = vec![line::section(heading(report, verdict, now))];
    let entries = || report.workloads.iter();
    let failed: Vec<_> = entries().filter(|entry| has_trouble(report, entry)).collect();
    for (at, entry) in failed.iter().enumerate() {
        let state = state_in_short(report, entry);
        match entry.rollback {
            RollbackStatus::NotAsked => effects.extend(rows("✗", report, entry, &state)),
            _ => effects.push(row("✗", report, entry, &state)),
        }
        if at < SHOWN_FAILURES {
            effects.extend(details(report, entry));
        }
    }
    let (rolled_back, kept): (Vec<_>, Vec<_>) = entries()
        .filter(|entry| back(report, entry).is_some())
        .partition(|entry| is_rolled_back(entry));
    for entry in kept {
        let words = back(report, entry).unwrap_or_default();
        effects.push(plain(format!("✗ {}  {words}{}", report.title(&entry.planned), has(entry))));
    }
    effects.extend(few("↩", "rolled back", report, &rolled_back, rolled_back_state));
    let rest: Vec<_> = entries()
        .filter(|entry| back(report, entry).is_none() && !has_trouble(report, entry))
        .collect();
    let (held_up, rest): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|entry| needs_somebody(entry));
    for entry in held_up {
        let text = verdict_of(report, entry);
        effects
            .push(line::warning(code::HELD, format!("{}: {text}", report.title(&entry.planned))));
    }
    let (updated, same): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|entry| !was_never_set(entry) && !entry.planned.is_left_as_it_is());
    effects.extend(few("✓", "updated", report, &updated, state_in_short));
    effects.extend(few("–", "unchanged", report, &same, state_in_short));
    effects.extend(ways_back(report));
    effects.extend(document::outputs(report, verdict));
    let took = Age((now - report.began).max(0));
    effects.push(Effect::Summarise { markdown: summary::page(report, verdict, took) });
    effects.push(document::attachment(report, verdict, took));
    effects
}

/// `Result: failed after 18s, rolled back in 6s`.
fn heading(report: &RunReport, verdict: TaskResult, now: Millis) -> String {
    let after = |at: Option<Millis>| elapsed(Age((at.unwrap_or(now) - report.began).max(0)));
    let settled = after(report.settled);
    let result = match verdict {
        TaskResult::Succeeded => return format!("Result: succeeded in {settled}"),
        TaskResult::SucceededWithIssues => {
            return format!("Result: succeeded with issues in {settled}");
        }
        TaskResult::Failed => format!("Result: failed after {settled}"),
        TaskResult::Canceled => format!("Result: canceled after {settled}"),
    };
    let changed = || report.workloads.iter().filter(|entry| entry.planned.changes());
    let asked = changed().any(|entry| entry.rollback != RollbackStatus::NotAsked);
    match report.rolled_back.zip(report.settled) {
        _ if changed().all(was_never_set) && stays_restarted(report) => {
            format!("{result}, the restart stays")
        }
        _ if changed().all(was_never_set) => format!("{result}, nothing was changed"),
        _ if !asked => format!("{result}, the new images stay"),
        Some((end, settled)) if changed().all(is_rolled_back) => {
            format!("{result}, rolled back in {}", elapsed(Age((end - settled).max(0))))
        }
        None if changed().all(is_rolled_back) => format!("{result}, rolled back"),
        _ => format!("{result}, not fully rolled back"),
    }
}

/// A line for each of a few, or one for many.
fn few(
    sign: &str,
    what: &str,
    report: &RunReport,
    entries: &[&WorkloadReport],
    state: fn(&RunReport, &WorkloadReport) -> String,
) -> Vec<Effect> {
    if entries.len() <= SHOWN {
        let lines = |entry: &&WorkloadReport| rows(sign, report, entry, &state(report, entry));
        return entries.iter().flat_map(lines).collect();
    }
    let titles = entries.iter().take(3).map(|entry| report.title(&entry.planned));
    let titles = titles.collect::<Vec<_>>().join(", ");
    let count = entries.len();
    vec![plain(format!("{sign} {count} workloads {what}: {titles} and {} more", count - 3))]
}

/// A workload with its first container, and what became of it.
fn row(sign: &str, report: &RunReport, entry: &WorkloadReport, state: &str) -> Effect {
    let change = entry.planned.containers.first();
    let image = change.map_or(String::new(), |c| format!("{}  {}  ", c.container, c.new));
    plain(format!("{sign} {}  {image}{state}", report.title(&entry.planned)))
}

/// A workload with each of its containers, and what it has at the end of the step.
fn rows(sign: &str, report: &RunReport, entry: &WorkloadReport, state: &str) -> Vec<Effect> {
    let title = report.title(&entry.planned);
    let line = |(at, [container, image]): (usize, [String; 2])| {
        let change = entry.planned.containers.iter().find(|c| c.container == container);
        let image = match change {
            Some(c) if image.starts_with(&format!("{} (", c.new)) => c.new.clone(),
            Some(c) if image == format!("{} (previous image)", c.old) => c.old.clone(),
            _ => image,
        };
        let was = change.filter(|c| c.changes() && image == c.new);
        let was = was.map_or(String::new(), |c| format!("  (was {})", tag_of(&c.old)));
        let state = if at == 0 { format!("  {state}") } else { String::new() };
        plain(format!("{sign} {title}  {container}  {image}{state}{was}"))
    };
    now(entry).into_iter().enumerate().map(line).collect()
}

/// How many pods are ready and what they run, or why they are not.
fn state_in_short(report: &RunReport, entry: &WorkloadReport) -> String {
    let ready = entry.progress().map(|p| format!("{}/{} ready", p.ready(), p.wanted));
    match &entry.outcome {
        Some((Outcome::Done, _)) => {
            let ready = ready.unwrap_or_else(|| "ready".to_owned());
            format!("{ready}{}", proof(entry))
        }
        Some((Outcome::Held(hold), _)) => held(*hold).to_owned(),
        _ if was_never_set(entry) => "not changed".to_owned(),
        Some((Outcome::Failed(_), _)) => ready.unwrap_or_else(|| "not ready".to_owned()),
        Some((outcome, _)) => trouble(report, &entry.planned, outcome).unwrap_or_default(),
        None if entry.failure().is_some() => ready.unwrap_or_else(|| "not ready".to_owned()),
        None => verdict_of(report, entry),
    }
}

/// How many pods are ready with the previous image, and how that came about.
fn rolled_back_state(report: &RunReport, entry: &WorkloadReport) -> String {
    let ready = match (&entry.rollback, entry.progress()) {
        (RollbackStatus::Rolled(Outcome::Done, _), Some(Progress { wanted, .. })) => {
            format!("{wanted}/{wanted} ready  ")
        }
        _ => String::new(),
    };
    format!("{ready}({})", back(report, entry).unwrap_or_default())
}

/// Whether a workload failed, or was not done in time.
fn has_trouble(report: &RunReport, entry: &WorkloadReport) -> bool {
    let late =
        entry.outcome.is_none() && !was_never_set(entry) && !entry.planned.is_left_as_it_is();
    let stays = entry.rollback == RollbackStatus::NotAsked;
    entry.has_failed() || (late && (stays || cause_in_short(report, entry).is_some()))
}

fn needs_somebody(entry: &WorkloadReport) -> bool {
    matches!(&entry.outcome, Some((Outcome::Held(hold), _)) if hold.needs_somebody())
}

/// Why a workload failed, and what was seen of it.
fn details(report: &RunReport, entry: &WorkloadReport) -> Vec<Effect> {
    let mut lines = Vec::new();
    if let Some(failure) = entry.failure() {
        lines.push(format!("  Cause     {}", causes::in_short(failure)));
        let removed = match entry.rollback {
            RollbackStatus::Rolled(Outcome::Done, _) => " (removed by the rollback)",
            _ => "",
        };
        lines.extend(failure.pod.as_ref().map(|pod| format!("  Pod       {pod}{removed}")));
        let is_there = entry.rollback == RollbackStatus::NotAsked;
        let target = report.target.within(entry.planned.asked.as_deref());
        let look = || causes::look(&target, &entry.planned.name, failure);
        lines.extend(is_there.then(|| format!("  More      {}", look())));
    }
    let events = entry.warnings.iter().take(SHOWN_EVENTS);
    lines.extend(events.map(|event| format!("  Event     {}: {}", event.reason, event.message)));
    if let Some(log) = &entry.log {
        let count = log.lines.len().min(SHOWN_OUTPUT);
        let plural = if count == 1 { "line" } else { "lines" };
        lines.push(format!("  Output of {}, last {count} {plural}:", log.container));
        let shown = log.lines.iter().skip(log.lines.len() - count);
        lines.extend(shown.map(|line| format!("    | {line}")));
    }
    lines.into_iter().map(plain).collect()
}

/// What a workload has at the end of the step, for the end of a line.
fn has(entry: &WorkloadReport) -> String {
    if entry.now == CurrentImages::Gone {
        return String::new();
    }
    let images = now(entry).into_iter().map(|[container, image]| format!("; {container}: {image}"));
    images.collect()
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
        Some(Proof::Differs(_)) => ", digest mismatch".to_owned(),
        Some(Proof::Unknown(why)) => format!(" (not verified: {})", causes::unproven(why)),
        None => String::new(),
    }
}

/// How to roll back what the run leaves changed.
fn ways_back(report: &RunReport) -> Vec<Effect> {
    let undo = match report.undo_commands.as_slice() {
        _ if report.purpose == Purpose::Undo => None,
        [] => None,
        [only] => Some(plain(format!("To roll back: command: undo, or {only}"))),
        _ => Some(plain("To roll back: command: undo")),
    };
    let commands = report.rollback_commands.iter().map(ToString::to_string);
    let restarts = report.workloads.iter().filter(|entry| entry.is_half_restarted());
    let restarts = restarts.map(|entry| {
        let target = report.target.within(entry.planned.asked.as_deref());
        target.undo_rollout(&entry.planned.name).to_string()
    });
    let commands = commands.chain(restarts).map(|line| plain(format!("To roll back: {line}")));
    commands.chain(report.workloads.iter().filter_map(|e| freed(report, e))).chain(undo).collect()
}

/// How the old images come to run that nobody has waited for.
fn freed(report: &RunReport, entry: &WorkloadReport) -> Option<Effect> {
    let pod = entry.in_the_way_back.as_ref().filter(|_| entry.rollback == RollbackStatus::Set)?;
    let command = report.target.within(entry.planned.asked.as_deref()).delete_pod(pod);
    let title = report.title(&entry.planned);
    Some(plain(format!("{title} replaces pod {pod} once it is ready, or deleted: {command}")))
}
