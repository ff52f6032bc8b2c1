//! The registries, asked for the images while the workloads are read.

use std::collections::BTreeMap;

use crate::{
    host::{
        ApiRequest, Event, Secret, TimerId,
        http::{NoAnswer, Url},
    },
    image::{lines::Line, reference::Reference},
    inputs::{RegistryAccess, Verification},
    kubernetes::{List, Node, NodeInfo, read},
    login::{
        azure::{Login as EntraLogin, Token},
        connection::RegistryLogin,
    },
    registry::{
        Check, CheckResult, Finding, Login, Platform, Registry, Stored, Verify, acr::Exchange,
        fails,
    },
    report,
    run::{
        call::Call,
        requests::{Requests, RetryPolicy},
        session::{Effects, Session, mask},
    },
};

/// How many images are asked for side by side.
const AT_ONCE: usize = 6;
/// How long the registries may take in all, in milliseconds.
const PATIENCE_MS: u32 = 60_000;
/// The same where nobody asked for it: neither by a service connection nor by the input.
const UNASKED_MS: u32 = 5_000;

/// Asks for every image once.
#[derive(Debug)]
pub(crate) struct RegistryCheck {
    asked: Verification,
    verify: Verify,
    login: Login,
    /// Every image once, by its name.
    images: Vec<(String, Reference)>,
    /// The first one that was not asked for yet.
    next: usize,
    outcomes: Vec<Option<CheckResult>>,
    nodes: Vec<(Platform, usize)>,
    deadline: Option<TimerId>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// The token of Entra ID.
    Token(Call<EntraLogin>),
    /// The registry's token for it.
    Exchange(Call<Exchange>),
    /// What registries say of the images.
    Checks(Vec<(usize, Call<Check>)>),
    /// What the nodes of the cluster are.
    Nodes(Requests),
    Over,
}

impl RegistryCheck {
    /// Asks what the input wants to be asked; `None` where that is nothing.
    pub(crate) fn start(
        lines: &[Line],
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<Self> {
        let asked = session.request.verification.clone();
        let verify = asked.verify?;
        let images = lines.iter().flat_map(|line| &line.images);
        let mut images: Vec<(String, Reference)> =
            images.map(|image| (image.reference.to_string(), image.reference.clone())).collect();
        images.sort_by(|(one, _), (other, _)| one.cmp(other));
        images.dedup_by(|(one, _), (other, _)| one == other);
        let mut verifying = Self {
            verify,
            login: Login::Anonymous,
            outcomes: vec![None; images.len()],
            images,
            next: 0,
            nodes: Vec::new(),
            deadline: None,
            step: Step::Over,
            asked,
        };
        verifying.deadline = Some(session.wake(verifying.patience_ms(), effects));
        verifying.log_in(session, effects);
        Some(verifying)
    }

    fn log_in(&mut self, session: &mut Session, effects: &mut Effects) {
        let is_needed = |access: &&RegistryAccess| {
            self.images.iter().any(|(_, reference)| access.connection.is_for(reference))
        };
        if let Some(RegistryAccess { connection, azure }) =
            self.asked.login.as_ref().filter(is_needed)
        {
            if connection.is_overheard() {
                effects.push(report::overheard(&connection.host));
            }
            match (&connection.how, azure) {
                (RegistryLogin::Password { user, password }, _) => {
                    let (user, password) = (user.clone(), password.clone());
                    mask(&password, effects);
                    self.login = Login::Password { user, password };
                }
                (RegistryLogin::Entra { .. }, Some(azure)) => {
                    let login = EntraLogin::new(azure.identity.clone(), azure.resource.clone());
                    self.step = Step::Token(Call::start(login, session, effects));
                    return;
                }
                (RegistryLogin::Entra { .. }, None) => {}
            }
        }
        self.step = Step::Checks(Vec::new());
        self.check_more(session, effects);
    }

    /// Takes what concerns it.
    pub(crate) fn handle(&mut self, event: &Event, session: &mut Session, effects: &mut Effects) {
        match (&mut self.step, event) {
            (Step::Over, _) => {}
            (_, Event::Woken { timer }) if Some(*timer) == self.deadline => self.give_up(session),
            (Step::Token(call), event) => {
                let Some(outcome) = call.handle(event, session, effects) else { return };
                match outcome {
                    Ok(Token { value, .. }) => self.exchange(value, session, effects),
                    Err(error) => {
                        self.tell_all(&error.found());
                        self.step = Step::Checks(Vec::new());
                        self.check_more(session, effects);
                    }
                }
            }
            (Step::Exchange(call), event) => {
                let Some(outcome) = call.handle(event, session, effects) else { return };
                match outcome {
                    Ok(login) => {
                        if let Login::RefreshToken(token) = &login {
                            mask(token, effects);
                        }
                        self.login = login;
                    }
                    Err(found) => self.tell_all(&found),
                }
                self.step = Step::Checks(Vec::new());
                self.check_more(session, effects);
            }
            (Step::Checks(calls), event) => {
                let mut done = None;
                for (place, (at, call)) in calls.iter_mut().enumerate() {
                    if let Some(outcome) = call.handle(event, session, effects) {
                        done = Some((place, *at, outcome));
                        break;
                    }
                }
                let Some((place, at, outcome)) = done else { return };
                calls.swap_remove(place);
                self.outcomes[at] = Some(outcome);
                self.check_more(session, effects);
            }
            (Step::Nodes(requests), event) => {
                requests.handle(event, session, effects);
                if requests.is_over() {
                    self.nodes = nodes(requests.answer(0).unwrap_or_default());
                    self.step = Step::Over;
                }
            }
        }
    }

    /// Whether there is nothing more to wait for.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.step, Step::Over)
    }

