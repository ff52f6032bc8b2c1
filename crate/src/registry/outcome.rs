//! What came of asking a registry, and its words.

use std::fmt;

use serde::Deserialize;

use crate::{
    host::{
        Code, Coded, code,
        http::{Answer, NoAnswer, Url},
    },
    image::reference::Reference,
    registry::{Registry, Stored},
};

/// What came of asking a registry for one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// The image, as it was asked for.
    pub reference: String,
    /// The registry, by its name in references.
    pub registry: String,
    /// Whether there was a login for that registry.
    pub login: bool,
    /// The host that the registry sends for tokens, where it was not shown the login.
    pub withheld: Option<String>,
    /// An answer that a later one refuted.
    pub refuted: Option<Refuted>,
    /// What was found.
    pub found: Finding,
}

/// An answer that a later one refuted: the image is there, and the registry denied it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refuted {
    /// `HEAD` is refused with this status, and `GET` gives the manifest.
    Head(u16),
    /// A moment before there was none.
    AMomentBefore,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The image is there.
    Exists(Box<Stored>),
    /// The registry names a digest for it, and does not give what has that digest.
    Unusable {
        /// The digest.
        digest: String,
        /// The status that the digest is answered with.
        status: u16,
        /// What it says to that; empty for nothing.
        said: String,
    },
    /// The registry lists the tag, and says that there is no such manifest.
    Contradicted {
        /// The tag.
        tag: String,
    },
    /// It is not there.
    Missing(NotFound),
    /// It is not there, or not for those without a login.
    Unclear,
    /// The registry does not take the login.
    LoginRefused {
        /// What it says to that; empty for nothing.
        said: String,
    },
    /// There is no login, and the registry wants one.
    LoginNeeded,
    /// The answers are not those of a registry.
    NotUnderstood(ProtocolViolation),
    /// The server can do nothing for now.
    Busy {
        /// The server.
        server: String,
        /// The status that it answers with.
        status: u16,
        /// What it says to that; empty for nothing.
        said: String,
    },
    /// There is no answer.
    Unreachable {
        /// The server that gives none.
        server: String,
        /// Why.
        why: NoAnswer,
    },
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// The tag or digest of a repository that is there.
    Tag {
        /// The tags that are nearest to it, at most five; none where they cannot be listed.
        nearest: Vec<String>,
        /// Whether the registry refuses to tell (403), and only its list of tags says it.
        hidden: bool,
    },
    /// The digest of a reference whose tag is there.
    Digest {
        /// The tag.
        tag: String,
    },
    /// The repository.
    Repository,
}

/// What is odd in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtocolViolation {
    /// The certificate is not trusted.
    Certificate {
        /// The server that has it.
        server: String,
        /// Why.
        why: NoAnswer,
    },
    /// What answers speaks no TLS, and nobody said that it does not.
    NoTls {
        /// The server.
        server: String,
    },
    /// What answers speaks TLS alone, and was said not to.
    OnlyTls {
        /// The server.
        server: String,
    },
    /// What answers is no registry.
    NoRegistry,
    /// It sends on too often, or to no URL that is followed.
    Redirect,
    /// What should be a manifest is none.
    Manifest,
    /// The answer is longer than what is read of one.
    TooLong,
    /// The digest that is named is not that of the content.
    Digest,
    /// What it asks to be shown cannot be understood.
    Challenge,
    /// The answer to the question for a token holds none.
    Token,
    /// A status that says nothing here.
    Status {
        /// The server that answered.
        server: String,
        /// The status.
        status: u16,
        /// What it says to that; empty for nothing.
        said: String,
    },
}

/// The input that says how much depends on what registries say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// What is known to be wrong is an error.
    Auto,
    /// What is not known to be right is an error.
    Required,
}

/// How bad an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// It is told.
    Told,
    /// It is warned of.
    Warning,
    /// It ends the run, before anything is changed.
    Error,
}

