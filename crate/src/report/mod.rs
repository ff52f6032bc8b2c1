//! All words of the log. Functions take what is known and give back effects; none decides anything.

mod access;
pub mod causes;
mod document;
mod log_text;
mod plan;
pub mod registry;
mod result;
mod rollout;
mod summary;
mod table;
mod tag;

use std::fmt;

pub(crate) use access::{
    asked, asked_again, file_not_written, kubectl_downloaded, kubectl_used, logging_in,
    login_failed, no_context, no_kubectl, skew, token_not_renewed, token_renewed, untrusted,
};
pub use log_text::LogText;
pub(crate) use plan::{dry_run, left_alone, nothing_to_do, plan};
pub(crate) use registry::{checked, platforms};
pub(crate) use result::{last_sentence, story};
pub(crate) use rollout::{
    aside_failed, canceled, container_logs, not_seen, over, progress, settled, stuck_pod,
    tried_again, watch_ended,
};

pub(crate) use tag::{
    backward, image_variable, images, images_file_not_written, images_file_written, tag_variables,
};

use crate::{
    kubectl::CommandLine,
    protocol::{Effect, Style},
    run::{Ending, main_line},
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

/// An error that has its words already.
pub(crate) fn error(error: &impl fmt::Display) -> Effect {
    log(Style::Error, error.to_string())
}

/// A warning that has its words already.
pub(crate) fn warning(warning: &impl fmt::Display) -> Effect {
    log(Style::Warning, warning.to_string())
}

/// The output variable `commands`.
pub(crate) fn commands_variable(commands: &[CommandLine]) -> Effect {
    let lines: Vec<String> = commands.iter().map(ToString::to_string).collect();
    Effect::SetVariable { name: "commands", value: lines.join("\n") }
}

/// The commands that somebody else is to run.
pub(crate) fn emitted(commands: &[CommandLine]) -> Vec<Effect> {
    commands.iter().map(command).chain([commands_variable(commands)]).collect()
}

/// What kubectl wrote, line by line.
pub(crate) fn answer(stdout: &[u8]) -> Vec<Effect> {
    lines(&String::from_utf8_lossy(stdout))
}

/// kubectl did not do what it was asked for: its own words, and what they mean.
pub(crate) fn kubectl_failed(what: &str, ending: &Ending) -> Vec<Effect> {
    let said = match ending {
        Ending::Failure { stderr, .. } => lines(stderr),
        _ => Vec::new(),
    };
    let message = format!("{what}: {}", ending.words());
    said.into_iter().chain([log(Style::Error, message)]).collect()
}

impl Ending {
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
            Self::TooMuchOutput => "kubectl wrote more than an answer can be".to_owned(),
            Self::NoAnswer => {
                "kubectl gave no answer in time and was ended. Either the API server cannot be \
                 reached from this agent, or kubectl's login waits for somebody: run the command \
                 shown above on the agent to see"
                    .to_owned()
            }
            Self::NotFound => "kubectl was not found on PATH. Add the step Kubectl tool installer \
                 (KubectlInstaller@0) before this one, or install kubectl on the agent; \
                 Microsoft-hosted agents have it"
                .to_owned(),
            Self::NotStarted(error) => format!("kubectl could not be started: {error}"),
        }
    }
}

/// kubectl answered something else than objects.
pub(crate) fn not_understood(error: &serde_json::Error) -> Effect {
    log(
        Style::Error,
        format!(
            "The answer of kubectl is not the JSON that was asked for ({error}). Run the command \
             shown above on the agent to see what it prints"
        ),
    )
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
