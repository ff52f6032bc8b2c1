//! What people really write where a line or a reference is none: the slip, and how to mend it.
//!
//! A slip is looked for before the grammar has its say, whose own view of such a line ("no kind of
//! workload") tells little about what happened.

use std::fmt;

use crate::{
    host::{Code, code},
    image::{lines::words::Word, reference::Reference, tag::sanitise::dashed},
    kubernetes::{Kind, is_label},
};

/// Something that people write, and no line can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::image) enum Slip {
    /// A line that begins like an item of a list, with this sign.
    Bullet(String),
    /// The whole line between quotes.
    LineInQuotes(String),
    /// A quote that no other one closes.
    OpenQuote(String),
    /// Quotes or dashes as word processors write them.
    Typographic(String),
    /// Two commands on a line, or what else a shell would make something of.
    Shell(String),
    /// `app = image`, with this pair meant.
    SpacedEquals(String),
    /// Commas where blanks belong, and the words that are meant.
    Commas { word: String, meant: String },
    /// A colon after a workload.
    ColonAfterWorkload(String),
    /// `app: image`, with this pair meant.
    ColonForEquals(String),
    /// Nothing after the `=`.
    NoImage(String),
    /// `https://` before a reference.
    Scheme { text: String, scheme: String, meant: String },
    /// A slash in a tag.
    SlashInTag(String),
    /// The `+` of a version in a tag.
    PlusInTag(String),
    /// Two tags.
    TwoTags { text: String, first: String, second: String },
    /// Nothing before the slash or colon that it begins with.
    NoBeginning { text: String, meant: String },
    /// Nothing after the colon.
    EmptyTag { text: String, meant: String },
    /// A registry, and no repository in it.
    NoRepository { text: String, meant: String },
    /// A variable as a shell or a template knows it.
    ShellVariable { written: String, name: String },
    /// Two lines that became one, with the workload that begins the second.
    TwoLines(String),
}

impl Slip {
    /// Looks through the words of a line, flags and all.
    pub(super) fn of_line(words: &[Word]) -> Option<Self> {
        let (first, rest) = words.split_first()?;
        if matches!(first.text.as_str(), "-" | "*" | "•" | "–" | "—") && !rest.is_empty() {
            return Some(Self::Bullet(first.text.clone()));
        }
        if first.quoted && rest.is_empty() && first.text.contains(char::is_whitespace) {
            return Some(Self::LineInQuotes(first.text.clone()));
        }
        words.iter().filter(|word| !word.quoted).find_map(|word| {
            let text = word.text.as_str();
            let found = text.to_owned();
            if text.contains(['“', '”', '„', '‘', '’']) || text.starts_with(['–', '—'])
            {
                Some(Self::Typographic(found))
            } else if matches!(text, "&&" | "||" | "|" | ";" | "&" | ">" | ">>")
                || text.ends_with(';')
            {
                Some(Self::Shell(found))
            } else if text.starts_with(['\'', '"']) || text.contains("='") || text.contains("=\"") {
                Some(Self::OpenQuote(found)).filter(|_| is_open(text))
            } else {
                None
            }
        })
    }

    /// Looks through the words that name workloads and images.
    pub(super) fn of_words(words: &[Word]) -> Option<Self> {
        (0..words.len()).find_map(|at| {
            let text = words[at].text.as_str();
            let before = at.checked_sub(1).map_or("", |before| words[before].text.as_str());
            let after = words.get(at + 1).map_or("", |after| after.text.as_str());
            Self::of_equals(before, text, after)
                .or_else(|| Self::of_comma(text))
                .or_else(|| Self::of_colon(before, text, after))
                .or_else(|| Self::of_joined(&words[..at], text, &words[at + 1..]))
        })
    }

    /// A workload between two images: a line that goes on in the next one.
    fn of_joined(before: &[Word], text: &str, after: &[Word]) -> Option<Self> {
        let has_pair = |words: &[Word]| words.iter().any(|word| word.text.contains('='));
        let begins = !text.contains('=') && (is_workload(text) || Kind::parse(text).is_some());
        (begins && has_pair(before) && has_pair(after)).then(|| Self::TwoLines(text.to_owned()))
    }

