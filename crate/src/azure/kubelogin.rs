//! The environment that kubelogin, a login program of kubectl, takes its credentials from.
//!
//! The names are those of github.com/Azure/kubelogin, which lets them win over the arguments that
//! the kubeconfig has for it.

use crate::{
    azure::{Identity, Proof},
    secret::Secret,
};

/// The variable that names the file of the certificate and its key.
pub(crate) const CERTIFICATE_FILE: &str = "AAD_SERVICE_PRINCIPAL_CLIENT_CERTIFICATE";

impl Identity {
    /// The variables with which kubelogin logs in without asking anybody. A certificate has to be in
    /// a file besides, see [`Identity::certificate`].
    #[must_use]
    pub fn kubelogin(&self) -> Vec<(&'static str, Secret)> {
        let (authority, tenant, client, proof) = match self {
            Self::Managed { client, .. } => {
                let client = client.as_deref().map(|client| ("AZURE_CLIENT_ID", client.into()));
                return [("AAD_LOGIN_METHOD", "msi".into())].into_iter().chain(client).collect();
            }
            Self::Application { authority, tenant, client, proof, .. } => {
                (authority.as_str(), tenant.as_str(), client.as_str(), proof)
            }
        };
        let mut variables = vec![("AZURE_AUTHORITY_HOST", authority.into())];
        match proof {
            Proof::Federation { url, token, connection } => {
                let uri = url.split('?').next().unwrap_or_default();
                variables.extend([
                    ("AAD_LOGIN_METHOD", "azurepipelines".into()),
                    ("AZURESUBSCRIPTION_CLIENT_ID", client.into()),
                    ("AZURESUBSCRIPTION_TENANT_ID", tenant.into()),
                    ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", connection.as_str().into()),
                    ("SYSTEM_OIDCREQUESTURI", uri.into()),
                    ("SYSTEM_ACCESSTOKEN", token.clone()),
                ]);
            }
            Proof::Secret(_) | Proof::Certificate(_) => variables.extend([
                ("AAD_LOGIN_METHOD", "spn".into()),
                ("AAD_SERVICE_PRINCIPAL_CLIENT_ID", client.into()),
                ("AZURE_TENANT_ID", tenant.into()),
            ]),
        }
        if let Proof::Secret(secret) = proof {
            variables.push(("AAD_SERVICE_PRINCIPAL_CLIENT_SECRET", secret.clone()));
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
