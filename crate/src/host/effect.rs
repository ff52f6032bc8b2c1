//! What the host has to do.

use std::collections::BTreeMap;

use serde::Serialize;

#[cfg(doc)]
use crate::host::Event;
use crate::host::{
    CallId, LogText, ProcessId, Secret, TimerId,
    http::{Assertion, Request},
};

/// Something the host has to do. It carries effects out in order and waits for none of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Effect {
    /// Write a line to the log.
    Log {
        /// How the log shows it.
        style: Style,
        /// The line; see [`LogText`] for what it cannot contain.
        text: LogText,
    },
    /// Set an output variable, which later steps read as `<step name>.<variable>`.
    SetVariable {
        /// One of the names under `outputVariables` in task.json.
        name: &'static str,
        /// Its value; it may have several lines.
        value: String,
    },
    /// Show how much of the step is done.
    SetProgress {
        /// From 0 to 100.
        percent: u8,
    },
    /// Put a Markdown page on the summary of the run.
    Summarise {
        /// The page.
        markdown: String,
    },
    /// Attach a document to the run, for tools.
    Attach {
        /// What kind of document it is; tools look for it.
        kind: &'static str,
        /// Its name.
        name: &'static str,
        /// The document.
        content: String,
    },
    /// Read a file; [`Event::FileRead`] or [`Event::FileNotRead`] tells how it went.
    ReadFile {
        /// Its path, relative to `System.DefaultWorkingDirectory`.
        path: String,
        /// The most that is wanted of it, in bytes; reading ends one byte later.
        limit: u32,
    },
    /// Write a file that stays, over one that is there, and make its folders where they are
    /// missing; [`Event::Written`] or [`Event::NotWritten`] tells how it went.
    SaveFile {
        /// Its path, relative to `System.DefaultWorkingDirectory`.
        path: String,
        /// What it holds. No secret.
        content: String,
    },
    /// Add a tag to the build that runs this step. Only in builds.
    AddBuildTag {
        /// The tag.
        tag: String,
    },
    /// Give the build that runs this step another number. Only in builds.
    UpdateBuildNumber {
        /// The number.
        number: String,
    },
    /// Have the agent mask a text in everything that the job logs from now on, and mask it in what is
    /// handed over: all of it, its lines, and the forms that base64, URLs, JSON and YAML give it.
    Mask {
        /// The text.
        secret: Secret,
    },
    /// Write a file that only the agent's user can read, into a folder that does not outlive the
    /// job; [`Event::Written`] or [`Event::NotWritten`] tells how it went. The host removes the
    /// file when the step ends.
    WriteFile {
        /// The path of such a file that is to be written anew; `null` for a new one.
        path: Option<String>,
        /// What it holds.
        content: Secret,
    },
    /// Ask a server, by the proxy of the request where it has one; [`Event::Answered`] or
    /// [`Event::NotAnswered`] tells what came of it.
    Fetch {
        /// The handle of the answer.
        call: CallId,
        /// The request.
        request: Request,
    },
    /// Sign an assertion; [`Event::Signed`] or [`Event::NotSigned`] tells how it went.
    Sign {
        /// The handle of the signed one.
        call: CallId,
        /// What to sign, and with what.
        assertion: Assertion,
    },
    /// Look for a tool in the agent's cache; [`Event::ToolFound`] or [`Event::ToolNotFound`] tells.
    FindTool {
        /// Its name.
        name: &'static str,
        /// The name of the program's file.
        file: &'static str,
        /// Its version, as semver.org has them.
        version: String,
    },
    /// Download a tool that is one file into the agent's cache; [`Event::ToolFound`],
    /// [`Event::ToolMoved`] or [`Event::ToolNotFound`] tells how it went. Redirects are answers.
    GetTool {
        /// Its name.
        name: &'static str,
        /// The name of the program's file.
        file: &'static str,
        /// Its version, as semver.org has them.
        version: String,
        /// Where it is.
        url: String,
        /// The SHA-256 that it has to have, in lower case hex.
        sha256: String,
        /// The most that it can have, in bytes.
        limit: u32,
        /// How long the download may take, in milliseconds.
        timeout_ms: u32,
        /// The proxy that it goes by, with user and password in its URL; `null` for none.
        proxy: Option<Secret>,
    },
    /// Start kubectl, without a shell and with no standard input.
    Spawn(Launch),
    /// Start `kubectl proxy`, the way to the API server: on a socket in a folder that only the agent's
    /// user can enter, or where Node opens none (Windows) on a port of this machine that takes only
    /// requests which name a random host. [`Event::GateOpened`] tells when it takes connections. What
    /// it writes and how it ends is told as of any process. The host ends it when the step ends, and
    /// adds the arguments that say where it listens.
    OpenGate(Launch),
    /// Ask the API server by the proxy that was opened last; [`Event::ResponseBegan`],
    /// [`Event::ResponseChunk`] and [`Event::ResponseEnded`] tell what came of it.
    Send {
        /// The handle of the answer.
        call: CallId,
        /// The request.
        request: ApiRequest,
    },
    /// Let go of a request; nothing more is reported of it.
    Abort {
        /// Which request.
        call: CallId,
    },
    /// End a process that may still run.
    Kill {
        /// Which process.
        process: ProcessId,
    },
    /// Report [`Event::Woken`] after a while.
    Wake {
        /// The handle to report.
        timer: TimerId,
        /// How long to wait, in milliseconds.
        after_ms: u32,
    },
    /// Tell the agent the verdict and end. The last effect.
    Finish {
        /// The step's result.
        result: TaskResult,
        /// One sentence for the result.
        message: LogText,
    },
}

/// How kubectl is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Launch {
    /// The handle for all that is said of it.
    pub process: ProcessId,
    /// The path of the program; `null` for the kubectl on PATH.
    pub program: Option<String>,
    /// The arguments after the program's name.
    pub args: Vec<String>,
    /// Variables of its environment.
    pub env: BTreeMap<&'static str, Secret>,
}

/// How the log shows a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Style {
    /// As it is.
    Plain,
    /// A heading.
    Section,
    /// A command line that is about to run.
    Command,
    /// The title of lines that can be folded, up to [`Style::EndGroup`].
    Group,
    /// The end of a group; without a text.
    #[serde(rename = "endgroup")]
    EndGroup,
    /// A warning that also counts on the summary of the run.
    Warning,
    /// An error that also counts on the summary of the run.
    Error,
    /// Only with `System.Debug`.
    Debug,
}

/// The result of the step, in the agent's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum TaskResult {
    /// All is as it was asked for.
    Succeeded,
    /// All is as it was asked for, and there is something to look at.
    SucceededWithIssues,
    /// It is not as it was asked for.
    Failed,
    /// The agent ended the step.
    Canceled,
}

/// A request to the API server, which goes through the proxy of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ApiRequest {
    /// `GET`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The path with its query, such as `/version`.
    pub path: String,
    /// The media type of the body; empty where there is none.
    pub content_type: &'static str,
    /// What is sent; empty for nothing.
    pub body: String,
    /// The arguments by which kubectl changes the same; empty where nothing is changed.
    #[serde(skip)]
    #[cfg_attr(test, ts(skip))]
    pub(crate) kubectl: Vec<String>,
}
