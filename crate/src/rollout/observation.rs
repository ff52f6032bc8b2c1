//! Everything that was seen of a namespace's workloads, pods and events.

use crate::{
    host::Millis,
    kubernetes::{Event, Kind, Pod, Workload, WorkloadName},
    rollout::{
        Goal,
        store::{Change, Entry, Index, Presence, Store},
        trouble::{self, Trouble},
    },
};

/// All objects as they were last seen, and since when each trouble of theirs has lasted.
///
/// # What order has no say in
/// - The newest state of an object counts, going by its resource version; an older or a repeated
///   one changes nothing.
/// - An object is known by its UID. One that was deleted never comes back, and one made anew under
///   the same name is another object.
///
/// # When a list is read again
/// A watch that cannot go on reads the list anew, and says nothing of what went away meanwhile. So
/// what is not in the list is gone once the list is through. What is remembered of the rest stays, so
/// that a grace time goes on where it was. A workload in doubt is judged as still progressing.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// Replica sets too.
    pub(super) workloads: Store<Workload>,
    pub(super) pods: Store<Pod>,
    pub(super) events: Store<Event>,
    /// The places of workloads by `NAMESPACE/KIND/NAME`.
    by_name: Index,
}

/// What a watch is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Workloads of a kind; the replica sets of deployments are some as well.
    Workloads(Kind),
    /// Pods.
    Pods,
    /// Events.
    Events,
}

impl Listing {
    /// Whether the workload belongs to it.
    fn has(self, workload: &Workload, namespace: &str, name: Option<&str>) -> bool {
        self == Self::Workloads(workload.kind)
            && workload.metadata.namespace == namespace
            && name.is_none_or(|name| workload.metadata.name == name)
    }
}

impl Observation {
    /// Takes in a workload, or a replica set of one, seen at `now`.
    pub fn see_workload(&mut self, now: Millis, change: Change<Workload>) {
        let (Change::Present(workload) | Change::Deleted(workload)) = &change;
        let key = key(&workload.metadata.namespace, &workload.workload_name());
        let at = self.workloads.see(change);
        let places = self.by_name.entry(key).or_default();
        if !places.contains(&at) {
            places.push(at);
        }
        self.look_at_workload(at, now);
    }

    /// Takes in a pod, seen at `now`.
    pub fn see_pod(&mut self, now: Millis, change: Change<Pod>) {
        let at = self.pods.see(change);
        self.look_at_pod(at, now);
    }

    /// Takes in an event, seen at `now`.
    pub fn see_event(&mut self, now: Millis, change: Change<Event>) {
        let at = self.events.see(change);
        let about = &self.events.at(at).object.involved_object.uid;
        if let Some(at) = self.pods.place(about) {
            self.look_at_pod(at, now);
        } else if let Some(at) = self.workloads.place(about) {
            self.look_at_workload(at, now);
        }
    }

    /// A list of these objects begins: whatever is there of a namespace, or of one workload's name.
    /// Until [`Observation::end_list`] those that were seen before are in doubt.
    pub fn begin_list(&mut self, listing: Listing, namespace: &str, name: Option<&str>) {
        match listing {
            Listing::Workloads(_) => self.workloads.mark_stale(|w| listing.has(w, namespace, name)),
            Listing::Pods => self.pods.mark_stale(|pod| pod.metadata.namespace == namespace),
            Listing::Events => {
                self.events.mark_stale(|event| event.metadata.namespace == namespace);
            }
        }
    }

    /// The list is complete: what is still in doubt is gone.
    pub fn end_list(&mut self, listing: Listing, namespace: &str, name: Option<&str>) {
        match listing {
            Listing::Workloads(_) => {
                self.workloads.drop_doubtful(|w| listing.has(w, namespace, name));
            }
            Listing::Pods => self.pods.drop_doubtful(|pod| pod.metadata.namespace == namespace),
            Listing::Events => self.events.drop_doubtful(|e| e.metadata.namespace == namespace),
        }
    }

    /// The workload, if it is there.
    #[must_use]
    pub fn workload(&self, goal: &Goal) -> Option<&Workload> {
        self.entry(goal).filter(|e| e.presence == Presence::Seen).map(|entry| &entry.object)
    }

    /// The newest warnings about the object with this UID, the newest first.
    #[must_use]
    pub fn warnings(&self, uid: &str, most: usize) -> Vec<&Event> {
        let events = self.events_about(uid).into_iter().rev();
        events.filter(|event| event.r#type == "Warning").take(most).collect()
    }

    /// The one with the UID, or without one the one that is there by that name.
    pub(super) fn entry(&self, goal: &Goal) -> Option<&Entry<Workload>> {
        if let Some(uid) = &goal.uid {
            return self.workloads.place(uid).map(|at| self.workloads.at(at));
        }
        let places = self.by_name.get(&key(&goal.namespace, &goal.name))?;
        let entries = || places.iter().map(|at| self.workloads.at(*at));
        entries().find(|entry| entry.presence != Presence::Deleted).or_else(|| entries().next())
    }

    /// The events about an object, the oldest first.
    pub(super) fn events_about(&self, uid: &str) -> Vec<&Event> {
        let mut events: Vec<&Event> = self.events.owned_by(uid).map(|e| &e.object).collect();
        events.sort_by(|a, b| {
            let [a, b] = [a, b].map(|event| &event.metadata.resource_version);
            (a.len(), a).cmp(&(b.len(), b))
        });
        events
    }

    fn look_at_pod(&mut self, at: usize, now: Millis) {
        let pod = &self.pods.at(at).object;
        let found = trouble::of_pod(pod, &self.events_about(&pod.metadata.uid));
        remember(&mut self.pods.at_mut(at).troubles, found, now);
    }

    fn look_at_workload(&mut self, at: usize, now: Millis) {
        let workload = &self.workloads.at(at).object;
        let found = trouble::of_workload(workload, &self.events_about(&workload.metadata.uid));
        remember(&mut self.workloads.at_mut(at).troubles, found.into_iter().collect(), now);
    }
}

fn key(namespace: &str, name: &WorkloadName) -> String {
    format!("{namespace}/{name}")
}

/// A trouble that goes on keeps its beginning; a new one begins now.
fn remember(troubles: &mut Vec<Trouble>, mut found: Vec<Trouble>, now: Millis) {
    for trouble in &mut found {
        let before = troubles.iter().find(|before| before.is_same(trouble));
        trouble.since = before.map_or(now, |before| before.since);
    }
    *troubles = found;
}
