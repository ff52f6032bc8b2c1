//! A kubectl process that is waited for, and what it said.

use crate::host::{Event, ProcessId, Stream};
use crate::kubernetes::ApiError;

/// The most that is kept of what a process writes to each stream, in bytes; the rest says nothing new.
const LIMIT: usize = 64 * 1024;

/// A process whose whole answer counts.
#[derive(Debug)]
pub(crate) struct Process {
    id: ProcessId,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProcessExit {
    /// With exit code 0.
    Success,
    /// With another exit code, or by a signal.
    Failure { code: Option<i32>, stderr: String },
    /// It asked for something that nobody answers: its question.
    Asked(String),
    /// It gave no answer in time and was ended.
    NoAnswer,
    /// It was not started: the step was canceled before.
    Canceled,
    /// There is no kubectl on PATH.
    NotFound,
    /// The system would not start it.
    NotStarted(String),
}

/// Why a command did not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChangeError {
    /// The API server says no.
    Refused(ApiError),
    /// kubectl says so, and nobody else.
    Kubectl(ProcessExit),
}

/// The line that tells why, among the lines of kubectl's libraries, which come before it.
pub(crate) fn main_line(stderr: &str) -> Option<&str> {
    const BEGINNINGS: [&str; 5] =
        ["error:", "Error from server", "Error:", "Unable to connect", "The connection to"];
    let is_told = |line: &&str| BEGINNINGS.iter().any(|words| line.starts_with(words));
    let mut lines = stderr.lines().filter(|line| !is_note(line));
    lines.clone().find(is_told).or_else(|| lines.next())
}

/// Whether a line is a note of kubectl's libraries (klog): `I1128 10:13:36.189 loader.go:402] …`.
pub(crate) fn is_note(line: &str) -> bool {
    let (level, day) = (line.as_bytes().first(), line.get(1..5));
    level == Some(&b'I') && day.is_some_and(|day| day.bytes().all(|b| b.is_ascii_digit()))
}

impl Process {
    pub(crate) fn new(id: ProcessId) -> Self {
        Self { id, stdout: Vec::new(), stderr: Vec::new() }
    }

    pub(crate) fn id(&self) -> ProcessId {
        self.id
    }

    /// What it wrote to standard output.
    pub(crate) fn stdout(&self) -> &[u8] {
        &self.stdout
    }

    /// What it wrote to standard error.
    pub(crate) fn stderr(&self) -> &[u8] {
        &self.stderr
    }

    /// What stands at the end of standard output for somebody to answer: `Please enter Username:`.
    fn question(&self) -> Option<String> {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let last = stdout.lines().last()?.trim();
        last.ends_with(':').then(|| last.to_owned())
    }

    /// Takes what concerns this process; tells how it ended once it did.
    pub(crate) fn take(&mut self, event: &Event) -> Option<ProcessExit> {
        match event {
            Event::Output { process, stream, chunk } if *process == self.id => {
                let kept = match stream {
                    Stream::Stdout => &mut self.stdout,
                    Stream::Stderr => &mut self.stderr,
                };
                let room = LIMIT.saturating_sub(kept.len()).min(chunk.len());
                kept.extend_from_slice(&chunk[..room]);
                None
            }
            Event::Exited { process, code } if *process == self.id => Some(match code {
                Some(0) => ProcessExit::Success,
                _ if self.question().is_some() => {
                    ProcessExit::Asked(self.question().unwrap_or_default())
                }
                code => ProcessExit::Failure {
                    code: *code,
                    stderr: String::from_utf8_lossy(&self.stderr).trim().to_owned(),
                },
            }),
            Event::NotStarted { process, error } if *process == self.id => Some(match error {
                Some(error) => ProcessExit::NotStarted(error.clone()),
                None => ProcessExit::NotFound,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Process, ProcessExit, main_line};
    use crate::host::{Event, Stream};

    #[test]
    fn a_question_that_nobody_answers_is_told_from_a_failure() {
        for (stdout, asked) in
            [("Please enter Username: ", Some("Please enter Username:")), ("listening\n", None)]
        {
            let mut process = Process::new(1);
            let chunk = stdout.as_bytes().to_vec();
            let output = Event::Output { process: 1, stream: Stream::Stdout, chunk };
            assert_eq!(process.take(&output), None);
            let ending = process.take(&Event::Exited { process: 1, code: Some(1) });
            let question = match ending {
                Some(ProcessExit::Asked(question)) => Some(question),
                _ => None,
            };
            assert_eq!(question.as_deref(), asked);
        }
    }

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
}
