//! The state machine: one phase a file, each with what it alone needs.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Idle
//!     Idle --> Gathering: started
//!     Gathering --> Publishing: computeTag, an images file is to be written
//!     Gathering --> Preparing: the kubeconfig is a text
//!     Gathering --> Reading: the files that inputs name are read
//!     Gathering --> Over: computeTag, dryRun client, an input error, canceled
//!     Publishing --> Over: written, not written, canceled
//!     Preparing --> Reading: written
//!     Preparing --> Over: not written, canceled
//!     Reading --> Setting: the plan changes something
//!     Reading --> Watching: every image is there already
//!     Reading --> Over: an error, nothing to do, canceled
//!     Setting --> Watching: every command succeeded
//!     Setting --> Checking: one failed, canceled
//!     Setting --> Over: dryRun server
//!     Watching --> Over: every rollout is done
//!     Watching --> LookingAgain: every rollout is done, and some workloads were not watched
//!     Watching --> Explaining: one failed, the time is over
//!     Watching --> Checking: canceled
//!     Explaining --> Checking: onFailure undo
//!     Explaining --> LookingAgain: onFailure keep
//!     Checking --> PuttingBack: something is to be put back
//!     Checking --> Over: nothing is
//!     PuttingBack --> WatchingBack
//!     PuttingBack --> LookingAgain: one could not be set, canceled
//!     WatchingBack --> LookingAgain
//!     LookingAgain --> Over
//!     Over --> [*]
//! ```

mod batch;
mod gathering;
mod objects;
mod preparing;
mod process;
mod publishing;
mod release;
mod session;
mod watch;
mod watch_events;
mod watching;

pub(crate) use process::Ending;
pub(crate) use watching::{Over, StuckPods};

use std::mem;

use crate::{
    protocol::{Effect, Event, Millis, Verdict},
    report,
    run::{
        gathering::Gathering,
        preparing::Preparing,
        publishing::Publishing,
        release::Release,
        session::{Effects, finish},
    },
    variables::Variables,
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
    Gathering(Gathering),
    Publishing(Publishing),
    Preparing(Preparing),
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
        Event::Started { inputs, variables } => {
            effects.push(report::version());
            Gathering::start(inputs.clone(), Variables::new(variables.clone()), effects)
        }
        Event::Canceled => {
            finish(effects, Verdict::Canceled, "Canceled before anything was done");
            State::Finished
        }
        _ => State::Idle,
    }
}
