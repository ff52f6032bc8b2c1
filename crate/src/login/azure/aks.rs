//! The credentials of a cluster of Azure Kubernetes Service.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    host::{
        Code, Coded, Secret, code,
        http::{Dialogue, Next, NoAnswer, Reply, Request, from_base64, percent, retry::Retries},
    },
    login::kubeconfig::{self, Kubeconfig},
};

/// The application that every cluster with Entra ID takes tokens for.
const SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// A cluster, by its names in Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The origin of Azure Resource Manager.
    pub manager: String,
    /// The subscription's id.
    pub subscription: String,
    /// The resource group.
    pub group: String,
    /// The cluster.
    pub name: String,
    /// Whether the credentials of an administrator are asked for.
    pub admin: bool,
}

/// The dialogue that gets the kubeconfig of a cluster.
#[derive(Debug)]
pub struct Credential {
    cluster: Cluster,
    token: Secret,
    retries: Retries,
}

/// Why there is no kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AksError {
    cluster: Cluster,
    kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    NoAnswer(NoAnswer),
    Refused { status: u16, code: String, said: String },
    NotUnderstood,
}

#[derive(Deserialize)]
struct Credentials {
    kubeconfigs: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    value: Secret,
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalBody,
}

#[derive(Deserialize)]
struct RefusalBody {
    code: String,
    #[serde(default)]
    message: String,
}

impl Credential {
    /// Asks with a token of Azure Resource Manager.
    #[must_use]
    pub fn new(cluster: Cluster, token: Secret) -> Self {
        Self { cluster, token, retries: Retries::default() }
    }

    fn fail(&self, kind: ErrorKind) -> Next<Result<Secret, AksError>> {
        Next::Done(Err(AksError { cluster: self.cluster.clone(), kind }))
    }
}

impl Dialogue for Credential {
    /// The kubeconfig, as text.
    type Outcome = Result<Secret, AksError>;

    fn begin(&mut self) -> Next<Self::Outcome> {
        let Cluster { manager, subscription, group, name, admin } = &self.cluster;
        let url = format!(
            "{manager}/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerService/\
             managedClusters/{}/listCluster{}Credential?api-version=2024-05-01",
            percent(subscription),
            percent(group),
            percent(name),
            if *admin { "Admin" } else { "User" },
        );
        let bearer = format!("Bearer {}", self.token.reveal());
        Next::Ask(Request::new("POST", url).with("Authorization", bearer))
    }

    fn hear(&mut self, heard: Reply) -> Next<Self::Outcome> {
        if let Some(after_ms) = self.retries.after(&heard) {
            return Next::Wait(after_ms);
        }
        match heard {
            Reply::Answer(answer) if answer.is_success() => {
                let text = serde_json::from_slice::<Credentials>(&answer.body)
                    .ok()
                    .and_then(|credentials| credentials.kubeconfigs.into_iter().next())
                    .and_then(|first| from_base64(first.value.reveal()))
                    .and_then(|bytes| String::from_utf8(bytes).ok());
                match text {
                    Some(text) => Next::Done(Ok(text.into())),
                    None => self.fail(ErrorKind::NotUnderstood),
                }
            }
            Reply::Answer(answer) => {
                let refusal = serde_json::from_slice::<Refusal>(&answer.body).ok();
                let (code, said) =
                    refusal.map_or_else(Default::default, |r| (r.error.code, r.error.message));
                let said = said.chars().take(500).collect();
                self.fail(ErrorKind::Refused { status: answer.status, code, said })
            }
            Reply::NoAnswer(why) => self.fail(ErrorKind::NoAnswer(why)),
            Reply::Waited => self.begin(),
            Reply::Signed(_) | Reply::NotSigned(_) => self.fail(ErrorKind::NotUnderstood),
        }
    }
}

impl fmt::Display for AksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cluster { manager, subscription, group, name, admin } = &self.cluster;
        let host = manager.trim_start_matches("https://");
        let (status, code, said) = match &self.kind {
            ErrorKind::NoAnswer(why) => {
                return f.write_str(&why.of(host));
            }
            ErrorKind::NotUnderstood => {
                return write!(
                    f,
                    "unexpected answer of {host}: the kubeconfig of the cluster {name} is missing"
                );
            }
            ErrorKind::Refused { status, code, said } => (status, code.as_str(), said),
        };
        match code {
            "ResourceNotFound" => write!(
                f,
                "kubernetesCluster: cluster {name} not found in the resource group {group} of the \
                 subscription {subscription}. Check the name and the resource group"
            ),
            "ResourceGroupNotFound" => write!(
                f,
                "azureResourceGroup: resource group {group} not found in the subscription \
                 {subscription}. Check the name and the service connection"
            ),
            "AuthorizationFailed" => write!(
                f,
                "azureSubscriptionConnection: no permission to read the credentials of the \
                 cluster {name}. Assign it the role Azure Kubernetes Service Cluster {} Role on \
                 the cluster",
                if *admin { "Admin" } else { "User" },
            ),
            _ if said.is_empty() => {
                write!(
                    f,
                    "{host} refused the credentials of the cluster {name} with status {status}"
                )
            }
            _ => write!(
                f,
                "{host} refused the credentials of the cluster {name} with status {status}: {code}, \
                 {said}"
            ),
        }
    }
}

