//! All words of the log. Functions take what is known and give back effects; none decides anything.

mod log_text;
mod rollout;
mod tag;

use std::fmt;

pub use log_text::LogText;
pub(crate) use rollout::{
    outcome, pods_not_seen, progress, timed_out, verdict, watch_ended, way_back,
};

pub(crate) use tag::{
    backward, images, images_file_not_written, images_file_written, tag_variables,
};

use crate::{
    kubectl::CommandLine,
    plan::{Plan, Planned},
    protocol::{Effect, Style},
    run::Ending,
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

/// The plan, a line a container, and a warning for what stays as it is.
pub(crate) fn plan(plan: &Plan) -> Vec<Effect> {
    plan.workloads.iter().flat_map(planned).collect()
}

fn planned(workload: &Planned) -> Vec<Effect> {
    let name = &workload.name;
    if !workload.changes() {
        let images: Vec<&str> = workload.containers.iter().map(|c| c.new.as_str()).collect();
        return vec![log(
            Style::Warning,
            format!(
                "{name} is unchanged: it has {} already. To Kubernetes nothing changes, so it pulls \
                 nothing and replaces no pod, even if the image was pushed again under this tag",
                images.join(", ")
            ),
        )];
    }
    let lines = workload.containers.iter().map(|change| {
        let container = &change.container;
        if change.changes() {
            plain(format!("{name} {container}: {} → {}", change.old, change.new))
        } else {
            plain(format!("{name} {container}: {} (unchanged)", change.old))
        }
    });
    lines.collect()
}

/// What kubectl wrote, line by line.
pub(crate) fn answer(stdout: &[u8]) -> Vec<Effect> {
    lines(&String::from_utf8_lossy(stdout))
}

/// kubectl did not do what it was asked for: its own words, and what they mean.
pub(crate) fn kubectl_failed(what: &str, ending: &Ending) -> Vec<Effect> {
    let (said, message) = match ending {
        Ending::Success => (Vec::new(), format!("{what}: kubectl ended")),
        Ending::Failure { code, stderr } => {
            let first = stderr.lines().next().unwrap_or("kubectl said nothing");
            let how = match code {
                Some(code) => format!("exit code {code}"),
                None => "ended by a signal".to_owned(),
            };
            (lines(stderr), format!("{what}: {first} (kubectl: {how})"))
        }
        Ending::TooMuchOutput => {
            (Vec::new(), format!("{what}: kubectl wrote more than an answer can be"))
        }
        Ending::NotFound => (
            Vec::new(),
            format!(
                "{what}: kubectl was not found on PATH. Add the step Kubectl tool installer \
                 (KubectlInstaller@0) before this one, or install kubectl on the agent; \
                 Microsoft-hosted agents have it"
            ),
        ),
        Ending::NotStarted(error) => {
            (Vec::new(), format!("{what}: kubectl could not be started: {error}"))
        }
    };
    said.into_iter().chain([log(Style::Error, message)]).collect()
}

/// The kubeconfig that came as text is not there for kubectl.
pub(crate) fn kubeconfig_not_written(error: &str) -> Effect {
    log(
        Style::Error,
        format!(
            "kubeconfig: its text cannot be written to a file in the agent's temporary folder: \
             {error}. Make room there, or give a path"
        ),
    )
}

/// kubectl hangs.
pub(crate) fn no_answer() -> Effect {
    log(
        Style::Error,
        "kubectl gave no answer for 2 minutes and was ended. Either the API server cannot be \
         reached from this agent, or kubectl's login waits for somebody: run the command shown \
         above on the agent to see",
    )
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

/// The commands were not all run.
pub(crate) fn half_done(commands: &[CommandLine], done: usize) -> Vec<Effect> {
    let state = |at: usize| match at {
        at if at < done => "done",
        at if at == done => "may be done in part",
        _ => "not run",
    };
    let lines = commands.iter().enumerate();
    let lines = lines.map(|(at, command)| plain(format!("{}: {command}", state(at))));
    [section("Result")].into_iter().chain(lines).collect()
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
