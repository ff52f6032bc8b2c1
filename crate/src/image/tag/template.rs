//! The input `tagTemplate`: text with tokens in braces.
//!
//! ```text
//! template = *( text | "{" [mark] name [":" argument] [mark] "}" )
//! mark     = "-" | "." | "_"
//! ```
//!
//! A token is replaced by its value, and one without a value is an error. With a mark inside the
//! braces it may be empty: `{-prerelease}` is the value after a dash, or nothing at all.

use std::fmt;

use crate::{
    host::nearest::nearest,
    image::tag::time::{DEFAULT_FORM, PARTS, StartTime},
};

/// A template, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    written: String,
}

/// A part of a template whose tokens have been replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The template's own text, or a mark.
    Text(String),
    /// The value of a token.
    Value(String),
    /// The id of the build.
    BuildId(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Token { token: Token, before: &'static str, after: &'static str, written: String },
}

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// The id of the build.
    BuildId,
    /// Its number.
    BuildNumber,
    /// The digits at the end of its number.
    Counter,
    /// Its pipeline.
    Definition,
    /// Its branch, or `pr-12`.
    Branch,
    /// Its git tag.
    GitTag,
    /// The number of its pull request.
    PullRequest,
    /// So many characters of its commit; `None` for all.
    Commit(Option<usize>),
    /// The time at which the pipeline began, in this form.
    Date(String),
    /// The version.
    Version,
    /// Its first number.
    Major,
    /// Its second.
    Minor,
    /// Its third.
    Patch,
    /// Its prerelease.
    Prerelease,
}

/// The names of the tokens, in the order that messages list them.
pub const NAMES: [&str; 14] = [
    "buildId",
    "buildNumber",
    "counter",
    "definition",
    "branch",
    "gitTag",
    "pullRequest",
    "commit",
    "date",
    "version",
    "major",
    "minor",
    "patch",
    "prerelease",
];

