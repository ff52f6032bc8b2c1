//! Label selectors.
#![allow(missing_docs)]

mod parse;

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

pub use parse::{SelectorError, parse};

/// Which pods belong to a workload.
///
/// Reads a `LabelSelector`, and the plain labels that a `ReplicationController` has in its place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selector {
    pub match_labels: BTreeMap<String, String>,
    pub match_expressions: Vec<Requirement>,
}

/// One rule of a selector beside the plain labels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Requirement {
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    #[serde(default)]
    pub values: Vec<String>,
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SelectorVisitor)
    }
}

struct SelectorVisitor;

impl<'de> Visitor<'de> for SelectorVisitor {
    type Value = Selector;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label selector")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Selector, M::Error> {
        let mut selector = Selector::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "matchLabels" => selector.match_labels = map.next_value()?,
                "matchExpressions" => selector.match_expressions = map.next_value()?,
                _ => {
                    selector.match_labels.insert(key, map.next_value()?);
                }
            }
        }
        Ok(selector)
    }
}

impl Selector {
    /// The selector as kubectl takes it: `app=web,tier=front`. `None` where it is more than labels.
    #[must_use]
    pub fn labels(&self) -> Option<String> {
        let labels: Vec<String> =
            self.match_labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        (self.match_expressions.is_empty() && !labels.is_empty()).then(|| labels.join(","))
    }

    /// Whether an object with these labels is selected.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|rule| rule.matches(labels.get(&rule.key)))
    }
}

impl Requirement {
    fn matches(&self, value: Option<&String>) -> bool {
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            _ => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_labels_are_a_selector_as_well() {
        let read = |json: &str| serde_json::from_str::<Selector>(json).unwrap();
        let plain = read(r#"{"app":"web","tier":"front"}"#);
        assert_eq!(plain, read(r#"{"matchLabels":{"app":"web","tier":"front"}}"#));
        assert_eq!(plain.labels().as_deref(), Some("app=web,tier=front"));
    }
}
