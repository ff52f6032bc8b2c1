//! The state machine: one phase a file, each with what it alone needs.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Idle
//!     Idle --> Gathering: started
//!     Gathering --> Publishing: computeTag, an images file is to be written
//!     Gathering --> Preparing: kubectl or its login has to be got
//!     Gathering --> Reading: the files that inputs name are read
//!     Gathering --> Finished: computeTag, dryRun client, an input error, canceled
//!     Publishing --> Finished: written, not written, canceled
//!     Preparing --> Reading: kubectl can log in
//!     Preparing --> Finished: it cannot, canceled
//!     Reading --> Setting: the plan changes something
//!     Reading --> Watching: every image is there already
//!     Reading --> Finished: an error, nothing to do, canceled
//!     Setting --> ReadingBack: every command succeeded
//!     Setting --> Checking: one failed, canceled
//!     Setting --> LookingAgain: the same, onFailure keep
//!     Setting --> Finished: dryRun server
//!     ReadingBack --> Watching: what is stored is known
//!     ReadingBack --> Checking: canceled
//!     Watching --> Finished: every rollout is done
//!     Watching --> LookingAgain: every rollout is done, some workloads were not watched
//!     Watching --> Explaining: one failed and has a log, the time is over
//!     Watching --> Checking: one failed, canceled
//!     Explaining --> Checking: onFailure undo
//!     Explaining --> LookingAgain: onFailure keep
//!     Checking --> PuttingBack: something is to be put back
//!     Checking --> Finished: nothing is
//!     PuttingBack --> ReadingOld: a command succeeded
//!     PuttingBack --> LookingAgain: none did, canceled
//!     ReadingOld --> WatchingBack: what is stored is known
//!     ReadingOld --> LookingAgain: canceled
//!     WatchingBack --> LookingAgain: every rollout is settled, the time is over, canceled
//!     LookingAgain --> Finished: what the workloads have is known, canceled again
//!     Finished --> [*]
//! ```

mod call;
mod changes;
mod gate;
mod gathering;
mod getting;
mod logs;
mod preparing;
mod publishing;
mod release;
mod renewal;
mod requests;
mod session;
mod verifying;
mod watch;
mod watching;

use std::mem;

use crate::{
    host::{Effect, Event, Millis, Verdict, variables::Variables},
    report,
    run::{
        gathering::Gathering,
        preparing::Preparing,
        publishing::Publishing,
        release::Release,
        session::{Effects, finish},
    },
};

/// One run of the step. See the crate's front page for the contract.
#[derive(Debug, Default)]
pub struct Core {
    state: State,
}

/// Where the run is; a release has stages of its own.
#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Gathering(Box<Gathering>),
    Publishing(Publishing),
    Preparing(Box<Preparing>),
    Releasing(Box<Release>),
    Finished,
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
        self.state = match mem::replace(&mut self.state, State::Finished) {
            State::Idle => start(event, &mut effects),
            State::Gathering(phase) => phase.handle(event, &mut effects),
            State::Publishing(phase) => phase.handle(event, &mut effects),
            State::Preparing(phase) => phase.handle(event, &mut effects),
            State::Releasing(release) => release.handle(now, event, &mut effects),
            State::Finished => State::Finished,
        };
        effects
    }
}

fn start(event: &Event, effects: &mut Effects) -> State {
    match event {
        Event::Started { inputs, variables, agent } => {
            effects.push(report::version());
            let variables = Variables::new(variables.clone());
            Gathering::start(inputs.clone(), variables, agent.clone(), effects)
        }
        Event::Canceled => {
            finish(effects, Verdict::Canceled, "Canceled before anything was done");
            State::Finished
        }
        _ => State::Idle,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The names after `enum NAME {` in a source, at its first level.
    fn variants(source: &str, name: &str) -> BTreeSet<String> {
        let (_, body) = source.split_once(&format!("enum {name} {{")).unwrap();
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
        let mut states = variants(source, "State");
        states.extend(variants(include_str!("release.rs"), "Stage"));
        for holder in ["Releasing", "Over"] {
            assert!(states.remove(holder), "{holder} stands for states that are drawn");
        }
        let missing: Vec<&String> = states.difference(&drawn).collect();
        assert!(missing.is_empty(), "not drawn: {missing:?}");
    }
}