/// How many characters of the commit `{commit}` gives.
pub const SHORT_COMMIT: usize = 7;

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The part that is wrong.
    part: String,
    kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    Doubled(&'static str),
    NotClosed,
    NotOpened,
    Unknown { name: String, similar: Option<&'static str> },
    NoArgument { name: &'static str, argument: String },
    CommitLength(String),
    Form { form: String, part: String },
    Touches { other: String },
}

/// What stands beside a token, whichever of the tokens around it are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside<'a> {
    /// A character that is no letter or digit, or the end of the tag.
    Separator,
    /// A letter or digit of the template's own text.
    Letter,
    /// Another token, as it was written.
    Token(&'a str),
}

impl Template {
    /// Parses a template by the grammar above.
    ///
    /// # Errors
    /// Says what is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let fail = |part: &str, kind| Err(TemplateError { part: part.to_owned(), kind });
            for (brace, doubled) in [("{{", "{{"), ("}}", "}}")] {
                if rest[at..].starts_with(brace) {
                    return fail(brace, ErrorKind::Doubled(doubled));
                }
            }
            if rest[at..].starts_with('}') {
                return fail(&rest[..=at], ErrorKind::NotOpened);
            }
            let inner = &rest[at + 1..];
            let next = inner.find(['{', '}']);
            let Some(end) = next.filter(|end| inner[*end..].starts_with('}')) else {
                let end = next.map_or(rest.len(), |next| at + 1 + next);
                return fail(&rest[at..end], ErrorKind::NotClosed);
            };
            if at > 0 {
                pieces.push(Piece::Text(rest[..at].to_owned()));
            }
            match token(&inner[..end]) {
                Ok(token) => pieces.push(token),
                Err(kind) => return fail(&rest[at..=at + 1 + end], kind),
            }
            rest = &inner[end + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let template = Self { pieces, written: text.to_owned() };
        template.build_ids_touch_nothing()?;
        Ok(template)
    }

    /// The template as it was written.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether the build id can be told from what stands around it, so that no two builds make the
    /// same text.
    #[must_use]
    pub fn sets_build_id_apart(&self) -> bool {
        let apart = |at| self.beside(at).into_iter().all(|beside| beside == Beside::Separator);
        self.places_of_build_id().any(apart)
    }

    fn build_ids_touch_nothing(&self) -> Result<(), TemplateError> {
        for at in self.places_of_build_id() {
            for beside in self.beside(at) {
                if let Beside::Token(other) = beside {
                    let kind = ErrorKind::Touches { other: other.to_owned() };
                    return Err(TemplateError { part: self.written.clone(), kind });
                }
            }
        }
        Ok(())
    }

    fn places_of_build_id(&self) -> impl Iterator<Item = usize> {
        let is_build_id =
            |piece: &Piece| matches!(piece, Piece::Token { token: Token::BuildId, .. });
        (0..self.pieces.len()).filter(move |at| is_build_id(&self.pieces[*at]))
    }

    /// What stands before and after the token at this place.
    fn beside(&self, at: usize) -> [Beside<'_>; 2] {
        let Piece::Token { before, after, .. } = &self.pieces[at] else {
            return [Beside::Separator; 2];
        };
        let first = |text: &str| text.chars().next();
        let last = |text: &str| text.chars().next_back();
        [
            beside(before, self.pieces[..at].iter().rev(), last, |(_, after)| after),
            beside(after, self.pieces[at + 1..].iter(), first, |(before, _)| before),
        ]
    }

    /// Whether one of the tokens fulfils the condition.
    #[must_use]
    pub fn any(&self, condition: impl Fn(&Token) -> bool) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Token { token, .. } if condition(token)))
    }

    /// The parts of the text, with the values in place of the tokens.
    ///
    /// # Errors
    /// What the second function makes of a token that has no value and must have one; it is given
    /// the token as it was written.
    pub fn render<E>(
        &self,
        value: impl Fn(&Token) -> Option<String>,
        empty: impl Fn(&Token, &str) -> E,
    ) -> Result<Vec<Part>, E> {
        let mut parts = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => parts.push(Part::Text(literal.clone())),
                Piece::Token { token, before, after, written } => match value(token) {
                    Some(value) => {
                        let of = if *token == Token::BuildId { Part::BuildId } else { Part::Value };
                        let (before, after) = ((*before).to_owned(), (*after).to_owned());
                        parts.extend([Part::Text(before), of(value), Part::Text(after)]);
                    }
                    None if before.is_empty() && after.is_empty() => {
                        return Err(empty(token, written));
                    }
                    None => {}
                },
            }
        }
        Ok(parts)
    }
}

impl Part {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Value(text) | Self::BuildId(text) => text,
        }
    }
}

/// Walks away from a token until something stands there whatever is left out.
fn beside<'a>(
    own_mark: &str,
    neighbours: impl Iterator<Item = &'a Piece>,
    nearest: impl Fn(&str) -> Option<char>,
    facing: impl Fn((&'static str, &'static str)) -> &'static str,
) -> Beside<'a> {
    if !own_mark.is_empty() {
        return Beside::Separator;
    }
    for neighbour in neighbours {
        match neighbour {
            Piece::Text(text) if nearest(text).is_some_and(char::is_alphanumeric) => {
                return Beside::Letter;
            }
            Piece::Text(_) => return Beside::Separator,
            Piece::Token { before, after, written, .. } if facing((before, after)).is_empty() => {
                return Beside::Token(written);
            }
            Piece::Token { .. } => {}
        }
    }
    Beside::Separator
}

impl Token {
    /// Whether it is the version or a part of it.
    #[must_use]
    pub const fn is_of_version(&self) -> bool {
        matches!(self, Self::Version | Self::Major | Self::Minor | Self::Patch | Self::Prerelease)
    }
}

