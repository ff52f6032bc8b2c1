//! The service connections of Azure DevOps: what they hold, and what it means.

mod azure;
mod error;
mod kubernetes;
mod registry;

use std::collections::BTreeMap;

pub use azure::{AzureConnection, Job};
pub use error::ConnectionError;
pub use kubernetes::{KubernetesAccess, kubernetes};
pub(crate) use kubernetes::{kubeconfig, secrets_of, trusts_everybody};
pub use registry::{RegistryConnection, RegistryLogin};
use serde::Deserialize;

use error::ErrorKind;

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

    fn needed(&self, input: &'static str, name: &'static str) -> Result<&str, ConnectionError> {
        self.parameter(name).ok_or(ErrorKind::Lacks(name).of(input))
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

impl ErrorKind {
    const fn of(self, input: &'static str) -> ConnectionError {
        ConnectionError { input, kind: self }
    }
}

/// The error of a connection that lacks something.
#[must_use]
pub const fn lacks(input: &'static str, what: &'static str) -> ConnectionError {
    ErrorKind::Lacks(what).of(input)
}

/// The error of an input that names a connection which the agent did not hand over.
#[must_use]
pub const fn not_handed_over(input: &'static str) -> ConnectionError {
    ErrorKind::NotHandedOver.of(input)
}
