//! Recordings of what watches told of a rollout: `tests/fixtures/rollout/*.jsonl`, an event a line,
//! with the moment in which it was seen, in milliseconds.

use std::{fmt::Write, fs, path::Path};

use kubectl_set_image::{
    report::causes,
    rollout::{Change, Goal, Judgement, Observation, Progress, Rules, judge},
    workload::{Kind, WorkloadName},
};
use serde::Deserialize;
use serde_json::Value;

/// The image that every rollout of the recordings is to lead to.
pub(crate) const IMAGE: &str = "contoso.azurecr.io/identityserver:4125";

/// One event of a watch.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Seen {
    #[serde(rename = "seen")]
    pub(crate) at: i64,
    r#type: String,
    object: Value,
}

/// A rollout as it was seen.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) goal: Goal,
    pub(crate) events: Vec<Seen>,
}

impl Seen {
    /// What tells the object from others.
    pub(crate) fn uid(&self) -> &str {
        self.object["metadata"]["uid"].as_str().unwrap()
    }

    /// The same with another word at a place of the object that it has.
    pub(crate) fn with(&self, pointer: &str, word: &str) -> Self {
        let mut event = self.clone();
        if let Some(value) = event.object.pointer_mut(pointer) {
            *value = word.into();
        }
        event
    }

    fn change<T: serde::de::DeserializeOwned>(&self) -> Change<T> {
        let object = T::deserialize(&self.object).unwrap();
        if self.r#type == "DELETED" { Change::Deleted(object) } else { Change::Present(object) }
    }

    pub(crate) fn tell(&self, seen: &mut Observation) {
        match self.object["kind"].as_str().unwrap() {
            "Pod" => seen.see_pod(self.at, self.change()),
            "Event" => seen.see_event(self.at, self.change()),
            _ => seen.see_workload(self.at, self.change()),
        }
    }
}

impl Recording {
    /// All of them, by their names.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rollout");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<Self> = files.map(|path| Self::read(&path)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::all().into_iter().find(|recording| recording.name == name).unwrap()
    }

    /// The kind of the workload is the first word of the file's name.
    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(path).unwrap();
        let events: Vec<Seen> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kind = Kind::parse(name.split('-').next().unwrap()).unwrap();
        let is_it =
            |event: &&Seen| Kind::deserialize(&event.object["kind"]).is_ok_and(|k| k == kind);
        let uid = events.iter().find(is_it).unwrap().uid().to_owned();
        let goal = Goal {
            namespace: "shop".to_owned(),
            name: WorkloadName { kind, name: "identityserver".to_owned() },
            uid: Some(uid),
            images: vec![("identityserver".to_owned(), IMAGE.to_owned())],
        };
        Self { name, goal, events }
    }

    /// Everything that was seen, in this order.
    pub(crate) fn observe<'a>(events: impl IntoIterator<Item = &'a Seen>) -> Observation {
        let mut seen = Observation::default();
        for event in events {
            event.tell(&mut seen);
        }
        seen
    }

    /// How the judgement went while it was seen, and whenever it wanted to be asked again: a line
    /// for each change of it.
    pub(crate) fn course(&self, rules: &Rules) -> String {
        let mut seen = Observation::default();
        let mut course = format!("{}\n", self.name);
        let mut last = String::new();
        let mut recheck = None;
        let mut note = |seen: &Observation, at: i64| {
            let judgement = judge(&self.goal, seen, rules, at);
            let text = self.text(&judgement);
            if text != last {
                writeln!(course, "{:>5}.{} s  {text}", at / 1000, at % 1000 / 100).unwrap();
                last = text;
            }
            match judgement {
                Judgement::Progressing { recheck_at, .. } => recheck_at,
                _ => None,
            }
        };
        let mut events = self.events.iter().peekable();
        while let Some(event) = events.next() {
            while let Some(at) = recheck.filter(|at| *at < event.at) {
                recheck = note(&seen, at);
            }
            event.tell(&mut seen);
            if events.peek().is_none_or(|next| next.at != event.at) {
                recheck = note(&seen, event.at);
            }
        }
        while let Some(at) = recheck {
            recheck = note(&seen, at);
        }
        course
    }

    fn text(&self, judgement: &Judgement) -> String {
        match judgement {
            Judgement::Progressing { progress, .. } => counts(*progress),
            Judgement::Failed { failure, progress } => {
                let target = kubectl_set_image::kubectl::Target {
                    namespace: Some(self.goal.namespace.clone()),
                    context: None,
                    kubeconfig: None,
                };
                let sentence = causes::sentence(&target, &self.goal.name, failure);
                format!("FAILED at {}\n           {sentence}", counts(*progress))
            }
            other => format!("{other:?}"),
        }
    }
}

fn counts(Progress { wanted, updated, available, old }: Progress) -> String {
    format!("{updated} of {wanted} updated, {available} available, {old} old")
}