fn token(written: &str) -> Result<Piece, ErrorKind> {
    let mark = |c: Option<char>| match c {
        Some('-') => "-",
        Some('.') => ".",
        Some('_') => "_",
        _ => "",
    };
    let before = mark(written.chars().next());
    let inner = &written[before.len()..];
    let after = mark(inner.chars().next_back());
    let inner = &inner[..inner.len() - after.len()];
    let (name, argument) = match inner.split_once(':') {
        Some((name, argument)) => (name.trim(), Some(argument.trim())),
        None => (inner.trim(), None),
    };
    let known = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name));
    let known = known.ok_or_else(|| ErrorKind::Unknown {
        name: name.to_owned(),
        similar: nearest(name, NAMES),
    })?;
    let token = match (known, argument) {
        ("commit", None) => Token::Commit(Some(SHORT_COMMIT)),
        ("commit", Some(argument)) => Token::Commit(commit_length(argument)?),
        ("date", argument) => Token::Date(form(argument.unwrap_or(DEFAULT_FORM))?),
        (name, Some(argument)) => {
            return Err(ErrorKind::NoArgument { name, argument: argument.to_owned() });
        }
        ("buildId", None) => Token::BuildId,
        ("buildNumber", None) => Token::BuildNumber,
        ("counter", None) => Token::Counter,
        ("definition", None) => Token::Definition,
        ("branch", None) => Token::Branch,
        ("gitTag", None) => Token::GitTag,
        ("pullRequest", None) => Token::PullRequest,
        ("version", None) => Token::Version,
        ("major", None) => Token::Major,
        ("minor", None) => Token::Minor,
        ("patch", None) => Token::Patch,
        _ => Token::Prerelease,
    };
    Ok(Piece::Token { token, before, after, written: written.to_owned() })
}

fn commit_length(argument: &str) -> Result<Option<usize>, ErrorKind> {
    if argument.eq_ignore_ascii_case("full") {
        return Ok(None);
    }
    match argument.parse() {
        Ok(length @ 4..=64) => Ok(Some(length)),
        _ => Err(ErrorKind::CommitLength(argument.to_owned())),
    }
}

