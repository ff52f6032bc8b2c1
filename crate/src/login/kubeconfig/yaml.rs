//! YAML as JSON values, as far as kubeconfigs go.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// How deep collections may stand in each other. A kubeconfig needs six.
const DEEPEST: usize = 64;

/// A collection that is not complete yet.
enum Open {
    Mapping { entries: Map<String, Value>, key: Option<String> },
    Sequence(Vec<Value>),
}

/// Reads the first document of a text. JSON is YAML. Scalars become strings, but for the plain words
/// for booleans and null (YAML 1.2, section 10.3.2): numbers are strings in every field that is read.
///
/// # Errors
/// The text is no YAML, in the parser's words, or has something that no kubeconfig needs: aliases,
/// keys that are no scalars, collections 64 deep.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text.trim_start_matches('\u{feff}')) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let refused = |what: &str| Err(format!("{what} at line {}", span.start.line()));
        let complete = match event {
            Event::Scalar(text, style, ..) => scalar(&text, style),
            Event::MappingStart(..) if open.len() < DEEPEST => {
                open.push(Open::Mapping { entries: Map::new(), key: None });
                continue;
            }
            Event::SequenceStart(..) if open.len() < DEEPEST => {
                open.push(Open::Sequence(Vec::new()));
                continue;
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                return refused("too much nesting");
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(Open::Mapping { entries, .. }) => Value::Object(entries),
                Some(Open::Sequence(items)) => Value::Array(items),
                None => return refused("an end without a beginning"),
            },
            Event::Alias(_) => return refused("an alias, which is not read,"),
            _ => continue,
        };
        match open.last_mut() {
            None => return Ok(complete),
            Some(Open::Sequence(items)) => items.push(complete),
            Some(Open::Mapping { entries, key }) => match (key.take(), complete) {
                (Some(key), value) => {
                    entries.insert(key, value);
                }
                (None, Value::String(name)) => *key = Some(name),
                (None, Value::Bool(name)) => *key = Some(name.to_string()),
                (None, _) => return refused("a key that is not a string"),
            },
        }
    }
    Ok(Value::Null)
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    match text {
        _ if style != ScalarStyle::Plain => text.into(),
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        text => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn yaml_and_json_give_the_same_value() {
        let expected = json!({"clusters": [{"name": "a b", "cluster": {"insecure": true}}],
            "users": [], "note": "two\nlines\n", "port": "6443", "none": null});
        let yaml = "\u{feff}# a comment\nclusters:\n- name: 'a b'\n  cluster:\n    insecure: \
                    true\nusers: []\nnote: |\n  two\n  lines\nport: 6443\nnone:\n";
        assert_eq!(parse(yaml), Ok(expected.clone()));
        assert_eq!(parse(&yaml.replace('\n', "\r\n")), Ok(expected));
        assert_eq!(
            parse(r#"{"a": {"b": ["true", true]}}"#),
            Ok(json!({"a": {"b": ["true", true]}}))
        );
    }

    #[test]
    fn what_no_kubeconfig_needs_is_refused_by_its_line() {
        for (text, words) in [
            ("a: &x 1\nb: *x\n", "an alias, which is not read, at line 2"),
            ("[a]: 1\n", "a key that is not a string at line 1"),
            (&"[".repeat(100), "too much nesting at line 1"),
        ] {
            assert_eq!(parse(text), Err(words.to_owned()), "{text}");
        }
        assert!(parse("a: [1").is_err());
        assert!(parse("a: 'b").is_err());
    }
}
