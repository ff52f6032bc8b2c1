//! The tags of a repository that are nearest to one that is not there.

use std::cmp::Ordering;

use serde::Deserialize;

use crate::{nearest::edits, reference::Tag, tag::version::compare};

/// How many tags are told.
const TOLD: usize = 5;
/// How many tags are looked at.
const MOST: usize = 20_000;

/// A list of tags, as it grows.
#[derive(Debug, Clone)]
pub(super) struct Tags {
    wanted: String,
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
        for tag in page.tags.unwrap_or_default() {
            if self.seen < MOST && Tag::parse(&tag).is_ok() {
                self.seen += 1;
                self.add(tag);
            }
        }
        Some(())
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        self.seen > 0
    }

    fn add(&mut self, tag: String) {
        match compare(&tag, &self.wanted) {
            Some(Ordering::Greater) => {
                let at = place(&self.above, |known| compare(&tag, known) == Some(Ordering::Less));
                put(&mut self.above, at, &tag);
            }
            Some(_) => {
                let at =
                    place(&self.below, |known| compare(&tag, known) == Some(Ordering::Greater));
                put(&mut self.below, at, &tag);
            }
            None => {
                let bound = (self.wanted.len() / 3).max(1);
                if tag.len().abs_diff(self.wanted.len()) <= bound {
                    let edits = edits(&self.wanted, &tag);
                    if edits <= bound {
                        let at = place(&self.alike, |(known, _)| edits < *known);
                        put(&mut self.alike, at, &(edits, tag.clone()));
                    }
                }
            }
        }
        put(&mut self.last, 0, &tag);
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

fn put<T: Clone>(list: &mut Vec<T>, at: usize, item: &T) {
    if at < TOLD {
        list.insert(at, item.clone());
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
