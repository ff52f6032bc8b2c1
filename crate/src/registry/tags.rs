//! The tags of a repository that are nearest to one that is not there.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::{
    host::nearest::edits,
    image::{reference::Tag, tag::version::compare},
};

/// How many tags are told.
const TOLD: usize = 5;
/// How many tags are looked at.
const MOST: usize = 20_000;

/// A list of tags, as it grows.
#[derive(Debug, Clone)]
pub(super) struct Tags {
    wanted: String,
    shown: bool,
    /// Whether the wanted one is among them.
    has_wanted: bool,
    seen: usize,
    /// The greatest of those below, or as great; the greatest first.
    below: Vec<String>,
    /// The least of those above, the least first.
    above: Vec<String>,
    /// Those with the fewest edits, the fewest first.
    alike: Vec<(usize, String)>,
    /// The last ones, the last first.
    last: Vec<String>,
}

#[derive(Deserialize)]
struct Page {
    tags: Option<Vec<String>>,
}

impl Tags {
    pub(super) fn new(wanted: &str) -> Self {
        Self {
            wanted: wanted.to_owned(),
            shown: false,
            has_wanted: false,
            seen: 0,
            below: Vec::new(),
            above: Vec::new(),
            alike: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Reads one page of a list. `None` where it is none.
    pub(super) fn read(&mut self, body: &[u8]) -> Option<()> {
        let page: Page = serde_json::from_slice(body).ok()?;
        self.shown = true;
        for tag in page.tags.unwrap_or_default() {
            if self.seen < MOST && Tag::parse(&tag).is_ok() {
                self.seen += 1;
                self.add(&tag);
            }
        }
        Some(())
    }

    /// Whether the registry shows them.
    pub(super) fn are_shown(&self) -> bool {
        self.shown
    }

    /// Whether the one that is not there is listed all the same.
    pub(super) fn have_wanted(&self) -> bool {
        self.has_wanted
    }

    /// Whether every tag was looked at that the registry gave.
    pub(super) fn are_all_seen(&self) -> bool {
        self.seen < MOST
    }

    fn add(&mut self, tag: &str) {
        if tag == self.wanted {
            self.has_wanted = true;
            return;
        }
        match compare(tag, &self.wanted) {
            Some(Ordering::Greater) => {
                let at = place(&self.above, |known| compare(tag, known) == Some(Ordering::Less));
                put(&mut self.above, at, tag.to_owned());
            }
            Some(_) => {
                let at = place(&self.below, |known| compare(tag, known) == Some(Ordering::Greater));
                put(&mut self.below, at, tag.to_owned());
            }
            None => {
                let bound = (self.wanted.len() / 3).max(1);
                if tag.len().abs_diff(self.wanted.len()) <= bound {
                    let edits = edits(&self.wanted, tag);
                    if edits <= bound {
                        let at = place(&self.alike, |(known, _)| edits < *known);
                        put(&mut self.alike, at, (edits, tag.to_owned()));
                    }
                }
            }
        }
        put(&mut self.last, 0, tag.to_owned());
    }

    /// The nearest ones: of versions and numbers those around, in their order; else those that look
    /// alike; else the last ones of the list.
    pub(super) fn nearest(mut self) -> Vec<String> {
        if !self.below.is_empty() || !self.above.is_empty() {
            let above = self.above.len().min(TOLD.saturating_sub(self.below.len()).max(2));
            self.below.truncate(TOLD - above);
            self.above.truncate(above);
            self.below.reverse();
            self.below.append(&mut self.above);
            return self.below;
        }
        if !self.alike.is_empty() {
            return self.alike.into_iter().map(|(_, tag)| tag).collect();
        }
        self.last.reverse();
        self.last
    }
}

fn place<T>(list: &[T], is_before: impl Fn(&T) -> bool) -> usize {
    list.iter().position(is_before).unwrap_or(list.len())
}

fn put<T: PartialEq>(list: &mut Vec<T>, at: usize, item: T) {
    if at < TOLD && !list.contains(&item) {
        list.insert(at, item);
        list.truncate(TOLD);
    }
}

/// Where the next page is, by the header `Link` of RFC 8288.
pub(super) fn next_page(link: &str) -> Option<&str> {
    let mut rest = link;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let end = after.find('<').unwrap_or(after.len());
        let lower = after[..end].to_ascii_lowercase();
        if lower.contains("rel=\"next\"") || lower.contains("rel=next") {
            return Some(target);
        }
        rest = &after[end..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Tags, next_page};

    fn nearest(wanted: &str, tags: &[&str]) -> Vec<String> {
        let mut list = Tags::new(wanted);
        list.read(serde_json::json!({ "name": "web", "tags": tags }).to_string().as_bytes());
        list.nearest()
    }

    #[test]
    fn the_nearest_are_told() {
        for (wanted, tags, told) in [
            // Versions around, in their order.
            (
                "1.4.2",
                vec!["1.5.0", "latest", "1.4.0", "2.0.0", "1.3.0", "1.4.1", "1.4.3", "1.0.0"],
                vec!["1.3.0", "1.4.0", "1.4.1", "1.4.3", "1.5.0"],
            ),
            ("1.4.2", vec!["v1.4.2", "1.4.2-rc.1"], vec!["1.4.2-rc.1", "v1.4.2"]),
            // Numbers around.
            (
                "4125",
                vec!["999", "4100", "4119", "4120", "4130", "10000", "web"],
                vec!["4100", "4119", "4120", "4130", "10000"],
            ),
            ("9", vec!["1", "2", "3", "4", "5", "6", "7"], vec!["3", "4", "5", "6", "7"]),
            ("1", vec!["2", "3", "4", "5", "6", "7"], vec!["2", "3", "4", "5", "6"]),
            (
                "20261124.7",
                vec!["20261124.6", "20261123.9", "4125"],
                vec!["20261123.9", "20261124.6"],
            ),
            // Words alike, the likest first.
            (
                "main-abc",
                vec!["dev", "main-abd", "Main-abc", "main-ab"],
                vec!["Main-abc", "main-abd", "main-ab"],
            ),
            // Else the last.
            ("web", vec!["a1", "b2", "c3", "d4", "e5", "f6"], vec!["b2", "c3", "d4", "e5", "f6"]),
            ("web", vec![], vec![]),
            // Never the wanted one itself.
            ("4125", vec!["4124", "4125"], vec!["4124"]),
        ] {
            assert_eq!(nearest(wanted, &tags), told, "{wanted} of {tags:?}");
        }
    }

    #[test]
    fn what_is_no_tag_is_passed_over() {
        assert_eq!(nearest("x", &["##vso[x]", "a b", "", "-a", "ok"]), ["ok"]);
        let mut list = Tags::new("x");
        assert_eq!(list.read(br#"{"name":"web","tags":null}"#), Some(()));
        assert!(list.are_shown(), "a list without tags");
        let mut list = Tags::new("x");
        assert_eq!(list.read(b"[1]"), None);
        assert_eq!(list.read(b"\xff"), None);
        assert!(!list.are_shown(), "no list");
    }

    #[test]
    fn the_next_page_is_the_one_that_is_called_so() {
        for (link, next) in [
            ("</v2/web/tags/list?last=a&n=2>; rel=\"next\"", Some("/v2/web/tags/list?last=a&n=2")),
            ("<https://a.io/1>; rel=\"prev\", <https://a.io/2>; REL=next", Some("https://a.io/2")),
            ("</x>; rel=\"prev\"", None),
            ("</x", None),
            ("", None),
        ] {
            assert_eq!(next_page(link), next, "{link}");
        }
    }
}