/// Whether an outcome ends the run, before anything is changed.
#[must_use]
pub fn fails(outcome: &CheckResult, verify: Verify) -> bool {
    outcome.weight(verify) == Weight::Error
}

impl CheckResult {
    /// What was found for a reference, with a login for its registry.
    #[must_use]
    pub fn new(reference: &Reference, found: Finding) -> Self {
        let registry = Registry::of(reference).name();
        let reference = reference.to_string();
        Self { reference, registry, login: true, withheld: None, refuted: None, found }
    }

    /// What is stored under the reference, where it is there.
    #[must_use]
    pub fn stored(&self) -> Option<&Stored> {
        match &self.found {
            Finding::Exists(stored) => Some(stored),
            _ => None,
        }
    }

    /// The digest of the image, where it is there.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.stored().map(|stored| stored.digest.as_str())
    }

    pub(crate) fn weight(&self, verify: Verify) -> Weight {
        let required = verify == Verify::Required;
        match &self.found {
            Finding::Exists(_) => Weight::Told,
            Finding::Missing(_) | Finding::LoginRefused { .. } => Weight::Error,
            _ if required => Weight::Error,
            Finding::Unusable { .. } | Finding::Contradicted { .. } => Weight::Warning,
            Finding::NotUnderstood(_) if self.login => Weight::Error,
            Finding::Unreachable { .. } | Finding::Busy { .. } if self.login => Weight::Warning,
            _ => Weight::Told,
        }
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = String::new();
        let text = &mut words;
        add(text, &[&self.reference]);
        match &self.found {
            Finding::Exists(stored) => {
                add(text, &[" is in the registry: ", &stored.digest]);
                for platform in stored.platforms.iter().flatten() {
                    add(text, &[", ", &platform.to_string()]);
                }
                for (at, platform) in stored.lost.iter().enumerate() {
                    let before = if at == 0 { "; not found for " } else { ", " };
                    add(text, &[before, &platform.to_string()]);
                }
                match self.refuted {
                    Some(Refuted::Head(404)) => {
                        add(text, &[" (its answer to HEAD was not found)"]);
                    }
                    Some(Refuted::Head(status)) => {
                        add(text, &[" (its answer to HEAD was status ", &status.to_string(), ")"]);
                    }
                    Some(Refuted::AMomentBefore) => {
                        add(text, &[" (its first answer was not found)"]);
                    }
                    None => {}
                }
            }
            Finding::Unusable { digest, status, said } => {
                let status = status.to_string();
                add(text, &[" is not available: ", &self.registry, " gives the digest ", digest]);
                add(text, &[", but answers it with status ", &status]);
                quote(said, text);
                add(
                    text,
                    &[match status.as_str() {
                        "404" => {
                            ". Push the image again, or wait until the registry has replicated it"
                        }
                        _ if self.login => {
                            ". Give the service connection of containerRegistry permission to \
                             pull from the repository"
                        }
                        _ => {
                            ". Set containerRegistry to a service connection with permission \
                             to pull from the repository"
                        }
                    }],
                );
            }
            Finding::Contradicted { tag } => add(
                text,
                &[
                    " was not checked: ",
                    &self.registry,
                    " lists the tag ",
                    tag,
                    ", but its manifest is not found. Try again later, or push the image again",
                ],
            ),
            Finding::Missing(NotFound::Repository) => {
                let repository = repository(&self.reference);
                add(
                    text,
                    &[
                        " was not found: ",
                        &self.registry,
                        " does not have the repository ",
                        repository,
                        ". Correct the name, or push the image first",
                    ],
                );
            }
            Finding::Missing(NotFound::Digest { tag }) => add(
                text,
                &[
                    " was not found: the registry has the tag ",
                    tag,
                    ", but not this digest. Correct the digest, or remove it to use the tag",
                ],
            ),
            Finding::Missing(NotFound::Tag { nearest, hidden }) => {
                add(text, &[" was not found in the registry"]);
                if *hidden {
                    add(text, &[" (status 403, and the tag is not in its list)"]);
                }
                if !nearest.is_empty() {
                    add(text, &["; the closest tags are ", &nearest.join(", ")]);
                }
                add(text, &[". Push the image first, or set an existing tag"]);
            }
            found => {
                add(text, &[" was not checked: "]);
                self.unchecked(found, text);
            }
        }
        f.write_str(text)
    }
}