    /// Tells what was found; whether the images may be set.
    pub(crate) fn tell(&self, effects: &mut Effects) -> bool {
        let outcomes = || self.outcomes.iter().flatten();
        for outcome in outcomes() {
            effects.push(report::checked(outcome, self.verify));
            effects.extend(report::origin(outcome));
        }
        for ((_, reference), outcome) in self.images.iter().zip(&self.outcomes) {
            let built = self
                .asked
                .built
                .as_ref()
                .filter(|built| reference.tag().is_some_and(|tag| tag.as_str() == built.tag));
            if let (Some(built), Some(outcome)) = (built, outcome) {
                effects.extend(report::other_commit(outcome, built));
            }
        }
        effects.extend(outcomes().filter_map(|outcome| report::platforms(outcome, &self.nodes)));
        !outcomes().any(|outcome| fails(outcome, self.verify))
    }

    /// Gives the images of the lines the digests that were found, where they are to have them.
    pub(crate) fn pin(&self, lines: &mut [Line], effects: &mut Effects) {
        if !self.asked.pin {
            return;
        }
        for image in lines.iter_mut().flat_map(|line| &mut line.images) {
            let name = image.reference.to_string();
            let at = self.images.binary_search_by(|(known, _)| known.cmp(&name));
            let outcome = at.ok().and_then(|at| self.outcomes[at].as_ref());
            let digest = outcome.and_then(CheckResult::digest);
            let pinned = digest.and_then(|digest| image.reference.with_digest(digest).ok());
            if let Some(pinned) = pinned {
                image.reference = pinned;
            }
        }
        effects.extend(report::image_variable(lines));
    }

    /// What is stored under the images that are there, by their names as they are set: with the
    /// digest where they are pinned.
    pub(crate) fn stored(&self) -> BTreeMap<String, Stored> {
        let found = self.images.iter().zip(&self.outcomes);
        let stored = found.filter_map(|((name, reference), outcome)| {
            let stored = outcome.as_ref()?.stored()?;
            let pinned = reference.with_digest(&stored.digest).ok().filter(|_| self.asked.pin);
            Some((pinned.map_or_else(|| name.clone(), |image| image.to_string()), stored.clone()))
        });
        stored.collect()
    }

    /// Whether somebody asked for it: by a service connection or by the input.
    fn is_asked(&self) -> bool {
        self.verify == Verify::Required || self.asked.login.is_some()
    }

    fn patience_ms(&self) -> u32 {
        if self.is_asked() { PATIENCE_MS } else { UNASKED_MS }
    }

    fn exchange(&mut self, token: Secret, session: &mut Session, effects: &mut Effects) {
        let Some(RegistryAccess { connection, .. }) = &self.asked.login else { return };
        let tenant = match &connection.how {
            RegistryLogin::Entra { tenant } => tenant.as_str(),
            RegistryLogin::Password { .. } => "",
        };
        mask(&token, effects);
        let exchange = Exchange::new(&connection.host, tenant, token);
        self.step = Step::Exchange(Call::start(exchange, session, effects));
    }

