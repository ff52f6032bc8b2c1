//! A Kubernetes service connection as a kubeconfig.

use serde_json::{Value, json};

use crate::{
    connection::{Connection, ConnectionError, error::ErrorKind},
    http::{Url, from_base64, without_user},
    images::is_label,
    secret::Secret,
    yaml,
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
    /// What the log may not show, beside what the agent masks itself.
    pub secrets: Vec<Secret>,
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
            let kubeconfig = connection.needed(input, "kubeconfig")?;
            Ok(KubernetesAccess {
                insecure: trusts_everybody(kubeconfig),
                kubeconfig: kubeconfig.into(),
                context: connection.parameter("clusterContext").map(str::to_owned),
                namespace: None,
                secrets: secrets_of(kubeconfig),
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
    let token = from_base64(connection.needed(input, "apiToken")?);
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
    let kubeconfig = kubeconfig(
        "context",
        &cluster.to_string(),
        &json!({ "token": token.reveal() }).to_string(),
    );
    Ok(KubernetesAccess {
        kubeconfig: kubeconfig.into(),
        context: None,
        namespace: None,
        secrets: vec![token],
        insecure,
        is_made: true,
    })
}

/// A kubeconfig of one context, with a cluster and a user that are given as JSON. JSON is YAML.
pub(crate) fn kubeconfig(context: &str, cluster: &str, user: &str) -> String {
    let context = json!(context);
    format!(
        r#"{{"apiVersion":"v1","kind":"Config","clusters":[{{"name":"cluster","cluster":{cluster}}}],"users":[{{"name":"user","user":{user}}}],"contexts":[{{"name":{context},"context":{{"cluster":"cluster","user":"user"}}}}],"current-context":{context}}}"#
    )
}

/// The keys of a kubeconfig whose values are secrets: those of a user, and those that its login
/// providers of old have kept there.
const SECRET_KEYS: [&str; 7] = [
    "token",
    "password",
    "client-key-data",
    "id-token",
    "refresh-token",
    "access-token",
    "client-secret",
];

/// The secrets of the users of a kubeconfig, as YAML or JSON; none where it is neither. The agent masks
/// its text as a whole, and so no line that has one of them alone.
pub(crate) fn secrets_of(kubeconfig: &str) -> Vec<Secret> {
    let mut secrets = Vec::new();
    if let Ok(kubeconfig) = yaml::parse(kubeconfig) {
        find_secrets(&kubeconfig["users"], &mut secrets);
    }
    secrets
}

fn find_secrets(value: &Value, secrets: &mut Vec<Secret>) {
    match value {
        Value::Array(values) => {
            for value in values {
                find_secrets(value, secrets);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(text) if SECRET_KEYS.contains(&key.as_str()) && !text.is_empty() => {
                        secrets.push(text.into());
                    }
                    _ => find_secrets(value, secrets),
                }
            }
        }
        _ => {}
    }
}

/// Whether a kubeconfig, as YAML or JSON, has an API server whose certificate is not looked at.
pub(crate) fn trusts_everybody(kubeconfig: &str) -> bool {
    let words: String =
        kubeconfig.chars().filter(|c| !c.is_whitespace() && *c != '"' && *c != '\'').collect();
    words.contains("insecure-skip-tls-verify:true")
}

#[cfg(test)]
mod tests {
    use super::{kubernetes, secrets_of};
    use crate::connection::Connection;

    #[test]
    fn the_secrets_of_a_kubeconfig_are_found_one_by_one() {
        let found = |text: &str| -> Vec<String> {
            secrets_of(text).iter().map(|secret| secret.reveal().to_owned()).collect()
        };
        let yaml = "
users:
- name: token
  user:
    token: abc.def
    tokenFile: /a
    client-key-data: 'LS0t'
    password: \"pass word\"
- {name: old, user: {auth-provider: {config: {id-token: xyz, idp: token}}}}
";
        assert_eq!(found(yaml), ["LS0t", "pass word", "abc.def", "xyz"]);
        assert_eq!(found(r#"{"users":[{"name":"me","user":{"token":"abc"}}]}"#), ["abc"]);
        assert_eq!(found("token: abc"), [""; 0]);
        assert_eq!(found("a: [b"), [""; 0]);
    }

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
        assert!(read("Kube System").unwrap_err().contains("\"Kube System\", which cannot be"));
    }
}
