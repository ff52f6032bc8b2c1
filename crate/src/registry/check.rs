//! The question whether an image is in its registry.

use serde::Deserialize;

use crate::{
    host::{
        Secret,
        http::{Answer, Dialogue, Next, Reply, Request, Url, form},
    },
    image::reference::{Reference, Tag},
    registry::{
        CheckResult, Finding, Login, NotFound, Origin, Part, ProtocolViolation, Refuted, Registry,
        Stored,
        call::{Call, Turn},
        challenge::{self, Challenge},
        is_digest,
        manifest::{self, Manifest},
        outcome::{is_page, said, status, wants_tls},
        tags::{Tags, next_page},
    },
};

/// How many pages of tags are read.
const MOST_PAGES: u8 = 10;
/// How long to wait before what is not found is asked for once more, in milliseconds.
const MOMENT_MS: u32 = 2_000;

/// Asks for the manifest of one reference, and for what is told with it: its platforms and where it
/// comes from where it is there, the tags that are nearest where it is not.
///
/// A reference with a digest is asked for by the digest, as a cluster pulls it; one without tag and
/// digest means `latest`.
///
/// No answer is believed alone: what `HEAD` names has to be there for `GET`, and a manifest that an
/// index lists has to be there too; what `HEAD` denies or refuses is asked for by `GET`, then looked
/// for in the list of tags, and asked for once more a moment later; a refusal (403) is held against
/// the list of tags, which may be shown where the manifest is not.
#[derive(Debug, Clone)]
pub struct Check {
    reference: Reference,
    registry: Registry,
    login: Login,
    phase: Phase,
    call: Call,
    /// What the registry is shown, once it wants something.
    authorization: Option<Secret>,
    /// The challenge whose token is asked for.
    challenge: Option<(Challenge, Url)>,
    /// Whether the question of this phase was asked with an answer to its challenge.
    tried: bool,
    /// Whether the login was shown to anybody.
    shown: bool,
    withheld: Option<String>,
    digest: Option<String>,
    /// What is known beside the digest.
    stored: Stored,
    refuted: Option<Refuted>,
    tags: Tags,
    /// The refusal that the list of tags is held against.
    refusal: Option<Finding>,
    /// What is found unless the second look finds more.
    pending: Option<Finding>,
    /// Whether nobody asked for the check.
    single_try: bool,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// Whether the manifest is there.
    Head,
    /// The manifest.
    Manifest,
    /// The configuration that the manifest names, by its digest.
    Config(String),
    /// The manifest of one platform, by its place in the index.
    Part(usize),
    /// The configuration that this one names.
    ConfigOfPart(String),
    /// A page of tags: how many were read before it, and its path.
    Tags(u8, String),
}

#[derive(Deserialize)]
struct Token {
    token: Option<Secret>,
    access_token: Option<Secret>,
}

impl Dialogue for Check {
    type Outcome = CheckResult;

    fn begin(&mut self) -> Next<CheckResult> {
        Next::Ask(self.call.request())
    }

    fn hear(&mut self, heard: Reply) -> Next<CheckResult> {
        match self.call.hear(heard) {
            Turn::Ask(request) => Next::Ask(request),
            Turn::Wait(wait) => Next::Wait(wait),
            Turn::Failed(found) => self.give_up(found),
            Turn::Answer(answer) => match self.challenge.take() {
                Some((challenge, realm)) => self.token(&answer, challenge, realm),
                None => self.answered(&answer),
            },
        }
    }
}

impl Check {
    /// The question for one reference, with a login that is for its registry.
    #[must_use]
    pub fn new(reference: &Reference, login: Login) -> Self {
        let registry = Registry::of(reference);
        let tag = reference.tag().map_or("latest", Tag::as_str);
        let mut check = Self {
            call: Call::new(Request::new("HEAD", String::new()), registry.url.clone(), false),
            reference: reference.clone(),
            registry,
            login,
            phase: Phase::Head,
            authorization: None,
            challenge: None,
            tried: false,
            shown: false,
            withheld: None,
            digest: None,
            stored: Stored::default(),
            refuted: None,
            tags: Tags::new(tag),
            refusal: None,
            pending: None,
            single_try: false,
        };
        check.call = check.question();
        check
    }