impl Coded for AksError {
    fn code(&self) -> Code {
        match &self.kind {
            ErrorKind::NoAnswer(_) => code::AZURE_UNREACHABLE,
            ErrorKind::NotUnderstood => code::AZURE_NOT_UNDERSTOOD,
            ErrorKind::Refused { code, .. } => match code.as_str() {
                "ResourceNotFound" | "ResourceGroupNotFound" => code::CLUSTER_NOT_FOUND,
                "AuthorizationFailed" => code::CLUSTER_FORBIDDEN,
                _ => code::CLUSTER_REFUSED,
            },
        }
    }
}

/// The kubeconfig of a cluster, in what a login needs of it.
#[derive(Debug, Deserialize)]
pub struct View {
    #[serde(default)]
    clusters: Vec<NamedCluster>,
    #[serde(default)]
    users: Vec<NamedUser>,
    #[serde(default)]
    contexts: Vec<NamedContext>,
    #[serde(rename = "current-context", default)]
    current: String,
}

#[derive(Debug, Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Value,
}

#[derive(Debug, Deserialize)]
struct NamedUser {
    name: String,
    user: Login,
}

#[derive(Debug, Deserialize)]
struct Login {
    exec: Option<Exec>,
    token: Option<Secret>,
}

#[derive(Debug, Deserialize)]
struct Exec {
    command: String,
    #[serde(default)]
    args: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Debug, Deserialize)]
struct Context {
    cluster: String,
    user: String,
}

/// How the user of a cluster logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum User {
    /// By what the kubeconfig holds: a certificate or a token.
    Local,
    /// By a token of Entra ID for this application.
    Token(String),
    /// By a program that kubectl runs.
    Program,
}

impl View {
    /// Reads a kubeconfig, for the context that is asked for or the current one; `None` where it has no
    /// such context.
    #[must_use]
    pub fn read(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<Self> {
        let mut view = Self::deserialize(kubeconfig.json()?).ok()?;
        if let Some(context) = context {
            context.clone_into(&mut view.current);
        }
        view.context().is_some().then_some(view)
    }

    /// How the user of the current context logs in. A token stands in for kubelogin, unless it is
    /// to be bound to a key (proof of possession), which only kubelogin can do.
    #[must_use]
    pub fn user(&self) -> User {
        let user = self.context().and_then(|context| {
            self.users.iter().find(|user| user.name == context.user).map(|user| &user.user)
        });
        let Some(Exec { command, args }) = user.and_then(|user| user.exec.as_ref()) else {
            return User::Local;
        };
        let is_kubelogin = command.rsplit(['/', '\\']).next().is_some_and(|program| {
            program.trim_end_matches(".exe").eq_ignore_ascii_case("kubelogin")
        });
        if !is_kubelogin || args.iter().any(|arg| arg.starts_with("--pop-enabled")) {
            return User::Program;
        }
        let server = args.iter().position(|arg| arg == "--server-id");
        let server = server.and_then(|at| args.get(at + 1)).map_or(SERVER, String::as_str);
        User::Token(server.to_owned())
    }

    /// A kubeconfig for the cluster of the current context whose user has the token in a file, which
    /// kubectl reads anew every minute.
    #[must_use]
    pub fn with_token_file(&self, path: &str) -> Secret {
        let cluster = self.context().and_then(|context| {
            self.clusters.iter().find(|cluster| cluster.name == context.cluster)
        });
        let cluster = cluster.map_or_else(|| "{}".to_owned(), |c| c.cluster.to_string());
        kubeconfig::write(&self.current, &cluster, &json!({ "tokenFile": path }).to_string()).into()
    }

    /// Whether the certificate of the API server is not looked at.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.clusters.iter().any(|cluster| cluster.cluster["insecure-skip-tls-verify"] == true)
    }

    /// What the log may not show.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.users.iter().filter_map(|user| user.user.token.as_ref())
    }

    fn context(&self) -> Option<&Context> {
        let current = self.contexts.iter().find(|context| context.name == self.current);
        current.map(|context| &context.context)
    }
}
