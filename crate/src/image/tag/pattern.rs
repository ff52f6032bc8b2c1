//! Lists of names with `*`, as people write them into an input.

/// In a pattern: any one digit. No name can hold it.
pub(crate) const DIGIT: char = '\u{1}';

/// The entries of a list: commas, spaces and line breaks part them.
pub(crate) fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty())
}

/// Whether the text is what the pattern means: `*` stands for any characters, also for none, and
/// letters are compared without regard to case. [`DIGIT`] stands for one digit.
///
/// Takes at most the product of both lengths.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|wanted| fits(*wanted, text[t])) {
            p += 1;
            t += 1;
        } else if let Some((at, covered)) = star {
            star = Some((at, covered + 1));
            p = at + 1;
            t = covered + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

fn fits(wanted: u8, found: u8) -> bool {
    wanted.eq_ignore_ascii_case(&found) || (char::from(wanted) == DIGIT && found.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, same) in [
            ("main", "main", true),
            ("main", "Main", true),
            ("main", "mainline", false),
            ("release/*", "release/1.2/hot", true),
            ("release/*", "release", false),
            ("*", "", true),
            ("*-rc*", "1.2-rc.1", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("\u{1}.\u{1}", "1.4", true),
            ("\u{1}", "a", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), same, "{pattern} {text}");
        }
    }

    #[test]
    fn a_list_is_parted_by_anything_people_take() {
        let list: Vec<&str> = entries("main, release/*\n\n dev,,").collect();
        assert_eq!(list, ["main", "release/*", "dev"]);
    }
}