impl Coded for CheckResult {
    fn code(&self) -> Code {
        match &self.found {
            Finding::Exists(_) | Finding::Missing(_) => code::NOT_IN_REGISTRY,
            Finding::Unusable { .. } | Finding::Contradicted { .. } => code::MANIFEST_UNAVAILABLE,
            Finding::LoginRefused { .. } => code::REGISTRY_REFUSED,
            Finding::LoginNeeded | Finding::Unclear => code::REGISTRY_NEEDS_CREDENTIALS,
            Finding::Busy { status: 429, .. } => code::RATE_LIMIT,
            Finding::Busy { .. } => code::REGISTRY_UNAVAILABLE,
            Finding::Unreachable { .. } => code::REGISTRY_UNREACHABLE,
            Finding::NotUnderstood(violation) => match violation {
                ProtocolViolation::Certificate { .. } => code::REGISTRY_CERTIFICATE,
                ProtocolViolation::NoTls { .. } | ProtocolViolation::OnlyTls { .. } => {
                    code::REGISTRY_WITHOUT_TLS
                }
                ProtocolViolation::Digest => code::REGISTRY_DIGEST,
                _ => code::REGISTRY_NOT_UNDERSTOOD,
            },
        }
    }
}

impl CheckResult {
    fn unchecked(&self, found: &Finding, text: &mut String) {
        let registry = self.registry.as_str();
        match found {
            Finding::Unclear => add(
                text,
                &[
                    registry,
                    ", checked anonymously, does not show it: the image does not exist, or is private",
                    if self.withheld.is_some() {
                        ""
                    } else {
                        ". Set containerRegistry to a service connection for it"
                    },
                    &self.not_shown(),
                ],
            ),
            Finding::LoginRefused { said } => {
                add(text, &[registry, " refuses the credentials"]);
                quote(said, text);
                if self.withheld.is_some() {
                    add(text, &[&self.not_shown()]);
                } else {
                    add(
                        text,
                        &[
                            ". Check in the service connection of containerRegistry whether the \
                             secret has expired, and whether it has permission to pull ",
                            repository(&self.reference),
                        ],
                    );
                }
            }
            Finding::LoginNeeded => add(
                text,
                &[
                    registry,
                    " requires authentication. Set containerRegistry to a service connection for it",
                ],
            ),
            Finding::Busy { server, status, said } => {
                add(text, &[server, " answers with status ", &status.to_string()]);
                quote(said, text);
                add(
                    text,
                    &[match (status, self.login) {
                        (429, false) => {
                            ", rate limit exceeded. Try again later, or set containerRegistry \
                             to a service connection, which has a higher limit"
                        }
                        (429, true) => ", rate limit exceeded. Try again later",
                        _ => ". Try again later",
                    }],
                );
            }
            Finding::Unreachable { server, why } => {
                add(text, &[server, " cannot be reached"]);
                quote(&why.words, text);
                add(text, &[". ", &why.advice()]);
            }
            Finding::NotUnderstood(violation) => self.violation(violation, text),
            Finding::Exists(_)
            | Finding::Missing(_)
            | Finding::Unusable { .. }
            | Finding::Contradicted { .. } => {}
        }
    }

    /// That the login was kept from a stranger.
    fn not_shown(&self) -> String {
        let Some(host) = &self.withheld else { return String::new() };
        [
            ". The credentials were not sent to its token service ",
            host,
            ", which is in another domain. Ask its administrator for one in the domain of the registry",
        ]
        .concat()
    }

