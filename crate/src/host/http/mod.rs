//! HTTP as data: requests to hand to the host, answers that it hands back, and dialogues of both.

mod encode;
mod no_answer;
pub(crate) mod retry;
mod url;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use encode::form;
pub use encode::{base64, from_base64, percent};
pub use no_answer::{NoAnswer, Route};
pub use url::Url;
pub(crate) use url::without_user;

use crate::host::Secret;

/// A request over HTTP. Redirects are not followed: they are answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Request {
    /// `GET`, `HEAD` or `POST`.
    pub method: &'static str,
    /// The absolute URL, `https://` or `http://`. A server that sends on may put a secret behind its
    /// question mark.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'static str, Secret)>,
    /// What is sent; empty for nothing.
    pub body: Secret,
    /// The most that is wanted of the answer's body, in bytes; reading ends one byte later.
    pub limit: u32,
    /// How long the answer may take, in milliseconds.
    pub timeout_ms: u32,
    /// The proxy that it goes by, with user and password in its URL; `null` for none.
    pub proxy: Option<Secret>,
    /// Whether no proxy may come in between, whatever is set.
    #[serde(skip)]
    #[cfg_attr(test, ts(skip))]
    pub direct: bool,
}

/// What a server answered. Its headers and its body may hold secrets, and are not printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The SHA-256 of the body, in lower case hex.
    pub sha256: String,
    /// The body. It crosses beside the event, not in it.
    #[serde(skip)]
    #[cfg_attr(test, ts(skip))]
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// The bytes of an answer that is a token, a list of tags or a manifest, at most.
pub(crate) const BODY_LIMIT: u32 = 4 * 1024 * 1024;
/// How long an answer may take, in milliseconds.
pub(crate) const TIMEOUT_MS: u32 = 30_000;

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &'static str, url: String) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Secret::default(),
            limit: BODY_LIMIT,
            timeout_ms: TIMEOUT_MS,
            proxy: None,
            direct: false,
        }
    }

    /// `POST` of form fields.
    #[must_use]
    pub fn form(url: String, fields: &[(&str, &str)]) -> Self {
        let mut request = Self::new("POST", url)
            .with("Content-Type", "application/x-www-form-urlencoded")
            .with("Accept", "application/json");
        request.body = form(fields).into();
        request
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Secret>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Answer {
    /// A header's value, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the server did what it was asked for.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the body is longer than was wanted.
    #[must_use]
    pub fn is_cut(&self, limit: u32) -> bool {
        self.body.len() > limit as usize
    }
}

/// What a dialogue wants next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<T> {
    /// An answer to this request.
    Ask(Request),
    /// A signed assertion.
    Sign(Assertion),
    /// To go on after so many milliseconds.
    Wait(u32),
    /// Nothing: this came of it.
    Done(T),
}

/// What a dialogue hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The server answered.
    Answer(Answer),
    /// It did not.
    NoAnswer(NoAnswer),
    /// The assertion, signed.
    Signed(Secret),
    /// It cannot be signed; the words of the host say why.
    NotSigned(String),
    /// The time is over.
    Waited,
}

/// A talk with servers, a step at a time.
pub trait Dialogue {
    /// What comes of it.
    type Outcome;

    /// What it wants first.
    fn begin(&mut self) -> Next<Self::Outcome>;

    /// What it wants once it heard what it wanted before.
    fn hear(&mut self, heard: Reply) -> Next<Self::Outcome>;
}

/// A client assertion (RFC 7523): a JWT that the holder of a certificate signs with RS256. The host
/// adds what the core has not: the time, a random `jti` and the certificate's thumbprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Assertion {
    /// The certificate and its private key, as PEM.
    pub certificate: Secret,
    /// Whom it is for: the URL of the token endpoint.
    pub audience: String,
    /// Who says it: the client's id.
    pub issuer: String,
}
