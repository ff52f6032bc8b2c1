//! From any text to a legal tag, by a rule that keeps apart what differs.
//!
//! 1. Each run of characters that a tag cannot hold becomes one dash.
//! 2. Dots and dashes at the beginning go, dashes and dots at the end too.
//! 3. What was changed gets a dash and eight hex digits of a hash of the text as it was, so that
//!    `feature/x` and `feature-x` do not become the same tag. A text in which the build id stands
//!    apart needs no such mark: no two builds share it.
//! 4. What is longer than 128 characters is cut, and gets the hash whatever it holds. A template
//!    with the build id is cut at its longest values instead, and keeps the id ([`fitted`]).
//!
//! A legal tag without dashes or dots at its ends stays as it is, so the rule changes nothing that
//! it made itself.

use crate::image::{
    reference::{LONGEST_TAG, Tag},
    tag::template::Part,
};

/// A dash and eight hex digits.
const MARK: usize = 9;

/// Whether the text alone tells two builds apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// The build id stands in it, apart from the rest.
    Yes,
    /// Two builds may have the same.
    No,
}

/// Makes a tag of the text by the rule above; `None` where nothing is left of it.
#[must_use]
pub fn sanitise(text: &str, unique: Unique) -> Option<Tag> {
    let mut legal = dashed(text);
    if legal.is_empty() {
        return None;
    }
    let too_long = legal.len() > LONGEST_TAG;
    let changed = legal != text && unique == Unique::No;
    if too_long || changed {
        legal.truncate(LONGEST_TAG - MARK);
        legal.truncate(legal.trim_end_matches(['.', '-']).len());
        legal = format!("{legal}-{:08x}", fnv1a(text));
    }
    Tag::parse(&legal).ok()
}

/// Makes a tag of the parts of a text by the rule above, so that the build id stays whole: what is
/// too long is cut at the ends of the longest values, and needs no hash for that, since it is the
/// same build. `None` where nothing is left, or no value is left to cut.
#[must_use]
pub fn fitted(parts: &[Part], unique: Unique) -> Option<Tag> {
    let text: String = parts.iter().map(Part::as_str).collect();
    let legal = dashed(&text);
    let marked = legal != text && unique == Unique::No;
    let room = LONGEST_TAG - if marked { MARK } else { 0 };
    let has_id = parts.iter().any(|part| matches!(part, Part::BuildId(_)));
    if !has_id || legal.len() <= room {
        return sanitise(&text, unique);
    }
    let mut parts: Vec<(bool, String)> = parts
        .iter()
        .map(|part| (matches!(part, Part::Value(_)), replaced(part.as_str())))
        .collect();
    let room = LONGEST_TAG - if unique == Unique::No { MARK } else { 0 };
    loop {
        let joined: String = parts.iter().map(|(_, text)| text.as_str()).collect();
        let joined = joined.trim_matches(['.', '-']);
        let Some(excess) = joined.len().checked_sub(room).filter(|excess| *excess > 0) else {
            let mark = format!("-{:08x}", fnv1a(&text));
            let mark = if unique == Unique::No { mark.as_str() } else { "" };
            return Tag::parse(&format!("{joined}{mark}")).ok();
        };
        let values = parts.iter_mut().filter(|(is_value, text)| *is_value && !text.is_empty());
        let mut values: Vec<&mut String> = values.map(|(_, text)| text).collect();
        values.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let next = values.get(1).map_or(0, |next| next.len());
        let longest = values.first_mut()?;
        let spare = longest.len().saturating_sub(next).max(1);
        longest.truncate(longest.len() - excess.min(spare));
        longest.truncate(longest.trim_end_matches(['.', '-']).len());
    }
}

/// The first two steps of the rule: all ASCII afterwards.
pub(crate) fn dashed(text: &str) -> String {
    replaced(text).trim_matches(['.', '-']).to_owned()
}

fn replaced(text: &str) -> String {
    let mut legal = String::with_capacity(text.len());
    let mut replacing = false;
    for c in text.chars() {
        let fits = c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if fits {
            legal.push(c);
        } else if !replacing {
            legal.push('-');
        }
        replacing = !fits;
    }
    legal
}

