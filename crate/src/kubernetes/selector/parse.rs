//! Label selectors as `kubectl -l` takes them.
//!
//! ```text
//! selector = term *( "," term )
//! term     = key ( "=" | "==" | "!=" ) value
//!          | key ( " in " | " notin " ) "(" value *( "," value ) ")"
//!          | [ "!" ] key
//! ```
//!
//! The grammar and the meaning are those of kubernetes.io/docs/concepts/overview/working-with-objects/labels:
//! `!=` and `notin` hold for objects without the label, too.

use std::fmt;

use crate::kubernetes::{Requirement, Selector};

/// Why a text is no label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorError(ErrorKind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    Empty,
    Key(String),
    Value(String),
    List(String),
}

/// Parses a selector by the grammar above.
///
/// # Errors
/// Says which term is wrong, and why.
pub fn parse(text: &str) -> Result<Selector, SelectorError> {
    let terms = terms(text).into_iter().map(str::trim);
    let match_expressions = terms.map(term).collect::<Result<Vec<_>, _>>()?;
    Ok(Selector { match_expressions, ..Selector::default() })
}

/// Cuts at the commas outside brackets.
fn terms(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|c| {
        inside = c == '(' || (inside && c != ')');
        c == ',' && !inside
    })
    .collect()
}

fn term(term: &str) -> Result<Requirement, SelectorError> {
    if term.is_empty() {
        return Err(SelectorError(ErrorKind::Empty));
    }
    if term.contains('(') {
        return set(term);
    }
    for (operator, meaning) in [("!=", "NotIn"), ("==", "In"), ("=", "In")] {
        if let Some((key, value)) = term.split_once(operator) {
            return requirement(key.trim(), meaning, vec![checked_value(value.trim())?]);
        }
    }
    match term.strip_prefix('!') {
        Some(key) => requirement(key.trim(), "DoesNotExist", Vec::new()),
        None => requirement(term, "Exists", Vec::new()),
    }
}

fn set(term: &str) -> Result<Requirement, SelectorError> {
    let bad = || SelectorError(ErrorKind::List(term.to_owned()));
    let (head, list) = term.split_once('(').ok_or_else(bad)?;
    let list = list.strip_suffix(')').ok_or_else(bad)?;
    let mut head = head.split_whitespace();
    let (Some(key), Some(operator), None) = (head.next(), head.next(), head.next()) else {
        return Err(bad());
    };
    let meaning = match operator {
        "in" => "In",
        "notin" => "NotIn",
        _ => return Err(bad()),
    };
    let values = list.split(',').map(|value| checked_value(value.trim()));
    requirement(key, meaning, values.collect::<Result<_, _>>()?)
}

fn requirement(
    key: &str,
    operator: &str,
    values: Vec<String>,
) -> Result<Requirement, SelectorError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if key.is_empty() || key.starts_with('-') || !key.chars().all(legal) {
        return Err(SelectorError(ErrorKind::Key(key.to_owned())));
    }
    Ok(Requirement { key: key.to_owned(), operator: operator.to_owned(), values })
}

fn checked_value(value: &str) -> Result<String, SelectorError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if value.len() > 63 || !value.chars().all(legal) {
        return Err(SelectorError(ErrorKind::Value(value.to_owned())));
    }
    Ok(value.to_owned())
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ErrorKind::Empty => f.write_str("a term is empty"),
            ErrorKind::Key(key) => write!(f, "invalid label key {key:?}"),
            ErrorKind::Value(value) => write!(f, "invalid label value {value:?}"),
            ErrorKind::List(term) => {
                write!(f, "expected KEY in (VALUE, VALUE), found {term:?}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn selects_as_kubectl_does() {
        let web = BTreeMap::from([("app".into(), "web".into()), ("a.io/tier".into(), "b".into())]);
        for (text, selects) in [
            ("app=web", true),
            ("app==web,a.io/tier=b", true),
            ("app=api", false),
            ("app!=api", true),
            ("stage!=x", true),
            ("app in (api, web)", true),
            ("app in (api),app=web", false),
            ("stage notin (x,y)", true),
            ("app", true),
            ("!app", false),
            ("! stage", true),
            ("stage", false),
        ] {
            assert_eq!(parse(text).unwrap().matches(&web), selects, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            ("", "a term is empty"),
            ("app=web,", "a term is empty"),
            ("=web", "invalid label key \"\""),
            ("a b", "invalid label key \"a b\""),
            ("app=we b", "invalid label value \"we b\""),
            ("app is (web)", "expected KEY in (VALUE, VALUE), found \"app is (web)\""),
            ("app in (web", "expected KEY in (VALUE, VALUE), found \"app in (web\""),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
