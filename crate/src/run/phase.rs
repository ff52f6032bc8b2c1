//! What a phase is: it takes the events of the run until it hands over to the next one.

use crate::{
    host::{Effect, Event, Millis, TaskResult},
    run::session::Effects,
};

/// A phase of the run.
pub(crate) trait Phase {
    /// Takes an event that happened at `now`; gives back the phase that takes the next one.
    fn handle(self: Box<Self>, now: Millis, event: &Event, effects: &mut Effects) -> Next;
}

/// The phase that takes the next event; none once the step has ended.
pub(crate) type Next = Option<Box<dyn Phase>>;

/// Ends the step.
pub(crate) fn finish(effects: &mut Effects, result: TaskResult, message: &str) -> Next {
    effects.push(Effect::Finish { result, message: message.into() });
    None
}
