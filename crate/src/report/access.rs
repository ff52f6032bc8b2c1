//! The words of the login, and of the requests that it takes.

use crate::{
    host::{
        Age, Effect, Style,
        http::{Request, without_user},
    },
    kubectl::{NoKubectl, ProcessExit, Skew, is_note},
    login::{
        azure::{Cluster, TokenError},
        kubeconfig::Destination,
    },
    report::{log, plain},
};

/// A request that is about to be sent.
pub(crate) fn asked(request: &Request) -> Effect {
    let url = request.url.split('?').next().unwrap_or_default();
    log(Style::Debug, format!("{} {url}", request.method))
}

/// A request that is sent again after a while: the server answered with a status, or gave no answer.
pub(crate) fn asked_again(server: &str, answered: Result<u16, String>, after_ms: u32) -> Effect {
    let what = match answered {
        Ok(status) => format!("answered with status {status}"),
        Err(words) => format!("gave no answer ({words})"),
    };
    let after = Age(i64::from(after_ms));
    plain(format!("{server} {what}: asks again in {after}"))
}

pub(crate) fn logging_in(cluster: &Cluster) -> Effect {
    let Cluster { group, name, admin, .. } = cluster;
    let role = if *admin { " as its administrator" } else { "" };
    plain(format!("Logs in to the cluster {name} of the resource group {group}{role}"))
}

pub(crate) fn untrusted() -> Effect {
    log(
        Style::Warning,
        "The connection accepts untrusted certificates: whoever stands between this agent and the \
         API server can read the token and answer in its place. Give the connection the certificate \
         of the cluster",
    )
}

pub(crate) fn no_context(cluster: &Cluster, asked: Option<&str>) -> Effect {
    let name = &cluster.name;
    let words = match asked {
        Some(asked) => format!(
            "context: the kubeconfig that Azure gave for the cluster {name} has no context {asked}. \
             Empty it to take the one that it has"
        ),
        None => format!("The kubeconfig that Azure gave for the cluster {name} names no context"),
    };
    log(Style::Error, words)
}

/// There is no token of Entra ID for the cluster.
pub(crate) fn login_failed(error: &TokenError) -> Effect {
    log(Style::Error, format!("azureSubscriptionConnection: {error}"))
}

/// A private file is not there for kubectl.
pub(crate) fn file_not_written(error: &str) -> Effect {
    log(
        Style::Error,
        format!(
            "The kubeconfig cannot be written to a file in the agent's temporary folder: {error}. \
             Make room there, or give the path of one"
        ),
    )
}

pub(crate) fn token_renewed() -> Effect {
    plain("The token for the cluster was about to expire and is renewed")
}

pub(crate) fn token_not_renewed(error: &str) -> Effect {
    log(
        Style::Warning,
        format!("The token for the cluster is about to expire and cannot be renewed: {error}"),
    )
}

pub(crate) fn kubectl_downloaded(url: &str) -> Effect {
    plain(format!("Downloads {url}"))
}

pub(crate) fn kubectl_used(version: &str, path: &str) -> Effect {
    plain(format!("Takes kubectl {version} at {path}"))
}

pub(crate) fn no_kubectl(error: &NoKubectl) -> Effect {
    let words = match error {
        NoKubectl::Published(error) => error.to_string(),
        NoKubectl::NotDownloaded { url, error } => format!("{url} cannot be used: {error}"),
    };
    log(Style::Error, format!("kubectlVersion: {words}"))
}

/// kubectl and the API server are too far apart.
pub(crate) fn skew(skew: &Skew) -> Effect {
    let Skew { client, server } = skew;
    log(
        Style::Warning,
        format!(
            "kubectl {client} and the API server {server} are more than one minor version apart, \
             which Kubernetes does not support. Give kubectlVersion the version of the server"
        ),
    )
}

/// Where the step goes, before it does anything there.
pub(crate) fn cluster(
    destination: &Destination,
    namespaces: &[String],
    server: Option<&str>,
    client: Option<&str>,
) -> Effect {
    let version = server.map(|version| format!(" (Kubernetes {version})")).unwrap_or_default();
    let server = match without_user(&destination.server) {
        server if server.is_empty() => "that of kubectl's defaults".to_owned(),
        server => server,
    };
    let context = match &*destination.context {
        "" => String::new(),
        context => format!(", context {context}"),
    };
    let client = client.map(|version| format!(", kubectl {version}")).unwrap_or_default();
    let plural = if namespaces.len() == 1 { "" } else { "s" };
    let namespaces = namespaces.join(", ");
    plain(format!("Cluster {server}{version}{context}, namespace{plural} {namespaces}{client}"))
}

/// The kubeconfig does not tell where kubectl goes.
pub(crate) fn kubeconfig_not_read(error: &str) -> Effect {
    log(
        Style::Error,
        format!(
            "The kubeconfig cannot be read: {error}. Correct it, or set the input namespace, which is \
             otherwise that of the kubeconfig's context"
        ),
    )
}

/// kubectl's proxy did not start.
pub(crate) fn gate_failed(ending: &ProcessExit) -> Vec<Effect> {
    let said = match ending {
        ProcessExit::Failure { stderr, .. } => super::answer(told(stderr).as_bytes()),
        _ => Vec::new(),
    };
    let words = ending.words();
    said.into_iter()
        .chain([log(Style::Error, format!("kubectl proxy cannot be started: {words}"))])
        .collect()
}

/// kubectl's proxy ended, and is started again.
pub(crate) fn gate_restarts(ending: &ProcessExit) -> Effect {
    plain(format!("kubectl proxy ended unexpectedly and is started again: {}", ending.words()))
}

/// It ended again.
pub(crate) fn gate_closed(ending: &ProcessExit) -> Effect {
    let words = ending.words();
    log(Style::Error, format!("kubectl proxy ended again and is not started anew: {words}"))
}

/// What kubectl writes for people, without the notes of its libraries.
fn told(stderr: &str) -> String {
    let lines = stderr.lines().filter(|line| !is_note(line));
    lines.collect::<Vec<_>>().join("\n")
}
