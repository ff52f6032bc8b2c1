//! A kubectl process that is waited for, and what it said.

use crate::protocol::{Event, ProcessId, Stream};

/// The most that a process may answer, in bytes; a list of many thousand workloads is far below.
const ANSWER_LIMIT: usize = 256 * 1024 * 1024;
/// The most that is kept of standard error, in bytes; the rest says nothing new.
const STDERR_LIMIT: usize = 64 * 1024;

/// A process whose whole answer counts.
#[derive(Debug)]
pub(crate) struct Process {
    id: ProcessId,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    overflowed: bool,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With exit code 0.
    Success,
    /// With another exit code, or by a signal.
    Failure { code: Option<i32>, stderr: String },
    /// It wrote more than an answer can be.
    TooMuchOutput,
    /// It gave no answer in time and was ended.
    NoAnswer,
    /// There is no kubectl on PATH.
    NotFound,
    /// The system would not start it.
    NotStarted(String),
}

impl Ending {
    /// Whether the same command may succeed a little later: the API server is busy, or it or the
    /// way to it broke down. kubectl's exit code is 1 for everything, so its words have to tell.
    pub(crate) fn may_pass(&self) -> bool {
        let Self::Failure { stderr, .. } = self else { return false };
        if NO_WAY_IN.iter().any(|words| stderr.contains(words)) {
            return false;
        }
        if let Some(reason) = reason(stderr) {
            return PASSING_REASONS.contains(&reason);
        }
        match stderr.split_once(PATCH_FAILED) {
            Some((_, words)) => !REFUSALS.iter().any(|refusal| words.contains(refusal)),
            None => LOST_CONNECTIONS.iter().any(|words| stderr.contains(words)),
        }
    }
}

/// The reasons (`metav1.StatusReason`) of refusals that pass.
const PASSING_REASONS: [&str; 8] = [
    "TooManyRequests",
    "InternalError",
    "ServiceUnavailable",
    "ServerTimeout",
    "Timeout",
    "Conflict",
    "Expired",
    "Gone",
];

/// What `kubectl set image` says before the message of the API server, whose reason it leaves out.
const PATCH_FAILED: &str = "failed to patch image update to pod template:";

/// Words of messages that say no for good.
const REFUSALS: [&str; 6] =
    ["forbidden", "is invalid", "denied", "not found", "Unauthorized", "must be logged in"];

/// What kubectl says when it reaches no API server, or loses it.
const LOST_CONNECTIONS: [&str; 9] = [
    "Error from server:",
    "Unable to connect to the server",
    "connection refused",
    "connection reset",
    "was refused - did you specify the right host",
    "EOF",
    "i/o timeout",
    "TLS handshake timeout",
    "the server is currently unable",
];

/// What kubectl says when it reaches an API server that it does not trust, or cannot log in.
const NO_WAY_IN: [&str; 3] = ["x509:", "failed to verify certificate", "getting credentials:"];

/// The line that tells why, among the lines of kubectl's libraries, which come before it.
pub(crate) fn main_line(stderr: &str) -> Option<&str> {
    const BEGINNINGS: [&str; 5] =
        ["error:", "Error from server", "Error:", "Unable to connect", "The connection to"];
    let is_told = |line: &&str| BEGINNINGS.iter().any(|words| line.starts_with(words));
    stderr.lines().find(is_told).or_else(|| stderr.lines().next())
}

/// The reason in `Error from server (REASON): message`.
fn reason(stderr: &str) -> Option<&str> {
    let (_, rest) = stderr.split_once("Error from server (")?;
    rest.split_once(')').map(|(reason, _)| reason)
}

impl Process {
    pub(crate) fn new(id: ProcessId) -> Self {
        Self { id, stdout: Vec::new(), stderr: Vec::new(), overflowed: false }
    }

    pub(crate) fn id(&self) -> ProcessId {
        self.id
    }

    /// What it wrote to standard output so far.
    pub(crate) fn stdout(&mut self) -> &mut Vec<u8> {
        &mut self.stdout
    }

    /// Takes what concerns this process; tells how it ended once it did.
    pub(crate) fn take(&mut self, event: &Event) -> Option<Ending> {
        match event {
            Event::Output { process, stream, chunk } if *process == self.id => {
                let (kept, limit) = match stream {
                    Stream::Stdout => (&mut self.stdout, ANSWER_LIMIT),
                    Stream::Stderr => (&mut self.stderr, STDERR_LIMIT),
                };
                let room = limit.saturating_sub(kept.len()).min(chunk.len());
                kept.extend_from_slice(&chunk[..room]);
                self.overflowed |= *stream == Stream::Stdout && room < chunk.len();
                None
            }
            Event::Exited { process, code } if *process == self.id => Some(match code {
                _ if self.overflowed => Ending::TooMuchOutput,
                Some(0) => Ending::Success,
                code => Ending::Failure {
                    code: *code,
                    stderr: String::from_utf8_lossy(&self.stderr).trim().to_owned(),
                },
            }),
            Event::NotStarted { process, error } if *process == self.id => Some(match error {
                Some(error) => Ending::NotStarted(error.clone()),
                None => Ending::NotFound,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, main_line};

    #[test]
    fn finds_the_line_that_tells_why() {
        for (stderr, line) in [
            (
                "E1124 memcache.go:265] \"Unhandled\"\nerror: You must be logged in\n",
                "error: You must be logged in",
            ),
            (
                "Warning: old\nError from server (NotFound): gone",
                "Error from server (NotFound): gone",
            ),
            ("something else\nand more", "something else"),
        ] {
            assert_eq!(main_line(stderr), Some(line));
        }
        assert_eq!(main_line(""), None);
    }

    #[test]
    fn knows_what_may_pass() {
        for (stderr, passes) in [
            ("Error from server (TooManyRequests): try again later", true),
            ("Error from server (InternalError): an error on the server", true),
            ("Error from server (Conflict): the object has been modified", true),
            ("Error from server: etcdserver: leader changed", true),
            ("Unable to connect to the server: EOF", true),
            (
                "The connection to the server 10.0.0.1:6443 was refused - did you specify the right \
              host or port?",
                true,
            ),
            ("Get \"https://a/api\": read tcp 127.0.0.1: connection reset by peer", true),
            ("Unable to connect to the server: getting credentials: exec: no such program", false),
            ("Unable to connect to the server: tls: failed to verify certificate: x509", false),
            ("Error from server (Forbidden): deployments is forbidden", false),
            ("Error from server (Invalid): Deployment is invalid", false),
            ("error: You must be logged in to the server (Unauthorized)", false),
            (
                "error: failed to patch image update to pod template: Operation cannot be fulfilled",
                true,
            ),
            ("error: failed to patch image update to pod template: too many requests", true),
            ("error: failed to patch image update to pod template: \"web\" is forbidden", false),
            (
                "error: failed to patch image update to pod template: webhook denied the request",
                false,
            ),
            ("error: unable to find container named \"web\"", false),
        ] {
            let ending = Ending::Failure { code: Some(1), stderr: stderr.into() };
            assert_eq!(ending.may_pass(), passes, "{stderr}");
        }
        assert!(!Ending::NoAnswer.may_pass());
        assert!(!Ending::NotFound.may_pass());
    }
}
