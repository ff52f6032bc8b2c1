//! The second phase: the `kubectl set image` commands, one after another.

use crate::{
    kubectl::CommandLine,
    plan::Plan,
    protocol::{Effect, Event, Millis, Verdict},
    report,
    run::{
        State,
        process::Ending,
        session::{Effects, Question, Session, finish},
        watching::Watching,
    },
};

/// Waits for a command.
#[derive(Debug)]
pub(crate) struct Applying {
    session: Session,
    plan: Plan,
    commands: Vec<CommandLine>,
    /// How many commands succeeded; the next one runs.
    done: usize,
    question: Question,
    began: Millis,
}

impl Applying {
    pub(crate) fn start(
        mut session: Session,
        plan: Plan,
        now: Millis,
        effects: &mut Effects,
    ) -> State {
        let mut commands = plan.commands(&session.request.target);
        if session.request.dry_run {
            commands = commands.into_iter().map(CommandLine::dry_run).collect();
        }
        effects.push(report::section("Set image"));
        let question = session.ask(&commands[0], effects);
        State::Applying(Self { session, plan, commands, done: 0, question, began: now })
    }

    pub(crate) fn handle(mut self, now: Millis, event: &Event, effects: &mut Effects) -> State {
        match event {
            Event::Canceled => {
                effects.push(Effect::Kill { process: self.question.process.id() });
                self.stop(Verdict::Canceled, effects)
            }
            Event::Woken { timer } if *timer == self.question.timeout => {
                effects.push(Effect::Kill { process: self.question.process.id() });
                effects.push(report::no_answer());
                self.stop(Verdict::Failed, effects)
            }
            event => match self.question.process.take(event) {
                Some(Ending::Success) => self.next(now, effects),
                Some(ending) => {
                    effects.extend(report::answer(self.question.process.stdout()));
                    effects.extend(report::kubectl_failed("The image cannot be set", &ending));
                    self.stop(Verdict::Failed, effects)
                }
                None => State::Applying(self),
            },
        }
    }

    fn next(mut self, now: Millis, effects: &mut Effects) -> State {
        effects.extend(report::answer(self.question.process.stdout()));
        self.done += 1;
        match self.commands.get(self.done) {
            Some(command) => {
                self.question = self.session.ask(command, effects);
                State::Applying(self)
            }
            None if self.session.request.dry_run => {
                finish(
                    effects,
                    Verdict::Succeeded,
                    "The API server accepts the change; none was made",
                );
                State::Finished
            }
            None => Watching::start(self.session, self.plan, self.began.min(now), effects),
        }
    }

    fn stop(self, verdict: Verdict, effects: &mut Effects) -> State {
        if self.session.request.dry_run {
            finish(effects, verdict, report::NOTHING_CHANGED);
            return State::Finished;
        }
        effects.extend(report::half_done(&self.commands, self.done));
        effects.extend(report::way_back(
            &self.plan.undo_commands(&self.session.request.target, |_| true),
        ));
        finish(effects, verdict, "Stopped while the images were being set");
        State::Finished
    }
}
