//! What is published of kubectl beside the program itself: which version is the newest, and the
//! checksum of each.

use std::fmt;

use crate::host::http::{Dialogue, Next, NoAnswer, Reply, Request, Url, retry::Retries};

/// The most that such a text has, in bytes.
const LIMIT: u32 = 1024;
/// How many redirects are followed.
const MOST_REDIRECTS: u32 = 3;

/// The dialogue that gets one of these texts: a single word.
#[derive(Debug)]
pub struct Published {
    url: String,
    redirects: u32,
    retries: Retries,
}

/// Why it cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedError {
    url: String,
    kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    NoAnswer(NoAnswer),
    Status(u16),
    NoWord,
}

impl Published {
    /// Asks for the text of this URL.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self { url, redirects: 0, retries: Retries::default() }
    }

    fn fail(&self, kind: ErrorKind) -> Next<Result<String, PublishedError>> {
        Next::Done(Err(PublishedError { url: self.url.clone(), kind }))
    }
}

impl PublishedError {
    /// The error of a text that is not what was asked for.
    pub(crate) const fn odd(url: String) -> Self {
        Self { url, kind: ErrorKind::NoWord }
    }
}

impl Dialogue for Published {
    type Outcome = Result<String, PublishedError>;

    fn begin(&mut self) -> Next<Self::Outcome> {
        let mut request = Request::new("GET", self.url.clone());
        request.limit = LIMIT;
        Next::Ask(request)
    }

    fn hear(&mut self, heard: Reply) -> Next<Self::Outcome> {
        if let Some(after_ms) = self.retries.after(&heard) {
            return Next::Wait(after_ms);
        }
        let answer = match heard {
            Reply::Waited => return self.begin(),
            Reply::NoAnswer(why) => return self.fail(ErrorKind::NoAnswer(why)),
            Reply::Signed(_) | Reply::NotSigned(_) => return self.fail(ErrorKind::NoWord),
            Reply::Answer(answer) => answer,
        };
        if let (301 | 302 | 307 | 308, Some(to)) = (answer.status, answer.header("location")) {
            let there = Url::parse(&self.url).and_then(|here| here.sent_on(to));
            if let Some(there) = there.filter(|_| self.redirects < MOST_REDIRECTS) {
                self.redirects += 1;
                self.url = there.to_string();
                return self.begin();
            }
        }
        if !answer.is_success() {
            return self.fail(ErrorKind::Status(answer.status));
        }
        let text = std::str::from_utf8(&answer.body).unwrap_or_default();
        match text.split_whitespace().next() {
            Some(word) if !answer.is_cut(LIMIT) => Next::Done(Ok(word.to_owned())),
            _ => self.fail(ErrorKind::NoWord),
        }
    }
}

impl fmt::Display for PublishedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next().unwrap_or_default();
        match &self.kind {
            ErrorKind::NoAnswer(why) => {
                write!(f, "{}, or set kubectlDownloadUrl to a mirror", why.of(url))
            }
            ErrorKind::Status(404) => {
                write!(f, "{url} not found. Check that this version of kubectl exists")
            }
            ErrorKind::Status(status) => write!(f, "{url} answered with status {status}"),
            ErrorKind::NoWord => {
                write!(f, "unexpected answer of {url}. Check the proxies between this agent and it")
            }
        }
    }
}
/// Why there is no kubectl.
#[derive(Debug)]
pub(crate) enum NoKubectl {
    Published(PublishedError),
    NotDownloaded { url: String, error: String },
}
