//! The very beginning: the files that inputs name, then the request that comes of all.

use std::{collections::BTreeMap, vec};

use crate::{
    host::{Agent, Effect, Event, TaskResult, variables::Variables},
    inputs::{self, FILE_LIMIT, File, FileContent, Job, Request},
    login::{connection, kubeconfig, proxy::Network},
    report::{self, run_report::Purpose},
    run::{
        State,
        preparing::Preparing,
        publishing::Publishing,
        session::{Effects, finish, mask},
    },
};

/// Waits for a file.
#[derive(Debug)]
pub(crate) struct ReadingInputs {
    inputs: BTreeMap<String, String>,
    variables: Variables,
    agent: Box<Agent>,
    /// The input whose file is being read.
    input: &'static str,
    /// The files to read after it.
    left: vec::IntoIter<File>,
    read: Vec<FileContent>,
}

impl ReadingInputs {
    pub(crate) fn start(
        inputs: BTreeMap<String, String>,
        variables: Variables,
        agent: Box<Agent>,
        effects: &mut Effects,
    ) -> State {
        let secrets = connection::secrets(&agent).into_iter();
        for secret in secrets.chain(Network::new(&agent).secrets()) {
            mask(&secret, effects);
        }
        let left = inputs::files(&inputs, &variables).into_iter();
        Self { inputs, variables, agent, input: "", left, read: Vec::new() }.next(effects)
    }

    pub(crate) fn handle(mut self, event: &Event, effects: &mut Effects) -> State {
        let outcome = match event {
            Event::FileRead { content } => {
                for secret in kubeconfig::credentials(content) {
                    mask(&secret, effects);
                }
                Ok(content.clone())
            }
            Event::FileNotRead { error } => Err(error.clone()),
            Event::Canceled => {
                finish(effects, TaskResult::Canceled, report::NOTHING_CHANGED);
                return State::Finished;
            }
            _ => return State::ReadingInputs(Box::new(self)),
        };
        self.read.push(FileContent { input: self.input, outcome });
        self.next(effects)
    }

    fn next(mut self, effects: &mut Effects) -> State {
        match self.left.next() {
            Some(File { input, path }) => {
                effects.push(Effect::ReadFile { path, limit: FILE_LIMIT });
                self.input = input;
                State::ReadingInputs(Box::new(self))
            }
            None => begin(
                Request::read(&self.inputs, &self.variables, &self.agent, &self.read),
                effects,
            ),
        }
    }
}

fn begin(request: Result<Request, Vec<inputs::InputError>>, effects: &mut Effects) -> State {
    let request = match request {
        Ok(request) => request,
        Err(errors) => {
            effects.extend(errors.iter().map(report::error));
            finish(effects, TaskResult::Failed, report::NOTHING_CHANGED);
            return State::Finished;
        }
    };
    effects.extend(request.notes.iter().map(report::note));
    effects.extend(report::images(&request));
    effects.extend(request.warnings.iter().map(report::warning));
    effects.extend(report::tag_variables(&request));
    match request.job {
        Job::ComputeTag(publication) => Publishing::start(publication, request.tag, effects),
        Job::EmitCommands(commands) => {
            effects.extend(report::emitted(&commands));
            finish(effects, TaskResult::Succeeded, "The commands are printed; nothing was changed");
            State::Finished
        }
        Job::SetImage(change) => Preparing::start(Purpose::Set, change, request.lines, effects),
        Job::Undo(change) => Preparing::start(Purpose::Undo, change, request.lines, effects),
    }
}