    /// The same, not tried again where the first question has no good answer.
    #[must_use]
    pub fn without_retries(self) -> Self {
        Self { call: self.call.once(), single_try: true, ..self }
    }

    /// The same, by plain HTTP.
    #[must_use]
    pub fn plainly(mut self) -> Self {
        self.registry = self.registry.plainly();
        self.call = self.question();
        self
    }

    /// What is known by now, where that is the digest already.
    #[must_use]
    pub fn so_far(&self) -> Option<CheckResult> {
        let found = match &self.pending {
            Some(pending) => pending.clone(),
            None => Finding::Exists(Box::new(Stored {
                digest: self.digest.clone()?,
                ..self.stored.clone()
            })),
        };
        let login = !self.login.is_anonymous();
        let (withheld, refuted) = (self.withheld.clone(), self.refuted);
        Some(CheckResult { login, withheld, refuted, ..CheckResult::new(&self.reference, found) })
    }

    /// The question of the phase.
    fn question(&self) -> Call {
        let wanted = self.digest.as_deref().or(self.reference.digest());
        let wanted = wanted.or(self.reference.tag().map(Tag::as_str)).unwrap_or("latest");
        let (method, path) = match &self.phase {
            Phase::Head => ("HEAD", self.path(&["/manifests/", wanted])),
            Phase::Manifest => ("GET", self.path(&["/manifests/", wanted])),
            Phase::Part(at) => ("GET", self.path(&["/manifests/", &self.stored.parts[*at].digest])),
            Phase::Config(digest) | Phase::ConfigOfPart(digest) => {
                ("GET", self.path(&["/blobs/", digest]))
            }
            Phase::Tags(_, path) => ("GET", path.clone()),
        };
        let url = Url { path, ..self.registry.url.clone() };
        let mut request = Request::new(method, url.to_string());
        if matches!(self.phase, Phase::Head | Phase::Manifest | Phase::Part(_)) {
            request = request.with("Accept", manifest::ACCEPT);
        }
        if let Some(authorization) = &self.authorization {
            request.headers.push(("Authorization", authorization.clone()));
        }
        Call::new(request, url, self.authorization.is_none())
    }

    fn path(&self, parts: &[&str]) -> String {
        let repository = self.reference.full_repository();
        let name = repository.split_once('/').map_or("", |(_, name)| name);
        ["/v2/", name, &parts.concat()].concat()
    }

    fn ask(&mut self) -> Next<CheckResult> {
        self.call = self.question();
        Next::Ask(self.call.request())
    }

    fn go_on(&mut self, phase: Phase) -> Next<CheckResult> {
        self.phase = phase;
        self.tried = false;
        self.ask()
    }

    fn done(&mut self, found: Finding) -> Next<CheckResult> {
        Next::Done(CheckResult {
            withheld: self.withheld.take(),
            login: !self.login.is_anonymous(),
            refuted: self.refuted,
            ..CheckResult::new(&self.reference, found)
        })
    }

    fn exists(&mut self) -> Next<CheckResult> {
        let digest = self.digest.take().unwrap_or_default();
        let stored = Stored { digest, ..std::mem::take(&mut self.stored) };
        self.done(Finding::Exists(Box::new(stored)))
    }

    /// Something is in the way. It matters only where it is not known yet whether the image is there.
    fn give_up(&mut self, found: Finding) -> Next<CheckResult> {
        if let Some(pending) = self.pending.take() {
            return self.done(pending);
        }
        match &self.phase {
            Phase::Tags(..) => self.not_listed(false),
            _ if self.digest.is_some() => self.exists(),
            Phase::Manifest if self.refuted == Some(Refuted::Head(404)) => self.ask_for_tags(),
            _ => self.done(found),
        }
    }

