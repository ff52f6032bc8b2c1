//! A watch of one resource in one namespace, started anew when it ends.

use serde::de::DeserializeOwned;

use crate::{
    kubectl::CommandLine,
    plan::Planned,
    protocol::{Effect, Event, Millis, TimerId},
    report,
    rollout::{Change, Listing, Observation},
    run::{
        process::{Ending, Process},
        session::{Effects, Session},
        watch_events,
    },
    workload::Kind,
};

/// How often in a row a watch may fail for no reason that passes before it is given up.
const LAST_ATTEMPT: u32 = 6;
/// How long a watch may take to show the first object, in milliseconds, where there must be one.
const FIRST_SIGN_MS: u32 = 10_000;
/// How often in a row it may show none: the connection may hang, or the object be gone.
const LAST_SILENCE: u32 = 2;

/// A watch, and what it is of.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) listing: Listing,
    namespace: String,
    command: CommandLine,
    state: State,
    /// Failures since it last showed something.
    failures: u32,
    /// Starts without a first sign since it last showed something.
    silences: u32,
    /// Whether it shows an object as soon as it works.
    shows_something: bool,
}

#[derive(Debug)]
enum State {
    Running { process: Process, first_sign: Option<TimerId> },
    Resting(TimerId),
    GivenUp,
}

/// A watch that will not work any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenUp {
    pub(crate) listing: Listing,
    pub(crate) ending: Ending,
}

impl Watch {
    pub(crate) fn start(
        listing: Listing,
        namespace: String,
        shows_something: bool,
        command: CommandLine,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        let state = State::GivenUp;
        let mut watch =
            Self { listing, namespace, command, state, failures: 0, silences: 0, shows_something };
        watch.run(session, effects);
        watch
    }

