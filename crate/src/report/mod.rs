//! All words of the log. Functions take what is known and give back effects; none decides anything.

mod access;
pub mod causes;
mod document;
mod line;
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
pub(crate) use plan::{dry_run, left_alone, nothing_to_do, owners, plan, plan_section};
pub(crate) use registry::{checked, origin, other_commit, overheard, platforms};
pub(crate) use result::{last_sentence, run_result};
pub(crate) use rollout::{
    MOST_FOLLOWED, canceled, differs, failed, failures, not_recorded, not_seen, over, overall,
    polls, progress, ready_again, rewritten, rollout_section, settled, stuck_pod, tried_again,
    watch_failed, watched_by_name,
};

pub(crate) use tag::{
    backward, image_variable, images, images_file_not_written, images_file_written, tag_variables,
};

use crate::{
    host::{Age, Code, Coded, Effect, code},
    kubectl::{ChangeError, CommandLine, ProcessExit, main_line},
    kubernetes::ApiError,
    login::kubeconfig::Destination,
    report::line::plain,
};

/// The verdict of a run that ended before its first change.
pub(crate) const NOTHING_CHANGED: &str = "Nothing was changed in the cluster";

/// How many lines of kubectl's output the log shows.
const SHOWN_LINES: usize = 100;

pub(crate) fn version() -> Effect {
    plain(concat!("Kubectl Set Image ", env!("CARGO_PKG_VERSION")))
}

pub(crate) fn section(title: &str) -> Effect {
    line::section(title)
}

pub(crate) fn command(command: &CommandLine) -> Effect {
    line::command(command.to_string())
}

/// A command that asks the same as a request which only reads, for whoever wants to repeat it.
pub(crate) fn read(command: &CommandLine) -> Effect {
    line::debug(command.to_string())
}

/// An error that has its words already.
pub(crate) fn error(error: &impl Coded) -> Effect {
    line::error(error.code(), error.to_string())
}

/// A warning that has its words already.
pub(crate) fn warning(warning: &impl Coded) -> Effect {
    line::warning(warning.code(), warning.to_string())
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
        let text = format!("The API server warns: {}", &line["Warning: ".len()..]);
        line::warning(code::API_WARNING, text)
    });
    warnings.chain(lines(&rest.join("\n"))).collect()
}

/// A command failed, and had done its work all the same.
pub(crate) fn made_all_the_same() -> Effect {
    plain("The workloads have the new images: only the answer of kubectl was lost")
}

/// A command is run once more.
pub(crate) fn set_again(after_ms: u32) -> Effect {
    plain(format!("The API server accepts the change. Trying again in {}", Age(after_ms.into())))
}

/// A command did not do its work.
pub(crate) fn not_set(error: &ChangeError) -> Effect {
    line::error(error.code(), format!("The image cannot be set: {}", error.words()))
}

impl ChangeError {
    /// What went wrong.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Refused(error) => error.to_string(),
            Self::Kubectl(ending) => ending.words(),
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::Refused(_) => code::IMAGE_NOT_SET,
            Self::Kubectl(ending) => ending.code(),
        }
    }
}

/// The workloads cannot be read, so nothing is changed.
pub(crate) fn not_read(error: &ApiError, destination: &Destination) -> Effect {
    let no_kubeconfig = destination.server.is_empty() && destination.context.is_empty();
    let advice = match error {
        ApiError::Gate(_) if no_kubeconfig => {
            ". A kubeconfig was not found: set kubernetesServiceConnection, or log in to the \
             cluster in an earlier step"
        }
        _ => "",
    };
    line::error(error.code(), format!("The workloads cannot be read: {error}{advice}"))
}

/// What workloads have cannot be read before they are rolled back.
pub(crate) fn not_known(error: &ApiError) -> Effect {
    line::error(code::STATE_UNKNOWN, format!("The current images cannot be read: {error}"))
}

impl ProcessExit {
    /// What went wrong, and what to do about it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Success => "kubectl ended".to_owned(),
            Self::Failure { code, stderr } => {
                let first = main_line(stderr).unwrap_or("kubectl wrote no message");
                match code {
                    Some(code) => format!("{first} (kubectl: exit code {code})"),
                    None => format!("{first} (kubectl: ended by a signal)"),
                }
            }
            Self::Asked(question) => format!(
                "kubectl asks \"{question}\", which a pipeline cannot answer. Set a user with \
                 credentials in the context of the kubeconfig"
            ),
            Self::NoAnswer => {
                "kubectl timed out. The API server may be unreachable from this agent, or kubectl \
                 is waiting for an interactive login"
                    .to_owned()
            }
            Self::Canceled => "not started, since the step was canceled".to_owned(),
            Self::NotFound => "kubectl not found on PATH. Set kubectlVersion, add the step \
                               Kubectl tool installer (KubectlInstaller@0) before this one, or \
                               install kubectl on the agent"
                .to_owned(),
            Self::NotStarted(error) => format!("kubectl cannot be started: {error}"),
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::Success | Self::Failure { .. } => code::KUBECTL_FAILED,
            Self::Asked(_) => code::KUBECTL_ASKS,
            Self::NoAnswer => code::KUBECTL_TIMED_OUT,
            Self::Canceled => code::CANCELED,
            Self::NotFound => code::NO_KUBECTL,
            Self::NotStarted(_) => code::KUBECTL_NOT_STARTED,
        }
    }
}

fn lines(text: &str) -> Vec<Effect> {
    let shown = text.lines().filter(|line| !line.trim().is_empty());
    let left = shown.clone().count().saturating_sub(SHOWN_LINES);
    let left = (left > 0).then(|| plain(format!("… {left} more lines")));
    shown.take(SHOWN_LINES).map(plain).chain(left).collect()
}
