//! Before the first stage: kubectl, the kubeconfig that it reads, and the way to the API server.

use std::vec;

use crate::{
    host::{Effect, Event, Millis, Secret, TaskResult},
    image::lines::Line,
    inputs::{Access, Change, Kubectl},
    login::{
        azure::{
            AksError, CERTIFICATE_FILE, Cluster, Credential, Login, Token, TokenError, User, View,
        },
        connection::AzureConnection,
        kubeconfig::{Destination, Kubeconfig, credentials},
    },
    report::{self, run_report::Purpose},
    run::{
        call::Call,
        kubectl_install::KubectlInstall,
        phase::{Next, Phase, finish},
        release::Release,
        renewal::Renewal,
        session::{Effects, Session, mask},
    },
};

/// Waits for what kubectl needs.
#[derive(Debug)]
pub(crate) struct Preparing {
    purpose: Purpose,
    lines: Vec<Line>,
    session: Session,
    /// Keeps the token for the cluster fresh.
    renewal: Option<Renewal>,
    step: Step,
}

/// What is being waited for.
#[derive(Debug)]
enum Step {
    /// kubectl itself.
    Kubectl(KubectlInstall),
    /// A kubeconfig that is complete, in a file.
    Kubeconfig,
    /// The token for Azure.
    Login(Call<Login>, Azure),
    /// The kubeconfig of the cluster.
    Credential(Call<Credential>, Azure),
    /// That kubeconfig, in a file.
    ClusterFile(Azure, Secret),
    /// The token for the cluster.
    UserLogin(Call<Login>, Renewal, View),
    /// That token, in a file.
    TokenFile(Token, Renewal, View),
    /// A certificate for kubelogin, in a file.
    Certificate,
    /// What the kubeconfigs say of the cluster, of which these are still to be read.
    Locating(Kubeconfig, vec::IntoIter<String>),
    /// The namespace of the pod that the agent is, in the cluster of this URL.
    OwnNamespace(String),
}

/// How much of a kubeconfig is read, in bytes.
const KUBECONFIG_LIMIT: u32 = 1024 * 1024;
/// Where a pod finds the namespace it is in.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// A login by Azure.
#[derive(Debug)]
struct Azure {
    connection: Box<AzureConnection>,
    cluster: Box<Cluster>,
}

/// Nothing more is waited for: all is there, or something is not to be had.
type Over = Result<(), ()>;

impl Phase for Preparing {
    fn handle(mut self: Box<Self>, _: Millis, event: &Event, effects: &mut Effects) -> Next {
        if *event == Event::Canceled {
            return finish(effects, TaskResult::Canceled, report::NOTHING_CHANGED);
        }
        if let Some(renewal) = &mut self.renewal {
            renewal.handle(event, &mut self.session, effects);
        }
        let over = self.go_on(event, effects);
        self.next(over, effects)
    }
}

impl Preparing {
    pub(crate) fn start(
        purpose: Purpose,
        request: Change,
        lines: Vec<Line>,
        effects: &mut Effects,
    ) -> Next {
        let kubectl = request.kubectl.clone();
        let (mut session, mut step) = (Session::new(request), Step::Kubeconfig);
        let is_there = match kubectl {
            Kubectl::Published(release) => {
                step = Step::Kubectl(KubectlInstall::start(release, &mut session, effects));
                false
            }
            Kubectl::At(path) => {
                session.kubectl = Some(path);
                true
            }
            Kubectl::OnPath => true,
        };
        let mut preparing = Box::new(Self { purpose, lines, session, renewal: None, step });
        let over = if is_there { preparing.log_in(effects) } else { None };
        preparing.next(over, effects)
    }

    fn next(self: Box<Self>, over: Option<Over>, effects: &mut Effects) -> Next {
        match over {
            None => Some(self),
            Some(Ok(())) => {
                let Self { purpose, session, renewal, lines, .. } = *self;
                Some(Box::new(Release::start(purpose, session, renewal, lines, effects)))
            }
            Some(Err(())) => finish(effects, TaskResult::Failed, report::NOTHING_CHANGED),
        }
    }

    fn log_in(&mut self, effects: &mut Effects) -> Option<Over> {
        self.step = match self.session.request.access.clone() {
            Access::Own { .. } | Access::File(_) => return self.locate(effects),
            Access::Kubeconfig { text, secrets, insecure } => {
                for secret in &secrets {
                    mask(secret, effects);
                }
                if insecure {
                    effects.push(report::untrusted());
                }
                effects.push(Effect::WriteFile { path: None, content: text });
                Step::Kubeconfig
            }
            Access::Aks { azure: connection, cluster } => {
                effects.push(report::logging_in(&cluster));
                let login = Login::new(connection.identity.clone(), connection.resource.clone());
                let call = Call::start(login, &mut self.session, effects);
                Step::Login(call, Azure { connection, cluster })
            }
        };
        None
    }

