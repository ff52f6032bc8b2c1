//! The inputs that say where the cluster is and how to log in to it.

use crate::{
    host::{
        Connection, Secret,
        http::{Url, without_user},
    },
    inputs::{
        InputError, Note,
        files::File,
        reader::{Reader, unquoted},
    },
    kubectl::KubectlRelease,
    login::{
        azure::Cluster,
        connection::{self, AzureConnection, ConnectionError, Job, KubernetesAccess},
        kubeconfig::{Written, recognize},
    },
};

pub(super) const CONNECTION_TYPES: [&str; 4] =
    ["auto", "kubernetesServiceConnection", "azureResourceManager", "none"];
/// The input that has a kubeconfig, or the path of one.
const KUBECONFIG: &str = "kubeconfig";
/// Where kubectl is published.
pub(super) const DOWNLOADS: &str = "https://dl.k8s.io/release";

/// How kubectl logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// As it does by itself.
    Own {
        /// The files of `KUBECONFIG`, or `~/.kube/config`.
        kubeconfigs: Vec<String>,
        /// The URL of the API server where the agent is a pod, by whose account kubectl logs in.
        cluster: Option<String>,
    },
    /// By the kubeconfig of this path.
    File(String),
    /// By this kubeconfig.
    Kubeconfig {
        /// Its text.
        text: Secret,
        /// The credentials in it, unless a connection has it: those are masked already.
        secrets: Vec<Secret>,
        /// Whether the certificate of the API server is not looked at.
        insecure: bool,
    },
    /// By what Azure gives out for a cluster.
    Aks {
        /// Who logs in to Azure.
        azure: Box<AzureConnection>,
        /// The cluster.
        cluster: Box<Cluster>,
    },
}

/// Which kubectl is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kubectl {
    /// The one on PATH.
    OnPath,
    /// The one of this path.
    At(String),
    /// A published one.
    Published(KubectlRelease),
}

/// How kubectl logs in, and what the connection says of where to go.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) access: Access,
    pub(super) context: Option<String>,
    pub(super) namespace: Option<String>,
}

impl From<Access> for Reached {
    fn from(access: Access) -> Self {
        Self { access, context: None, namespace: None }
    }
}

impl<'a> Reader<'a> {
    /// How kubectl logs in.
    pub(super) fn access(&mut self) -> Option<Reached> {
        let kind = self.choice("connectionType", &CONNECTION_TYPES)?;
        let by_text = self.has(KUBECONFIG);
        let kind = if kind == "auto" { self.filled_in()? } else { kind };
        let reached = match kind {
            "azureResourceManager" => self.aks().map(Reached::from),
            "kubernetesServiceConnection" => self.kubernetes(),
            _ if by_text => return self.kubeconfig().map(Reached::from),
            _ => return Some(self.own().into()),
        };
        if !by_text {
            return reached;
        }
        let environment = match kind {
            "kubernetesServiceConnection" => self.variables.environment(),
            _ => None,
        };
        let environment = environment.map(str::to_owned);
        self.fail(InputError::TwoKubeconfigs { kind, environment })
    }

