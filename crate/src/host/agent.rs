//! What the agent knows and hands over when the step begins.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::host::Secret;

/// What the agent hands over beside inputs and variables.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Agent {
    /// The service connections, by the names of the inputs that name them.
    pub connections: BTreeMap<String, Connection>,
    /// The job's own connection to Azure DevOps.
    pub system: Option<Connection>,
    /// The proxy that the agent was set up with.
    pub proxy: Option<AgentProxy>,
    /// The files that kubectl reads where no kubeconfig is named: those of `KUBECONFIG`, else
    /// `~/.kube/config`.
    pub kubeconfigs: Vec<String>,
    /// The URL of the API server of the cluster whose pod the agent is, where it is one.
    pub own_cluster: Option<String>,
    /// The variables of the agent's environment that name proxies, by their names in upper or lower
    /// case: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`.
    pub environment: BTreeMap<String, Secret>,
    /// What is set so that more authorities are trusted than Node knows: `--sslcacert`,
    /// `NODE_EXTRA_CA_CERTS`.
    pub authorities: Vec<String>,
    /// The operating system, as Node names it: `linux`, `darwin`, `win32`.
    pub os: String,
    /// The processor, as Node names it: `x64`, `arm64`.
    pub arch: String,
}

/// The agent's proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AgentProxy {
    /// Its URL, such as `http://proxy.contoso.local:8080`.
    pub url: String,
    /// Who logs in to it; empty where nobody has to.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// Regular expressions of the URLs that are reached without it, or patterns with stars.
    pub bypass: Vec<String>,
}

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
