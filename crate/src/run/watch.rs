//! Keeps the picture of one collection up to date, by the machine that lists and watches it.

use serde::de::DeserializeOwned;

use crate::{
    host::{CallId, Event, Millis, TimerId},
    kubernetes::{ApiError, Collection, Heard, Kind, ListWatch, Picture, Want, Workload},
    plan::Planned,
    report,
    rollout::{Change, Listing, Observation},
    run::session::{Effects, Session},
};

/// The reasons of events that a start which goes well has, and which no judgement needs: most events.
const ROUTINE_EVENT_REASONS: [&str; 5] =
    ["Scheduled", "Pulled", "Created", "Started", "ScalingReplicaSet"];

/// A machine, and what it is of.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) listing: Listing,
    namespace: String,
    name: Option<String>,
    machine: ListWatch,
    call: Option<CallId>,
    timer: Option<TimerId>,
}

/// What a watch has to say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WatchNews {
    /// It may not watch, and asks again and again.
    Polls(Listing, ApiError),
    /// It has given up.
    GivenUp(Listing, ApiError),
}

/// What is seen of a collection, at a time.
struct Seen<'a> {
    listing: Listing,
    namespace: &'a str,
    name: Option<&'a str>,
    observation: &'a mut Observation,
    now: Millis,
}

impl Watch {
    fn start(
        listing: Listing,
        namespace: &str,
        collection: Collection,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        let name = collection.name.clone();
        let (machine, wants) = ListWatch::start(collection);
        let namespace = namespace.to_owned();
        let mut watch = Self { listing, namespace, name, machine, call: None, timer: None };
        watch.carry_out(wants, session, effects);
        watch
    }

    /// Takes what concerns it, and puts the objects that it completes into what is seen.
    pub(crate) fn handle(
        &mut self,
        now: Millis,
        event: &Event,
        observation: &mut Observation,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<WatchNews> {
        let broken;
        let heard = match event {
            Event::ResponseBegan { call, status, headers } if self.call == Some(*call) => {
                Heard::Began(*status, headers)
            }
            Event::ResponseChunk { call, chunk } if self.call == Some(*call) => Heard::Chunk(chunk),
            Event::ResponseEnded { call, error } if self.call == Some(*call) => {
                self.call = None;
                broken = error.as_ref().map(|words| session.gate.broken(words));
                Heard::Ended(broken.as_ref())
            }
            Event::Woken { timer } if self.timer == Some(*timer) => Heard::Woken,
            _ => return None,
        };
        let (listing, namespace, name) = (self.listing, &*self.namespace, self.name.as_deref());
        let mut picture = Seen { listing, namespace, name, observation, now };
        let wants = self.machine.hear(heard, &mut picture);
        self.carry_out(wants, session, effects)
    }

    /// Whether the workload would have been seen if it were there.
    pub(crate) fn covers(&self, planned: &Planned) -> bool {
        self.machine.has_listed()
            && self.listing == Listing::Workloads(planned.name.kind)
            && self.namespace == planned.namespace
            && self.name.as_ref().is_none_or(|name| *name == planned.name.name)
    }

    /// Whether it is of all workloads of a kind.
    pub(crate) fn is_of_many(&self) -> bool {
        self.name.is_none()
    }

    pub(crate) fn is_within(&self, namespace: &str) -> bool {
        self.namespace == namespace
    }

    /// Whether it has shown what there is, or will not.
    pub(crate) fn has_answered(&self) -> bool {
        self.machine.has_listed() || self.machine.is_given_up()
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.machine.is_given_up()
    }

    /// Lets go of its request.
    pub(crate) fn stop(&self, session: &mut Session, effects: &mut Effects) {
        if let Some(call) = self.call {
            session.gate.abort(call, effects);
        }
    }

    fn carry_out(
        &mut self,
        wants: Vec<Want>,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<WatchNews> {
        let mut news = None;
        for want in wants {
            match want {
                Want::Ask(request) => self.call = Some(session.send(request, effects)),
                Want::Abort => {
                    if let Some(call) = self.call.take() {
                        session.gate.abort(call, effects);
                    }
                }
                Want::Wake(after_ms) => self.timer = Some(session.wake(after_ms, effects)),
                Want::Failed(error) => effects.push(report::watch_failed(self.listing, &error)),
                Want::Polls(error) => news = Some(WatchNews::Polls(self.listing, error)),
                Want::GivenUp(error) => news = Some(WatchNews::GivenUp(self.listing, error)),
            }
        }
        news
    }
}

impl Seen<'_> {
    fn take(&mut self, object: &str, gone: bool) -> Result<(), serde_json::Error> {
        fn change<T: DeserializeOwned>(
            object: &str,
            gone: bool,
        ) -> Result<Change<T>, serde_json::Error> {
            let object = serde_json::from_slice(object.as_bytes())?;
            Ok(if gone { Change::Deleted(object) } else { Change::Present(object) })
        }
        match self.listing {
            Listing::Workloads(kind) => {
                let mut change: Change<Workload> = change(object, gone)?;
                let (Change::Present(workload) | Change::Deleted(workload)) = &mut change;
                workload.kind = kind;
                self.observation.see_workload(self.now, change);
            }
            Listing::Pods => self.observation.see_pod(self.now, change(object, gone)?),
            Listing::Events => self.observation.see_event(self.now, change(object, gone)?),
        }
        Ok(())
    }
}

impl Picture for Seen<'_> {
    fn see(&mut self, object: &str) -> Result<(), serde_json::Error> {
        self.take(object, false)
    }