    fn go_on(&mut self, event: &Event, effects: &mut Effects) -> Option<Over> {
        let writes = matches!(
            self.step,
            Step::Kubeconfig | Step::ClusterFile(..) | Step::TokenFile(..) | Step::Certificate
        );
        if let (Event::NotWritten { error }, true) = (event, writes) {
            effects.push(report::file_not_written(error));
            return Some(Err(()));
        }
        let session = &mut self.session;
        match (&mut self.step, event) {
            (Step::Kubectl(getting), event) => match getting.handle(event, session, effects)? {
                Ok(path) => {
                    session.kubectl = Some(path);
                    return self.log_in(effects);
                }
                Err(error) => {
                    effects.push(report::no_kubectl(&error));
                    return Some(Err(()));
                }
            },
            (Step::Kubeconfig, Event::Written { path }) => {
                session.use_kubeconfig(path);
                return self.locate(effects);
            }
            (Step::Certificate, Event::Written { path }) => {
                session.env.insert(CERTIFICATE_FILE, path.as_str().into());
                return self.locate(effects);
            }
            (Step::Locating(kubeconfig, _), Event::FileRead { content }) => {
                for secret in credentials(content) {
                    mask(&secret, effects);
                }
                if let Err(error) = kubeconfig.add(content) {
                    return Some(self.not_located(&error, effects));
                }
                return self.read_next(effects);
            }
            (Step::Locating(..), Event::FileNotRead { .. }) => return self.read_next(effects),
            (Step::OwnNamespace(server), Event::FileRead { content }) => {
                let (server, namespace) = (server.clone(), Some(content.trim().to_owned()));
                let destination = Destination { server, namespace, ..Destination::default() };
                self.open(destination, effects);
                return Some(Ok(()));
            }
            (Step::OwnNamespace(server), Event::FileNotRead { .. }) => {
                let server = server.clone();
                self.open(Destination { server, ..Destination::default() }, effects);
                return Some(Ok(()));
            }
            (Step::Login(call, _), event) => {
                let outcome = call.handle(event, session, effects)?;
                return self.logged_in(outcome, effects);
            }
            (Step::Credential(call, _), event) => {
                let outcome = call.handle(event, session, effects)?;
                return self.has_credential(outcome, effects);
            }
            (Step::ClusterFile(..), Event::Written { path }) => {
                session.use_kubeconfig(path);
                return self.view(effects);
            }
            (Step::UserLogin(call, ..), event) => {
                let outcome = call.handle(event, session, effects)?;
                return self.has_user_token(outcome, effects);
            }
            (Step::TokenFile(..), Event::Written { path }) => self.token_is_written(path, effects),
            _ => {}
        }
        None
    }

    fn logged_in(
        &mut self,
        outcome: Result<Token, TokenError>,
        effects: &mut Effects,
    ) -> Option<Over> {
        let Step::Login(_, azure) = self.take() else { return None };
        match outcome {
            Ok(Token { value, .. }) => {
                mask(&value, effects);
                let credential = Credential::new(*azure.cluster.clone(), value);
                let call = Call::start(credential, &mut self.session, effects);
                self.step = Step::Credential(call, azure);
                None
            }
            Err(error) => Some(refused(&error, effects)),
        }
    }

    fn has_credential(
        &mut self,
        outcome: Result<Secret, AksError>,
        effects: &mut Effects,
    ) -> Option<Over> {
        let Step::Credential(_, azure) = self.take() else { return None };
        match outcome {
            Ok(content) => {
                effects.push(Effect::WriteFile { path: None, content: content.clone() });
                self.step = Step::ClusterFile(azure, content);
                None
            }
            Err(error) => Some(fail(&error, effects)),
        }
    }

    /// Reads the kubeconfig that Azure gave, to see how its user logs in.
    fn view(&mut self, effects: &mut Effects) -> Option<Over> {
        let Step::ClusterFile(azure, text) = self.take() else { return None };
        let context = self.session.request.target.context.as_deref();
        let mut kubeconfig = Kubeconfig::default();
        if let Err(error) = kubeconfig.add(text.reveal()) {
            effects.push(report::kubeconfig_not_read(&error));
            return Some(Err(()));
        }
        let Some(view) = View::read(&kubeconfig, context) else {
            effects.push(report::no_context(&azure.cluster, context));
            return Some(Err(()));
        };
        self.session.destination = kubeconfig.destination(context);
        for secret in view.secrets() {
            mask(secret, effects);
        }
        if view.is_insecure() {
            effects.push(report::untrusted());
        }
        let identity = azure.connection.identity;
        match view.user() {
            User::Local => self.locate(effects),
            User::Token(server) => {
                let login = Login::new(identity.clone(), server.clone());
                let call = Call::start(login, &mut self.session, effects);
                self.step = Step::UserLogin(call, Renewal::new(identity, server), view);
                None
            }
            User::Program => {
                self.session.env.extend(identity.kubelogin());
                let certificate = identity.certificate().cloned();
                let Some(certificate) = certificate else { return self.locate(effects) };
                effects.push(Effect::WriteFile { path: None, content: certificate });
                self.step = Step::Certificate;
                None
            }
        }
    }

