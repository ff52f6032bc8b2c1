//! The state machine: one phase a file, each with what it alone needs.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Idle
//!     Idle --> ReadingInputs: started
//!     ReadingInputs --> Publishing: computeTag, an images file is to be written
//!     ReadingInputs --> Preparing: kubectl or its login has to be got
//!     ReadingInputs --> Reading: the files that inputs name are read
//!     ReadingInputs --> Finished: computeTag, dryRun client, an input error, canceled
//!     Publishing --> Finished: written, not written, canceled
//!     Preparing --> Reading: kubectl can log in
//!     Preparing --> Finished: it cannot, canceled
//!     Reading --> SettingImages: the plan changes something
//!     Reading --> Watching: every image is there already
//!     Reading --> Finished: an error, nothing to do, canceled
//!     SettingImages --> ReadingStored: every command succeeded
//!     SettingImages --> ReadingBeforeRollback: one failed, canceled
//!     SettingImages --> FinalState: the same, onFailure keep
//!     SettingImages --> Finished: dryRun server
//!     ReadingStored --> Watching: what is stored is known
//!     ReadingStored --> ReadingBeforeRollback: canceled
//!     Watching --> Finished: every rollout is done
//!     Watching --> FinalState: every rollout is done, some workloads were not watched
//!     Watching --> FetchingLogs: one failed and has a log, the time is over
//!     Watching --> ReadingBeforeRollback: one failed, canceled
//!     FetchingLogs --> ReadingBeforeRollback: onFailure undo
//!     FetchingLogs --> FinalState: onFailure keep
//!     ReadingBeforeRollback --> RollingBack: something is to be put back
//!     ReadingBeforeRollback --> Finished: nothing is
//!     RollingBack --> ReadingRolledBack: a command succeeded
//!     RollingBack --> FinalState: none did, canceled
//!     ReadingRolledBack --> WatchingRollback: what is stored is known
//!     ReadingRolledBack --> FinalState: canceled
//!     WatchingRollback --> FinalState: every rollout is settled, the time is over, canceled
//!     FinalState --> Finished: what the workloads have is known, canceled again
//!     Finished --> [*]
//! ```

mod call;
mod changes;
mod gate;
mod kubectl_install;
mod logs;
mod phase;
mod preparing;
mod publishing;
mod reading_inputs;
mod registry_check;
mod release;
mod renewal;
mod requests;
mod session;
mod watch;
mod watching;

use crate::{
    host::{Effect, Event, Millis, TaskResult, variables::Variables},
    report,
    run::{
        phase::{Next, Phase, finish},
        reading_inputs::ReadingInputs,
        session::Effects,
    },
};

/// One run of the step. See the crate's front page for the contract.
pub struct Core {
    phase: Next,
}

impl Default for Core {
    fn default() -> Self {
        Self { phase: Some(Box::new(Idle)) }
    }
}

impl Core {
    /// A run that waits for [`Event::Started`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event that happened at `now`; gives back what the host has to do, in order.
    /// After [`Effect::Finish`] nothing more comes.
    pub fn handle(&mut self, now: Millis, event: &Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        let phase = self.phase.take();
        self.phase = phase.and_then(|phase| phase.handle(now, event, &mut effects));
        effects
    }
}

/// Waits for the first event.
struct Idle;

impl Phase for Idle {
    fn handle(self: Box<Self>, _: Millis, event: &Event, effects: &mut Effects) -> Next {
        match event {
            Event::Started { inputs, variables, agent } => {
                effects.push(report::version());
                let variables = Variables::new(variables.clone());
                ReadingInputs::start(inputs.clone(), variables, agent.clone(), effects)
            }
            Event::Canceled => finish(
                effects,
                TaskResult::Canceled,
                "Canceled; nothing was changed in the cluster",
            ),
            _ => Some(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    /// The phases that the sources beside this one have.
    fn phases() -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/run");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let sources = files.map(|file| fs::read_to_string(file).unwrap());
        let phase = |line: &str| {
            Some(line.strip_prefix("impl Phase for ")?.trim_end_matches(" {").to_owned())
        };
        sources.flat_map(|source| source.lines().filter_map(phase).collect::<Vec<_>>()).collect()
    }

    /// The stages of a release.
    fn stages() -> BTreeSet<String> {
        let (_, body) = include_str!("release.rs").split_once("enum Stage {").unwrap();
        let (body, _) = body.split_once("\n}").unwrap();
        let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
        let names = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
        names
            .map(|line| line.split(['(', ',', ' ']).next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn the_diagram_has_every_state_and_stands_in_the_docs() {
        let source = include_str!("mod.rs");
        let (_, diagram) = source.split_once("//! ```mermaid\n").unwrap();
        let (diagram, _) = diagram.split_once("//! ```").unwrap();
        let diagram = diagram.replace("//! ", "");
        let docs = include_str!("../../../docs/architecture.md");
        assert!(docs.contains(&diagram), "docs/architecture.md has another diagram");

        let drawn: BTreeSet<String> = diagram
            .split_whitespace()
            .map(|word| word.trim_end_matches(':').to_owned())
            .filter(|word| diagram.contains(&format!("--> {word}")))
            .collect();
        let (mut drawable, stages) = (phases(), stages());
        assert!(drawable.remove("Release") && !stages.is_empty(), "{drawable:?}, {stages:?}");
        drawable.extend(stages.into_iter().filter(|stage| stage != "Over"));
        let missing: Vec<&String> = drawable.difference(&drawn).collect();
        assert!(missing.is_empty(), "not drawn: {missing:?}");
    }
}
