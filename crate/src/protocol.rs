//! What crosses between the core and its host: events in, effects out.
//!
//! Both are plain data. `task/src/protocol.ts` is made from the types here, so TypeScript and Rust
//! cannot drift apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    connection::Connection,
    http::{Answer, Assertion, Request},
    kubernetes::ApiRequest,
    report::LogText,
    secret::Secret,
};

/// Milliseconds since 1970-01-01T00:00:00Z, as the host's clock has them.
pub type Millis = i64;

/// The host's handle for a process it was asked to spawn. The core hands them out, never twice.
pub type ProcessId = u32;

/// The host's handle for a wait it was asked for. The core hands them out, never twice.
pub type TimerId = u32;

/// The host's handle for a request, or an assertion, that it was asked for. The core hands them out,
/// never twice.
pub type CallId = u32;

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

/// What the agent hands over beside inputs and variables.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Agent {
    /// The service connections, by the names of the inputs that name them.
    pub connections: BTreeMap<String, Connection>,
    /// The job's own connection to Azure DevOps.
    pub system: Option<Connection>,
    /// The proxy that the agent was set up with.
    pub proxy: Option<AgentProxy>,
    /// The files that kubectl reads where no kubeconfig is named: those of `KUBECONFIG`, else
    /// `~/.kube/config`.
    pub kubeconfigs: Vec<String>,
    /// The URL of the API server of the cluster whose pod the agent is, where it is one.
    pub own_cluster: Option<String>,
    /// The variables of the agent's environment that name proxies, by their names in upper or lower
    /// case: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`.
    pub environment: BTreeMap<String, Secret>,
    /// What is set so that more authorities are trusted than Node knows: `--sslcacert`,
    /// `NODE_EXTRA_CA_CERTS`.
    pub authorities: Vec<String>,
    /// The operating system, as Node names it: `linux`, `darwin`, `win32`.
    pub os: String,
    /// The processor, as Node names it: `x64`, `arm64`.
    pub arch: String,
}

/// The agent's proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AgentProxy {
    /// Its URL, such as `http://proxy.contoso.local:8080`.
    pub url: String,
    /// Who logs in to it; empty where nobody has to.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// Regular expressions of the URLs that are reached without it, or patterns with stars.
    pub bypass: Vec<String>,
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
    /// Download a tool that is one file into the agent's cache; [`Event::ToolFound`] or
    /// [`Event::ToolNotFound`] tells how it went.
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
    Spawn {
        /// The handle for all that is said of it.
        process: ProcessId,
        /// The path of the program; `null` for the kubectl on PATH.
        program: Option<String>,
        /// The arguments after the program's name.
        args: Vec<String>,
        /// Variables of its environment.
        env: BTreeMap<&'static str, Secret>,
    },
    /// Start `kubectl proxy`, the way to the API server: on a socket in a folder that only the agent's
    /// user can enter, or where Node opens none (Windows) on a port of this machine that takes only
    /// requests which name a random host. [`Event::GateOpened`] tells when it takes connections. What
    /// it writes and how it ends is told as of any process. The host ends it when the step ends.
    OpenGate {
        /// The handle for all that is said of it.
        process: ProcessId,
        /// The path of the program; `null` for the kubectl on PATH.
        program: Option<String>,
        /// The arguments, but for those that say where it listens.
        args: Vec<String>,
        /// Variables of its environment.
        env: BTreeMap<&'static str, Secret>,
    },
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
        result: Verdict,
        /// One sentence for the result.
        message: LogText,
    },
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
pub enum Verdict {
    /// All is as it was asked for.
    Succeeded,
    /// All is as it was asked for, and there is something to look at.
    SucceededWithIssues,
    /// It is not as it was asked for.
    Failed,
    /// The agent ended the step.
    Canceled,
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;
    use ts_rs::{Config, TS};

    use super::*;

    /// `UPDATE_EXPECT=1 cargo test` writes the file anew.
    #[test]
    fn typescript_sees_the_same_types() {
        let config = Config::default();
        let declarations = [
            LogText::decl(&config),
            Secret::decl(&config),
            Event::decl(&config),
            Agent::decl(&config),
            Connection::decl(&config),
            AgentProxy::decl(&config),
            Answer::decl(&config),
            Stream::decl(&config),
            Effect::decl(&config),
            Request::decl(&config),
            ApiRequest::decl(&config),
            Assertion::decl(&config),
            Style::decl(&config),
            Verdict::decl(&config),
        ];
        let mut file =
            String::from("// Made from crate/src/protocol.rs by its tests. Do not edit.\n");
        for declaration in declarations {
            file.push_str("\nexport ");
            file.push_str(&declaration);
            file.push('\n');
        }
        expect_file!["../../task/src/protocol.ts"].assert_eq(&file);
    }
}