    fn has_user_token(
        &mut self,
        outcome: Result<Token, TokenError>,
        effects: &mut Effects,
    ) -> Option<Over> {
        let Step::UserLogin(_, renewal, view) = self.take() else { return None };
        match outcome {
            Ok(token) => {
                mask(&token.value, effects);
                effects.push(Effect::WriteFile { path: None, content: token.value.clone() });
                self.step = Step::TokenFile(token, renewal, view);
                None
            }
            Err(error) => Some(refused(&error, effects)),
        }
    }

    fn token_is_written(&mut self, path: &str, effects: &mut Effects) {
        let Step::TokenFile(token, mut renewal, view) = self.take() else { return };
        renewal.plan(path, &token, &mut self.session, effects);
        self.renewal = Some(renewal);
        let content = view.with_token_file(path);
        effects.push(Effect::WriteFile { path: None, content });
        self.step = Step::Kubeconfig;
    }

    /// Finds out where the kubeconfig leads to, so that requests are for the namespace that kubectl
    /// takes.
    fn locate(&mut self, effects: &mut Effects) -> Option<Over> {
        let paths = match &self.session.request.access {
            Access::Aks { .. } => {
                let destination = self.session.destination.clone();
                self.open(destination, effects);
                return Some(Ok(()));
            }
            Access::Kubeconfig { text, .. } => {
                let mut kubeconfig = Kubeconfig::default();
                if let Err(error) = kubeconfig.add(text.reveal()) {
                    return Some(self.not_located(&error, effects));
                }
                let context = self.session.request.target.context.as_deref();
                let destination = kubeconfig.destination(context);
                self.open(destination, effects);
                return Some(Ok(()));
            }
            Access::File(path) => vec![path.clone()],
            Access::Own { kubeconfigs, .. } => kubeconfigs.clone(),
        };
        self.step = Step::Locating(Kubeconfig::default(), paths.into_iter());
        self.read_next(effects)
    }

    /// Reads the next kubeconfig. One that cannot be read is left out, as kubectl does.
    fn read_next(&mut self, effects: &mut Effects) -> Option<Over> {
        let Step::Locating(kubeconfig, left) = &mut self.step else { return None };
        if let Some(path) = left.next() {
            effects.push(Effect::ReadFile { path, limit: KUBECONFIG_LIMIT });
            return None;
        }
        if let Access::Own { cluster: Some(server), .. } = &self.session.request.access
            && kubeconfig.is_empty()
        {
            self.step = Step::OwnNamespace(server.clone());
            let path = OWN_NAMESPACE.to_owned();
            effects.push(Effect::ReadFile { path, limit: KUBECONFIG_LIMIT });
            return None;
        }
        let destination = kubeconfig.destination(self.session.request.target.context.as_deref());
        self.open(destination, effects);
        Some(Ok(()))
    }

    /// A kubeconfig cannot be read: kubectl may, but where is its namespace?
    fn not_located(&mut self, error: &str, effects: &mut Effects) -> Over {
        if self.session.request.namespaces.is_empty() {
            effects.push(report::kubeconfig_not_read(error));
            return Err(());
        }
        self.open(Destination::default(), effects);
        Ok(())
    }

    /// Opens the way to the API server.
    fn open(&mut self, destination: Destination, effects: &mut Effects) {
        if self.session.request.namespaces.is_empty() {
            let namespace = destination.namespace.clone();
            self.session.request.namespaces = vec![namespace.unwrap_or_else(|| "default".into())];
        }
        self.session.destination = destination;
        self.session.open_gate(effects);
    }

    /// The step, which is over.
    fn take(&mut self) -> Step {
        std::mem::replace(&mut self.step, Step::Kubeconfig)
    }
}

/// Azure gives no token.
fn refused(error: &TokenError, effects: &mut Effects) -> Over {
    effects.push(report::login_failed(error));
    Err(())
}

fn fail(error: &AksError, effects: &mut Effects) -> Over {
    effects.push(report::error(error));
    Err(())
}