    fn lose(&mut self, object: &str) -> Result<(), serde_json::Error> {
        self.take(object, true)
    }

    fn begin_list(&mut self) {
        self.observation.begin_list(self.listing, self.namespace, self.name);
    }

    fn end_list(&mut self) {
        self.observation.end_list(self.listing, self.namespace, self.name);
    }
}

/// The watches for these workloads: in each namespace one for a kind, or with `by_name` one for each
/// workload, and one each for the replica sets of deployments, for the pods and for the events.
pub(crate) fn for_workloads(
    workloads: &[&Planned],
    session: &mut Session,
    effects: &mut Effects,
) -> Vec<Watch> {
    let mut watches = Vec::new();
    for here in by_namespace(workloads) {
        let namespace = &*here[0].namespace;
        let labels = match here.as_slice() {
            [only] => only.selector.clone(),
            _ => None,
        };
        let labelled = |collection: Collection| collection.labelled(labels.clone());
        let mut start = |listing, collection| {
            watches.push(Watch::start(listing, namespace, collection, session, effects));
        };
        for kind in Kind::ALL {
            let of_kind: Vec<&&Planned> = here.iter().filter(|w| w.name.kind == kind).collect();
            let collection = Collection::workloads(namespace, kind);
            let listing = Listing::Workloads(kind);
            match of_kind.as_slice() {
                [] => continue,
                [only] => start(listing, collection.named(&only.name.name)),
                _ => start(listing, collection),
            }
            if kind == Kind::Deployment {
                let sets = Kind::ReplicaSet;
                let collection = labelled(Collection::workloads(namespace, sets));
                start(Listing::Workloads(sets), collection);
            }
        }
        start(Listing::Pods, labelled(Collection::pods(namespace)));
        let fields: Vec<String> =
            ROUTINE_EVENT_REASONS.iter().map(|reason| format!("reason!={reason}")).collect();
        start(Listing::Events, Collection::events(namespace).with_fields(fields.join(",")));
    }
    watches
}

/// A watch each for workloads that may not be watched together: where rights are by name.
pub(crate) fn by_name(
    workloads: &[&Planned],
    session: &mut Session,
    effects: &mut Effects,
) -> Vec<Watch> {
    let watch = |planned: &&Planned| {
        let (kind, namespace) = (planned.name.kind, &*planned.namespace);
        let collection = Collection::workloads(namespace, kind).named(&planned.name.name);
        Watch::start(Listing::Workloads(kind), namespace, collection, session, effects)
    };
    workloads.iter().map(watch).collect()
}

/// The workloads of each namespace.
fn by_namespace<'a>(workloads: &[&'a Planned]) -> Vec<Vec<&'a Planned>> {
    let mut groups: Vec<Vec<&Planned>> = Vec::new();
    for workload in workloads {
        match groups.iter_mut().find(|group| group[0].namespace == workload.namespace) {
            Some(group) => group.push(workload),
            None => groups.push(vec![workload]),
        }
    }
    groups
}
