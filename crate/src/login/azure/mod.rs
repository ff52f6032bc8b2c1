//! Microsoft Entra ID and Azure Resource Manager, as far as a login to a cluster or a registry
//! takes them.

mod aks;
mod kubelogin;
mod token;

pub use aks::{AksError, Cluster, Credential, User, View};
pub(crate) use kubelogin::CERTIFICATE_FILE;
pub use token::{Login, Token, TokenError};

use crate::host::Secret;

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// An application of Entra ID.
    Application {
        /// The URL that gives tokens.
        endpoint: String,
        /// The authority's URL, such as `https://login.microsoftonline.com/`.
        authority: String,
        /// The tenant's id.
        tenant: String,
        /// The application's (client) id.
        client: String,
        /// How it proves who it is.
        proof: Proof,
    },
    /// The managed identity of the virtual machine that the agent runs on.
    Managed {
        /// The origin of the machine's metadata service.
        metadata: String,
        /// The client id, where it is not the identity that the machine has by itself.
        client: Option<String>,
    },
}

/// How an application proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// By a secret.
    Secret(Secret),
    /// By a certificate and its private key, as PEM.
    Certificate(Secret),
    /// By the word of Azure DevOps for this job (workload identity federation).
    Federation {
        /// The URL that gives the word.
        url: String,
        /// The job's own token for it.
        token: Secret,
        /// The service connection's id.
        connection: String,
    },
}