    /// The manifest is asked for once more, a moment later; this is found unless that finds more.
    fn look_again(&mut self, found: Finding) -> Next<CheckResult> {
        self.pending = Some(found);
        self.phase = Phase::Manifest;
        self.tried = false;
        self.call = self.question();
        Next::Wait(MOMENT_MS)
    }

    /// The manifest is not there, or not shown, and this is all that there is to know of the tags.
    fn not_listed(&mut self, whole: bool) -> Next<CheckResult> {
        let known =
            self.tags.are_shown() || (!self.login.is_anonymous() && self.withheld.is_none());
        let tags = std::mem::replace(&mut self.tags, Tags::new(""));
        let listed = tags.have_wanted();
        let proven = whole && tags.are_all_seen() && !listed && self.reference.digest().is_none();
        let tag = || self.reference.tag().map_or("latest", Tag::as_str).to_owned();
        match self.refusal.take() {
            Some(refusal) if !proven => return self.done(refusal),
            Some(_) => {
                let absence = NotFound::Tag { nearest: tags.nearest(), hidden: true };
                return self.done(Finding::Missing(absence));
            }
            None => {}
        }
        let found = match (listed, self.reference.digest()) {
            (true, Some(_)) => Finding::Missing(NotFound::Digest { tag: tag() }),
            (true, None) => Finding::Contradicted { tag: tag() },
            _ if known => {
                Finding::Missing(NotFound::Tag { nearest: tags.nearest(), hidden: false })
            }
            _ => Finding::Unclear,
        };
        self.absent(found)
    }

    /// What is not found stops a release only if it is not found once more.
    fn absent(&mut self, found: Finding) -> Next<CheckResult> {
        if self.single_try && found == Finding::Unclear {
            return self.done(found);
        }
        self.look_again(found)
    }

    fn answered(&mut self, answer: &Answer) -> Next<CheckResult> {
        let elsewhere = self.call.is_elsewhere();
        if !elsewhere {
            self.registry.url.secure = self.call.url.secure;
        }
        match answer.status {
            401 if !elsewhere && !self.tried => return self.challenged(answer),
            401 if !elsewhere => return self.refused(answer, true),
            403 if !elsewhere && self.phase != Phase::Head => return self.refused(answer, true),
            _ => {}
        }
        match self.phase.clone() {
            // A server that knows no HEAD may say so by any refusal, and so does a storage whose URL
            // is signed for GET.
            Phase::Head if is_refusal(answer.status) => {
                let is_known = !matches!(answer.status, 405 | 501);
                self.refuted = is_known.then_some(Refuted::Head(answer.status));
                self.go_on(Phase::Manifest)
            }
            Phase::Manifest if answer.status == 404 => self.not_there(answer),
            Phase::Part(at) if answer.status == 404 => self.lost(at, answer),
            Phase::Head if answer.is_success() => self.head(answer),
            Phase::Manifest if answer.is_success() => self.manifest(answer),
            Phase::Config(digest) | Phase::ConfigOfPart(digest) if answer.is_success() => {
                self.config(&digest, answer)
            }
            Phase::Part(at) if answer.is_success() => self.part(at, answer),
            Phase::Tags(pages, _) => self.listed(answer, pages),
            _ => self.unexpected(answer),
        }
    }

    /// The manifest is not found.
    fn not_there(&mut self, answer: &Answer) -> Next<CheckResult> {
        if let Some(pending) = self.pending.take() {
            return self.done(pending);
        }
        if let Some(digest) = self.digest.clone() {
            let said = self.said(answer);
            return self.look_again(Finding::Unusable { digest, status: 404, said });
        }
        self.ask_for_tags()
    }

    fn ask_for_tags(&mut self) -> Next<CheckResult> {
        self.refuted = None;
        let path = self.path(&["/tags/list?n=1000"]);
        self.go_on(Phase::Tags(0, path))
    }