fn form(form: &str) -> Result<String, ErrorKind> {
    let any_time = StartTime::parse("2026-11-24 04:00:00");
    match any_time.map(|time| time.format(form)) {
        Some(Err(part)) => Err(ErrorKind::Form { form: form.to_owned(), part }),
        _ => Ok(form.to_owned()),
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = &self.part;
        f.write_str("tagTemplate: ")?;
        match &self.kind {
            ErrorKind::Doubled(braces) => write!(
                f,
                "unexpected {braces}. Write a token in single braces, such as {{buildId}}"
            ),
            ErrorKind::NotClosed => {
                write!(f, "the brace of {part:?} is not closed. Write a token as {{buildId}}")
            }
            ErrorKind::NotOpened => {
                write!(f, "the brace of {part:?} is not opened. Write a token as {{buildId}}")
            }
            ErrorKind::Unknown { name, similar } => {
                write!(f, "unknown token {name:?}. ")?;
                if let Some(similar) = similar {
                    write!(f, "Did you mean {{{similar}}}? ")?;
                }
                write!(f, "Use {}", NAMES.join(", "))
            }
            ErrorKind::NoArgument { name, argument } => write!(
                f,
                "{{{name}}} has no option {argument:?}. Only {{commit}} and {{date}} have \
                 options, such as {{commit:12}} and {{date:yyyyMMdd-HHmm}}"
            ),
            ErrorKind::CommitLength(found) => {
                write!(f, "invalid length {found:?} in {part}. Use 4 to 64, or full")
            }
            ErrorKind::Touches { other } => write!(
                f,
                "{{buildId}} touches {{{other}}} in {part}, so two builds could get the same tag. \
                 Put a separator between them, such as a dash"
            ),
            ErrorKind::Form { form, part } => write!(
                f,
                "invalid part {part:?} in the date {form:?}. Use {}, and characters other than \
                 letters",
                PARTS.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, value: Option<&str>) -> Result<String, String> {
        let template = Template::parse(template).map_err(|error| error.to_string())?;
        let parts =
            template.render(|_| value.map(str::to_owned), |_, written| format!("no {written}"))?;
        Ok(parts.iter().map(Part::as_str).collect())
    }

    #[test]
    fn text_and_marks_surround_the_values() {
        for (template, with_value, without) in [
            ("web-{buildId}", "web-7", Err("no buildId")),
            ("1{-branch}{.date:yyyy}{_version_}", "1-7.7_7_", Ok("1")),
            ("{prerelease-}x", "7-x", Ok("x")),
            ("{ Commit : FULL }", "7", Err("no  Commit : FULL ")),
            ("{date:yyyy-MM-}", "7-", Ok("")),
            ("latest", "latest", Ok("latest")),
            ("", "", Ok("")),
        ] {
            assert_eq!(render(template, Some("7")).as_deref(), Ok(with_value));
            assert_eq!(render(template, None), without.map(str::to_owned).map_err(str::to_owned));
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (template, message) in [
            (
                "ü-{{buildId}}",
                "tagTemplate: unexpected {{. Write a token in single braces, such as {buildId}",
            ),
            (
                "a{buildId",
                "tagTemplate: the brace of \"{buildId\" is not closed. Write a token as {buildId}",
            ),
            ("{a{b}", "tagTemplate: the brace of \"{a\" is not closed. Write a token as {buildId}"),
            ("a}", "tagTemplate: the brace of \"a}\" is not opened. Write a token as {buildId}"),
            (
                "{buildId}{-brunch}",
                "tagTemplate: unknown token \"brunch\". Did you mean {branch}? Use buildId, \
                 buildNumber, counter, definition, branch, gitTag, pullRequest, commit, date, \
                 version, major, minor, patch, prerelease",
            ),
            (
                "{buildId:4}",
                "tagTemplate: {buildId} has no option \"4\". Only {commit} and {date} have \
                 options, such as {commit:12} and {date:yyyyMMdd-HHmm}",
            ),
            (
                "ü{branch}{buildId}",
                "tagTemplate: {buildId} touches {branch} in ü{branch}{buildId}, so two builds \
                 could get the same tag. Put a separator between them, such as a dash",
            ),
            (
                "{buildId}{.counter.}{commit:12}",
                "tagTemplate: {buildId} touches {commit:12} in {buildId}{.counter.}{commit:12}, \
                 so two builds could get the same tag. Put a separator between them, such as a \
                 dash",
            ),
            ("{commit:3}", "tagTemplate: invalid length \"3\" in {commit:3}. Use 4 to 64, or full"),
            (
                "{date:YYYYMMdd}",
                "tagTemplate: invalid part \"YYYY\" in the date \"YYYYMMdd\". Use yyyy, yy, MM, \
                 dd, HH, mm, ss, and characters other than letters",
            ),
        ] {
            assert_eq!(render(template, Some("7")).unwrap_err(), message);
        }
    }

    #[test]
    fn a_build_id_stands_apart_or_not() {
        for (template, apart) in [
            ("{buildId}", true),
            ("{branch}-{buildId}", true),
            ("{branch}{-buildId}", true),
            ("{branch-}{buildId}{-pullRequest}", true),
            ("{branch}/{buildId}", true),
            ("{branch}{_buildId_}{commit}", true),
            ("{branch}-b{buildId}", false),
            ("{branch}{-buildId}linux", false),
            ("b{buildId}-{buildId}", true),
            ("{branch}-ü{buildId}", false),
            ("{branch}", false),
        ] {
            assert_eq!(
                Template::parse(template).unwrap().sets_build_id_apart(),
                apart,
                "{template}"
            );
        }
    }

    #[test]
    fn every_name_is_a_token() {
        let all = NAMES.map(|name| format!("{{-{name}}}")).concat();
        let Template { pieces, .. } = Template::parse(&all).unwrap();
        assert_eq!(pieces.len(), NAMES.len());
        let tokens = pieces.iter().map(|piece| match piece {
            Piece::Token { token, .. } => token,
            Piece::Text(text) => panic!("{text}"),
        });
        let tokens: Vec<&Token> = tokens.collect();
        for (at, token) in tokens.iter().enumerate() {
            assert!(!tokens[..at].contains(token), "{token:?} twice");
        }
    }
}