    /// Takes what concerns its process, and puts the objects that it completes into what is seen.
    pub(crate) fn handle(
        &mut self,
        now: Millis,
        event: &Event,
        seen: &mut Observation,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<GivenUp> {
        match (&mut self.state, event) {
            (State::Resting(restart), Event::Woken { timer }) if restart == timer => {
                seen.restart_listing(self.listing, Some(&self.namespace));
                self.run(session, effects);
                None
            }
            (State::Running { process, first_sign }, Event::Woken { timer })
                if *first_sign == Some(*timer) =>
            {
                effects.push(Effect::Kill { process: process.id() });
                self.rest(Ending::NoAnswer, session, effects)
            }
            (State::Running { process, first_sign }, event) => {
                let ending = process.take(event);
                match take_objects(self.listing, process.stdout(), now, seen) {
                    Ok(0) => {}
                    Ok(_) => {
                        self.failures = 0;
                        self.silences = 0;
                        *first_sign = None;
                    }
                    Err(error) => {
                        effects.push(Effect::Kill { process: process.id() });
                        let stderr = error.to_string();
                        let ending = Ending::Failure { code: None, stderr };
                        return self.rest(ending, session, effects);
                    }
                }
                self.rest(ending?, session, effects)
            }
            _ => None,
        }
    }

    /// Whether it shows the workloads of this kind and namespace that there are.
    pub(crate) fn shows(&self, kind: Kind, namespace: &str) -> bool {
        self.listing == Listing::Workloads(kind)
            && self.namespace == namespace
            && matches!(self.state, State::Running { first_sign: None, .. })
    }

    pub(crate) fn is_given_up(&self) -> bool {
        matches!(self.state, State::GivenUp)
    }

    pub(crate) fn kill(&self, effects: &mut Effects) {
        if let State::Running { process, .. } = &self.state {
            effects.push(Effect::Kill { process: process.id() });
        }
    }

    fn run(&mut self, session: &mut Session, effects: &mut Effects) {
        let process = session.start(&self.command, effects);
        let first_sign = self.shows_something.then(|| session.wake(FIRST_SIGN_MS, effects));
        self.state = State::Running { process, first_sign };
    }

    fn rest(
        &mut self,
        ending: Ending,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<GivenUp> {
        self.failures += 1;
        self.silences += u32::from(ending == Ending::NoAnswer);
        // What is followed is worth waiting for, as long as the rollout may take.
        let last = match &ending {
            Ending::Failure { stderr, .. } if is_refusal(stderr) => 0,
            Ending::Success if self.shows_something => u32::MAX,
            ending if self.shows_something && ending.may_pass() => u32::MAX,
            Ending::Success | Ending::Failure { .. } | Ending::NoAnswer => LAST_ATTEMPT,
            _ => 0,
        };
        if self.failures < last && self.silences < LAST_SILENCE {
            let after_ms = 250 << self.failures.min(5);
            effects.push(report::watch_ended(&ending, after_ms));
            self.state = State::Resting(session.wake(after_ms, effects));
            return None;
        }
        self.state = State::GivenUp;
        Some(GivenUp { listing: self.listing, ending })
    }
}

/// The watches for these workloads: in each namespace one for a kind, and one each for the replica
/// sets of deployments, for the pods and for the events.
pub(crate) fn for_workloads(
    workloads: &[&Planned],
    session: &mut Session,
    effects: &mut Effects,
) -> Vec<Watch> {
    let mut watches = Vec::new();
    for (first, here) in by_namespace(workloads) {
        let target = session.request.target.within(first.asked.as_deref());
        let labels = match here.as_slice() {
            [only] => only.selector.as_ref().map(|labels| format!("--selector={labels}")),
            _ => None,
        };
        let mut start = |listing, shows_something, resource: &str, narrowed| {
            let command = target.watch(resource, narrowed);
            let namespace = first.namespace.clone();
            watches.push(Watch::start(
                listing,
                namespace,
                shows_something,
                command,
                session,
                effects,
            ));
        };
        for kind in Kind::ALL {
            let of_kind: Vec<&&Planned> = here.iter().filter(|w| w.name.kind == kind).collect();
            let narrowed = match of_kind.as_slice() {
                [] => continue,
                [only] => Some(format!("--field-selector=metadata.name={}", only.name.name)),
                _ => None,
            };
            start(Listing::Workloads(kind), true, kind.plural(), narrowed);
            if kind == Kind::Deployment {
                let sets = Kind::ReplicaSet;
                start(Listing::Workloads(sets), false, sets.plural(), labels.clone());
            }
        }
        start(Listing::Pods, false, "pods", labels);
        start(Listing::Events, false, "events", Some(telling_events()));
    }
    watches
}

/// All events but those of a start that goes well, which are most of them.
fn telling_events() -> String {
    let dull = ["Scheduled", "Pulling", "Pulled", "Created", "Started"];
    let terms: Vec<String> = dull.iter().map(|reason| format!("reason!={reason}")).collect();
    format!("--field-selector={}", terms.join(","))
}

/// The workloads of each namespace, with the first of them.
fn by_namespace<'a>(workloads: &[&'a Planned]) -> Vec<(&'a Planned, Vec<&'a Planned>)> {
    let mut groups: Vec<(&Planned, Vec<&Planned>)> = Vec::new();
    for workload in workloads {
        match groups.iter_mut().find(|(first, _)| first.namespace == workload.namespace) {
            Some((_, group)) => group.push(workload),
            None => groups.push((workload, vec![workload])),
        }
    }
    groups
}

/// Whether the API server knows who asks and says no: asking again gives the same answer.
fn is_refusal(stderr: &str) -> bool {
    stderr.contains("(Forbidden)")
}

/// Takes every whole object from the front of the buffer; gives back how many.
fn take_objects(
    listing: Listing,
    buffer: &mut Vec<u8>,
    now: Millis,
    seen: &mut Observation,
) -> Result<usize, serde_json::Error> {
    match listing {
        Listing::Workloads(_) => each(buffer, |change| seen.see_workload(now, change)),
        Listing::Pods => each(buffer, |change| seen.see_pod(now, change)),
        Listing::Events => each(buffer, |change| seen.see_event(now, change)),
    }
}

fn each<T: DeserializeOwned>(
    buffer: &mut Vec<u8>,
    mut see: impl FnMut(Change<T>),
) -> Result<usize, serde_json::Error> {
    let changes = watch_events::take(buffer)?;
    let count = changes.len();
    changes.into_iter().for_each(&mut see);
    Ok(count)
}
