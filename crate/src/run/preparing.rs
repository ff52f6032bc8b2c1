//! Before the first stage: kubectl, and the kubeconfig it reads.

use crate::{
    azure::{
        AksError, CERTIFICATE_FILE, Cluster, Credential, Login, Token, TokenError, User, View,
    },
    connection::AzureConnection,
    images::Line,
    inputs::{Access, Change, Kubectl},
    protocol::{Effect, Event, Verdict},
    report,
    run::{
        State,
        batch::{Batch, Policy},
        call::Call,
        getting::Getting,
        release::Release,
        renewal::Renewal,
        session::{Effects, Session, finish, mask},
    },
    secret::Secret,
    story::Purpose,
};

/// Waits for what kubectl needs.
#[derive(Debug)]
pub(crate) struct Preparing {
    purpose: Purpose,
    lines: Vec<Line>,
    session: Session,
    step: Step,
}

/// What is being waited for.
#[derive(Debug)]
enum Step {
    /// kubectl itself.
    Kubectl(Getting),
    /// A kubeconfig that is complete, in a file.
    Kubeconfig,
    /// The token for Azure.
    Login(Call<Login>, Azure),
    /// The kubeconfig of the cluster.
    Credential(Call<Credential>, Azure),
    /// That kubeconfig, in a file.
    ClusterFile(Azure),
    /// The same, as kubectl understands it.
    View(Batch, Azure),
    /// The token for the cluster.
    UserLogin(Call<Login>, Renewal, View),
    /// That token, in a file.
    TokenFile(Token, Renewal, View),
    /// A certificate for kubelogin, in a file.
    Certificate,
}

/// A login by Azure.
#[derive(Debug)]
struct Azure {
    connection: Box<AzureConnection>,
    cluster: Box<Cluster>,
}

/// Nothing more is waited for: all is there, or something is not to be had.
type Over = Result<(), ()>;

impl Preparing {
    pub(crate) fn start(
        purpose: Purpose,
        request: Change,
        lines: Vec<Line>,
        effects: &mut Effects,
    ) -> State {
        let mut session = Session::new(request);
        match session.request.kubectl.clone() {
            Kubectl::Published(release) => {
                let step = Step::Kubectl(Getting::start(release, &mut session, effects));
                State::Preparing(Box::new(Self { purpose, lines, session, step }))
            }
            Kubectl::At(path) => {
                session.kubectl = Some(path);
                Self::log_in(purpose, lines, session, effects)
            }
            Kubectl::OnPath => Self::log_in(purpose, lines, session, effects),
        }
    }

    fn log_in(
        purpose: Purpose,
        lines: Vec<Line>,
        mut session: Session,
        effects: &mut Effects,
    ) -> State {
        let step = match session.request.access.clone() {
            Access::Own | Access::File(_) => {
                return Release::start(purpose, session, lines, effects);
            }
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
                let call = Call::start(login, &mut session, effects);
                Step::Login(call, Azure { connection, cluster })
            }
        };
        State::Preparing(Box::new(Self { purpose, lines, session, step }))
    }

    pub(crate) fn handle(mut self: Box<Self>, event: &Event, effects: &mut Effects) -> State {
        if *event == Event::Canceled {
            finish(effects, Verdict::Canceled, report::NOTHING_CHANGED);
            return State::Finished;
        }
        if let Step::Kubectl(getting) = &mut self.step {
            return match getting.handle(event, &mut self.session, effects) {
                None => State::Preparing(self),
                Some(Ok(path)) => {
                    self.session.kubectl = Some(path);
                    Self::log_in(self.purpose, self.lines, self.session, effects)
                }
                Some(Err(error)) => {
                    effects.push(report::no_kubectl(&error));
                    give_up(effects)
                }
            };
        }
        match self.go_on(event, effects) {
            None => State::Preparing(self),
            Some(Ok(())) => Release::start(self.purpose, self.session, self.lines, effects),
            Some(Err(())) => give_up(effects),
        }
    }

    fn go_on(&mut self, event: &Event, effects: &mut Effects) -> Option<Over> {
        if let Event::NotWritten { error } = event {
            effects.push(report::file_not_written(error));
            return Some(Err(()));
        }
        let session = &mut self.session;
        match (&mut self.step, event) {
            (Step::Kubeconfig, Event::Written { path }) => {
                session.use_kubeconfig(path);
                return Some(Ok(()));
            }
            (Step::Certificate, Event::Written { path }) => {
                session.env.insert(CERTIFICATE_FILE, path.as_str().into());
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
            (Step::ClusterFile(_), Event::Written { path }) => {
                session.use_kubeconfig(path);
                return self.view(effects);
            }
            (Step::View(batch, _), event) => {
                batch.handle(event, session, effects);
                return if batch.is_over() { self.viewed(effects) } else { None };
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
                effects.push(Effect::WriteFile { path: None, content });
                self.step = Step::ClusterFile(azure);
                None
            }
            Err(error) => Some(fail(&error, effects)),
        }
    }

    fn view(&mut self, effects: &mut Effects) -> Option<Over> {
        let Step::ClusterFile(azure) = self.take() else { return None };
        let command = vec![self.session.request.target.view_config()];
        let batch = Batch::start(command, Policy::ALL, &mut self.session, effects);
        self.step = Step::View(batch, azure);
        None
    }

    fn viewed(&mut self, effects: &mut Effects) -> Option<Over> {
        let Step::View(batch, azure) = self.take() else { return None };
        if let Some((_, ending)) = batch.first_failure() {
            effects.extend(report::kubectl_failed("The kubeconfig cannot be read", ending));
            return Some(Err(()));
        }
        let Some(view) = View::read(
            batch.answer(0).unwrap_or_default(),
            self.session.request.target.context.as_deref(),
        ) else {
            let asked = self.session.request.target.context.as_deref();
            effects.push(report::no_context(&azure.cluster, asked));
            return Some(Err(()));
        };
        for secret in view.secrets() {
            mask(secret, effects);
        }
        if view.is_insecure() {
            effects.push(report::untrusted());
        }
        let identity = azure.connection.identity;
        match view.user() {
            User::Local => Some(Ok(())),
            User::Token(server) => {
                let login = Login::new(identity.clone(), server.clone());
                let call = Call::start(login, &mut self.session, effects);
                self.step = Step::UserLogin(call, Renewal::new(identity, server), view);
                None
            }
            User::Program => {
                self.session.env.extend(identity.kubelogin());
                let certificate = identity.certificate().cloned();
                let Some(content) = certificate else { return Some(Ok(())) };
                effects.push(Effect::WriteFile { path: None, content });
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
        self.session.renewal = Some(renewal);
        let content = view.with_token_file(path);
        effects.push(Effect::WriteFile { path: None, content });
        self.step = Step::Kubeconfig;
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

fn give_up(effects: &mut Effects) -> State {
    finish(effects, Verdict::Failed, report::NOTHING_CHANGED);
    State::Finished
}
