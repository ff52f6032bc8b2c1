//! The report for tools: a JSON document, and the output variables.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    host::{Age, Effect, TaskResult},
    registry::{Origin, Stored},
    report::{
        causes, output,
        run_report::{CurrentImages, Outcome, RollbackStatus, RunReport, WorkloadReport},
        verdict::{back, cause_in_short, last_sentence, proven, verdict_of},
    },
    rollout::Proof,
};

/// What the attachment is found by.
const KIND: &str = "kubectl-set-image";
/// The version of the document; a tool should refuse one that it does not know.
const VERSION: u32 = 1;

/// The longest result in an output variable, in characters.
const SHORT: usize = 300;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: u32,
    result: TaskResult,
    /// What became of the run, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    milliseconds: i64,
    workloads: Vec<Workload<'a>>,
    /// The commands that roll back what the run leaves changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback_commands: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Workload<'a> {
    namespace: &'a str,
    kind: &'static str,
    name: &'a str,
    outcome: State,
    result: String,
    /// Why it failed, in short; left out where it did not, or was rolled back with another.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// Whether the new pods run what was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Proven>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<i64>,
    containers: Vec<Container<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pods: Option<Vec<Pod<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<TimelineEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<Warning<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<Log<'a>>,
}

#[derive(Serialize)]
struct Proven {
    /// `verified`, `differs` or `unknown`.
    state: &'static str,
    /// The digest of each container that is verified.
    digests: BTreeMap<String, String>,
    /// In a sentence.
    words: String,
}

#[derive(Serialize)]
struct Container<'a> {
    name: &'a str,
    before: &'a str,
    set: &'a str,
    /// `null` where it is not known, or the workload is gone.
    now: Option<&'a str>,
    /// What the registry has under the image that was set; left out where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Image<'a>>,
}

#[derive(Serialize)]
struct Image<'a> {
    digest: &'a str,
    /// When it was built, as RFC 3339 has it; each of these as the image says.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    /// The commit that it was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'a str>,
    /// The URL of the repository of that commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pod<'a> {
    name: &'a str,
    ready: bool,
    milliseconds: Option<i64>,
    /// Milliseconds after the change.
    created: Option<i64>,
    /// Milliseconds after the change; `null` for a pod that is not ready.
    became_ready: Option<i64>,
    trouble: Option<String>,
}

#[derive(Serialize)]
struct TimelineEntry {
    milliseconds: i64,
    wanted: i64,
    ready: i64,
    old: i64,
}

#[derive(Serialize)]
struct Warning<'a> {
    reason: &'a str,
    message: &'a str,
    times: u32,
}

#[derive(Serialize)]
struct Log<'a> {
    pod: &'a str,
    container: &'a str,
    lines: &'a [String],
}

/// The document with the whole report.
pub(super) fn attachment(report: &RunReport, verdict: TaskResult, took: Age) -> Effect {
    let workloads = report.workloads.iter().map(|entry| whole(report, entry)).collect();
    let document = Document {
        version: VERSION,
        result: verdict,
        message: Some(last_sentence(report, verdict)),
        milliseconds: took.0,
        workloads,
        rollback_commands: Some(report.rollback_commands.iter().map(ToString::to_string).collect()),
    };
    Effect::Attach { kind: KIND, name: "rollout.json", content: text(&document) }
}

/// The output variables of the change: what a later step can decide by.
pub(super) fn outputs(report: &RunReport, verdict: TaskResult) -> Vec<Effect> {
    let changed = report.workloads.iter().any(WorkloadReport::is_changed);
    let previous = report.workloads.iter().filter(|entry| entry.planned.changes());
    let previous = previous.map(|entry| {
        let changed = entry.planned.containers.iter().filter(|change| change.changes());
        let images = changed.map(|c| (c.container.as_str(), c.old.as_str()));
        (entry.planned.title(true), Pairs(images.collect()))
    });
    let workloads = report.workloads.iter().map(|entry| brief(report, entry)).collect();
    let took = report.workloads.iter().filter_map(|c| Some(c.outcome.as_ref()?.1.0)).max();
    let result = Document {
        version: VERSION,
        result: verdict,
        message: None,
        milliseconds: took.unwrap_or_default(),
        workloads,
        rollback_commands: None,
    };
    let mut result = result;
    if text(&result).len() > output::MOST {
        result.workloads.iter_mut().for_each(|workload| workload.result.clear());
    }
    [
        ("changed", changed.to_string()),
        ("previousImages", text(&Pairs(previous.collect()))),
        ("result", text(&result)),
    ]
    .into_iter()
    .flat_map(|(name, value)| output::variable(name, value))
    .collect()
}

