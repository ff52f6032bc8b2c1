//! Objects of one resource as they were last seen, whatever order their states came in.

use std::collections::BTreeMap;

use crate::{
    kubernetes::{Event, Metadata, Pod, Workload},
    rollout::trouble::Trouble,
};

/// What a watch says of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<T> {
    /// It is there, or is as it now is.
    Present(T),
    /// It is gone; this is its last state.
    Deleted(T),
}

/// What the store has to know of an object.
pub(super) trait Object {
    fn metadata(&self) -> &Metadata;

    /// The UID of the object that this one belongs to; empty where there is none.
    fn owner(&self) -> &str;

    /// Whether it makes the same pods as in that other state.
    fn has_template_of(&self, _: &Self) -> bool {
        true
    }
}

impl Object for Workload {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn owner(&self) -> &str {
        self.metadata.controller().map_or("", |owner| &owner.uid)
    }

    fn has_template_of(&self, other: &Self) -> bool {
        Self::has_template_of(self, other)
    }
}

impl Object for Pod {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn owner(&self) -> &str {
        self.metadata.controller().map_or("", |owner| &owner.uid)
    }
}

impl Object for Event {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn owner(&self) -> &str {
        &self.involved_object.uid
    }
}

/// An object and what is remembered of it.
#[derive(Debug, Clone)]
pub(super) struct Entry<T> {
    pub(super) object: T,
    pub(super) presence: Presence,
    /// What is wrong with it, each since it was first seen without a break.
    pub(super) troubles: Vec<Trouble>,
    /// Of a workload: the first generation, without a gap, that had the pod template of the newest.
    pub(super) template_since: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is there.
    Seen,
    /// It was there before its watch began again; nobody knows yet whether it still is.
    Doubtful,
    /// It is gone for good: no UID comes twice.
    Deleted,
}

/// Objects by their UID. Never forgets one, so that a state that comes late finds its tombstone.
#[derive(Debug, Clone)]
pub(super) struct Store<T> {
    entries: Vec<Entry<T>>,
    by_uid: Index,
    by_owner: Index,
}

/// Places in a list by a word; one type for all lists, so that its code is made once.
pub(super) type Index = BTreeMap<String, Vec<usize>>;

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), by_uid: Index::new(), by_owner: Index::new() }
    }
}

impl<T: Object> Store<T> {
    /// Takes in a state of an object; gives back its place.
    pub(super) fn see(&mut self, change: Change<T>) -> usize {
        let (object, presence) = match change {
            Change::Present(object) => (object, Presence::Seen),
            Change::Deleted(object) => (object, Presence::Deleted),
        };
        let uid = &object.metadata().uid;
        let Some(at) = self.by_uid.get(uid).map(|places| places[0]) else {
            let at = self.entries.len();
            self.by_uid.insert(uid.clone(), vec![at]);
            self.by_owner.entry(object.owner().to_owned()).or_default().push(at);
            let template_since = object.metadata().generation;
            self.entries.push(Entry { object, presence, troubles: Vec::new(), template_since });
            return at;
        };
        let entry = &mut self.entries[at];
        if entry.presence != Presence::Deleted {
            entry.presence = presence;
        }
        if object.metadata().is_newer_than(entry.object.metadata()) {
            if object.owner() != entry.object.owner() {
                self.by_owner.entry(object.owner().to_owned()).or_default().push(at);
            }
            let (before, now) = (entry.object.metadata().generation, object.metadata().generation);
            if !(before..=before + 1).contains(&now) || !object.has_template_of(&entry.object) {
                entry.template_since = now;
            }
            entry.object = object;
        }
        at
    }

    /// Doubts those of the objects that are there until they are seen again.
    pub(super) fn mark_stale(&mut self, which: impl Fn(&T) -> bool) {
        for entry in &mut self.entries {
            if entry.presence == Presence::Seen && which(&entry.object) {
                entry.presence = Presence::Doubtful;
            }
        }
    }

    /// Those of the objects that are still in doubt are gone.
    pub(super) fn drop_doubtful(&mut self, which: impl Fn(&T) -> bool) {
        for entry in &mut self.entries {
            if entry.presence == Presence::Doubtful && which(&entry.object) {
                entry.presence = Presence::Deleted;
            }
        }
    }

    pub(super) fn at(&self, at: usize) -> &Entry<T> {
        &self.entries[at]
    }

    pub(super) fn at_mut(&mut self, at: usize) -> &mut Entry<T> {
        &mut self.entries[at]
    }

    /// The place of the object with this UID, whether it is still there or not.
    pub(super) fn place(&self, uid: &str) -> Option<usize> {
        self.by_uid.get(uid).map(|places| places[0])
    }

    /// Every object that is there or was deleted.
    pub(super) fn known(&self) -> impl Iterator<Item = &Entry<T>> {
        self.entries.iter().filter(|entry| entry.presence != Presence::Doubtful)
    }

    /// Those that belong to the object with this UID and are not known to be gone.
    pub(super) fn owned_by(&self, owner: &str) -> impl Iterator<Item = &Entry<T>> + use<'_, T> {
        self.all_of(owner).filter(|entry| entry.presence != Presence::Deleted)
    }

    /// Those that belong to it, and those that did when they were deleted.
    pub(super) fn ever_owned_by(
        &self,
        owner: &str,
    ) -> impl Iterator<Item = &Entry<T>> + use<'_, T> {
        self.all_of(owner).filter(|entry| entry.presence != Presence::Doubtful)
    }

    fn all_of(&self, owner: &str) -> impl Iterator<Item = &Entry<T>> + use<'_, T> {
        let (owner, places) = self.by_owner.get_key_value(owner).unzip();
        let entries = places.into_iter().flatten().map(|at| &self.entries[*at]);
        entries.filter(move |entry| owner.is_some_and(|own| entry.object.owner() == own))
    }
}