    fn of_equals(before: &str, text: &str, after: &str) -> Option<Self> {
        let pair = |container: &str, image: &str| {
            let meant = is_container(container) && !image.is_empty() && !image.contains('=');
            meant.then(|| Self::SpacedEquals(format!("{container}={image}")))
        };
        match (text.strip_suffix('='), text.strip_prefix('=')) {
            (Some(""), _) => pair(before, after),
            (Some(container), _) => {
                pair(container, after).or_else(|| Some(Self::NoImage(container.to_owned())))
            }
            (None, Some(image)) => pair(before, image),
            (None, None) => None,
        }
    }

    fn of_comma(text: &str) -> Option<Self> {
        let is_list = text.split(',').all(|kind| Kind::parse(kind).is_some());
        if !text.contains(',') || is_list || !(text.contains(['/', '=']) || text.ends_with(',')) {
            return None;
        }
        let kind =
            text.split_once('/').map(|(kind, _)| kind).filter(|kind| Kind::parse(kind).is_some());
        let parts = text.split(',').filter(|part| !part.is_empty()).map(|part| match kind {
            Some(kind) if !part.contains('/') => format!("{kind}/{part}"),
            _ => part.to_owned(),
        });
        let meant = parts.collect::<Vec<_>>().join(" ");
        Some(Self::Commas { word: text.to_owned(), meant })
    }

    fn of_colon(before: &str, text: &str, after: &str) -> Option<Self> {
        if text == ":" && is_workload(before) {
            return Some(Self::ColonAfterWorkload(before.to_owned()));
        }
        if let Some(name) = text.strip_suffix(':') {
            return match () {
                () if is_workload(name) => Some(Self::ColonAfterWorkload(name.to_owned())),
                () if !before.is_empty() && is_container(name) && !after.is_empty() => {
                    Some(Self::ColonForEquals(format!("{name}={after}")))
                }
                () => None,
            };
        }
        let (container, image) = text.split_once(':')?;
        let (host, path) = image.split_once('/')?;
        let is_host = Reference::is_registry(host.split(':').next().unwrap_or(host));
        let meant =
            is_label(container) && is_host && !path.is_empty() && Reference::parse(image).is_ok();
        meant.then(|| Self::ColonForEquals(format!("{container}={image}")))
    }

    /// Looks through what should be a reference, and may be one of something that nobody means.
    pub(in crate::image) fn of_reference(text: &str) -> Option<Self> {
        let owned = text.to_owned();
        if let Some((scheme, meant)) = text.split_once("://") {
            let scheme = format!("{scheme}://");
            let meant = meant.trim_end_matches('/').to_owned();
            return Some(Self::Scheme { text: owned, scheme, meant });
        }
        if let Some((written, name)) = shell_variable(text) {
            return Some(Self::ShellVariable { written, name });
        }
        if text.starts_with(['/', ':']) {
            let place = if text.starts_with('/') { "REGISTRY" } else { "REPOSITORY" };
            return Some(Self::NoBeginning { text: owned, meant: format!("{place}{text}") });
        }
        if text.contains('@') {
            return None;
        }
        let (name, tag) = split_tag(text);
        match tag {
            Some("") => {
                return Some(Self::EmptyTag { text: owned, meant: name.to_owned() });
            }
            Some(tag) if tag.contains('/') => return Some(Self::SlashInTag(tag.to_owned())),
            Some(tag) if tag.contains(':') => {
                let (first, second) = tag.split_once(':').unwrap_or((tag, ""));
                let is_port = first.bytes().all(|b| b.is_ascii_digit());
                if is_port && Reference::is_registry(name) {
                    let meant = format!("{name}:{first}/REPOSITORY:{second}");
                    return Some(Self::NoRepository { text: owned, meant });
                }
                let (first, second) = (first.to_owned(), second.to_owned());
                return Some(Self::TwoTags { text: owned, first, second });
            }
            Some(tag) if tag.contains('+') => return Some(Self::PlusInTag(tag.to_owned())),
            _ => {}
        }
        let registry = name.strip_suffix('/').unwrap_or(name);
        if !registry.contains('/') && Reference::is_registry(registry) {
            let after = tag.map_or(String::new(), |tag| format!(":{tag}"));
            let is_port = !registry.contains(|c: char| c.is_ascii_alphabetic())
                || registry.eq_ignore_ascii_case("localhost");
            let meant = if is_port {
                format!("{registry}{after}/REPOSITORY")
            } else {
                format!("{registry}/REPOSITORY{after}")
            };
            return Some(Self::NoRepository { text: owned, meant });
        }
        None
    }
}