    fn unexpected(&mut self, answer: &Answer) -> Next<CheckResult> {
        if !self.call.url.secure && wants_tls(answer) {
            let server = self.call.url.authority();
            return self.give_up(Finding::NotUnderstood(ProtocolViolation::OnlyTls { server }));
        }
        let said = self.said(answer);
        self.give_up(status(&self.call.url, answer.status, said))
    }

    fn head(&mut self, answer: &Answer) -> Next<CheckResult> {
        if is_page(answer) {
            return self.done(Finding::NotUnderstood(ProtocolViolation::NoRegistry));
        }
        if let Some(digest) = digest_of(answer) {
            if self.reference.digest().is_some_and(|wanted| contradict(wanted, digest)) {
                return self.done(Finding::NotUnderstood(ProtocolViolation::Digest));
            }
            self.digest = Some(self.reference.digest().unwrap_or(digest).to_owned());
            if self.registry.docker_hub {
                return self.exists();
            }
        }
        self.go_on(Phase::Manifest)
    }

    fn manifest(&mut self, answer: &Answer) -> Next<CheckResult> {
        let odd = |violation| Finding::NotUnderstood(violation);
        if self.call.is_cut(answer) {
            return self.give_up(odd(ProtocolViolation::TooLong));
        }
        let wanted = self.digest.as_deref().or(self.reference.digest());
        let named = digest_of(answer);
        if ![wanted, named].into_iter().flatten().all(|digest| agrees(digest, answer)) {
            return self.done(odd(ProtocolViolation::Digest));
        }
        let manifest = Manifest::read(&answer.body);
        if self.digest.is_none() {
            if manifest.is_none() {
                let page = is_page(answer);
                return self.done(odd(if page {
                    ProtocolViolation::NoRegistry
                } else {
                    ProtocolViolation::Manifest
                }));
            }
            let content = ["sha256:", &answer.sha256].concat();
            let digest = wanted.or(named).unwrap_or(&content);
            if !is_digest(digest) {
                return self.done(odd(ProtocolViolation::Digest));
            }
            self.digest = Some(digest.to_owned());
        }
        if self.pending.take().is_some() {
            self.refuted = Some(Refuted::AMomentBefore);
        }
        let Some(manifest) = manifest else { return self.exists() };
        self.stored.platforms = manifest.platforms();
        self.stored.lost.clear();
        self.stored.origin = manifest.origin;
        self.stored.parts = manifest.parts;
        if let Some(config) = manifest.config {
            self.stored.configs.push(config.clone());
            return self.go_on_unless_counted(Phase::Config(config));
        }
        if self.stored.parts.is_empty() || self.stored.origin.is_complete() {
            return self.exists();
        }
        self.go_on_unless_counted(Phase::Part(0))
    }

    /// Docker Hub counts what is got of it.
    fn go_on_unless_counted(&mut self, phase: Phase) -> Next<CheckResult> {
        if self.registry.docker_hub { self.exists() } else { self.go_on(phase) }
    }

    /// The manifest of the first platform, for what it says of where the image comes from.
    fn part(&mut self, at: usize, answer: &Answer) -> Next<CheckResult> {
        let right = !self.call.is_cut(answer) && agrees(&self.stored.parts[at].digest, answer);
        let manifest = right.then(|| Manifest::read(&answer.body)).flatten();
        let Some(manifest) = manifest else { return self.exists() };
        self.learn(manifest.origin);
        match manifest.config {
            Some(config) => {
                self.stored.configs.push(config.clone());
                self.go_on(Phase::ConfigOfPart(config))
            }
            None => self.exists(),
        }
    }

    /// A manifest that the index lists is not there. The next one is asked for; where there is none
    /// at all, nobody can pull the image.
    fn lost(&mut self, at: usize, answer: &Answer) -> Next<CheckResult> {
        let Part { digest, platform } = self.stored.parts[at].clone();
        if at + 1 == self.stored.parts.len() {
            let found = Finding::Unusable { digest, status: 404, said: self.said(answer) };
            return match self.refuted {
                Some(Refuted::AMomentBefore) => self.done(found),
                _ => self.look_again(found),
            };
        }
        if let (Some(lost), Some(platforms)) = (platform, &mut self.stored.platforms) {
            platforms.retain(|platform| *platform != lost);
            self.stored.lost.push(lost);
        }
        self.go_on(Phase::Part(at + 1))
    }

