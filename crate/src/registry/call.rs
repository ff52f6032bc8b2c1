//! One request, until there is an answer to go by: tried again, and sent on where it is sent on.

use crate::{
    host::http::{Answer, NoAnswer, Reply, Request, Url, retry::Retries},
    registry::outcome::{Finding, ProtocolViolation, first_words},
};

/// How often an answer may send a request on.
const MOST_REDIRECTS: u8 = 3;

/// A request under way.
#[derive(Debug, Clone)]
pub(super) struct Call {
    request: Request,
    /// Where it goes.
    pub url: Url,
    /// Whether it may go there by plain HTTP, where a server on this machine speaks no TLS.
    may_be_plain: bool,
    retries: Retries,
    redirects: u8,
    /// Whether an answer sent it to another server.
    elsewhere: bool,
}

/// What is next for a call.
pub(super) enum Turn {
    /// To send this.
    Ask(Request),
    /// To wait so many milliseconds.
    Wait(u32),
    /// Nothing: this is the answer.
    Answer(Answer),
    /// Nothing: there is no answer to go by.
    Failed(Finding),
}

impl Call {
    pub(super) fn new(request: Request, url: Url, may_be_plain: bool) -> Self {
        let may_be_plain = may_be_plain && url.secure && url.is_loopback();
        Self {
            request,
            url,
            may_be_plain,
            retries: Retries::default(),
            redirects: 0,
            elsewhere: false,
        }
    }

    pub(super) fn request(&self) -> Request {
        self.request.clone()
    }

    /// The same, sent once.
    pub(super) fn once(mut self) -> Self {
        self.retries = Retries::NONE;
        self
    }

    /// Whether an answer sent it to another server.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }

    pub(super) fn is_cut(&self, answer: &Answer) -> bool {
        answer.is_cut(self.request.limit)
    }

    pub(super) fn hear(&mut self, heard: Reply) -> Turn {
        if let Reply::NoAnswer(why) = &heard {
            let server = self.url.authority();
            if why.is_of_certificate() {
                let why = shortened(why);
                return Turn::Failed(Finding::NotUnderstood(ProtocolViolation::Certificate {
                    server,
                    why,
                }));
            }
            if self.url.secure && speaks_no_tls(&why.words) {
                if !self.may_be_plain {
                    return Turn::Failed(Finding::NotUnderstood(ProtocolViolation::NoTls {
                        server,
                    }));
                }
                self.may_be_plain = false;
                self.url.secure = false;
                self.request.url = self.url.to_string();
                return Turn::Ask(self.request());
            }
        }
        if let Some(wait) = self.retries.after(&heard) {
            return Turn::Wait(wait);
        }
        match heard {
            Reply::Answer(answer) => match answer.status {
                301 | 302 | 303 | 307 | 308 => self.redirected(&answer),
                _ => Turn::Answer(answer),
            },
            Reply::Waited => Turn::Ask(self.request()),
            Reply::NoAnswer(why) => Turn::Failed(Finding::Unreachable {
                server: self.url.authority(),
                why: shortened(&why),
            }),
            Reply::Signed(_) | Reply::NotSigned(_) => Turn::Failed(Finding::Unreachable {
                server: self.url.authority(),
                why: NoAnswer::default(),
            }),
        }
    }

    fn redirected(&mut self, answer: &Answer) -> Turn {
        let target = answer.header("location").and_then(|to| self.url.sent_on(to));
        let (Some(target), true, true) =
            (target, self.redirects < MOST_REDIRECTS, self.request.method != "POST")
        else {
            return Turn::Failed(Finding::NotUnderstood(ProtocolViolation::Redirect));
        };
        self.redirects += 1;
        self.may_be_plain = false;
        // The same server by TLS is no other one.
        let upgraded = Url { secure: target.secure, ..self.url.clone() };
        if !target.same_origin(&self.url) && !target.same_origin(&upgraded) {
            self.elsewhere = true;
            self.request.headers.retain(|(name, _)| *name != "Authorization");
        }
        self.request.url = target.to_string();
        self.url = target;
        Turn::Ask(self.request())
    }
}

fn shortened(why: &NoAnswer) -> NoAnswer {
    NoAnswer { words: first_words(&why.words), way: why.way.clone() }
}

fn speaks_no_tls(words: &str) -> bool {
    let words = words.to_ascii_lowercase().replace('_', " ");
    ["eproto", "wrong version number", "packet length too long"]
        .iter()
        .any(|word| words.contains(word))
}