/// Cuts at the colon that begins the tag, as it is meant: the first one that begins no port.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    let start = if text.starts_with('[') { text.find(']').unwrap_or(0) } else { 0 };
    let mut from = start;
    while let Some(at) = text[from..].find(':').map(|at| from + at) {
        let rest = &text[at + 1..];
        let port = rest.split('/').next().unwrap_or(rest);
        let is_port = !text[..at].contains('/')
            && rest.contains('/')
            && !port.is_empty()
            && port.bytes().all(|b| b.is_ascii_digit());
        if !is_port {
            return (&text[..at], Some(rest));
        }
        from = at + 1;
    }
    (text, None)
}

/// `$ACR`, `${ACR}`, `$env:ACR`, `%ACR%`, `#{ACR}#` or `{{ACR}}`, and the name of the variable.
fn shell_variable(text: &str) -> Option<(String, String)> {
    for (opening, closing) in [("#{", "}#"), ("#{", "}"), ("{{", "}}")] {
        let inner = text.split_once(opening).and_then(|(_, rest)| rest.split_once(closing));
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(is_part);
        if let Some(name) = inner.map(|(name, _)| name).filter(is_name) {
            return Some((format!("{opening}{name}{closing}"), name.to_owned()));
        }
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name_of = |text: &str| {
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        text[..end].to_owned()
    };
    if let Some((_, rest)) = text.split_once('$') {
        let (opening, closing) = match rest {
            _ if rest.starts_with('{') => ("{", "}"),
            _ if rest.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("env:")) => {
                (&rest[..4], "")
            }
            _ => ("", ""),
        };
        let name = name_of(&rest[opening.len()..]);
        let written = format!("${opening}{name}{closing}");
        return (!name.is_empty() && text.contains(&written)).then_some((written, name));
    }
    let (_, rest) = text.split_once('%')?;
    let (name, _) = rest.split_once('%')?;
    let is_name = !name.is_empty() && name.chars().all(is_part);
    is_name.then(|| (format!("%{name}%"), name.to_owned()))
}

/// Whether a quote of the word is not closed.
fn is_open(text: &str) -> bool {
    ['\'', '"'].iter().any(|quote| text.matches(*quote).count() % 2 == 1)
}

fn is_container(text: &str) -> bool {
    text == "*" || is_label(text)
}

