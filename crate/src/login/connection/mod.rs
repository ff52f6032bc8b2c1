//! The service connections of Azure DevOps: what they hold, and what it means.

mod azure;
mod error;
mod kubernetes;
mod registry;

pub use azure::{AzureConnection, Job};
pub use error::{ConnectionError, lacks, not_handed_over};
pub use kubernetes::{KubernetesAccess, kubernetes};
pub use registry::{RegistryConnection, RegistryLogin};

use crate::{
    host::{Agent, Secret, http::from_base64},
    login::kubeconfig::credentials,
};

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
