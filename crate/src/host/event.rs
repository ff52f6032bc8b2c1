//! What happened, as the host reports it.

use std::collections::BTreeMap;

use serde::Deserialize;

#[cfg(doc)]
use crate::host::Effect;
use crate::host::{Agent, CallId, ProcessId, Secret, TimerId, http::Answer};

/// Something that happened. The host reports every event once, in the order of happening.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Event {
    /// The step begins. The first event, and only once.
    Started {
        /// The task's inputs by their names in task.json; an empty one may be missing.
        inputs: BTreeMap<String, String>,
        /// The pipeline's public variables by their true names (`Build.BuildId`). No secrets.
        variables: BTreeMap<String, String>,
        /// What the agent hands over beside them.
        agent: Box<Agent>,
    },
    /// A process wrote something. Chunks end anywhere, in the middle of a character too.
    Output {
        /// Which process.
        process: ProcessId,
        /// Which of its two streams.
        stream: Stream,
        /// The bytes. They cross beside the event, not in it.
        #[serde(skip)]
        #[cfg_attr(test, ts(skip))]
        chunk: Vec<u8>,
    },
    /// A process ended, and all its output was reported.
    Exited {
        /// Which process.
        process: ProcessId,
        /// Its exit code; `null` when a signal ended it.
        code: Option<i32>,
    },
    /// A process could not be started at all. No `exited` follows.
    NotStarted {
        /// Which process.
        process: ProcessId,
        /// What the system said; `null` when there is no such program.
        error: Option<String>,
    },
    /// The proxy of an [`Effect::OpenGate`] takes connections.
    GateOpened {
        /// Which process.
        process: ProcessId,
    },
    /// The answer to an [`Effect::Send`] begins.
    ResponseBegan {
        /// Which request.
        call: CallId,
        /// The status code.
        status: u16,
        /// Names, in lower case, and values.
        headers: Vec<(String, String)>,
    },
    /// A part of its body came. Parts end anywhere.
    ResponseChunk {
        /// Which request.
        call: CallId,
        /// The bytes. They cross beside the event, not in it.
        #[serde(skip)]
        #[cfg_attr(test, ts(skip))]
        chunk: Vec<u8>,
    },
    /// The answer ended, or never came. The last of a request that was not aborted.
    ResponseEnded {
        /// Which request.
        call: CallId,
        /// What the system said where it broke off; `null` where all of it was reported.
        error: Option<String>,
    },
    /// A server answered an [`Effect::Fetch`].
    Answered {
        /// Which request.
        call: CallId,
        /// The answer.
        answer: Answer,
    },
    /// The answer of an [`Effect::Fetch`] did not come, or broke off.
    NotAnswered {
        /// Which request.
        call: CallId,
        /// What the system said.
        error: String,
    },
    /// The assertion of an [`Effect::Sign`] is signed.
    Signed {
        /// Which one.
        call: CallId,
        /// The signed JWT.
        assertion: Secret,
    },
    /// The assertion of an [`Effect::Sign`] cannot be signed.
    NotSigned {
        /// Which one.
        call: CallId,
        /// What the system said.
        error: String,
    },
    /// The tool of an [`Effect::FindTool`] or [`Effect::GetTool`] is there.
    ToolFound {
        /// The path of the program.
        path: String,
    },
    /// The server of an [`Effect::GetTool`] sends it on.
    ToolMoved {
        /// Where to, as the answer has it.
        location: String,
    },
    /// It is not.
    ToolNotFound {
        /// What the system said; `null` when the agent's cache has no such tool.
        error: Option<String>,
    },
    /// The time of an [`Effect::Wake`] has come.
    Woken {
        /// Which one.
        timer: TimerId,
    },
    /// The file of an [`Effect::ReadFile`] is read.
    FileRead {
        /// What it holds, as UTF-8 with replacement characters for what is none: all of it, or a
        /// little more than the limit.
        content: String,
    },
    /// The file of an [`Effect::ReadFile`] could not be read.
    FileNotRead {
        /// What the system said.
        error: String,
    },
    /// A file is written.
    Written {
        /// Its path.
        path: String,
    },
    /// A file could not be written.
    NotWritten {
        /// What the system said.
        error: String,
    },
    /// The agent wants the step to end: a few seconds are left.
    Canceled,
}

/// A stream of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
