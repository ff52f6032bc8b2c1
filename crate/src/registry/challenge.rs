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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Challenge, best, parse};

    fn bearer(realm: &str, service: &str, scope: &str) -> Challenge {
        let [realm, service, scope] = [realm, service, scope].map(str::to_owned);
        Challenge { bearer: true, realm, service, scope }
    }

    #[test]
    fn the_grammar_is_read() {
        for (header, challenge) in [
            (
                "Bearer realm=\"https://a.io/t\",service=\"a.io\",scope=\"repository:x:pull,push\"",
                bearer("https://a.io/t", "a.io", "repository:x:pull,push"),
            ),
            ("bearer REALM = \"r\" , Scope=\"s\"", bearer("r", "", "s")),
            ("Bearer realm=https://a.io/t,service=a.io", bearer("https://a.io/t", "a.io", "")),
            ("Bearer realm=\"a\\\"b\\\\c\"", bearer("a\"b\\c", "", "")),
            ("Basic realm=\"x, Bearer realm=y\", Bearer realm=\"r\"", bearer("r", "", "")),
            ("Negotiate YII=, Bearer realm=\"r\"", bearer("r", "", "")),
            ("Negotiate, Bearer realm=\"r\", NTLM", bearer("r", "", "")),
            ("Digest realm=\"d\", nonce=\"n\", Bearer realm=\"r\"", bearer("r", "", "")),
            (", ,Bearer realm=\"r\",realm=\"other\",error=\"e\"", bearer("r", "", "")),
            ("Bearer realm=\"r\",scope=\"not ended", bearer("r", "", "")),
            ("Bearer realm=\"r\";scope=\"s\"", bearer("r", "", "")),
            ("Bearer", bearer("", "", "")),
            ("Bearer realm=\"ü\"", bearer("ü", "", "")),
        ] {
            assert_eq!(best([header].into_iter()), Some(challenge), "{header}");
        }
        for header in ["", ",", "Digest realm=\"d\"", "realm=\"r\"", "\"Bearer\"", "ü Bearer"] {
            assert_eq!(best([header].into_iter()), None, "{header}");
        }
    }

    #[test]
    fn bearer_goes_before_basic() {
        let basic = Challenge { realm: "b".to_owned(), ..Challenge::default() };
        assert_eq!(best(["Basic realm=\"b\""].into_iter()), Some(basic));
        let both = ["Basic realm=\"b\"", "Bearer realm=\"r\""];
        assert_eq!(best(both.into_iter()), Some(bearer("r", "", "")));
    }

    #[test]
    fn a_value_that_is_too_long_is_none() {
        let header = ["Bearer realm=\"", &"x".repeat(100_000), "\",service=\"s\""].concat();
        assert_eq!(best([header.as_str()].into_iter()), Some(bearer("", "s", "")));
    }

    proptest! {
        #[test]
        fn no_header_is_too_odd(header: String) {
            parse(&header);
        }

        #[test]
        fn no_header_of_its_own_signs_is_too_odd(
            header in "((Bearer|Basic|realm|x)|[ ,=\"\\\\ü;]){0,40}"
        ) {
            parse(&header);
        }

        #[test]
        fn a_quoted_value_comes_back(value: String) {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let header = format!("Bearer realm=\"{quoted}\", service=s");
            prop_assert_eq!(parse(&header), [bearer(&value, "s", "")]);
        }
    }
}
