//! All words of the log. Functions take what is known and give back effects; none decides anything.

mod access;
pub mod causes;
mod document;
mod kubectl;
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
mod verdict;

use std::fmt;

pub(crate) use access::{
    asked, asked_again, cluster, file_not_written, gate_closed, gate_failed, gate_restarts,
    kubeconfig_not_read, kubectl_downloaded, kubectl_used, logging_in, login_failed, no_context,
    no_kubectl, skew, token_not_renewed, token_renewed, untrusted,
};
pub(crate) use kubectl::{
    answer, made_all_the_same, not_known, not_read, not_set, set_again, warnings_of_api_server,
};
pub(crate) use plan::{dry_run, left_alone, nothing_to_do, owners, plan, plan_section};
pub(crate) use registry::{checked, origin, other_commit, overheard, platforms};
pub(crate) use result::run_result;
pub(crate) use rollout::{
    MOST_FOLLOWED, canceled, differs, failed, failures, not_recorded, not_seen, over, overall,
    polls, progress, ready_again, rewritten, rollout_section, settled, stuck_pod, tried_again,
    watch_failed, watched_by_name,
};

pub(crate) use tag::{
    backward, image_variable, images, images_file_not_written, images_file_written, tag_variables,
};
pub(crate) use verdict::last_sentence;

use crate::{
    host::{Coded, Effect},
    kubectl::CommandLine,
    report::line::plain,
};

/// The verdict of a run that ended before its first change.
pub(crate) const NOTHING_CHANGED: &str = "Nothing was changed in the cluster";

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
