//! The first phase: one look at the workloads, and the plan that comes of it.

use serde::Deserialize;

use crate::{
    images::Line,
    plan::{Plan, kinds_to_list},
    protocol::{Effect, Event, Millis, Verdict},
    report,
    run::{
        State,
        applying::Applying,
        process::Ending,
        session::{Effects, Question, Session, finish},
        watching::Watching,
    },
    workload::{Workload, WorkloadName},
};

/// Waits for the workloads.
#[derive(Debug)]
pub(crate) struct Reading {
    session: Session,
    lines: Vec<Line>,
    question: Question,
}

/// What `kubectl get --output=json` writes: one object, or a list of several.
#[derive(Deserialize)]
struct Kind {
    kind: String,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Workload>,
}

impl Reading {
    pub(crate) fn start(mut session: Session, lines: Vec<Line>, effects: &mut Effects) -> State {
        let target = &session.request.target;
        let command = if lines.iter().any(|line| line.workloads.is_empty()) {
            target.list(&kinds_to_list(&lines))
        } else {
            target.get(&names(&lines))
        };
        effects.push(report::section("Plan"));
        let question = session.ask(&command, effects);
        State::Reading(Self { session, lines, question })
    }

    pub(crate) fn handle(mut self, now: Millis, event: &Event, effects: &mut Effects) -> State {
        match event {
            Event::Canceled => {
                effects.push(Effect::Kill { process: self.question.process.id() });
                finish(effects, Verdict::Canceled, report::NOTHING_CHANGED);
                State::Finished
            }
            Event::Woken { timer } if *timer == self.question.timeout => {
                effects.push(Effect::Kill { process: self.question.process.id() });
                effects.push(report::no_answer());
                finish(effects, Verdict::Failed, report::NOTHING_CHANGED);
                State::Finished
            }
            event => match self.question.process.take(event) {
                Some(Ending::Success) => self.plan(now, effects),
                Some(ending) => {
                    effects.extend(report::kubectl_failed("The workloads cannot be read", &ending));
                    finish(effects, Verdict::Failed, report::NOTHING_CHANGED);
                    State::Finished
                }
                None => State::Reading(self),
            },
        }
    }

    fn plan(mut self, now: Millis, effects: &mut Effects) -> State {
        let found = match parse(self.question.process.stdout()) {
            Ok(found) => found,
            Err(error) => {
                effects.push(report::not_understood(&error));
                finish(effects, Verdict::Failed, report::NOTHING_CHANGED);
                return State::Finished;
            }
        };
        let plan = match Plan::make(&self.lines, &found) {
            Ok(plan) => plan,
            Err(errors) => {
                effects.extend(errors.iter().map(report::error));
                finish(effects, Verdict::Failed, report::NOTHING_CHANGED);
                return State::Finished;
            }
        };
        effects.extend(report::plan(&plan));
        let rule = self.session.request.downgrade;
        let backward = rule.backward(&plan);
        effects.extend(report::backward(&backward, rule));
        if rule.refuses(&backward) {
            finish(effects, Verdict::Failed, report::NOTHING_CHANGED);
            return State::Finished;
        }
        effects.push(report::commands_variable(&plan.commands(&self.session.request.target)));
        if plan.changed().next().is_some() {
            Applying::start(self.session, plan, now, effects)
        } else if self.session.request.dry_run {
            finish(effects, Verdict::SucceededWithIssues, "Nothing would change");
            State::Finished
        } else {
            Watching::start(self.session, plan, now, effects)
        }
    }
}

/// The workloads that the lines name, each once.
fn names(lines: &[Line]) -> Vec<WorkloadName> {
    let mut names: Vec<WorkloadName> = Vec::new();
    for name in lines.iter().flat_map(|line| &line.workloads) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn parse(answer: &[u8]) -> Result<Vec<Workload>, serde_json::Error> {
    if answer.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let Kind { kind } = serde_json::from_slice(answer)?;
    if kind == "List" {
        Ok(serde_json::from_slice::<List>(answer)?.items)
    } else {
        Ok(vec![serde_json::from_slice(answer)?])
    }
}
