//! What went wrong with a request to the API server.

use std::fmt;

use serde::Deserialize;

use crate::host::{Code, Coded, code};

/// The longest message that is kept, in characters.
const LONGEST: usize = 2_000;

/// Why a request was not answered as it should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// The API server said no: its `metav1.Status`.
    Status {
        /// The HTTP status code.
        code: u16,
        /// In the API server's word, such as `Forbidden` or `TooManyRequests`; may be empty.
        reason: String,
        /// A sentence for people.
        message: String,
        /// After how many seconds it may be asked again, where it says so.
        retry_after: Option<u32>,
    },
    /// kubectl's proxy could not log in or reach the API server: its own words, as plain text.
    Gate(String),
    /// The connection broke: the words of the host.
    Broken(String),
    /// No answer came within so many seconds, or an answer that stood still.
    Late(u32),
    /// The answer is longer than one can be.
    TooLong,
    /// The answer is not what was asked for.
    NotUnderstood(String),
    /// kubectl's proxy has ended, and is not started again.
    Closed(String),
    /// It was not asked: the step was canceled before.
    Canceled,
}

/// The part of a `metav1.Status` that is read.
#[derive(Deserialize)]
struct Status {
    kind: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    details: Option<Details>,
    #[serde(default)]
    code: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    retry_after_seconds: Option<u32>,
}

impl ApiError {
    /// Reads an answer whose status code is no success.
    ///
    /// The API server answers with a `Status` in JSON. What kubectl's proxy itself has to say comes as
    /// `500 text/plain` (k8s.io/apimachinery, `util/proxy`), and so the two are told apart.
    #[must_use]
    pub fn of_answer(code: u16, json: bool, retry_after: Option<u32>, body: &[u8]) -> Self {
        if let Some(Status { reason, message, details, .. }) =
            Some(body).filter(|_| json).and_then(status)
        {
            let in_body = details.and_then(|details| details.retry_after_seconds);
            return Self::Status {
                code,
                reason,
                message: cut(&message),
                retry_after: retry_after.or(in_body).filter(|seconds| *seconds > 0),
            };
        }
        let words = cut(String::from_utf8_lossy(body).trim());
        if code == 500 && !json {
            return Self::Gate(words);
        }
        Self::Status { code, reason: String::new(), message: words, retry_after }
    }

    /// Reads the `Status` of an `ERROR` event of a watch.
    #[must_use]
    pub fn of_event(object: &str) -> Self {
        match status(object.as_bytes()) {
            Some(Status { code, reason, message, .. }) => {
                Self::Status { code, reason, message: cut(&message), retry_after: None }
            }
            None => Self::NotUnderstood("an ERROR event without a Status".to_owned()),
        }
    }

    /// Whether the same request may succeed a little later.
    ///
    /// A conflict is one with another writer, since no request here carries a resource version. 401
    /// is that of a credential which kubectl gets anew for the next request. What kubectl's proxy
    /// says may be a server that is starting as well as a login that never works.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Status { code, .. } => matches!(code, 401 | 408 | 409 | 429 | 500 | 502..=504),
            Self::Gate(_) | Self::Broken(_) | Self::Late(_) => true,
            Self::TooLong | Self::NotUnderstood(_) | Self::Closed(_) | Self::Canceled => false,
        }
    }

    /// Whether the API server does not know who asks.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.code() == Some(401)
    }

    /// Whether the resource version that was asked for is too old: the list has to be read again.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.code() == Some(410)
    }

    /// Whether the API server knows who asks and says no.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.code() == Some(403)
    }

    /// Whether there is no such object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { code: 404, reason, .. } if reason == "NotFound")
    }

    /// How long to wait before the request is sent again, in milliseconds, after so many tries: what
    /// the API server asks for, within reason, else twice as long each time.
    #[must_use]
    pub fn wait_ms(&self, tries: u32) -> u32 {
        const LONGEST_MS: u32 = 15_000;
        let backoff = 250 << tries.min(5);
        match self {
            Self::Status { retry_after: Some(seconds), .. } => {
                seconds.saturating_mul(1000).clamp(backoff, LONGEST_MS.max(backoff))
            }
            _ => backoff,
        }
    }

    fn code(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            _ => None,
        }
    }
}

