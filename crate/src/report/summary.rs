//! The page on the summary of the run, as Markdown.

use std::fmt::Write;

use crate::{
    host::{Age, TaskResult},
    report::{
        document::word,
        result::{back, now, pod_line, proven, verdict_of},
        run_report::{RunReport, WorkloadReport},
    },
    rollout::Progress,
};

/// How many pods of a workload the page names.
const SHOWN_PODS: usize = 20;
/// How wide the picture of a rollout is, in characters.
const WIDTH: i64 = 40;

/// The page, below the heading that Azure DevOps gives it.
pub(super) fn page(report: &RunReport, verdict: TaskResult, took: Age) -> String {
    let mut page = String::new();
    let result = match verdict {
        TaskResult::Succeeded => "Succeeded",
        TaskResult::SucceededWithIssues => "Succeeded with issues",
        TaskResult::Failed => "Failed",
        TaskResult::Canceled => "Canceled",
    };
    let _ = write!(page, "{result} after {took}\n\n");
    page.push_str(
        "| Workload | Container | Image before → set | Has now | Took | Pods ready | Result |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for entry in &report.workloads {
        rows(&mut page, report, entry);
    }
    for entry in &report.workloads {
        details(&mut page, report, entry);
    }
    page
}

fn rows(page: &mut String, report: &RunReport, entry: &WorkloadReport) {
    let title = escaped(&report.title(&entry.planned));
    let took = entry.outcome.as_ref().map_or(String::from("–"), |(_, after)| after.to_string());
    let ready = entry.pods.iter().filter(|pod| pod.ready).count();
    let pods = entry.progress().map_or(String::from("–"), |p| format!("{ready} of {}", p.wanted));
    let now = now(entry);
    for change in &entry.planned.containers {
        let images = if change.changes() {
            format!("{} → {}", escaped(&change.old), escaped(&change.new))
        } else {
            escaped(&change.old)
        };
        let has =
            now.iter().find(|[container, _]| *container == change.container || container == "–");
        let has = has.map_or(String::from("–"), |[_, image]| escaped(image));
        let container = escaped(&change.container);
        let verdict = word(entry);
        let _ = writeln!(
            page,
            "| {title} | {container} | {images} | {has} | {took} | {pods} | {verdict} |"
        );
    }
}

fn details(page: &mut String, report: &RunReport, entry: &WorkloadReport) {
    let title = report.title(&entry.planned);
    let _ = write!(page, "\n## {}\n\n{}\n", escaped(&title), escaped(&verdict_of(report, entry)));
    if let Some(proven) = proven(entry) {
        let _ = write!(page, "\n{}\n", escaped(&proven));
    }
    if let Some(back) = back(report, entry) {
        let _ = write!(page, "\n{}\n", escaped(&back));
    }
    if let Some(picture) = picture(entry) {
        block(page, picture.iter().map(String::as_str));
    }
    if !entry.has_failed() && entry.outcome.is_some() {
        return;
    }
    if !entry.pods.is_empty() {
        page.push('\n');
    }
    for pod in entry.pods.iter().take(SHOWN_PODS) {
        let _ = writeln!(page, "- {}", escaped(&pod_line(pod)));
    }
    if !entry.warnings.is_empty() {
        page.push_str("\nWarnings of Kubernetes:\n\n");
    }
    for warning in &entry.warnings {
        let (reason, message) = (escaped(&warning.reason), escaped(&warning.message));
        let times =
            if warning.times > 1 { format!(" ({} times)", warning.times) } else { String::new() };
        let _ = writeln!(page, "- {reason}{times}: {message}");
    }
    if let Some(log) = &entry.log {
        let (pod, container) = (escaped(&log.pod), escaped(&log.container));
        let _ = write!(page, "\nThe last lines of {container} in the pod {pod}:\n");
        block(page, log.lines.iter().map(String::as_str));
    }
}

/// A block of lines that Markdown leaves as they are.
fn block<'a>(page: &mut String, lines: impl Iterator<Item = &'a str>) {
    page.push('\n');
    for line in lines {
        let _ = writeln!(page, "    {}", line.replace(char::is_control, " "));
    }
}

/// The course of a rollout: how many new pods were ready and how many old ones were left, from the
/// change to the end.
fn picture(entry: &WorkloadReport) -> Option<[String; 3]> {
    let (last, _) = entry.timeline.last()?;
    let (_, end) = entry.outcome.as_ref().map_or((None, *last), |(o, after)| (Some(o), *after));
    let draw = |count: fn(&Progress) -> i64| -> String {
        let column = |at: i64| {
            let time = end.0 * at / (WIDTH - 1);
            let seen = entry.timeline.iter().take_while(|(after, _)| after.0 <= time).last();
            let (_, progress) = seen.unwrap_or(&entry.timeline[0]);
            bar(count(progress), progress.wanted)
        };
        (0..WIDTH).map(column).collect()
    };
    Some([
        format!("new pods ready  {}", draw(Progress::ready)),
        format!("old pods left   {}", draw(|progress| progress.old)),
        format!("                0 s{:>37}", end.to_string()),
    ])
}

fn bar(count: i64, of: i64) -> char {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let level = (count.max(0) * 8 + of.max(1) - 1) / of.max(1);
    BARS[usize::try_from(level).unwrap_or(0).min(8)]
}

/// Text from outside as Markdown shows it: no markup, no HTML, one line.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => safe.push(' '),
            '&' | '<' | '>' | '|' | '`' | '[' | ']' | '*' | '_' | '~' | '\\' | '#' | '!' => {
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}
