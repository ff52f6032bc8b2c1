//! The service connections of Azure DevOps: what they hold, and what it means.

mod azure;
mod error;
mod kubeconfig_text;
mod kubernetes;
mod registry;

use std::collections::BTreeMap;

pub use azure::{AzureConnection, Job};
pub use error::ConnectionError;
pub use kubeconfig_text::{KubeconfigError, KubeconfigText, Written, recognize};
pub use kubernetes::{KubernetesAccess, kubernetes};
pub(crate) use kubernetes::{kubeconfig, trusts_everybody};
pub use registry::{RegistryConnection, RegistryLogin};
use serde::Deserialize;

use error::ErrorKind;

use crate::{http::from_base64, protocol::Agent, secret::Secret};

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

/// The parameters of service connections that are no secrets: those that the agent does not mask
/// itself, and names of people, servers and things. What is not known is a secret.
const PUBLIC: [&str; 33] = [
    "acceptuntrustedcertificates",
    "accesstokenfetchingmethod",
    "accesstokentype",
    "audience",
    "authenticationtype",
    "authorizationtype",
    "clustercontext",
    "completecallbackpayload",
    "email",
    "expiresat",
    "idtoken",
    "iscreatedfromsecretyaml",
    "issuedat",
    "loginserver",
    "oauthaccesstokenissupplied",
    "registry",
    "role",
    "roleassignmentscope",
    "roleassignmentscopes",
    "roledefinitionid",
    "scope",
    "serviceaccountcertificate",
    "serviceaccountname",
    "serviceprincipalid",
    "serviceprincipalname",
    "tenantid",
    "unsecured",
    "url",
    "username",
    "usewindowssecurity",
    "workloadidentityfederationissuer",
    "workloadidentityfederationissuertype",
    "workloadidentityfederationsubject",
];

/// Every secret of the connections that are handed over, each by itself: what the step writes, hands
/// over or says holds none of them.
pub(crate) fn secrets(agent: &Agent) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for connection in agent.connections.values().chain(&agent.system) {
        for (name, value) in &connection.parameters {
            let name = name.to_ascii_lowercase();
            if name == "kubeconfig" {
                secrets.extend(credentials(value.reveal()));
            } else if !PUBLIC.contains(&name.as_str()) {
                secrets.push(value.clone());
                let inner = (name == "apitoken").then(|| from_base64(value.reveal())).flatten();
                let inner = inner.and_then(|inner| String::from_utf8(inner).ok());
                secrets.extend(inner.map(Secret::from));
            }
        }
    }
    secrets
}

/// The credentials in a kubeconfig.
pub(crate) fn credentials(kubeconfig: &str) -> Vec<Secret> {
    match recognize(kubeconfig) {
        Written::Kubeconfig(kubeconfig) => kubeconfig.secrets,
        Written::Path | Written::Unreadable(_) => Vec::new(),
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