    /// The connection that is filled in. One that an environment fills in by itself gives way to what
    /// the pipeline writes.
    fn filled_in(&mut self) -> Option<&'static str> {
        let (kubernetes, aks) = (self.has("kubernetesServiceEndpoint"), self.names_aks());
        let others = match (aks, self.has("kubeconfig")) {
            (true, _) => Some(("azureResourceManager", "a cluster of Azure")),
            (false, true) => Some(("none", "kubeconfig")),
            (false, false) => None,
        };
        let environment = self.variables.environment_resource().filter(|_| kubernetes);
        match (environment, others) {
            (Some(environment), Some((kind, instead))) => {
                self.notes.push(Note::Environment { environment, instead });
                Some(kind)
            }
            _ if kubernetes && aks => {
                let environment = self.variables.environment().map(str::to_owned);
                self.fail(InputError::TwoConnections { environment })
            }
            _ if kubernetes => Some("kubernetesServiceConnection"),
            (_, others) => Some(others.map_or("none", |(kind, _)| kind)),
        }
    }

    fn own(&self) -> Access {
        let (kubeconfigs, cluster) =
            (self.agent.kubeconfigs.clone(), self.agent.own_cluster.clone());
        Access::Own { kubeconfigs, cluster }
    }

    /// Whether an input of Azure Kubernetes Service is filled in.
    fn names_aks(&self) -> bool {
        ["azureSubscriptionEndpoint", "azureResourceGroup", "kubernetesCluster"]
            .iter()
            .any(|input| self.has(input))
    }

    fn kubernetes(&mut self) -> Option<Reached> {
        const INPUT: &str = "kubernetesServiceConnection";
        if !self.has("kubernetesServiceEndpoint") {
            return self.fail(InputError::Empty(INPUT, INPUT));
        }
        let connection = self.connection("kubernetesServiceEndpoint", INPUT)?;
        let access = self.connected(connection::kubernetes(INPUT, connection))?;
        if access.is_made && self.has("context") {
            return self.fail(InputError::NoContexts);
        }
        let KubernetesAccess { kubeconfig: text, context, namespace, insecure, .. } = access;
        let secrets = Vec::new();
        Some(Reached { access: Access::Kubeconfig { text, secrets, insecure }, context, namespace })
    }

    fn aks(&mut self) -> Option<Access> {
        const INPUT: &str = "azureSubscriptionConnection";
        let group = self.needed("azureResourceGroup");
        let name = self.needed("kubernetesCluster");
        let admin = self.flag("useClusterAdmin", false);
        if !self.has("azureSubscriptionEndpoint") {
            return self.fail(InputError::Empty(INPUT, "azureResourceManager"));
        }
        let connection = self.connection("azureSubscriptionEndpoint", INPUT)?;
        let job = Job { variables: self.variables, system: self.agent.system.as_ref() };
        let azure = self.connected(AzureConnection::read(INPUT, connection, job))?;
        let Some(subscription) = azure.subscription.clone() else {
            return self.fail(InputError::Connection(connection::lacks(INPUT, "subscription id")));
        };
        let manager = azure.manager.clone();
        let cluster = Cluster { manager, subscription, group: group?, name: name?, admin: admin? };
        Some(Access::Aks { azure: Box::new(azure), cluster: Box::new(cluster) })
    }

    /// A kubeconfig, or the path of one where there is such a file.
    fn kubeconfig(&mut self) -> Option<Access> {
        let written = self.text(KUBECONFIG)?;
        match recognize(&written) {
            Written::Kubeconfig(kubeconfig) => Some(Access::Kubeconfig {
                text: kubeconfig.text,
                secrets: kubeconfig.secrets,
                insecure: kubeconfig.insecure,
            }),
            Written::Unreadable(error) => self.fail(InputError::Kubeconfig(error)),
            Written::Path => {
                // The file is there. What it holds is for kubectl to judge.
                let (path, _) = self.file(KUBECONFIG)?;
                Some(Access::File(unquoted(&path).to_owned()))
            }
        }
    }

    /// The file of the kubeconfig, where the input is a path.
    pub(super) fn kubeconfig_file(&mut self) -> Option<File> {
        let path = self.text(KUBECONFIG)?;
        let is_path = recognize(&path) == Written::Path;
        is_path.then(|| File { input: KUBECONFIG, path: unquoted(&path).to_owned() })
    }

    /// Which kubectl is run.
    pub(super) fn kubectl(&mut self) -> Option<Kubectl> {
        let path = self.path("kubectlPath");
        let version = self.text("kubectlVersion");
        let downloads = self.text("kubectlDownloadUrl").unwrap_or_else(|| DOWNLOADS.to_owned());
        let downloads = downloads.trim_end_matches('/').to_owned();
        match (path, version) {
            (Some(_), Some(_)) => self.fail(InputError::TwoKubectls),
            (Some(path), None) => Some(Kubectl::At(path)),
            (None, Some(version)) => {
                let version = version.trim_start_matches(['v', 'V']).to_ascii_lowercase();
                if !is_version(&version) {
                    return self.fail(InputError::KubectlVersion(version));
                }
                let safe = |url: &Url| {
                    (url.secure || url.is_loopback()) && !downloads.contains(['?', '#'])
                };
                if !Url::parse(&downloads).is_some_and(|url| safe(&url)) {
                    let found = without_user(&downloads);
                    return self.fail(InputError::Url("kubectlDownloadUrl", found));
                }
                let version = if version == "latest" { "stable".to_owned() } else { version };
                Some(Kubectl::Published(KubectlRelease::new(version, downloads, self.agent)))
            }
            (None, None) => Some(Kubectl::OnPath),
        }
    }

    /// The connection that an input names, which messages call by this name.
    pub(super) fn connection(
        &mut self,
        input: &str,
        called: &'static str,
    ) -> Option<&'a Connection> {
        let agent = self.agent;
        match agent.connections.get(input) {
            Some(connection) => Some(connection),
            None => self.fail(InputError::Connection(connection::not_handed_over(called))),
        }
    }

    fn connected<T>(&mut self, result: Result<T, ConnectionError>) -> Option<T> {
        self.take(result.map_err(InputError::Connection))
    }

    /// An input that may not be empty.
    fn needed(&mut self, input: &'static str) -> Option<String> {
        let text = self.text(input);
        if text.is_none() && !self.has(input) {
            return self.fail(InputError::Empty(input, "azureResourceManager"));
        }
        text
    }
}

/// `stable`, `latest`, or two or three numbers, the third perhaps with the mark of a prerelease.
fn is_version(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if matches!(text, "stable" | "latest") {
        return true;
    }
    match text.split('.').collect::<Vec<_>>().as_slice() {
        [major, minor] => number(major) && number(minor),
        _ => semver::Version::parse(text).is_ok(),
    }
}