    /// The same was found for every image of the registry that there is a login for.
    fn tell_all(&mut self, found: &Finding) {
        for (at, (_, reference)) in self.images.iter().enumerate() {
            if self.is_with_login(reference) {
                self.outcomes[at] = Some(CheckResult::new(reference, found.clone()));
            }
        }
    }

    fn is_with_login(&self, reference: &Reference) -> bool {
        self.asked.login.as_ref().is_some_and(|login| login.connection.is_for(reference))
    }

    fn check_more(&mut self, session: &mut Session, effects: &mut Effects) {
        let Step::Checks(calls) = &mut self.step else { return };
        let mut calls = std::mem::take(calls);
        while let (Some((_, reference)), true) = (self.images.get(self.next), calls.len() < AT_ONCE)
        {
            let at = self.next;
            self.next += 1;
            if self.outcomes[at].is_some() {
                continue;
            }
            let with_login = self.is_with_login(reference);
            let login = if with_login { self.login.clone() } else { Login::Anonymous };
            let access = self.asked.login.as_ref().filter(|_| with_login);
            let check = Check::new(reference, login);
            let is_plain = access.is_some_and(|access| access.connection.plain);
            let check = if is_plain { check.plainly() } else { check };
            let check = if self.is_asked() { check } else { check.without_retries() };
            calls.push((at, Call::start(check, session, effects)));
        }
        let has_platforms = |outcome: &CheckResult| {
            outcome.stored().is_some_and(|stored| stored.platforms.is_some())
        };
        self.step = if !calls.is_empty() {
            Step::Checks(calls)
        } else if self.outcomes.iter().flatten().any(has_platforms) {
            let nodes = vec![ApiRequest::nodes()];
            Step::Nodes(Requests::start(nodes, RetryPolicy::BRIEFLY, session, effects))
        } else {
            Step::Over
        };
    }

    /// The time is over: what is not known by now stays so.
    fn give_up(&mut self, session: &Session) {
        let words = format!("timed out after {}s", self.patience_ms() / 1000);
        match std::mem::replace(&mut self.step, Step::Over) {
            Step::Checks(calls) => {
                for (at, call) in calls {
                    self.outcomes[at] = call.dialogue().so_far();
                    let late = self.late(at, call.server(), call.no_answer(&words, session));
                    self.outcomes[at].get_or_insert(late);
                }
            }
            Step::Token(call) => {
                let why = call.no_answer(&words, session);
                self.tell_all(&Finding::Unreachable { server: call.server(), why });
            }
            Step::Exchange(call) => {
                let why = call.no_answer(&words, session);
                self.tell_all(&Finding::Unreachable { server: call.server(), why });
            }
            Step::Nodes(_) | Step::Over => {}
        }
        for at in 0..self.outcomes.len() {
            if self.outcomes[at].is_none() {
                let registry = Registry::of(&self.images[at].1).name();
                let seconds = self.patience_ms() / 1000;
                let words = format!("timed out after {seconds}s");
                let url = Url::parse(&["https://", &registry].concat());
                let way = url.map(|url| session.request.network.way(&url)).unwrap_or_default();
                self.outcomes[at] = Some(self.late(at, registry, NoAnswer { words, way }));
            }
        }
    }

    fn late(&self, at: usize, server: String, why: NoAnswer) -> CheckResult {
        let reference = &self.images[at].1;
        let found = Finding::Unreachable { server, why };
        CheckResult { login: self.is_with_login(reference), ..CheckResult::new(reference, found) }
    }
}

/// The platforms of the nodes, and how many nodes are of each.
fn nodes(pages: &[Vec<u8>]) -> Vec<(Platform, usize)> {
    let mut nodes: Vec<(Platform, usize)> = Vec::new();
    let pages = pages.iter().filter_map(|page| read::<List<Node>>(page).ok());
    for node in pages.flat_map(|page| page.items) {
        let NodeInfo { operating_system, architecture } = node.status.node_info;
        if operating_system.is_empty() {
            continue;
        }
        let variant = String::new();
        let platform = Platform { os: operating_system, architecture, variant };
        match nodes.iter_mut().find(|(known, _)| *known == platform) {
            Some((_, count)) => *count += 1,
            None => nodes.push((platform, 1)),
        }
    }
    nodes
}
