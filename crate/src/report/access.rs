//! The words of the login, and of the requests that it takes.

use crate::{
    host::{
        Age, Coded, Effect, code,
        http::{Request, without_user},
    },
    kubectl::{NoKubectl, ProcessExit, Skew, is_note},
    login::{
        azure::{Cluster, TokenError},
        kubeconfig::Destination,
    },
    report::{
        kubectl::answer,
        line::{self, plain},
    },
};

/// A request that is about to be sent.
pub(crate) fn asked(request: &Request) -> Effect {
    let url = request.url.split('?').next().unwrap_or_default();
    line::debug(format!("{} {url}", request.method))
}

/// A request that is sent again after a while: the server answered with a status, or gave no answer.
pub(crate) fn asked_again(server: &str, answered: Result<u16, String>, after_ms: u32) -> Effect {
    let what = match answered {
        Ok(status) => format!("answered with status {status}"),
        Err(words) => format!("cannot be reached ({words})"),
    };
    let after = Age(i64::from(after_ms));
    plain(format!("{server} {what}. Trying again in {after}"))
}

pub(crate) fn logging_in(cluster: &Cluster) -> Effect {
    let Cluster { group, name, admin, .. } = cluster;
    let role = if *admin { " with its admin credentials" } else { "" };
    plain(format!("Getting credentials of AKS cluster {name} in resource group {group}{role}"))
}

pub(crate) fn untrusted() -> Effect {
    line::warning(
        code::UNTRUSTED_CERTIFICATES,
        "The connection accepts untrusted certificates, so an attacker between this agent and the \
         API server can read the token. Set the CA certificate of the cluster in the connection",
    )
}

pub(crate) fn no_context(cluster: &Cluster, asked: Option<&str>) -> Effect {
    let name = &cluster.name;
    let words = match asked {
        Some(asked) => format!(
            "context: context {asked} not found in the kubeconfig that Azure returns for the \
             cluster {name}. Remove context to use its own one"
        ),
        None => format!(
            "The kubeconfig that Azure returns for the cluster {name} has no current context"
        ),
    };
    line::error(code::CONTEXT_NOT_FOUND, words)
}

/// There is no token of Entra ID for the cluster.
pub(crate) fn login_failed(error: &TokenError) -> Effect {
    line::error(error.code(), format!("azureSubscriptionConnection: {error}"))
}

/// A private file is not there for kubectl.
pub(crate) fn file_not_written(error: &str) -> Effect {
    line::error(
        code::TEMPORARY_FILE,
        format!(
            "The kubeconfig cannot be written to the agent's temporary folder: {error}. Free disk \
             space, or set kubeconfig to the path of a file"
        ),
    )
}

pub(crate) fn token_renewed() -> Effect {
    plain("Renewed the token for the cluster")
}

pub(crate) fn token_not_renewed(error: &str) -> Effect {
    line::warning(
        code::TOKEN_NOT_RENEWED,
        format!("The token for the cluster expires soon and cannot be renewed: {error}"),
    )
}

pub(crate) fn kubectl_downloaded(url: &str) -> Effect {
    plain(format!("Downloading {url}"))
}

pub(crate) fn kubectl_used(version: &str, path: &str) -> Effect {
    plain(format!("Using kubectl {version} at {path}"))
}

pub(crate) fn no_kubectl(error: &NoKubectl) -> Effect {
    let words = match error {
        NoKubectl::Published(error) => error.to_string(),
        NoKubectl::NotDownloaded { url, error } => format!("{url} cannot be downloaded: {error}"),
    };
    line::error(code::KUBECTL_DOWNLOAD, format!("kubectlVersion: {words}"))
}

/// kubectl and the API server are too far apart.
pub(crate) fn skew(skew: &Skew) -> Effect {
    let Skew { client, server } = skew;
    line::warning(
        code::VERSION_SKEW,
        format!(
            "kubectl {client} and the API server {server} are more than one minor version apart, \
             which Kubernetes does not support. Set kubectlVersion to the version of the server"
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
    let bare = |version: &str| version.trim_start_matches('v').to_owned();
    let versions = [("Kubernetes", server), ("kubectl", client)];
    let versions = versions
        .into_iter()
        .filter_map(|(name, version)| Some(format!("{name} {}", bare(version?))));
    let versions = match versions.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => none,
        versions => format!(" ({versions})"),
    };
    let server = match without_user(&destination.server) {
        server if server.is_empty() => "of kubectl's defaults".to_owned(),
        server => server,
    };
    let context = match &*destination.context {
        "" => String::new(),
        context => format!(", context {context}"),
    };
    let plural = if namespaces.len() == 1 { "" } else { "s" };
    let namespaces = namespaces.join(", ");
    plain(format!("Cluster   {server}{versions}{context}, namespace{plural} {namespaces}"))
}

/// The kubeconfig does not tell where kubectl goes.
pub(crate) fn kubeconfig_not_read(error: &str) -> Effect {
    line::error(
        code::KUBECONFIG_NOT_READ,
        format!(
            "The kubeconfig cannot be read: {error}. Correct it, or set the input namespace, \
             which otherwise comes from the context"
        ),
    )
}

/// kubectl's proxy did not start.
pub(crate) fn gate_failed(ending: &ProcessExit) -> Vec<Effect> {
    let said = match ending {
        ProcessExit::Failure { stderr, .. } => answer(told(stderr).as_bytes()),
        _ => Vec::new(),
    };
    let words = ending.words();
    said.into_iter()
        .chain([line::error(ending.code(), format!("kubectl proxy cannot be started: {words}"))])
        .collect()
}

/// kubectl's proxy ended, and is started again.
pub(crate) fn gate_restarts(ending: &ProcessExit) -> Effect {
    plain(format!("kubectl proxy ended unexpectedly and is restarted: {}", ending.words()))
}

/// It ended again.
pub(crate) fn gate_closed(ending: &ProcessExit) -> Effect {
    let words = ending.words();
    line::error(
        code::PROXY_ENDED,
        format!("kubectl proxy ended again and is not restarted: {words}"),
    )
}

/// What kubectl writes for people, without the notes of its libraries.
fn told(stderr: &str) -> String {
    let lines = stderr.lines().filter(|line| !is_note(line));
    lines.collect::<Vec<_>>().join("\n")
}
