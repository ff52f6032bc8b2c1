//! What came of asking a registry, and its words.

use std::fmt;

use serde::Deserialize;

use crate::{
    http::{Answer, Url},
    reference::Reference,
    registry::{Platform, Registry, call::first_words},
};

/// What came of asking a registry for one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The image, as it was asked for.
    pub reference: String,
    /// The registry, by its name in references.
    pub registry: String,
    /// Whether there was a login for that registry.
    pub login: bool,
    /// The host that the registry sends for tokens, where it was not shown the login.
    pub withheld: Option<String>,
    /// What was found.
    pub found: Found,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The image is there.
    Exists {
        /// The digest of its manifest or index.
        digest: String,
        /// What it is for; `None` where that is not known.
        platforms: Option<Vec<Platform>>,
    },
    /// It is not there.
    Missing(Absence),
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
    NotUnderstood(Odd),
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
        /// Why, in the host's words.
        words: String,
    },
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// The tag or digest of a repository that is there.
    Tag {
        /// The tags that are nearest to it, at most five; none where they cannot be listed.
        nearest: Vec<String>,
    },
    /// The repository.
    Repository,
}

/// What is odd in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Odd {
    /// The certificate is not trusted.
    Certificate {
        /// The server that has it.
        server: String,
        /// Why, in the host's words.
        words: String,
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
pub fn fails(outcome: &Outcome, verify: Verify) -> bool {
    outcome.weight(verify) == Weight::Error
}

impl Outcome {
    /// What was found for a reference, with a login for its registry.
    #[must_use]
    pub fn new(reference: &Reference, found: Found) -> Self {
        let registry = Registry::of(reference).name();
        Self { reference: reference.to_string(), registry, login: true, withheld: None, found }
    }

    /// The digest of the image, where it is there.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        match &self.found {
            Found::Exists { digest, .. } => Some(digest),
            _ => None,
        }
    }

    pub(crate) fn weight(&self, verify: Verify) -> Weight {
        let required = verify == Verify::Required;
        match &self.found {
            Found::Exists { .. } => Weight::Told,
            Found::Missing(_) | Found::LoginRefused { .. } => Weight::Error,
            _ if required => Weight::Error,
            Found::NotUnderstood(_) if self.login => Weight::Error,
            Found::Unreachable { .. } | Found::Busy { .. } if self.login => Weight::Warning,
            _ => Weight::Told,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = String::new();
        let text = &mut words;
        add(text, &[&self.reference]);
        match &self.found {
            Found::Exists { digest, platforms } => {
                add(text, &[" is in the registry: ", digest]);
                for platform in platforms.iter().flatten() {
                    add(text, &[", ", &platform.to_string()]);
                }
            }
            Found::Missing(Absence::Repository) => {
                let repository = repository(&self.reference);
                add(
                    text,
                    &[
                        " is not in the registry: ",
                        &self.registry,
                        " has no repository ",
                        repository,
                        ". Correct the name, or push the image first",
                    ],
                );
            }
            Found::Missing(Absence::Tag { nearest }) => {
                add(text, &[" is not in the registry"]);
                if !nearest.is_empty() {
                    add(text, &["; the nearest tags are ", &nearest.join(", ")]);
                }
                add(text, &[". Push the image first, or set a tag that is there"]);
            }
            found => {
                add(text, &[" was not checked: "]);
                self.unchecked(found, text);
            }
        }
        f.write_str(text)
    }
}

impl Outcome {
    fn unchecked(&self, found: &Found, text: &mut String) {
        let registry = self.registry.as_str();
        match found {
            Found::Unclear => add(
                text,
                &[
                    registry,
                    " does not show it to those without a login: it is not there, or it is not \
                     public",
                    if self.withheld.is_some() {
                        ""
                    } else {
                        ". Name a service connection in containerRegistry to know"
                    },
                    &self.not_shown(),
                ],
            ),
            Found::LoginRefused { said } => {
                add(text, &[registry, " refuses the login"]);
                quote(said, text);
                if self.withheld.is_some() {
                    add(text, &[&self.not_shown()]);
                } else {
                    add(
                        text,
                        &[
                            ". Check the service connection that containerRegistry names, in \
                             Project settings: whether its secret has expired, and whether it may \
                             pull ",
                            repository(&self.reference),
                        ],
                    );
                }
            }
            Found::LoginNeeded => add(
                text,
                &[
                    registry,
                    " wants a login, as it also may for what is not there. Name a service connection \
                     for it in containerRegistry",
                ],
            ),
            Found::Busy { server, status, said } => {
                add(text, &[server, " answers with status ", &status.to_string()]);
                quote(said, text);
                add(
                    text,
                    &[match (status, self.login) {
                        (429, false) => {
                            ", which are too many requests. Try again later, or name a service \
                             connection in containerRegistry: with a login more are allowed"
                        }
                        (429, true) => ", which are too many requests. Try again later",
                        _ => ". Try again later",
                    }],
                );
            }
            Found::Unreachable { server, words } => {
                add(text, &[server, " gives no answer"]);
                quote(words, text);
                add(
                    text,
                    &[". Check its name, and whether this agent reaches it (proxy, firewall)"],
                );
            }
            Found::NotUnderstood(odd) => self.odd(odd, text),
            Found::Exists { .. } | Found::Missing(_) => {}
        }
    }

    /// That the login was kept from a stranger.
    fn not_shown(&self) -> String {
        let Some(host) = &self.withheld else { return String::new() };
        [
            ". It sends to ",
            host,
            " for tokens, which is not known to be part of it and was not shown the login. Ask its \
             administrator for a token service on a host of its own domain",
        ]
        .concat()
    }

    fn odd(&self, odd: &Odd, text: &mut String) {
        let registry = self.registry.as_str();
        let (what, cure) = match odd {
            Odd::Certificate { server, words } => {
                add(text, &["the certificate of ", server, " is not trusted"]);
                quote(words, text);
                add(
                    text,
                    &[". Configure the agent with --sslcacert, or set NODE_EXTRA_CA_CERTS on it \
                         to a file with the authority's certificate"],
                );
                return;
            }
            Odd::Status { server, status, said } => {
                add(text, &[server, " answers with status ", &status.to_string()]);
                quote(said, text);
                add(text, &[". Check the name of the image, and that this is a registry"]);
                return;
            }
            Odd::NoRegistry => ("is no registry, or something in front of it answers", PROXY),
            Odd::Redirect => ("sends on in circles, or to no https URL", PROXY),
            Odd::Manifest => ("answers with something that is no manifest", PROXY),
            Odd::TooLong => ("answers with more than a manifest or a token can be", PROXY),
            Odd::Digest => {
                ("names another digest than its content has", ". The content cannot be trusted")
            }
            Odd::Challenge => ("wants a login of a kind that is not known", PROXY),
            Odd::Token => ("sends for a token where none is given", PROXY),
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

/// A status that says nothing of the image.
pub(super) fn status(url: &Url, status: u16, said: String) -> Found {
    let server = url.authority();
    match status {
        408 | 429 | 500.. => Found::Busy { server, status, said },
        _ => Found::NotUnderstood(Odd::Status { server, status, said }),
    }
}

/// Whether the answer is a page for people, as no registry gives one.
pub(super) fn is_page(answer: &Answer) -> bool {
    let kind = answer.header("content-type").unwrap_or_default().trim_start();
    kind.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
}

const PROXY: &str = ". Check the registry's name, and any proxy on the way to it";

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