/// Whether a word is a workload: `deployments/web`, perhaps with its namespace.
fn is_workload(text: &str) -> bool {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [kind, _] | [_, kind, _] => Kind::parse(kind).is_some(),
        _ => false,
    }
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bullet(sign) => {
                write!(f, "the line begins with {sign:?}, like an item of a list. Remove it")
            }
            Self::LineInQuotes(line) => write!(
                f,
                "the whole line is quoted and so read as one word. Remove the quotes: {line}"
            ),
            Self::OpenQuote(word) => {
                write!(f, "the quote in {word} is not closed. Close it, or remove it")
            }
            Self::Typographic(word) => {
                write!(f, "{word} has typographic quotes or dashes. Type ' or \" and - instead")
            }
            Self::Shell(word) => write!(
                f,
                "{word} is shell syntax, and this line does not run in a shell. Write one kubectl \
                 set image per line; this step waits for the rollout itself"
            ),
            Self::SpacedEquals(pair) => {
                write!(f, "unexpected space beside \"=\". Write {pair}")
            }
            Self::Commas { word, meant } => {
                write!(f, "{word:?} has a comma, but words are separated by spaces. Write {meant}")
            }
            Self::ColonAfterWorkload(name) => {
                write!(f, "unexpected colon after {name}. Write {name} CONTAINER=IMAGE")
            }
            Self::ColonForEquals(pair) => {
                write!(f, "unexpected colon between container and image. Write {pair}")
            }
            Self::NoImage(container) => write!(
                f,
                "\"{container}=\" has no image after it. Write {container}=IMAGE; if it is a \
                 variable, its value is empty"
            ),
            Self::Scheme { text, scheme, meant } => write!(
                f,
                "{text:?} has the scheme {scheme}, which is not part of an image reference. Write \
                 {meant}"
            ),
            Self::SlashInTag(tag) => write!(
                f,
                "invalid tag {tag:?}: a tag has only letters, digits, \"_\", \".\" and \"-\". \
                 Write {}, or remove the tag and set tagStrategy: template with tagTemplate: \
                 {{branch}}-{{buildId}}",
                suggested(tag)
            ),
            Self::PlusInTag(tag) => write!(
                f,
                "invalid tag {tag:?}: a tag cannot have a \"+\". Write {}, or remove the tag and \
                 set tagStrategy: semver, which does the same",
                tag.replace('+', "_")
            ),
            Self::TwoTags { text, first, second } => write!(
                f,
                "{text:?} has two tags, {first:?} and {second:?}. Keep one; a variable before the \
                 colon may already have a tag"
            ),
            Self::NoBeginning { text, meant } => write!(
                f,
                "{text:?} has nothing before its {}. Write {meant}; if that is a variable, its \
                 value is empty",
                if text.starts_with('/') { "slash" } else { "colon" }
            ),
            Self::TwoLines(workload) => write!(
                f,
                "the line goes on with {workload} after an image. Begin a new line with it; in \
                 YAML, images: > joins lines, and images: | keeps them"
            ),
            Self::EmptyTag { text, meant } => write!(
                f,
                "{text:?} has an empty tag. Write {meant} for the computed tag; if the tag is a \
                 variable, its value is empty"
            ),
            Self::NoRepository { text, meant } => {
                write!(f, "{text:?} names a registry without a repository. Write {meant}")
            }
            Self::ShellVariable { written, name } => {
                write!(
                    f,
                    "{written} is not replaced, since inputs replace only macros. Write $({name})"
                )
            }
        }
    }
}

/// A tag that is like a text.
fn suggested(text: &str) -> String {
    dashed(text.strip_prefix("refs/heads/").unwrap_or(text))
}

impl Slip {
    pub(in crate::image) fn code(&self) -> Code {
        match self {
            Self::Bullet(_) | Self::LineInQuotes(_) | Self::OpenQuote(_) | Self::Typographic(_) => {
                code::TYPOGRAPHY
            }
            Self::Shell(_) => code::SHELL_SYNTAX,
            Self::SpacedEquals(_)
            | Self::Commas { .. }
            | Self::ColonAfterWorkload(_)
            | Self::ColonForEquals(_)
            | Self::TwoLines(_) => code::WRONG_SEPARATOR,
            Self::NoImage(_) => code::IMAGE_MISSING,
            Self::Scheme { .. } => code::URL_SCHEME,
            Self::SlashInTag(_) | Self::PlusInTag(_) => code::INVALID_TAG,
            Self::TwoTags { .. } => code::TWO_TAGS,
            Self::EmptyTag { .. } => code::EMPTY_TAG,
            Self::NoRepository { .. } | Self::NoBeginning { .. } => code::REPOSITORY_MISSING,
            Self::ShellVariable { .. } => code::NOT_REPLACED,
        }
    }
}
