//! The service connections of Azure DevOps: what they hold, and what it means.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::secret::Secret;

/// A service connection as the agent hands it over. Names are looked up without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Connection {
    /// Its id, a GUID.
    pub id: String,
    /// Its URL.
    pub url: String,
    /// How it logs in: `ServicePrincipal`, `Token`, `UsernamePassword` …
    pub scheme: String,
    /// What it logs in with, by name.
    pub parameters: BTreeMap<String, Secret>,
    /// What else it says, by name.
    pub data: BTreeMap<String, String>,
}

impl Connection {
    /// What it logs in with, by name; an empty one counts as missing.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.parameters, name).map(Secret::reveal).filter(|value| !value.trim().is_empty())
    }

    /// What else it says, by name; an empty one counts as missing.
    #[must_use]
    pub fn datum(&self, name: &str) -> Option<&str> {
        find(&self.data, name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

fn find<'a, T>(map: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    map.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