fn status(body: &[u8]) -> Option<Status> {
    let status: Status = serde_json::from_slice(body).ok()?;
    (status.kind == "Status" && (status.code != 0 || !status.message.is_empty())).then_some(status)
}

fn cut(words: &str) -> String {
    words.chars().take(LONGEST).collect()
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { code, reason, message, .. } => {
                let name = if reason.is_empty() { "status" } else { reason };
                match message.as_str() {
                    "" => write!(f, "the API server answered {code} ({name})"),
                    message => write!(f, "{message} ({code} {name})"),
                }
            }
            Self::Gate(words) => write!(f, "kubectl cannot reach the API server: {words}"),
            Self::Broken(words) => write!(f, "the connection broke: {words}"),
            Self::Late(seconds) => write!(
                f,
                "timed out after {seconds}s. The API server may be unreachable from this agent, \
                 or kubectl is waiting for an interactive login"
            ),
            Self::TooLong => f.write_str("the answer is too long"),
            Self::NotUnderstood(words) => {
                write!(f, "unexpected answer of the API server: {words}")
            }
            Self::Closed(words) => write!(f, "kubectl proxy has ended: {words}"),
            Self::Canceled => f.write_str("the step was canceled"),
        }
    }
}

impl Coded for ApiError {
    fn code(&self) -> Code {
        match self {
            Self::Status { code: 401, .. } => code::UNAUTHORIZED,
            Self::Status { code: 403, .. } => code::FORBIDDEN,
            Self::Status { .. } => code::API_REFUSED,
            Self::Gate(_) | Self::Broken(_) => code::API_UNREACHABLE,
            Self::Late(_) => code::API_TIMED_OUT,
            Self::TooLong | Self::NotUnderstood(_) => code::API_NOT_UNDERSTOOD,
            Self::Closed(_) => code::PROXY_ENDED,
            Self::Canceled => code::CANCELED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApiError;

    const BUSY: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too many
        requests","reason":"TooManyRequests","details":{"retryAfterSeconds":3},"code":429}"#;

    #[test]
    fn the_api_servers_status_and_the_proxys_words_are_told_apart() {
        let busy = BUSY.replace('\n', " ");
        let error = ApiError::of_answer(429, true, None, busy.as_bytes());
        let ApiError::Status { code, reason, retry_after, .. } = &error else { panic!("{error}") };
        assert_eq!((*code, reason.as_str(), *retry_after), (429, "TooManyRequests", Some(3)));
        assert_eq!(error.wait_ms(0), 3000);

        let words = "getting credentials: exec: executable login failed with exit code 1\n";
        let error = ApiError::of_answer(500, false, None, words.as_bytes());
        assert_eq!(error, ApiError::Gate(words.trim().into()));
    }

    #[test]
    fn the_status_tells_what_may_pass() {
        for (code, passes) in [
            (401, true),
            (403, false),
            (404, false),
            (409, true),
            (422, false),
            (429, true),
            (503, true),
        ] {
            let error = ApiError::of_answer(code, true, None, b"{}");
            assert_eq!(error.may_pass(), passes, "{code}");
        }
        assert!(ApiError::Broken("ECONNRESET".into()).may_pass());
        assert!(!ApiError::Closed(String::new()).may_pass());
        assert!(ApiError::of_answer(410, true, None, b"{}").is_expired());
    }

    #[test]
    fn a_server_cannot_have_the_step_wait_for_ever() {
        let error = ApiError::of_answer(429, true, Some(1_000_000), b"{}");
        assert_eq!(error.wait_ms(0), 15_000);
        let error = ApiError::of_answer(503, true, None, b"<html>");
        assert_eq!(error.wait_ms(1), 500);
        assert_eq!(error.wait_ms(99), 8_000);
    }

    #[test]
    fn a_page_that_is_missing_is_no_object_that_is_missing() {
        let page = ApiError::of_answer(404, false, None, b"404 page not found");
        assert!(!page.is_not_found());
        let object = br#"{"kind":"Status","reason":"NotFound","code":404,"message":"gone"}"#;
        assert!(ApiError::of_answer(404, true, None, object).is_not_found());
    }
}
