//! A kubectl process that is waited for, and what it said.

use crate::{
    protocol::{Event, ProcessId, Stream},
    run::session::ANSWER_LIMIT,
};

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
    /// There is no kubectl on PATH.
    NotFound,
    /// The system would not start it.
    NotStarted(String),
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
