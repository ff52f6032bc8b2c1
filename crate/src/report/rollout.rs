//! The words of a rollout while it goes on.

use crate::{
    age::Age,
    plan::Planned,
    protocol::{Effect, Style},
    report::{causes, log, plain},
    rollout::{Failure, Hold, Listing, Progress},
    run::{Ending, Over, StuckPods},
    story::{Outcome, Story},
};

/// How many lines of a container's log are shown.
const SHOWN_LOG_LINES: usize = 20;

pub(crate) fn progress(title: &str, progress: Progress) -> Effect {
    plain(format!("{title}: {}", counts(progress)))
}

pub(super) fn counts(progress: Progress) -> String {
    let Progress { wanted, old, .. } = progress;
    let old = if old > 0 { format!(", {old} old left") } else { String::new() };
    format!("{}/{wanted} ready{old}", progress.ready())
}

/// A rollout is settled: says so at once where it went wrong.
pub(crate) fn settled(story: &Story, planned: &Planned, outcome: &Outcome) -> Option<Effect> {
    let trouble = trouble(story, planned, outcome)?;
    Some(log(Style::Error, format!("{}: {trouble}", story.title(planned))))
}

/// What went wrong with a rollout, in one sentence that does not name the workload.
pub(super) fn trouble(story: &Story, planned: &Planned, outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Done | Outcome::Held(_) => None,
        Outcome::Failed(failure) => Some(cause(story, planned, failure)),
        Outcome::Deleted => Some("somebody deleted it during the rollout".to_owned()),
        Outcome::SetByAnother(container, image) => {
            Some(format!("somebody else set {container} to {image} during the rollout"))
        }
        Outcome::Blocked { pod } => Some(format!(
            "the stateful set does not replace its pod {pod} of the failed rollout by itself. \
             Delete it: {}. The input deleteStuckPods has the step do so",
            story.target.within(planned.asked.as_deref()).delete_pod(pod)
        )),
    }
}

/// The cause of a failure, and where to look.
pub(super) fn cause(story: &Story, planned: &Planned, failure: &Failure) -> String {
    let target = story.target.within(planned.asked.as_deref());
    causes::sentence(&target, &planned.name, failure)
}

pub(super) fn held(hold: Hold) -> &'static str {
    match hold {
        Hold::Paused => {
            "the image is set, but the deployment is paused: its pods are replaced after kubectl \
             rollout resume"
        }
        Hold::OnDelete => {
            "the image is set; with the update strategy OnDelete a pod gets it when somebody \
             deletes the pod"
        }
        Hold::Schedule => "the image is set; the next job gets it",
        Hold::KeepsPods => {
            "the image is set; a replica set keeps the pods it has, and only new ones get it"
        }
    }
}

pub(crate) fn stuck_pod(title: &str, pod: &str, stuck_pods: StuckPods) -> Effect {
    let what = match stuck_pods {
        StuckPods::Delete => "it is deleted, so that the old image runs again",
        StuckPods::Wait | StuckPods::Name => "it stays, since deleteStuckPods is not set",
    };
    log(Style::Warning, format!("{title}: the pod {pod} of the failed rollout blocks it; {what}"))
}

/// The rollouts are not watched any longer, though they are not settled.
pub(crate) fn over(over: &Over) -> Vec<Effect> {
    match over {
        Over::Settled => Vec::new(),
        Over::TimedOut(after) => vec![log(
            Style::Error,
            format!(
                "The rollout is not done after {after}. More time can be given by the input \
                 rolloutStatusTimeout"
            ),
        )],
        Over::Blind(ending) => super::kubectl_failed("The rollout cannot be watched", ending),
    }
}

/// The agent ends the step.
pub(crate) fn canceled() -> Effect {
    log(Style::Warning, "The step is canceled")
}

pub(crate) fn watch_ended(ending: &Ending, after_ms: u32) -> Effect {
    let words = ending.words();
    log(Style::Debug, format!("A watch ended and goes on in {after_ms} ms: {words}"))
}

/// A command is tried once more.
pub(crate) fn tried_again(ending: &Ending, after_ms: u32) -> Effect {
    plain(format!("{}. Trying again in {}", ending.words(), Age(after_ms.into())))
}

/// What cannot be watched, and is done without.
pub(crate) fn not_seen(listing: Listing, ending: &Ending) -> Effect {
    let what = match listing {
        Listing::Pods => "The pods cannot be watched, so the rollout is judged without them",
        Listing::Events => "The events cannot be watched, so the rollout is judged without them",
        Listing::Workloads(_) => {
            "The replica sets cannot be watched, so new pods are told by their images"
        }
    };
    plain(format!("{what}: {}", ending.words()))
}

/// A command beside the rollout failed; the rollout goes on.
pub(crate) fn aside_failed(ending: &Ending) -> Effect {
    log(Style::Warning, format!("The command above failed: {}", ending.words()))
}

/// The last lines of the containers that failed.
pub(crate) fn container_logs(story: &Story) -> Vec<Effect> {
    let mut effects = Vec::new();
    for container_log in story.chapters.iter().filter_map(|chapter| chapter.log.as_ref()) {
        let (pod, container) = (&container_log.pod, &container_log.container);
        effects.push(plain(format!("The last lines of {container} in the pod {pod}:")));
        let lines = &container_log.lines;
        let shown = lines.iter().skip(lines.len().saturating_sub(SHOWN_LOG_LINES));
        effects.extend(shown.map(|line| plain(format!("  | {line}"))));
    }
    effects
}
