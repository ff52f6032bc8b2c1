//! Text from outside as Markdown shows it.

use std::fmt::Write;

/// The names that sentences are about, which are shown as code.
#[derive(Default)]
pub(super) struct Names {
    /// Workloads, pods and images: these are told from words wherever they stand.
    pub(super) unmistakable: Vec<String>,
    /// Containers, whose names may be words: code after "container ", at the start of a part of the
    /// sentence, and before a colon.
    pub(super) containers: Vec<String>,
}

impl Names {
    /// How long the code at the end of a text is that is split in front of it.
    fn code_at(&self, before: &str, text: &str) -> Option<usize> {
        if before.chars().next_back().is_some_and(is_part) {
            return None;
        }
        if let Some(length) = command_at(text).or_else(|| digest_at(text)) {
            return Some(length);
        }
        let stands = |name: &String| {
            let after = text.strip_prefix(name.as_str()).filter(|_| !name.is_empty());
            after.filter(|after| !goes_on(after))
        };
        let is_place =
            before.is_empty() || before.ends_with("container ") || before.ends_with(": ");
        let is_container =
            |name: &&String| stands(name).is_some_and(|after| is_place || after.starts_with(": "));
        let names = self.unmistakable.iter().filter(|name| stands(name).is_some());
        names.chain(self.containers.iter().filter(is_container)).map(String::len).max()
    }
}

/// A sentence in which names, digests and commands are code, and the rest is no markup.
pub(super) fn marked(text: &str, names: &Names) -> String {
    let mut marked = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let (before, rest) = text.split_at(at);
        let length = names.code_at(before, rest);
        match length {
            Some(length) => marked.push_str(&code(&rest[..length])),
            None => escape(&mut marked, next),
        }
        at += length.unwrap_or(next.len_utf8());
    }
    marked
}

/// A name, an image or a command as code.
pub(super) fn code(text: &str) -> String {
    let is_plain = |c: char| !c.is_control() && !"`|<>&\\".contains(c);
    if text.is_empty() || !text.chars().all(is_plain) {
        return escaped(text);
    }
    format!("`{text}`")
}

/// No markup, no HTML, one line.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    text.chars().for_each(|c| escape(&mut safe, c));
    safe
}

fn escape(safe: &mut String, c: char) {
    match c {
        c if c.is_control() => safe.push(' '),
        '&' | '<' | '>' | '|' | '`' | '[' | ']' | '*' | '_' | '~' | '\\' | '#' | '!' => {
            let _ = write!(safe, "&#{};", u32::from(c));
        }
        c => safe.push(c),
    }
}

/// The command of kubectl that a text begins with, up to the end of its sentence.
fn command_at(text: &str) -> Option<usize> {
    const COMMANDS: [&str; 7] = ["delete", "describe", "exec", "get", "logs", "rollout", "set"];
    let rest = text.strip_prefix("kubectl ")?;
    let (command, _) = rest.split_once(' ')?;
    if !COMMANDS.contains(&command) {
        return None;
    }
    let ends = [". ", "; ", " ["].into_iter().filter_map(|end| text.find(end));
    Some(ends.min().unwrap_or_else(|| text.trim_end_matches('.').len()))
}

fn digest_at(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("sha256:")?;
    let count = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    (count > 0).then(|| "sha256:".len() + count)
}

/// Whether a name that ends in front of this text is only the start of a longer one.
fn goes_on(text: &str) -> bool {
    let mut rest = text.chars();
    match rest.next() {
        Some('.' | ':' | '@') => rest.next().is_some_and(|c| c.is_ascii_alphanumeric()),
        Some(c) => is_part(c),
        None => false,
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let names = Names {
            unmistakable: owned(&["deployments/web", "web-1", "a.io/web:1", "a.io/web:1.2"]),
            containers: owned(&["app"]),
        };
        assert_eq!(marked(text, &names), expected);
    }

    #[test]
    fn names_are_code() {
        check(
            "deployments/web: container app of pod web-1 runs a.io/web:1.",
            "`deployments/web`: container `app` of pod `web-1` runs `a.io/web:1`.",
        );
        check("app: not ready, a.io/web:1.2: gone", "`app`: not ready, `a.io/web:1.2`: gone");
        check("deployments/web: app cannot start", "`deployments/web`: `app` cannot start");
        check("app cannot start", "`app` cannot start");
        check("runs sha256:0af, not sha256:1", "runs `sha256:0af`, not `sha256:1`");
    }

    #[test]
    fn a_part_of_a_longer_name_and_a_word_are_none() {
        check("web-12 and x/web-1 and a.io/web:1-rc", "web-12 and x/web-1 and a.io/web:1-rc");
        check("the app ended", "the app ended");
        check("kubectl gave no answer", "kubectl gave no answer");
    }

    #[test]
    fn a_command_is_code_up_to_the_end_of_its_sentence() {
        check(
            "Delete it: kubectl delete pods web-1 --namespace=shop. The rest follows",
            "Delete it: `kubectl delete pods web-1 --namespace=shop`. The rest follows",
        );
        check("See: kubectl logs web-1 [KSI503]", "See: `kubectl logs web-1` &#91;KSI503&#93;");
    }

    #[test]
    fn what_looks_like_markup_is_text() {
        check("**<b>** `x` |", "&#42;&#42;&#60;b&#62;&#42;&#42; &#96;x&#96; &#124;");
        assert_eq!(code("a`b"), "a&#96;b");
        assert_eq!(code("a.io/web:1"), "`a.io/web:1`");
    }
}
