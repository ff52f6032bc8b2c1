//! The header `WWW-Authenticate`: what a registry asks to be shown.

/// The longest value that is taken from a challenge, in bytes.
const LONGEST: usize = 2048;

/// A challenge of RFC 9110, section 11.6.1; only what registries use of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// Whether it is for `Bearer`; it is for `Basic` otherwise.
    pub bearer: bool,
    /// Where the token is had.
    pub realm: String,
    /// Whom the token is for; empty where that is not said.
    pub service: String,
    /// What the token is for; empty where that is not said.
    pub scope: String,
}

/// The challenge that is answered best: the first for `Bearer`, else one for `Basic`.
pub(super) fn best<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for header in headers {
        for challenge in parse(header) {
            if challenge.bearer {
                return Some(challenge);
            }
            basic = Some(challenge);
        }
    }
    basic
}

/// The challenges for `Bearer` and `Basic` of one header. What is no challenge ends the reading.
fn parse(header: &str) -> Vec<Challenge> {
    let mut rest = header;
    let mut found: Vec<Challenge> = Vec::new();
    let mut known = false;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let word = token(&mut rest);
        if word.is_empty() {
            break;
        }
        let after = rest.trim_start_matches([' ', '\t']);
        if let Some(value) = after.strip_prefix('=') {
            rest = value.trim_start_matches([' ', '\t']);
            let Some(value) = value_of(&mut rest) else { break };
            let (true, Some(challenge)) = (known, found.last_mut()) else { continue };
            let field = match word.to_ascii_lowercase().as_str() {
                "realm" => &mut challenge.realm,
                "service" => &mut challenge.service,
                "scope" => &mut challenge.scope,
                _ => continue,
            };
            if value.len() <= LONGEST && field.is_empty() {
                *field = value;
            }
        } else {
            let bearer = word.eq_ignore_ascii_case("bearer");
            known = bearer || word.eq_ignore_ascii_case("basic");
            if known {
                found.push(Challenge { bearer, ..Challenge::default() });
            }
            skip_token68(&mut rest, after);
        }
    }
    found
}

/// A token of RFC 9110, section 5.6.2; empty where there is none.
fn token<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"!#$%&'*+-.^_`|~".contains(c));
    let (token, left) = rest.split_at(end.unwrap_or(rest.len()));
    *rest = left;
    token
}

/// A token or a quoted string; `None` for a string that does not end.
fn value_of(rest: &mut &str) -> Option<String> {
    let Some(quoted) = rest.strip_prefix('"') else {
        // Some servers leave the quotes out where a URL needs them.
        let end = rest.find([',', ' ', '\t']).unwrap_or(rest.len());
        let (value, left) = rest.split_at(end);
        *rest = left;
        return Some(value.to_owned());
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                *rest = &quoted[at + 1..];
                return Some(value);
            }
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

/// Passes over the token68 that may follow a scheme (`Negotiate YII=`) in place of parameters.
fn skip_token68(rest: &mut &str, after: &str) {
    let end = after.find([',', ' ', '\t', '"']).unwrap_or(after.len());
    let word = &after[..end];
    let padded = word.trim_end_matches('=');
    let ends_there = after[end..].trim_start_matches([' ', '\t']);
    if !padded.contains('=') && (ends_there.is_empty() || ends_there.starts_with(',')) {
        *rest = &rest[rest.len() - after.len() + end..];
    }
}
