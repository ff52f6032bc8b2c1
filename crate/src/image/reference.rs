//! Image references: parse, print, compare.
//!
//! ```text
//! reference  = repository [ ":" tag ] [ "@" digest ]
//! repository = [ domain "/" ] segment *( "/" segment )
//! domain     = ( label *( "." label ) | "[" ipv6 "]" ) [ ":" port ]
//! segment    = [a-z0-9]+ *( ( "." | "_" | "__" | "-"+ ) [a-z0-9]+ )
//! tag        = [A-Za-z0-9_] [A-Za-z0-9_.-]{0,127}
//! digest     = "sha256:" 64 hex | "sha384:" 96 hex | "sha512:" 128 hex
//! ```
//!
//! The grammar is the one of github.com/distribution/reference, which Docker and the container
//! runtimes of Kubernetes share. It is regular and ASCII, so it is parsed by hand: a regex engine
//! would weigh more than the whole core, and the crates there are differ from the grammar (they
//! take Unicode tags and uppercase paths, and refuse IPv6 addresses).

use std::fmt;

/// The longest repository without its domain, in characters.
const LONGEST_PATH: usize = 255;
/// The longest tag, in characters.
pub const LONGEST_TAG: usize = 128;

/// An image reference as it was written: nothing is added to it when it is printed.
///
/// Printing what was parsed gives the same text again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    domain: Option<String>,
    path: String,
    tag: Option<Tag>,
    digest: Option<String>,
}

/// The part after the colon: `4125` in `contoso.azurecr.io/identityserver:4125`.
///
/// A letter, digit or underscore, then up to 127 of those, dots and dashes; ASCII only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

/// Why a text is no image reference, or no tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceError {
    part: Part,
    kind: ErrorKind,
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Reference,
    Domain,
    Repository,
    Tag,
    Digest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    Empty,
    Unexpected(char),
    Uppercase(char),
    EmptySegment,
    Separator(char),
    HostLabel,
    HostDash,
    Address,
    Port(Option<char>),
    TooLong(usize),
    Algorithm,
    HexDigits(usize),
    LooksLikeId,
}