    fn config(&mut self, digest: &str, answer: &Answer) -> Next<CheckResult> {
        if !self.call.is_cut(answer) && agrees(digest, answer) {
            self.learn(Origin::of_config(&answer.body));
            if matches!(self.phase, Phase::Config(_)) {
                let platform = manifest::of_config(&answer.body);
                self.stored.platforms = platform.map(|platform| vec![platform]);
            }
        }
        self.exists()
    }

    fn learn(&mut self, origin: Origin) {
        let known = std::mem::take(&mut self.stored.origin);
        self.stored.origin = known.or(origin);
    }

    fn listed(&mut self, answer: &Answer, pages: u8) -> Next<CheckResult> {
        if answer.status == 404 && pages == 0 {
            if let Some(refusal) = self.refusal.take() {
                return self.done(refusal);
            }
            let known = !self.login.is_anonymous() && self.withheld.is_none();
            return match (is_page(answer), known) {
                (true, _) => self.done(Finding::NotUnderstood(ProtocolViolation::NoRegistry)),
                (false, true) => self.absent(Finding::Missing(NotFound::Repository)),
                (false, false) => self.absent(Finding::Unclear),
            };
        }
        let whole = answer.is_success() && !self.call.is_cut(answer);
        if !whole || self.tags.read(&answer.body).is_none() {
            return self.not_listed(false);
        }
        let Some(next) = answer.header("link").and_then(next_page) else {
            return self.not_listed(true);
        };
        let next = self.call.url.join(next);
        match next.filter(|url| url.same_origin(&self.registry.url) && pages + 1 < MOST_PAGES) {
            Some(url) => {
                self.phase = Phase::Tags(pages + 1, url.path);
                self.ask()
            }
            None => self.not_listed(false),
        }
    }

    fn challenged(&mut self, answer: &Answer) -> Next<CheckResult> {
        let headers = answer.headers.iter().filter(|(name, _)| name == "www-authenticate");
        let Some(challenge) = challenge::best(headers.map(|(_, value)| value.as_str())) else {
            return self.give_up(Finding::NotUnderstood(ProtocolViolation::Challenge));
        };
        if challenge.bearer {
            return match Url::parse(&challenge.realm) {
                Some(realm) => self.ask_token(challenge, realm, true),
                None => self.give_up(Finding::NotUnderstood(ProtocolViolation::Challenge)),
            };
        }
        match self.login.basic() {
            Some(basic) => {
                self.authorization = Some(basic);
                self.tried = true;
                self.shown = true;
                self.ask()
            }
            None => self.give_up(Finding::LoginNeeded),
        }
    }

    /// Asks for a token: a refresh token is posted, if that is wanted, and everything else is got.
    fn ask_token(&mut self, challenge: Challenge, realm: Url, post: bool) -> Next<CheckResult> {
        let trusted = self.registry.trusts(&realm);
        match (self.login.is_anonymous(), trusted) {
            (true, _) => {}
            (false, true) => self.shown = true,
            (false, false) => self.withheld = Some(realm.authority()),
        }
        let own = ["repository:", &self.path(&[])[4..], ":pull"].concat();
        let scope = if challenge.scope.trim().is_empty() { &own } else { &challenge.scope };
        let service = challenge.service.as_str();
        let request = match &self.login {
            Login::RefreshToken(token) if trusted && post => Request::form(
                realm.to_string(),
                &[
                    ("grant_type", "refresh_token"),
                    ("service", service),
                    ("scope", scope),
                    ("refresh_token", token.reveal()),
                ],
            ),
            login => {
                let service = Some(("service", service)).filter(|(_, service)| !service.is_empty());
                let scopes = scope.split_ascii_whitespace().map(|scope| ("scope", scope));
                let fields: Vec<_> = service.into_iter().chain(scopes).collect();
                let mut url = realm.to_string();
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str(&form(&fields));
                let mut request = Request::new("GET", url);
                if let Some(basic) = login.basic().filter(|_| trusted) {
                    request.headers.push(("Authorization", basic));
                }
                request
            }
        };
        self.call = Call::new(request, realm.clone(), false);
        self.challenge = Some((challenge, realm));
        Next::Ask(self.call.request())
    }

