//! Recordings of what watches told of a rollout, an event a line, with the moment in which it was
//! seen, in milliseconds.
//!
//! - `tests/fixtures/recorded/*.jsonl`: what a real API server, its controllers, a kubelet and
//!   containerd said, from the moment in which the image was set. What the core does not read is
//!   left out, and of events that repeat themselves the first and the last are kept.
//! - `tests/fixtures/rollout/*.jsonl`: by hand, what was not recorded.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use kubectl_set_image::{
    kubernetes::{Kind, WorkloadName},
    report::causes,
    rollout::{Change, Goal, Judgement, Observation, Progress, Rules, judge, waiting},
};
use serde::Deserialize;
use serde_json::Value;

/// The image that every rollout of those that were made by hand is to lead to.
const IMAGE: &str = "contoso.azurecr.io/identityserver:4125";

/// One event of a watch.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Seen {
    #[serde(alias = "seen")]
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

    /// The same without one of the fields of the object, the nth of all.
    pub(crate) fn without(&self, nth: usize) -> Self {
        let mut event = self.clone();
        let fields = fields_of(&event.object, "");
        let (parent, field) = fields[nth % fields.len()].rsplit_once('/').unwrap();
        if let Some(Value::Object(parent)) = event.object.pointer_mut(parent) {
            parent.remove(&field.replace("~1", "/").replace("~0", "~"));
        }
        event
    }

    fn change<T: serde::de::DeserializeOwned>(&self) -> Option<Change<T>> {
        let object = T::deserialize(&self.object).ok()?;
        let is_gone = self.r#type == "DELETED";
        Some(if is_gone { Change::Deleted(object) } else { Change::Present(object) })
    }

    pub(crate) fn tell(&self, seen: &mut Observation) {
        self.tell_if_read(seen).unwrap();
    }

    /// What cannot be read says nothing.
    pub(crate) fn tell_if_read(&self, seen: &mut Observation) -> Option<()> {
        match self.object["kind"].as_str()? {
            "Pod" => seen.see_pod(self.at, self.change()?),
            "Event" => seen.see_event(self.at, self.change()?),
            _ => seen.see_workload(self.at, self.change()?),
        }
        Some(())
    }
}

/// The pointers to all fields of an object, those within others too.
fn fields_of(value: &Value, at: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, inner)| (name.replace('~', "~0").replace('/', "~1"), inner))
            .collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, i)| (n.to_string(), i)).collect(),
        _ => return Vec::new(),
    };
    let below = inner.into_iter().flat_map(|(name, inner)| {
        let pointer = format!("{at}/{name}");
        let mut all = fields_of(inner, &pointer);
        if value.is_object() {
            all.push(pointer);
        }
        all
    });
    below.collect()
}

impl Recording {
    /// All that were made by hand, by their names.
    pub(crate) fn all() -> Vec<Self> {
        files("rollout").iter().map(|path| Self::read(path)).collect()
    }

    /// All that are real, by their names; the way back is one of its own: `recreate-crash, back`.
    pub(crate) fn recorded() -> Vec<Self> {
        files("recorded").iter().flat_map(|path| Self::read_recorded(path)).collect()
    }

    pub(crate) fn named(name: &str) -> Self {
        let is_it = |recording: &Self| recording.name == name;
        let by_hand = Self::all().into_iter().find(is_it);
        by_hand.or_else(|| Self::recorded().into_iter().find(is_it)).unwrap()
    }

    /// The rollout to the images that come after those of the first state, and the way back to
    /// these where the recording has it.
    fn read_recorded(path: &Path) -> Vec<Self> {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let events = read_events(path);
        let Value::Object(first) = &events[0].object else { panic!("no workload in {name}") };
        let kind = Kind::deserialize(&first["kind"]).unwrap();
        let uid = events[0].uid().to_owned();
        let template = |event: &Seen| event.object["spec"]["template"].clone();
        let states: Vec<(usize, &Seen)> =
            events.iter().enumerate().filter(|(_, event)| event.uid() == uid).collect();
        let change = |after: usize, is: &dyn Fn(&Seen) -> bool| {
            states.iter().find(|(at, event)| *at > after && is(event)).copied()
        };
        let old = template(&events[0]);
        let (set_at, set) = change(0, &|event| template(event) != old).unwrap();
        let back = change(set_at, &|event| template(event) == old);
        let goal = |event: &Seen| {
            let spec = &event.object["spec"]["template"]["spec"];
            let lists = [&spec["initContainers"], &spec["containers"]];
            let containers = lists.into_iter().filter_map(Value::as_array).flatten();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            Goal {
                namespace: "shop".to_owned(),
                name: WorkloadName { kind, name: "web".to_owned() },
                uid: Some(uid.clone()),
                images: containers.map(|c| (text(&c["name"]), text(&c["image"]))).collect(),
                generation: event.object["metadata"]["generation"].as_i64(),
                verified: Vec::new(),
                waited_for: Vec::new(),
                before: Vec::new(),
            }
        };
        let end = back.map_or(events.len(), |(at, _)| at);
        let forward = events[..end].to_vec();
        let mut recordings = vec![Self { name: name.clone(), goal: goal(set), events: forward }];
        if let Some((_, back)) = back {
            let name = format!("{name}, back");
            recordings.push(Self { name, goal: goal(back), events: events.clone() });
        }
        recordings
    }

    /// The kind of the workload is the first word of the file's name.
    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let events = read_events(path);
        let kind = Kind::parse(name.split('-').next().unwrap()).unwrap();
        let is_it =
            |event: &&Seen| Kind::deserialize(&event.object["kind"]).is_ok_and(|k| k == kind);
        let uid = events.iter().find(is_it).unwrap().uid().to_owned();
        let goal = Goal {
            namespace: "shop".to_owned(),
            name: WorkloadName { kind, name: "identityserver".to_owned() },
            uid: Some(uid),
            images: vec![("identityserver".to_owned(), IMAGE.to_owned())],
            generation: None,
            verified: Vec::new(),
            waited_for: Vec::new(),
            before: Vec::new(),
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
    pub(crate) fn timeline(&self, rules: &Rules) -> String {
        let mut seen = Observation::default();
        let mut course = format!("{}\n", self.name);
        let mut last = String::new();
        let mut recheck = None;
        let mut note = |seen: &Observation, at: i64| {
            let judgement = judge(&self.goal, seen, rules, at);
            let mut text = self.text(&judgement);
            if matches!(judgement, Judgement::Progressing { .. })
                && let Some(waiting) = waiting(&self.goal, seen)
            {
                write!(text, " ({})", causes::waiting(&waiting)).unwrap();
            }
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
                let sentence = causes::sentence(failure);
                let look = causes::look(&target, &self.goal.name, failure);
                format!("FAILED at {}\n           {sentence}. See: {look}", counts(*progress))
            }
            other => format!("{other:?}"),
        }
    }
}

fn counts(progress: Progress) -> String {
    let Progress { wanted, updated, available, old, .. } = progress;
    let ready = progress.ready();
    format!("{updated} of {wanted} updated, {ready} ready, {available} available, {old} old")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read_events(path: &Path) -> Vec<Seen> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