impl Reference {
    /// Parses a reference by the grammar above.
    ///
    /// # Errors
    /// Says which part is wrong, where, and why.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        Parts::split(text).check()
    }

    /// Parses a reference, and lowercases the repository where it has capitals, as people write it
    /// (`contoso.azurecr.io/IdentityServer`) and no registry accepts it.
    ///
    /// Tells also whether that changed anything. A capital first part that looks like no host
    /// (`Contoso/App`) is an organisation's name here, where the grammar would see a domain.
    ///
    /// # Errors
    /// As [`Reference::parse`].
    pub fn parse_lowercasing(text: &str) -> Result<(Self, bool), ReferenceError> {
        let parts = Parts::split(text);
        let (host, path) = match parts.domain {
            Some(domain) if !looks_like_host(domain) => (None, format!("{domain}/{}", parts.path)),
            domain => (domain, parts.path.to_owned()),
        };
        let lower = path.to_ascii_lowercase();
        let reference = Parts { domain: host, path: &lower, ..parts }.check()?;
        Ok((reference, lower != path))
    }

    /// Parses a repository: a reference without tag and digest.
    ///
    /// # Errors
    /// As [`Reference::parse`]; a tag or digest is an unexpected character.
    pub fn parse_repository(text: &str) -> Result<Self, ReferenceError> {
        let parts = Parts::split(text);
        let end = if parts.tag.is_some() { ':' } else { '@' };
        if parts.tag.is_some() || parts.digest.is_some() {
            let at = parts.domain.map_or(0, |domain| domain.len() + 1) + parts.path.len();
            return Err(error(Part::Repository, ErrorKind::Unexpected(end), at));
        }
        parts.check()
    }

    /// The tag, where the reference has one.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, where the reference has one; it names one content for ever.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The same reference with this tag in place of its own.
    #[must_use]
    pub fn with_tag(&self, tag: Tag) -> Self {
        Self { tag: Some(tag), ..self.clone() }
    }

    /// The same repository with tag and digest of the other reference.
    #[must_use]
    pub fn like(&self, other: &Self) -> Self {
        Self { tag: other.tag.clone(), digest: other.digest.clone(), ..self.clone() }
    }

    /// The same reference with this digest, such as `sha256:` and 64 hex digits, in place of its own.
    ///
    /// # Errors
    /// Says what is wrong with the digest.
    pub fn with_digest(&self, digest: &str) -> Result<Self, ReferenceError> {
        check_digest(digest, 0)?;
        Ok(Self { digest: Some(digest.to_owned()), ..self.clone() })
    }

    /// The reference without tag and digest, as written.
    #[must_use]
    pub fn repository(&self) -> String {
        Self { tag: None, digest: None, ..self.clone() }.to_string()
    }

    /// Whether both name the same repository once the defaults are filled in: `nginx` is
    /// `docker.io/library/nginx`, and the host is compared without regard to case.
    #[must_use]
    pub fn same_repository(&self, other: &Self) -> bool {
        self.full_repository() == other.full_repository()
    }

    /// The repository with the defaults filled in, the same text for the same repository:
    /// `docker.io/library/nginx` for `nginx`.
    #[must_use]
    pub fn full_repository(&self) -> String {
        let domain = self.domain.as_deref().unwrap_or("docker.io").to_ascii_lowercase();
        let domain = if domain == "index.docker.io" { "docker.io" } else { &domain };
        let library = domain == "docker.io" && !self.path.contains('/');
        format!("{domain}/{}{}", if library { "library/" } else { "" }, self.path)
    }

    /// Whether a text by itself is the host of a registry, as far as names tell: `localhost`, an
    /// IPv4 address, or a domain whose last label is one of letters. The grammar takes it for a
    /// repository of Docker Hub, which has none of such a name.
    #[must_use]
    pub fn is_registry(text: &str) -> bool {
        let labels: Vec<&str> = text.split('.').collect();
        let all = |label: &str, of: fn(&u8) -> bool| label.bytes().all(|b| of(&b));
        let is_address =
            labels.len() == 4 && labels.iter().all(|label| all(label, u8::is_ascii_digit));
        let is_domain = labels.len() > 1
            && labels.iter().all(|label| !label.is_empty())
            && labels.last().is_some_and(|top| top.len() > 1 && all(top, u8::is_ascii_alphabetic));
        (is_address || is_domain || text.eq_ignore_ascii_case("localhost"))
            && check_domain(text).is_ok()
    }

    /// The last part of the repository: `identityserver`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(domain) = &self.domain {
            write!(f, "{domain}/")?;
        }
        f.write_str(&self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl Tag {
    /// Parses a tag by the grammar above.
    ///
    /// # Errors
    /// Says where the text stops being a tag, and why.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        check_tag(text, 0)?;
        Ok(Self(text.to_owned()))
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ReferenceError {
    /// Where in the text the wrong part begins, in bytes from 0.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::Reference => "reference",
            Part::Domain => "registry host",
            Part::Repository => "repository",
            Part::Tag => "tag",
            Part::Digest => "digest",
        };
        match &self.kind {
            ErrorKind::Empty => write!(f, "the {part} is empty"),
            ErrorKind::Unexpected(c) => write!(f, "unexpected character {c:?} in the {part}"),
            ErrorKind::Uppercase(c) => {
                write!(f, "capital letter {c:?} in the {part}, which must be lower case")
            }
            ErrorKind::EmptySegment => write!(f, "the {part} has an empty part between slashes"),
            ErrorKind::Separator(c) => write!(
                f,
                "{c:?} in the {part} is not between two letters or digits (allowed: one dot, one \
                 or two underscores, any number of dashes)"
            ),
            ErrorKind::HostLabel => write!(f, "the {part} has an empty part beside a dot"),
            ErrorKind::HostDash => write!(
                f,
                "'-' in the {part} is not between two letters or digits (allowed: one dot between \
                 labels, any number of dashes inside them)"
            ),
            ErrorKind::Address => write!(f, "the address of the {part} is empty"),
            ErrorKind::Port(None) => write!(f, "the port of the {part} is empty"),
            ErrorKind::Port(Some(c)) => {
                write!(
                    f,
                    "unexpected character {c:?} in the port of the {part}, which must be a number"
                )
            }
            ErrorKind::TooLong(limit) => write!(f, "the {part} is longer than {limit} characters"),
            ErrorKind::Algorithm => {
                write!(f, "the {part} does not begin with sha256:, sha384: or sha512:")
            }
            ErrorKind::HexDigits(digits) => {
                write!(f, "the {part} needs {digits} hex digits in lower case after the colon")
            }
            ErrorKind::LooksLikeId => {
                write!(f, "the {part} is 64 hex digits, which is an image ID, not a name")
            }
        }
    }
}