    fn violation(&self, violation: &ProtocolViolation, text: &mut String) {
        let registry = self.registry.as_str();
        let (what, cure) = match violation {
            ProtocolViolation::Certificate { server, why } => {
                add(text, &["the certificate of ", server, " is not trusted"]);
                quote(&why.words, text);
                add(text, &[". ", &why.advice()]);
                return;
            }
            ProtocolViolation::NoTls { server } => {
                add(
                    text,
                    &[
                        server,
                        " does not support TLS. Set up TLS, or set containerRegistry to a service \
                         connection with http:// to check it unencrypted",
                    ],
                );
                return;
            }
            ProtocolViolation::OnlyTls { server } => {
                add(
                    text,
                    &[
                        server,
                        " requires TLS, but its service connection has http://. Use https:// in \
                         the service connection of containerRegistry",
                    ],
                );
                return;
            }
            ProtocolViolation::Status { server, status, said } => {
                add(text, &[server, " answers with status ", &status.to_string()]);
                quote(said, text);
                add(text, &[". Check the name of the image and of the registry"]);
                return;
            }
            ProtocolViolation::NoRegistry => ("did not answer as a registry", PROXY),
            ProtocolViolation::Redirect => {
                ("has a redirect loop, or redirects to a URL without https", PROXY)
            }
            ProtocolViolation::Manifest => ("returned an invalid manifest", PROXY),
            ProtocolViolation::TooLong => ("returned too long an answer", PROXY),
            ProtocolViolation::Digest => (
                "returned content with a digest mismatch",
                ". Do not deploy it. Push the image again",
            ),
            ProtocolViolation::Challenge => {
                ("requires an unsupported authentication scheme", PROXY)
            }
            ProtocolViolation::Token => ("names a token service that returns no token", PROXY),
        };
        add(text, &[registry, " ", what, cure]);
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Errors {
    errors: Vec<Message>,
    details: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message {
    message: String,
}

/// What a registry says in the body of an error, at most 200 characters; nothing where a secret is
/// in it.
pub(super) fn said(answer: &Answer, secrets: &[Option<&str>]) -> String {
    let errors: Errors = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = errors.errors.into_iter().next().map_or(errors.details, |error| error.message);
    let told = |secret: &&str| !secret.is_empty() && said.contains(*secret);
    if secrets.iter().flatten().any(told) { String::new() } else { first_words(&said) }
}

/// At most 200 characters of what somebody else says.
pub(super) fn first_words(text: &str) -> String {
    let text = text.trim();
    text.char_indices()
        .nth(200)
        .map_or_else(|| text.to_owned(), |(end, _)| [&text[..end], "…"].concat())
}

/// Whether a server says that it was spoken to by plain HTTP and speaks TLS alone, as web servers
/// and programs in Go do.
pub(super) fn wants_tls(answer: &Answer) -> bool {
    let said = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
    answer.status == 400
        && ["http request was sent to https port", "http request to an https server"]
            .iter()
            .any(|words| said.contains(words))
}

/// A status that says nothing of the image.
pub(super) fn status(url: &Url, status: u16, said: String) -> Finding {
    let server = url.authority();
    match status {
        408 | 429 | 500.. => Finding::Busy { server, status, said },
        _ => Finding::NotUnderstood(ProtocolViolation::Status { server, status, said }),
    }
}

/// Whether the answer is a page for people, as no registry gives one.
pub(super) fn is_page(answer: &Answer) -> bool {
    let kind = answer.header("content-type").unwrap_or_default().trim_start();
    kind.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
}

const PROXY: &str = ". Check the name of the registry, and any proxy on the way";

fn repository(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    name[last..].find(':').map_or(name, |colon| &name[..last + colon])
}

fn quote(said: &str, text: &mut String) {
    if !said.is_empty() {
        add(text, &[" (", said, ")"]);
    }
}

fn add(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}