/// The 32-bit FNV-1a hash (draft-eastlake-fnv) of the text's UTF-8.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        for (text, hash) in [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] {
            assert_eq!(fnv1a(text), hash, "{text}");
        }
    }

    #[test]
    fn follows_the_rule() {
        let long = "x".repeat(200);
        let cut = format!("{}-{:08x}", "x".repeat(119), fnv1a(&long));
        for (text, tag, with_build_id) in [
            ("4125", "4125", "4125"),
            ("20261124.7", "20261124.7", "20261124.7"),
            ("_a.b-c", "_a.b-c", "_a.b-c"),
            ("1.4.2+7", "1.4.2-7-91815c88", "1.4.2-7"),
            ("feature/login", "feature-login-28ac1333", "feature-login"),
            ("a b\t/ü  c", "a-b-c-0e8422fa", "a-b-c"),
            ("-.a-.", "a-887068d6", "a"),
            ("(web) 1", "web-1-b446fa1d", "web-1"),
            (&long, &cut, &cut),
        ] {
            let made = |unique| sanitise(text, unique).unwrap().to_string();
            assert_eq!(
                (made(Unique::No).as_str(), made(Unique::Yes).as_str()),
                (tag, with_build_id)
            );
        }
        for text in ["", "-", "...", "über".trim_matches(|c: char| c.is_ascii()), "日本"] {
            assert_eq!(sanitise(text, Unique::No), None, "{text}");
        }
    }

    #[test]
    fn a_build_id_is_never_cut() {
        let (text, value) =
            (|text: &str| Part::Text(text.into()), |text: &str| Part::Value(text.into()));
        let id = || Part::BuildId("4125".into());
        let long = "x".repeat(200);
        for (parts, unique, tag) in [
            (vec![value(&long), text("-"), id()], Unique::Yes, format!("{}-4125", "x".repeat(123))),
            (vec![id(), text("-"), value(&long)], Unique::Yes, format!("4125-{}", "x".repeat(123))),
            (
                vec![value(&long), text("-b"), id()],
                Unique::No,
                format!("{}-b4125-{:08x}", "x".repeat(113), fnv1a(&format!("{long}-b4125"))),
            ),
            (
                vec![value(&"ü/x".repeat(60)), text("-"), id(), text("-linux")],
                Unique::Yes,
                format!("{}-x-4125-linux", "-x".repeat(58)).trim_start_matches('-').to_owned(),
            ),
            (
                vec![value(&long), text("."), value(&"y".repeat(90)), text("."), id()],
                Unique::Yes,
                format!("{}.{}.4125", "x".repeat(61), "y".repeat(61)),
            ),
            (vec![value("main"), text("-"), id()], Unique::Yes, "main-4125".to_owned()),
        ] {
            let made = fitted(&parts, unique).unwrap();
            assert!(made.as_str().len() <= LONGEST_TAG && made.as_str().contains("4125"));
            assert_eq!(made.as_str(), tag);
        }
        assert_eq!(fitted(&[text(&long), text("-"), id()], Unique::Yes), None);
    }

    #[test]
    fn tells_apart_what_looks_alike() {
        let texts = ["a/b", "a-b", "a+b", "a b", "a//b", "-a-b", "a-b."];
        let mut tags = texts.map(|text| sanitise(text, Unique::No).unwrap().to_string());
        tags.sort_unstable();
        assert!(tags.windows(2).all(|pair| pair[0] != pair[1]), "{tags:?}");
    }

    proptest! {
        #[test]
        fn every_branch_leaves_the_build_id(branch in "(.|\\n){0,300}", id in "[0-9]{1,9}") {
            let parts =
                [Part::Value(branch.clone()), Part::Text("-".into()), Part::BuildId(id.clone())];
            let tag = fitted(&parts, Unique::Yes).unwrap();
            prop_assert!(tag.as_str().len() <= LONGEST_TAG);
            let last = tag.as_str().rsplit(['-', '.']).next();
            prop_assert_eq!(last, Some(id.as_str()), "{}", branch);
        }

        #[test]
        fn every_text_gives_a_tag_or_nothing(text in "(.|\\n){0,300}", unique: bool) {
            let unique = if unique { Unique::Yes } else { Unique::No };
            match sanitise(&text, unique) {
                Some(tag) => {
                    prop_assert!(tag.as_str().len() <= LONGEST_TAG);
                    let again = sanitise(tag.as_str(), unique);
                    prop_assert_eq!(again.as_ref(), Some(&tag), "once more changes nothing");
                }
                None => prop_assert!(!text.contains(|c: char| c.is_ascii_alphanumeric() || c == '_')),
            }
        }
    }
}