impl std::error::Error for ReferenceError {}

/// A text cut at the places where the grammar would cut it, nothing checked yet.
struct Parts<'a> {
    domain: Option<&'a str>,
    path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let last_segment = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last_segment..].rfind(':') {
            Some(colon) => {
                let colon = last_segment + colon;
                (&rest[..colon], Some(&rest[colon + 1..]))
            }
            None => (rest, None),
        };
        let (domain, path) = match name.split_once('/') {
            Some((first, path)) if looks_like_host(first) || has_capital(first) => {
                (Some(first), path)
            }
            _ => (None, name),
        };
        Self { domain, path, tag, digest }
    }

    fn check(self) -> Result<Reference, ReferenceError> {
        let mut at = 0;
        if let Some(domain) = self.domain {
            check_domain(domain)?;
            at += domain.len() + 1;
        }
        check_path(self.path, at)?;
        if self.domain.is_none() && self.path.len() == 64 && self.path.bytes().all(is_lower_hex) {
            return Err(error(Part::Repository, ErrorKind::LooksLikeId, at));
        }
        at += self.path.len() + 1;
        if let Some(tag) = self.tag {
            check_tag(tag, at)?;
            at += tag.len() + 1;
        }
        if let Some(digest) = self.digest {
            check_digest(digest, at)?;
        }
        Ok(Reference {
            domain: self.domain.map(str::to_owned),
            path: self.path.to_owned(),
            tag: self.tag.map(|tag| Tag(tag.to_owned())),
            digest: self.digest.map(str::to_owned),
        })
    }
}

fn looks_like_host(segment: &str) -> bool {
    segment.eq_ignore_ascii_case("localhost") || segment.contains(['.', ':'])
}

fn has_capital(segment: &str) -> bool {
    segment.bytes().any(|b| b.is_ascii_uppercase())
}

fn check_domain(domain: &str) -> Result<(), ReferenceError> {
    let fail = |kind, at| Err(error(Part::Domain, kind, at));
    let (host, port) = if domain.starts_with('[') {
        let Some(end) = domain.find(']') else {
            return fail(ErrorKind::Unexpected('['), 0);
        };
        let address = &domain[1..end];
        if let Some(at) = address.find(|c: char| !c.is_ascii_hexdigit() && c != ':') {
            return fail(ErrorKind::Unexpected(char_at(address, at)), 1 + at);
        }
        if address.is_empty() {
            return fail(ErrorKind::Address, 1);
        }
        match &domain[end + 1..] {
            "" => ("", None),
            rest if rest.starts_with(':') => ("", Some(&rest[1..])),
            rest => return fail(ErrorKind::Unexpected(char_at(rest, 0)), end + 1),
        }
    } else {
        match domain.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (domain, None),
        }
    };
    if !domain.starts_with('[') {
        let mut at = 0;
        for label in host.split('.') {
            if label.is_empty() {
                return fail(ErrorKind::HostLabel, at);
            }
            if let Some(bad) = label.find(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
                return fail(ErrorKind::Unexpected(char_at(label, bad)), at + bad);
            }
            if label.starts_with('-') || label.ends_with('-') {
                return fail(ErrorKind::HostDash, at);
            }
            at += label.len() + 1;
        }
    }
    let Some(port) = port else { return Ok(()) };
    let start = domain.len() - port.len();
    match port.find(|c: char| !c.is_ascii_digit()) {
        None if port.is_empty() => fail(ErrorKind::Port(None), start),
        None => Ok(()),
        Some(at) => fail(ErrorKind::Port(Some(char_at(port, at))), start + at),
    }
}