/// Pairs that are written as an object.
struct Pairs<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Pairs<K, V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

fn brief<'a>(report: &'a RunReport, entry: &'a WorkloadReport) -> Workload<'a> {
    Workload {
        namespace: &entry.planned.namespace,
        kind: entry.planned.name.kind.plural(),
        name: &entry.planned.name.name,
        outcome: state(entry),
        result: verdict_of(report, entry).chars().take(SHORT).collect(),
        cause: cause_in_short(report, entry),
        proof: proof(entry),
        rollback: None,
        milliseconds: entry.outcome.as_ref().map(|(_, after)| after.0),
        containers: containers(report, entry),
        pods: None,
        timeline: None,
        warnings: None,
        log: None,
    }
}

fn whole<'a>(report: &'a RunReport, entry: &'a WorkloadReport) -> Workload<'a> {
    let pods = entry.pods.iter().map(|pod| Pod {
        name: &pod.name,
        ready: pod.ready,
        milliseconds: pod.age.map(|age| age.0),
        created: pod.created.map(|after| after.0),
        became_ready: pod.became_ready.map(|after| after.0),
        trouble: pod.trouble.as_ref().map(causes::in_short),
    });
    let timeline = entry.timeline.iter().map(|(after, progress)| TimelineEntry {
        milliseconds: after.0,
        wanted: progress.wanted,
        ready: progress.ready(),
        old: progress.old,
    });
    let warnings = entry.warnings.iter().map(|warning| Warning {
        reason: &warning.reason,
        message: &warning.message,
        times: warning.times,
    });
    let log = entry.log.as_ref().map(|log| Log {
        pod: &log.pod,
        container: &log.container,
        lines: &log.lines,
    });
    Workload {
        result: verdict_of(report, entry),
        rollback: back(report, entry),
        pods: Some(pods.collect()),
        timeline: Some(timeline.collect()),
        warnings: Some(warnings.collect()),
        log,
        ..brief(report, entry)
    }
}

fn proof(entry: &WorkloadReport) -> Option<Proven> {
    let (state, digests) = match entry.proof.as_ref()? {
        Proof::Verified(digests) => ("verified", digests.iter().cloned().collect()),
        Proof::Differs(_) => ("differs", BTreeMap::new()),
        Proof::Unknown(_) => ("unknown", BTreeMap::new()),
    };
    let words = proven(entry)?.chars().take(SHORT).collect();
    Some(Proven { state, digests, words })
}

fn containers<'a>(report: &'a RunReport, entry: &'a WorkloadReport) -> Vec<Container<'a>> {
    let now = |name: &str| match &entry.now {
        CurrentImages::Images(images) => {
            images.iter().find(|(container, _)| container == name).map(|(_, image)| image.as_str())
        }
        CurrentImages::Gone | CurrentImages::Unknown => None,
    };
    let changes = entry.planned.containers.iter();
    changes
        .map(|change| Container {
            name: &change.container,
            before: &change.old,
            set: &change.new,
            now: now(&change.container),
            image: report.stored.get(&change.new).map(image),
        })
        .collect()
}

fn image(stored: &Stored) -> Image<'_> {
    let Origin { created, revision, source, version } = &stored.origin;
    Image {
        digest: &stored.digest,
        created: created.as_deref(),
        revision: revision.as_deref(),
        source: source.as_deref(),
        version: version.as_deref(),
    }
}

/// What became of a workload.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum State {
    Done,
    /// Its image is set, and nothing replaces its pods now.
    Held,
    Unchanged,
    Failed,
    RolledBack,
    Deleted,
    SetByAnother,
    /// Its pods run another content than was pushed.
    Differs,
    NotDone,
}

pub(super) fn state(entry: &WorkloadReport) -> State {
    match (&entry.outcome, &entry.rollback) {
        (
            _,
            RollbackStatus::Set
            | RollbackStatus::NotDone
            | RollbackStatus::Rolled(Outcome::Done | Outcome::Held(_), _),
        ) => State::RolledBack,
        (Some((Outcome::Done, _)), _) => State::Done,
        (Some((Outcome::Held(_), _)), _) => State::Held,
        (Some((Outcome::Deleted, _)), _) => State::Deleted,
        (Some((Outcome::SetByAnother { .. }, _)), _) => State::SetByAnother,
        (Some((Outcome::Differs(_), _)), _) => State::Differs,
        (Some((Outcome::Failed(_) | Outcome::Blocked { .. }, _)), _) => State::Failed,
        (None, _) if entry.planned.is_left_as_it_is() => State::Unchanged,
        (None, _) => State::NotDone,
    }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
