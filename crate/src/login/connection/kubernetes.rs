//! A Kubernetes service connection as a kubeconfig.

use serde_json::json;

use crate::{
    host::{
        Connection, Secret,
        http::{Url, from_base64, without_user},
    },
    kubernetes::is_label,
    login::{
        connection::error::{ConnectionError, ErrorKind, needed},
        kubeconfig::{self, KubeconfigError, Written, recognize},
    },
};

/// What a Kubernetes service connection gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesAccess {
    /// A kubeconfig.
    pub kubeconfig: Secret,
    /// The context of it that the connection names.
    pub context: Option<String>,
    /// The namespace of the connection: one by an Azure subscription, and every resource of an
    /// environment, has an account that may do nothing outside of it.
    pub namespace: Option<String>,
    /// Whether the certificate of the API server is not looked at.
    pub insecure: bool,
    /// Whether the kubeconfig was made of other things, and has no contexts of its own.
    pub is_made: bool,
}

/// Reads the connection that this input names.
///
/// # Errors
/// It lacks something, or has something that cannot be.
pub fn kubernetes(
    input: &'static str,
    connection: &Connection,
) -> Result<KubernetesAccess, ConnectionError> {
    let kind = connection.datum("authorizationType").unwrap_or("Kubeconfig");
    let namespace = connection.datum("namespace");
    if let Some(odd) = namespace.filter(|namespace| !is_label(namespace)) {
        return Err(ErrorKind::Namespace(odd.to_owned()).of(input));
    }
    let access = match kind.to_ascii_lowercase().as_str() {
        "kubeconfig" => {
            let kubeconfig = match recognize(needed(connection, input, "kubeconfig")?) {
                Written::Kubeconfig(kubeconfig) => kubeconfig,
                Written::Path => {
                    return Err(ErrorKind::Kubeconfig(KubeconfigError::Another).of(input));
                }
                Written::Unreadable(error) => return Err(ErrorKind::Kubeconfig(error).of(input)),
            };
            Ok(KubernetesAccess {
                insecure: kubeconfig.insecure,
                kubeconfig: kubeconfig.text,
                context: connection.parameter("clusterContext").map(str::to_owned),
                namespace: None,
                is_made: false,
            })
        }
        "serviceaccount" | "azuresubscription" => of_account(input, connection),
        _ => {
            let known = "Kubeconfig, ServiceAccount and AzureSubscription";
            Err(ErrorKind::Scheme { found: kind.to_owned(), known }.of(input))
        }
    }?;
    Ok(KubernetesAccess { namespace: namespace.map(str::to_owned), ..access })
}

/// The connection of a service account: a URL, a certificate and a token.
fn of_account(
    input: &'static str,
    connection: &Connection,
) -> Result<KubernetesAccess, ConnectionError> {
    let server = connection.url.trim();
    if !Url::parse(server).is_some_and(|url| url.secure) {
        return Err(ErrorKind::Url(without_user(server)).of(input));
    }
    let token = from_base64(needed(connection, input, "apiToken")?);
    let token = token.and_then(|token| String::from_utf8(token).ok());
    let token = token.ok_or(ErrorKind::NoBase64("token").of(input))?;
    let token = Secret::from(token.trim());
    if !token.is_token() {
        return Err(ErrorKind::NoToken.of(input));
    }
    let insecure = connection
        .datum("acceptUntrustedCerts")
        .is_some_and(|accepts| accepts.eq_ignore_ascii_case("true"));
    let mut cluster = json!({ "server": server });
    if insecure {
        cluster["insecure-skip-tls-verify"] = true.into();
    } else if let Some(certificate) = connection.parameter("serviceAccountCertificate") {
        if from_base64(certificate).is_none() {
            return Err(ErrorKind::NoBase64("certificate").of(input));
        }
        cluster["certificate-authority-data"] = certificate.trim().into();
    }
    let kubeconfig = kubeconfig::write(
        "context",
        &cluster.to_string(),
        &json!({ "token": token.reveal() }).to_string(),
    );
    Ok(KubernetesAccess {
        kubeconfig: kubeconfig.into(),
        context: None,
        namespace: None,
        insecure,
        is_made: true,
    })
}
#[cfg(test)]
mod tests {
    use super::kubernetes;
    use crate::host::Connection;

    #[test]
    fn the_namespace_of_a_connection_has_to_be_one() {
        let read = |namespace: &str| {
            let connection = Connection {
                parameters: [("kubeconfig".to_owned(), "kind: Config".into())].into(),
                data: [("namespace".to_owned(), namespace.to_owned())].into(),
                ..Connection::default()
            };
            let access = kubernetes("input", &connection);
            access.map(|access| access.namespace).map_err(|error| error.to_string())
        };
        assert_eq!(read("shop"), Ok(Some("shop".to_owned())));
        assert_eq!(read(" "), Ok(None));
        assert!(
            read("Kube System").unwrap_err().contains("\"Kube System\" of the service connection")
        );
    }
}