fn check_path(path: &str, start: usize) -> Result<(), ReferenceError> {
    let fail = |kind, at| Err(error(Part::Repository, kind, start + at));
    if path.is_empty() {
        let part = if start == 0 { Part::Reference } else { Part::Repository };
        return Err(error(part, ErrorKind::Empty, start));
    }
    let mut at = 0;
    for segment in path.split('/') {
        if segment.is_empty() {
            return fail(ErrorKind::EmptySegment, at);
        }
        let legal = |c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if let Some(offset) = segment.bytes().position(|b| !legal(b)) {
            return match char_at(segment, offset) {
                c @ 'A'..='Z' => fail(ErrorKind::Uppercase(c), at + offset),
                c => fail(ErrorKind::Unexpected(c), at + offset),
            };
        }
        if let Some((offset, c)) = bad_separator(segment) {
            return fail(ErrorKind::Separator(c), at + offset);
        }
        at += segment.len() + 1;
    }
    if path.len() > LONGEST_PATH {
        return fail(ErrorKind::TooLong(LONGEST_PATH), 0);
    }
    Ok(())
}

/// The first run of dots, underscores and dashes that does not separate as it should, with its
/// first character.
fn bad_separator(segment: &str) -> Option<(usize, char)> {
    let bytes = segment.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let first = bytes[at];
        if first.is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let rest = &bytes[at..];
        let run = rest.iter().position(u8::is_ascii_alphanumeric).unwrap_or(rest.len());
        let known =
            matches!(&rest[..run], b"." | b"_" | b"__") || rest[..run].iter().all(|b| *b == b'-');
        if !known || at == 0 || run == rest.len() {
            return Some((at, first.into()));
        }
        at += run;
    }
    None
}

fn check_tag(tag: &str, start: usize) -> Result<(), ReferenceError> {
    let fail = |kind, at| Err(error(Part::Tag, kind, start + at));
    if tag.is_empty() {
        return fail(ErrorKind::Empty, 0);
    }
    let legal = |(at, b): (usize, u8)| {
        b.is_ascii_alphanumeric() || b == b'_' || (at > 0 && (b == b'.' || b == b'-'))
    };
    if let Some(at) = tag.bytes().enumerate().position(|place| !legal(place)) {
        return fail(ErrorKind::Unexpected(char_at(tag, at)), at);
    }
    if tag.len() > LONGEST_TAG {
        return fail(ErrorKind::TooLong(LONGEST_TAG), 0);
    }
    Ok(())
}