    fn token(&mut self, answer: &Answer, challenge: Challenge, realm: Url) -> Next<CheckResult> {
        if matches!(answer.status, 404 | 405) && self.call.request().method == "POST" {
            return self.ask_token(challenge, realm, false);
        }
        match answer.status {
            401 | 403 => return self.refused(answer, false),
            400 if self.shown && self.withheld.is_none() => return self.refused(answer, false),
            _ if !answer.is_success() => return self.unexpected(answer),
            _ if self.call.is_cut(answer) => {
                return self.give_up(Finding::NotUnderstood(ProtocolViolation::TooLong));
            }
            _ => {}
        }
        let token: Option<Token> = serde_json::from_slice(&answer.body).ok();
        let token = token.and_then(|token| token.token.or(token.access_token));
        let fits = |token: &Secret| {
            !token.reveal().is_empty() && token.reveal().bytes().all(|b| b.is_ascii_graphic())
        };
        let Some(token) = token.filter(fits) else {
            return self.give_up(Finding::NotUnderstood(ProtocolViolation::Token));
        };
        self.authorization = Some(["Bearer ", token.reveal()].concat().into());
        self.tried = true;
        self.ask()
    }

    /// The registry, or who gives its tokens, refuses to answer.
    fn refused(&mut self, answer: &Answer, by_registry: bool) -> Next<CheckResult> {
        let said = self.said(answer);
        let of_manifest = by_registry && self.phase == Phase::Manifest;
        if let (true, Some(digest)) = (of_manifest, self.digest.clone()) {
            return self.done(Finding::Unusable { digest, status: answer.status, said });
        }
        let found = if self.login.is_anonymous() {
            Finding::LoginNeeded
        } else if self.shown || self.withheld.is_some() {
            Finding::LoginRefused { said }
        } else {
            status(&self.call.url, answer.status, said)
        };
        let of_image = by_registry && matches!(self.phase, Phase::Head | Phase::Manifest);
        if answer.status == 403 && of_image && self.refusal.is_none() && self.pending.is_none() {
            self.refusal = Some(found);
            return self.ask_for_tags();
        }
        self.give_up(found)
    }

    fn said(&self, answer: &Answer) -> String {
        let shown = self.authorization.as_ref().map(Secret::reveal);
        let shown = shown.and_then(|shown| shown.split_once(' ')).map(|(_, shown)| shown);
        let login = self.login.secret().map(Secret::reveal);
        said(answer, &[shown, login])
    }
}

/// Whether a status refuses what was asked for, and not because of the moment.
fn is_refusal(status: u16) -> bool {
    matches!(status, 400..=499 | 501) && !matches!(status, 408 | 429)
}

fn digest_of(answer: &Answer) -> Option<&str> {
    answer.header("docker-content-digest").map(str::trim).filter(|digest| is_digest(digest))
}

/// Whether two digests of one algorithm differ.
fn contradict(one: &str, other: &str) -> bool {
    let algorithm =
        |digest: &str| digest.split_once(':').map(|(name, _)| name.len() + digest.len());
    algorithm(one) == algorithm(other) && one != other
}

/// Whether a digest can be that of the answer's content: only SHA-256 is known of it.
fn agrees(digest: &str, answer: &Answer) -> bool {
    digest.strip_prefix("sha256:").is_none_or(|hex| hex == answer.sha256)
}
