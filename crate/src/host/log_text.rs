//! The one door to the log.

use std::fmt::{self, Write};

use serde::Serialize;

/// The longest line the log gets, in characters; the rest is cut off and counted.
const LONGEST: usize = 4000;

/// One line of text that the agent takes as nothing but text.
///
/// The agent obeys `##vso[…]` and `##[…]` anywhere in a line of output. Names, messages and
/// container output come from outside and may hold either, so in every text
/// - line breaks and other control characters become spaces,
/// - characters that are not seen (zero width, direction marks) are left out, since a comparison
///   by the rules of a language passes over them,
/// - two number signs in a row are parted by a space.
///
/// A line of more than 4000 characters is cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogText(String);

impl LogText {
    /// The text as it may stand in the log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LogText {
    fn of(text: &str) -> Self {
        let mut safe = String::with_capacity(text.len().min(LONGEST));
        let mut seen = text.chars().filter(|c| !is_unseen(*c));
        for c in seen.by_ref().take(LONGEST) {
            match c {
                '#' if safe.ends_with('#') => safe.push_str(" #"),
                c if c.is_control() => safe.push(' '),
                c => safe.push(c),
            }
        }
        let left = seen.count();
        if left > 0 {
            let _ = write!(safe, " … ({left} more characters)");
        }
        Self(safe)
    }

    /// The text with a few characters after it, which are not cut off. They are the core's own.
    pub(crate) fn and(self, end: &str) -> Self {
        Self(self.0 + end)
    }
}

impl<T: AsRef<str>> From<T> for LogText {
    fn from(text: T) -> Self {
        Self::of(text.as_ref())
    }
}

impl fmt::Display for LogText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The characters of Unicode's category Cf that a text could hide between the signs of a command.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::LogText;

    #[test]
    fn logging_commands_are_only_text() {
        for (text, logged) in [
            ("##vso[task.setvariable variable=x]1", "# #vso[task.setvariable variable=x]1"),
            ("ok ##[error]no", "ok # #[error]no"),
            ("####[x]", "# # # #[x]"),
            ("one\r\n##vso[task.complete]", "one  # #vso[task.complete]"),
            ("#\u{200b}#\u{ad}vso[x]", "# #vso[x]"),
            ("\u{1b}[31mred", " [31mred"),
            ("naïve → 日本", "naïve → 日本"),
        ] {
            assert_eq!(LogText::from(text).as_str(), logged);
        }
    }

    #[test]
    fn a_long_line_is_cut() {
        let logged = LogText::from("x".repeat(10_000_000));
        assert!(logged.as_str().ends_with("x … (9996000 more characters)"));
    }

    proptest! {
        #[test]
        fn no_line_holds_a_command(text in "(#|\\[|vso|\\u{200b}|\\n|.)*") {
            let logged = LogText::from(text);
            prop_assert!(!logged.as_str().contains("##"));
            prop_assert!(!logged.as_str().contains(char::is_control));
            prop_assert_eq!(LogText::from(logged.as_str()), logged);
        }
    }
}