pub(crate) fn check_digest(digest: &str, start: usize) -> Result<(), ReferenceError> {
    let fail = |kind| Err(error(Part::Digest, kind, start));
    if digest.is_empty() {
        return fail(ErrorKind::Empty);
    }
    let (digits, hex) = match digest.split_once(':') {
        Some(("sha256", hex)) => (64, hex),
        Some(("sha384", hex)) => (96, hex),
        Some(("sha512", hex)) => (128, hex),
        _ => return fail(ErrorKind::Algorithm),
    };
    if hex.len() != digits || !hex.bytes().all(is_lower_hex) {
        return fail(ErrorKind::HexDigits(digits));
    }
    Ok(())
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn char_at(text: &str, at: usize) -> char {
    text[at..].chars().next().unwrap_or_default()
}

fn error(part: Part, kind: ErrorKind, at: usize) -> ReferenceError {
    ReferenceError { part, kind, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parsed() {
        let digest = format!("sha256:{}", "0af".repeat(21) + "0");
        for text in [
            "nginx",
            "nginx:1.27",
            "library/nginx",
            "contoso.azurecr.io/identityserver:4125",
            "localhost/app",
            "localhost:5000/team/app:v1_2-3.4",
            "test.com:5000",
            "[2001:db8::1]:5000/app:1",
            "[::1]/app",
            "Host/app",
            "a/b__c/d---e.f:_x",
            &format!("nginx@{digest}"),
            &format!("nginx:1@{digest}"),
        ] {
            assert_eq!(Reference::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let long = format!("{}:x", "a".repeat(256));
        let tag = format!("a:{}", "t".repeat(129));
        let id = "0123456789abcdef".repeat(4);
        for (text, at, message) in [
            ("", 0, "the reference is empty"),
            ("contoso.azurecr.io/", 19, "the repository is empty"),
            ("contoso.azurecr.io//app", 19, "the repository has an empty part between slashes"),
            ("contoso..io/app", 8, "the registry host has an empty part beside a dot"),
            (
                "contoso.io:port/app",
                11,
                "unexpected character 'p' in the port of the registry host, which must be a number",
            ),
            (
                "-contoso.io/app",
                0,
                "'-' in the registry host is not between two letters or digits (allowed: one dot \
                 between labels, any number of dashes inside them)",
            ),
            ("[::1/app", 0, "unexpected character '[' in the registry host"),
            (
                "contoso.io/App",
                11,
                "capital letter 'A' in the repository, which must be lower case",
            ),
            ("app!", 3, "unexpected character '!' in the repository"),
            (
                "app..x",
                3,
                "'.' in the repository is not between two letters or digits (allowed: one dot, \
                 one or two underscores, any number of dashes)",
            ),
            (
                "app-",
                3,
                "'-' in the repository is not between two letters or digits (allowed: one dot, \
                 one or two underscores, any number of dashes)",
            ),
            ("app:", 4, "the tag is empty"),
            ("app:-1", 4, "unexpected character '-' in the tag"),
            ("app:1+2", 5, "unexpected character '+' in the tag"),
            ("app:ü", 4, "unexpected character 'ü' in the tag"),
            ("app@", 4, "the digest is empty"),
            ("app@md5:00", 4, "the digest does not begin with sha256:, sha384: or sha512:"),
            ("app@sha256:00", 4, "the digest needs 64 hex digits in lower case after the colon"),
            (&long, 0, "the repository is longer than 255 characters"),
            (&tag, 2, "the tag is longer than 128 characters"),
            (&id, 0, "the repository is 64 hex digits, which is an image ID, not a name"),
        ] {
            let error = Reference::parse(text).unwrap_err();
            assert_eq!((error.at(), error.to_string().as_str()), (at, message), "{text}");
        }
    }

    #[test]
    fn lowercases_the_repository_and_nothing_else() {
        for (text, printed, changed) in [
            (
                "contoso.azurecr.io/IdentityServer:RC1",
                "contoso.azurecr.io/identityserver:RC1",
                true,
            ),
            ("Contoso.azurecr.io/app", "Contoso.azurecr.io/app", false),
            ("Contoso/App", "contoso/app", true),
            ("Localhost/App", "Localhost/app", true),
            ("LOCALHOST/app", "LOCALHOST/app", false),
            ("App", "app", true),
            ("app:X", "app:X", false),
        ] {
            let (reference, lowercased) = Reference::parse_lowercasing(text).unwrap();
            assert_eq!((reference.to_string().as_str(), lowercased), (printed, changed));
        }
    }

    #[test]
    fn compares_repositories_with_the_defaults_filled_in() {
        let same = |a: &str, b: &str| {
            Reference::parse(a).unwrap().same_repository(&Reference::parse(b).unwrap())
        };
        assert!(same("nginx", "docker.io/library/nginx:latest"));
        assert!(same("index.docker.io/team/app:1", "team/app"));
        assert!(same("Contoso.azurecr.io/app", "contoso.azurecr.io/app:2"));
        assert!(!same("nginx", "localhost/nginx"));
        assert!(!same("localhost:5000/app", "localhost/app"));
        assert!(!same("team/nginx", "nginx"));
    }
}
