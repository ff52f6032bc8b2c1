//! The machine that lists a collection and watches it, as a conversation, and whatever the network
//! does to it.

use std::collections::BTreeMap;

use kubectl_set_image::kubernetes::{ApiError, Collection, Heard, ListWatch, Picture, Want};
use proptest::prelude::*;
use serde::Deserialize;

/// What is there: names and values.
#[derive(Debug, Clone, Default, PartialEq)]
struct Objects {
    seen: BTreeMap<String, String>,
    before: Vec<String>,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
    value: String,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

impl Picture for Objects {
    fn see(&mut self, object: &str) -> Result<(), serde_json::Error> {
        let Object { metadata, value } = serde_json::from_str(object)?;
        self.before.retain(|name| *name != metadata.name);
        self.seen.insert(metadata.name, value);
        Ok(())
    }

    fn lose(&mut self, object: &str) -> Result<(), serde_json::Error> {
        let Object { metadata, .. } = serde_json::from_str(object)?;
        self.seen.remove(&metadata.name);
        Ok(())
    }

    fn begin_list(&mut self) {
        self.before = self.seen.keys().cloned().collect();
    }

    fn end_list(&mut self) {
        for name in std::mem::take(&mut self.before) {
            self.seen.remove(&name);
        }
    }
}

fn object(name: &str, value: &str, version: u32) -> String {
    format!(r#"{{"metadata":{{"name":"{name}","resourceVersion":"{version}"}},"value":"{value}"}}"#)
}

fn list(items: &[String], version: u32, more: &str) -> String {
    let items = items.join(",");
    format!(
        r#"{{"metadata":{{"resourceVersion":"{version}","continue":"{more}"}},"items":[{items}]}}"#
    )
}

fn event(kind: &str, object: &str) -> String {
    format!(r#"{{"type":"{kind}","object":{object}}}"#)
}

fn status(code: u16, reason: &str) -> String {
    format!(r#"{{"kind":"Status","code":{code},"reason":"{reason}","message":"{reason}"}}"#)
}

/// A machine with what it sees, and what it asked for last.
struct Talk {
    machine: ListWatch,
    objects: Objects,
    asked: String,
    wants: Vec<String>,
}

impl Talk {
    fn of(collection: Collection) -> Self {
        let (machine, wants) = ListWatch::start(collection);
        let mut talk =
            Self { machine, objects: Objects::default(), asked: String::new(), wants: Vec::new() };
        talk.note(wants);
        talk
    }

    fn web() -> Self {
        Self::of(Collection::pods("shop").named("web"))
    }

    fn pods() -> Self {
        Self::of(Collection::pods("shop"))
    }

    fn note(&mut self, wants: Vec<Want>) {
        for want in wants {
            self.wants.push(match want {
                Want::Ask(request) => {
                    request.path.clone_into(&mut self.asked);
                    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
                    let name = path.rsplit('/').next().unwrap_or_default();
                    if query.contains("watch=true") {
                        let (_, version) = query.split_once("resourceVersion=").unwrap();
                        format!("watch from {}", version.split('&').next().unwrap())
                    } else if let Some((_, more)) = query.split_once("continue=") {
                        format!("list on from {more}")
                    } else if query.contains("limit=") {
                        "list".to_owned()
                    } else {
                        format!("get {name}")
                    }
                }
                Want::Abort => "abort".to_owned(),
                Want::Wake(after_ms) => format!("wake {after_ms}"),
                Want::Polls(error) => format!("polls: {error}"),
                Want::Failed(error) => format!("failed: {error}"),
                Want::GivenUp(error) => format!("given up: {error}"),
            });
        }
    }

    fn hear(&mut self, heard: Heard<'_>) -> &mut Self {
        let wants = self.machine.hear(heard, &mut self.objects);
        self.note(wants);
        self
    }

    fn begins(&mut self, status: u16) -> &mut Self {
        let json = [("content-type".to_owned(), "application/json".to_owned())];
        self.hear(Heard::Began(status, &json))
    }

    fn answers(&mut self, status: u16, body: &str) -> &mut Self {
        self.begins(status).hear(Heard::Chunk(body.as_bytes())).hear(Heard::Ended(None))
    }

    fn tells(&mut self, events: &str) -> &mut Self {
        self.hear(Heard::Chunk(events.as_bytes()))
    }

    fn breaks(&mut self) -> &mut Self {
        self.hear(Heard::Ended(Some(&ApiError::Broken("ECONNRESET".into()))))
    }

    fn wakes(&mut self) -> &mut Self {
        self.hear(Heard::Woken)
    }

    /// What it wanted since it was asked last.
    fn wanted(&mut self) -> Vec<String> {
        std::mem::take(&mut self.wants)
    }

    fn sees(&self) -> Vec<String> {
        self.objects.seen.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }
}

#[test]
fn a_list_is_read_page_by_page_and_then_watched_from_its_version() {
    let mut talk = Talk::pods();
    assert!(!talk.machine.has_listed());
    talk.answers(200, &list(&[object("a", "1", 3)], 7, "page/2"));
    assert!(talk.sees().is_empty(), "half a list is no picture");
    talk.answers(200, &list(&[object("b", "1", 4)], 7, ""));
    assert_eq!(
        talk.wanted(),
        ["list", "wake 10000", "list on from page%2F2", "wake 10000", "watch from 7", "wake 10000"]
    );
    assert_eq!(talk.sees(), ["a=1", "b=1"]);
    assert!(talk.machine.has_listed());
    talk.begins(200).tells(&event("MODIFIED", &object("a", "2", 8)));
    talk.tells(&event("DELETED", &object("b", "1", 9)));
    assert_eq!(talk.sees(), ["a=2"]);
}

#[test]
fn a_watch_that_ends_goes_on_from_the_newest_version() {
    let mut talk = Talk::pods();
    talk.answers(200, &list(&[], 7, "")).begins(200);
    talk.tells(&event("BOOKMARK", r#"{"metadata":{"resourceVersion":"12"}}"#));
    talk.wanted();
    talk.hear(Heard::Ended(None)).wakes();
    assert_eq!(talk.wanted(), ["wake 250", "watch from 12", "wake 10000"]);
    talk.breaks().wakes();
    assert_eq!(
        talk.wanted(),
        ["failed: the connection broke: ECONNRESET", "wake 500", "watch from 12", "wake 10000"]
    );
}

#[test]
fn a_version_that_is_too_old_has_the_list_read_again() {
    let mut talk = Talk::pods();
    talk.answers(200, &list(&[object("a", "1", 3), object("b", "1", 4)], 7, "")).begins(200);
    talk.tells(&event("ERROR", &status(410, "Expired"))).wakes();
    talk.answers(200, &list(&[object("b", "2", 20)], 21, ""));
    assert_eq!(talk.sees(), ["b=2"], "what is not in the new list is gone");
    talk.answers(410, &status(410, "Gone")).wakes();
    assert!(talk.wanted().ends_with(&["list".to_owned(), "wake 10000".to_owned()]));
}

#[test]
fn what_may_not_be_watched_is_listed_again_and_again() {
    let mut talk = Talk::pods();
    talk.answers(200, &list(&[object("a", "1", 3)], 7, "")).wanted();
    talk.answers(403, &status(403, "Forbidden"));
    talk.answers(200, &list(&[object("a", "2", 9)], 9, "")).wakes();
    talk.answers(200, &list(&[], 10, ""));
    assert_eq!(
        talk.wanted(),
        [
            "polls: Forbidden (403 Forbidden)",
            "list",
            "wake 10000",
            "wake 3000",
            "list",
            "wake 10000",
            "wake 3000"
        ]
    );
    assert!(talk.sees().is_empty());
}

#[test]
fn an_object_that_may_only_be_got_is_got_again_and_again() {
    let mut talk = Talk::web();
    talk.answers(403, &status(403, "Forbidden"));
    talk.answers(200, &object("web", "1", 3)).wakes();
    assert_eq!(talk.sees(), ["web=1"]);
    talk.answers(404, &status(404, "NotFound"));
    assert!(talk.sees().is_empty());
    assert_eq!(
        talk.wanted(),
        [
            "list",
            "wake 10000",
            "polls: Forbidden (403 Forbidden)",
            "get web",
            "wake 10000",
            "wake 3000",
            "get web",
            "wake 10000",
            "wake 3000"
        ]
    );
    talk.wakes().answers(403, &status(403, "Forbidden"));
    assert!(talk.machine.is_given_up());
}

#[test]
fn what_may_not_be_read_at_all_is_given_up() {
    let mut talk = Talk::pods();
    talk.answers(403, &status(403, "Forbidden"));
    assert!(talk.machine.is_given_up());
    assert!(talk.wakes().wanted().ends_with(&["given up: Forbidden (403 Forbidden)".to_owned()]));
}

#[test]
fn a_server_that_is_busy_is_waited_for_as_long_as_it_takes() {
    let mut talk = Talk::pods();
    for _ in 0..50 {
        talk.answers(503, &status(503, "ServiceUnavailable")).wakes();
    }
    assert!(!talk.machine.is_given_up());
    talk.answers(200, &list(&[], 7, ""));
    assert!(talk.asked.contains("resourceVersion=7"), "{}", talk.asked);
}

#[test]
fn a_login_that_is_refused_again_and_again_is_given_up() {
    let mut talk = Talk::pods();
    for _ in 0..5 {
        talk.answers(401, &status(401, "Unauthorized")).wakes();
        assert!(!talk.machine.is_given_up());
    }
    talk.answers(401, &status(401, "Unauthorized"));
    assert!(talk.machine.is_given_up());
}

#[test]
fn an_answer_that_is_no_json_is_given_up_in_the_end() {
    let mut talk = Talk::pods();
    for _ in 0..20 {
        talk.answers(200, "<html>").wakes();
    }
    assert!(talk.machine.is_given_up());
}

#[test]
fn a_watch_that_is_silent_is_let_go() {
    let mut talk = Talk::pods();
    talk.answers(200, &list(&[], 7, "")).begins(200);
    talk.tells(&event("BOOKMARK", r#"{"metadata":{"resourceVersion":"8"}}"#)).wanted();
    talk.wakes();
    assert_eq!(talk.wanted(), ["wake 75000"], "something came in that time");
    talk.wakes().wakes();
    assert_eq!(
        talk.wanted()[..4],
        ["abort", &format!("failed: {}", ApiError::Late(75)), "wake 250", "watch from 8"]
    );
}

#[test]
fn a_server_that_never_begins_to_answer_is_let_go() {
    let mut talk = Talk::pods();
    talk.wanted();
    talk.wakes();
    assert_eq!(talk.wanted()[..2], ["abort", &format!("failed: {}", ApiError::Late(10))]);
}

#[test]
fn a_line_that_never_ends_is_let_go() {
    let mut talk = Talk::pods();
    talk.answers(200, &list(&[], 7, "")).begins(200);
    talk.tells(r#"{"type":"ADDED","object":{"x":""#).wanted();
    let much = "x".repeat(1024 * 1024);
    for _ in 0..17 {
        talk.tells(&much);
    }
    assert_eq!(talk.wanted()[0], "abort");
}

proptest! {
    /// Any cut of the stream into chunks, and any places at which it breaks, give the same picture.
    #[test]
    fn the_picture_is_the_same_however_the_stream_is_cut(
        changes in prop::collection::vec((0..4u8, 0..3u8), 1..30),
        cuts in prop::collection::vec(1..40usize, 1..40),
        breaks in prop::collection::vec(0..30usize, 0..6),
    ) {
        let mut truth = Objects::default();
        let mut events: Vec<(u32, String, Objects)> = Vec::new();
        for (at, (name, what)) in (100..).zip(&changes) {
            let object = object(&name.to_string(), &format!("v{at}"), at);
            let kind = match what { 0 => "DELETED", 1 => "ADDED", _ => "MODIFIED" };
            if kind == "DELETED" { truth.lose(&object).unwrap() } else { truth.see(&object).unwrap() }
            truth.before.clear();
            events.push((at, event(kind, &object), truth.clone()));
        }
        let mut talk = Talk::pods();
        talk.answers(200, &list(&[], 99, ""));
        let mut breaks = breaks.into_iter();
        let mut cuts = cuts.iter().cycle();
        while talk.objects.seen != truth.seen || !talk.asked.contains("watch=true") {
            if !talk.asked.contains("watch=true") {
                // The list was asked for again: it has what is there in the end.
                let items: Vec<String> = truth.seen.iter().map(|(n, v)| object(n, v, 200)).collect();
                talk.answers(200, &list(&items, 200, ""));
                continue;
            }
            let (_, from) = talk.asked.split_once("resourceVersion=").unwrap();
            let from: u32 = from.split('&').next().unwrap().parse().unwrap();
            let rest = events.iter().filter(|(at, ..)| *at > from).map(|(_, text, _)| &**text);
            let stream = rest.collect::<Vec<_>>().join("\n");
            let end = breaks.next().map_or(stream.len(), |at| (at * 20).min(stream.len()));
            talk.begins(200);
            let mut left = &stream.as_bytes()[..end];
            while !left.is_empty() {
                let (chunk, rest) = left.split_at((*cuts.next().unwrap()).min(left.len()));
                talk.hear(Heard::Chunk(chunk));
                left = rest;
            }
            if end == stream.len() { break; }
            talk.breaks().wakes();
        }
        prop_assert_eq!(talk.objects.seen, truth.seen);
    }
}
