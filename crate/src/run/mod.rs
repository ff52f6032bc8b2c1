//! The state machine: one phase a file, each with what it alone needs.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Idle
//!     Idle --> Gathering: started, an input names a file
//!     Gathering --> Gathering: a file is read or not, more are named
//!     Gathering --> Publishing: as Idle
//!     Gathering --> Preparing: as Idle
//!     Gathering --> Reading: as Idle
//!     Gathering --> Finished: as Idle, canceled
//!     Idle --> Publishing: computeTag, an images file is to be written
//!     Publishing --> Finished: written, not written, canceled
//!     Idle --> Preparing: started, the kubeconfig is a text
//!     Idle --> Reading: started
//!     Preparing --> Reading: written
//!     Preparing --> Finished: not written, canceled
//!     Idle --> Finished: computeTag, dryRun client, an input error
//!     Reading --> Applying: the plan changes something
//!     Reading --> Watching: every image is there already
//!     Reading --> Finished: an error, canceled
//!     Applying --> Watching: every command succeeded
//!     Applying --> Finished: dryRun server, an error, canceled
//!     Watching --> Finished: done, failed, timed out, canceled
//!     Finished --> [*]
//! ```

mod applying;
mod gathering;
mod preparing;
mod process;
mod publishing;
mod reading;
mod session;
mod watch_events;
mod watching;

pub(crate) use process::Ending;
pub(crate) use watching::Outcome;

use std::mem;

use crate::{
    protocol::{Effect, Event, Millis, Verdict},
    report,
    run::{
        applying::Applying,
        gathering::Gathering,
        preparing::Preparing,
        publishing::Publishing,
        reading::Reading,
        session::{Effects, finish},
        watching::Watching,
    },
    variables::Variables,
};

/// One run of the step. See the crate's front page for the contract.
#[derive(Debug, Default)]
pub struct Core {
    state: State,
}

/// Where the run is.
#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Gathering(Gathering),
    Publishing(Publishing),
    Preparing(Preparing),
    Reading(Reading),
    Applying(Applying),
    Watching(Watching),
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
            State::Reading(phase) => phase.handle(now, event, &mut effects),
            State::Applying(phase) => phase.handle(now, event, &mut effects),
            State::Watching(phase) => phase.handle(now, event, &mut effects),
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
