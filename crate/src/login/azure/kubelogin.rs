//! The environment that kubelogin, a login program of kubectl, takes its credentials from.
//!
//! The names and their order are those of github.com/Azure/kubelogin: the variables `AZURE_…` win over
//! the arguments that the kubeconfig of a cluster has for it, also where they are empty, and over
//! what an earlier step left in the environment.

use crate::{
    host::Secret,
    login::azure::{Identity, Proof},
};

/// The variable that names the file of the certificate and its key.
pub(crate) const CERTIFICATE_FILE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";

impl Identity {
    /// The variables with which kubelogin logs in without asking anybody. A certificate has to be in
    /// a file besides, see [`Identity::certificate`].
    #[must_use]
    pub fn kubelogin(&self) -> Vec<(&'static str, Secret)> {
        let empty = Secret::default;
        let mut variables = vec![(CERTIFICATE_FILE, empty())];
        match self {
            Self::Managed { client, .. } => variables.extend([
                ("AAD_LOGIN_METHOD", "msi".into()),
                ("AZURE_CLIENT_ID", client.clone().unwrap_or_default().into()),
                ("AZURE_CLIENT_SECRET", empty()),
            ]),
            Self::Application { authority, tenant, client, proof, .. } => {
                variables.extend([
                    ("AZURE_AUTHORITY_HOST", authority.as_str().into()),
                    ("AZURE_TENANT_ID", tenant.as_str().into()),
                    ("AZURE_CLIENT_ID", client.as_str().into()),
                ]);
                variables.extend(proof.kubelogin());
            }
        }
        variables
    }

    /// The certificate and its key, as PEM, where the identity proves itself by them.
    #[must_use]
    pub fn certificate(&self) -> Option<&Secret> {
        match self {
            Self::Application { proof: Proof::Certificate(certificate), .. } => Some(certificate),
            _ => None,
        }
    }
}

impl Proof {
    fn kubelogin(&self) -> Vec<(&'static str, Secret)> {
        match self {
            Self::Secret(secret) => {
                vec![("AAD_LOGIN_METHOD", "spn".into()), ("AZURE_CLIENT_SECRET", secret.clone())]
            }
            Self::Certificate(_) => {
                vec![("AAD_LOGIN_METHOD", "spn".into()), ("AZURE_CLIENT_SECRET", Secret::default())]
            }
            Self::Federation { url, token, connection } => vec![
                ("AAD_LOGIN_METHOD", "azurepipelines".into()),
                ("AZURE_CLIENT_SECRET", Secret::default()),
                ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", connection.as_str().into()),
                ("SYSTEM_OIDCREQUESTURI", url.split('?').next().unwrap_or_default().into()),
                ("SYSTEM_ACCESSTOKEN", token.clone()),
            ],
        }
    }
}
