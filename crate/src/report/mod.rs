//! All words of the log. Functions take what is known and give back effects; none decides anything.

mod access;
pub mod causes;
mod document;
mod markdown;
mod output;
mod plan;
pub mod registry;
mod result;
mod rollout;
pub(crate) mod run_report;
mod summary;
mod table;
mod tag;
mod timeline;

use std::fmt;

pub(crate) use access::{
    asked, asked_again, cluster, file_not_written, gate_closed, gate_failed, gate_restarts,
    kubeconfig_not_read, kubectl_downloaded, kubectl_used, logging_in, login_failed, no_context,
    no_kubectl, skew, token_not_renewed, token_renewed, untrusted,
};
pub(crate) use plan::{dry_run, left_alone, nothing_to_do, owners, plan};
pub(crate) use registry::{checked, origin, other_commit, overheard, platforms};
pub(crate) use result::{last_sentence, run_result};
pub(crate) use rollout::{
    canceled, container_logs, differs, heartbeat, not_recorded, not_seen, over, polls, progress,
    rewritten, settled, stuck_pod, tried_again, watch_failed, watched_by_name,
};

pub(crate) use tag::{
    backward, image_variable, images, images_file_not_written, images_file_written, tag_variables,
};

use crate::{
    host::{Age, Effect, Style},
    kubectl::{ChangeError, CommandLine, ProcessExit, main_line},
    kubernetes::ApiError,
    login::kubeconfig::Destination,
};

/// The verdict of a run that ended before its first change.
pub(crate) const NOTHING_CHANGED: &str = "Nothing was changed in the cluster";

/// How many lines of kubectl's output the log shows.
const SHOWN_LINES: usize = 100;

pub(crate) fn version() -> Effect {
    plain(concat!("Kubectl Set Image ", env!("CARGO_PKG_VERSION")))
}

pub(crate) fn section(title: &str) -> Effect {
    log(Style::Section, title)
}

pub(crate) fn command(command: &CommandLine) -> Effect {
    log(Style::Command, command.to_string())
}

/// A command that asks the same as a request which only reads, for whoever wants to repeat it.
pub(crate) fn read(command: &CommandLine) -> Effect {
    log(Style::Debug, command.to_string())
}

/// An error that has its words already.
pub(crate) fn error(error: &impl fmt::Display) -> Effect {
    log(Style::Error, error.to_string())
}

/// A warning that has its words already.
pub(crate) fn warning(warning: &impl fmt::Display) -> Effect {
    log(Style::Warning, warning.to_string())
}

/// A line that has its words already.
pub(crate) fn note(note: &impl fmt::Display) -> Effect {
    plain(note.to_string())
}

/// The output variable `commands`.
pub(crate) fn commands_variable(commands: &[CommandLine]) -> Vec<Effect> {
    let lines: Vec<String> = commands.iter().map(ToString::to_string).collect();
    output::variable("commands", lines.join("\n"))
}

/// The commands that somebody else is to run.
pub(crate) fn emitted(commands: &[CommandLine]) -> Vec<Effect> {
    commands.iter().map(command).chain(commands_variable(commands)).collect()
}

/// What kubectl wrote, line by line.
pub(crate) fn answer(stdout: &[u8]) -> Vec<Effect> {
    lines(&String::from_utf8_lossy(stdout))
}

/// What the API server warned of, as kubectl prints it.
pub(crate) fn warnings_of_api_server(stderr: &[u8]) -> Vec<Effect> {
    let stderr = String::from_utf8_lossy(stderr);
    let (warnings, rest): (Vec<&str>, Vec<&str>) =
        stderr.lines().partition(|line| line.starts_with("Warning: "));
    let warnings = warnings.into_iter().take(SHOWN_LINES).map(|line| {
        log(Style::Warning, format!("The API server warns: {}", &line["Warning: ".len()..]))
    });
    warnings.chain(lines(&rest.join("\n"))).collect()
}

/// A command failed, and had done its work all the same.
pub(crate) fn made_all_the_same() -> Effect {
    plain("The workloads have the new images all the same: only kubectl's answer was lost")
}

/// A command is run once more.
pub(crate) fn set_again(after_ms: u32) -> Effect {
    plain(format!(
        "The API server has nothing against the change. Trying again in {}",
        Age(after_ms.into())
    ))
}

/// A command did not do its work.
pub(crate) fn not_set(error: &ChangeError) -> Effect {
    log(Style::Error, format!("The image cannot be set: {}", error.words()))
}

impl ChangeError {
    /// What went wrong.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Refused(error) => error.to_string(),
            Self::Kubectl(ending) => ending.words(),
        }
    }
}

/// The workloads cannot be read, so nothing is changed.
pub(crate) fn not_read(error: &ApiError, destination: &Destination) -> Effect {
    let no_kubeconfig = destination.server.is_empty() && destination.context.is_empty();
    let advice = match error {
        ApiError::Gate(_) if no_kubeconfig => {
            ". No kubeconfig was found: give kubernetesServiceConnection, or log in by an earlier step"
        }
        _ => "",
    };
    log(Style::Error, format!("The workloads cannot be read: {error}{advice}"))
}

/// What workloads have cannot be read before they are rolled back.
pub(crate) fn not_known(error: &ApiError) -> Effect {
    log(Style::Error, format!("What the workloads run cannot be read: {error}"))
}

impl ProcessExit {
    /// What went wrong, and what to do about it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Success => "kubectl ended".to_owned(),
            Self::Failure { code, stderr } => {
                let first = main_line(stderr).unwrap_or("kubectl said nothing");
                match code {
                    Some(code) => format!("{first} (kubectl: exit code {code})"),
                    None => format!("{first} (kubectl: ended by a signal)"),
                }
            }
            Self::Asked(question) => format!(
                "kubectl asks \"{question}\", and nobody is there to answer. The context of the \
                 kubeconfig has no user, or one without a login"
            ),
            Self::NoAnswer => {
                "kubectl gave no answer in time and was ended. The API server may be unreachable from \
                 this agent, or kubectl is waiting for an interactive login"
                    .to_owned()
            }
            Self::Canceled => "it was not started: the step was canceled".to_owned(),
            Self::NotFound => "kubectl was not found on PATH. Add the step Kubectl tool installer \
                 (KubectlInstaller@0) before this one, install kubectl on the agent, or set \
                 kubectlVersion"
                .to_owned(),
            Self::NotStarted(error) => format!("kubectl could not be started: {error}"),
        }
    }
}

fn lines(text: &str) -> Vec<Effect> {
    let shown = text.lines().filter(|line| !line.trim().is_empty());
    let left = shown.clone().count().saturating_sub(SHOWN_LINES);
    let left = (left > 0).then(|| plain(format!("… {left} more lines")));
    shown.take(SHOWN_LINES).map(plain).chain(left).collect()
}

fn plain(text: impl AsRef<str>) -> Effect {
    log(Style::Plain, text)
}

fn log(style: Style, text: impl AsRef<str>) -> Effect {
    Effect::Log { style, text: text.into() }
}
