//! The very beginning: the files that inputs name, then the request that comes of all.

use std::{collections::BTreeMap, vec};

use crate::{
    host::{Agent, Effect, Event, Millis, TaskResult, variables::Variables},
    inputs::{self, FILE_LIMIT, File, FileContent, Job, Request},
    login::{connection, kubeconfig, proxy::Network},
    report::{self, run_report::Purpose},
    run::{
        phase::{Next, Phase, finish},
        preparing::Preparing,
        publishing::Publishing,
        session::{Effects, mask},
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
    ) -> Next {
        let secrets = connection::secrets(&agent).into_iter();
        for secret in secrets.chain(Network::new(&agent).secrets()) {
            mask(&secret, effects);
        }
        let left = inputs::files(&inputs, &variables).into_iter();
        Self { inputs, variables, agent, input: "", left, read: Vec::new() }.next(effects)
    }

    fn next(mut self, effects: &mut Effects) -> Next {
        match self.left.next() {
            Some(File { input, path }) => {
                effects.push(Effect::ReadFile { path, limit: FILE_LIMIT });
                self.input = input;
                Some(Box::new(self))
            }
            None => begin(
                Request::read(&self.inputs, &self.variables, &self.agent, &self.read),
                effects,
            ),
        }
    }
}

impl Phase for ReadingInputs {
    fn handle(mut self: Box<Self>, _: Millis, event: &Event, effects: &mut Effects) -> Next {
        let outcome = match event {
            Event::FileRead { content } => {
                for secret in kubeconfig::credentials(content) {
                    mask(&secret, effects);
                }
                Ok(content.clone())
            }
            Event::FileNotRead { error } => Err(error.clone()),
            Event::Canceled => {
                return finish(effects, TaskResult::Canceled, report::NOTHING_CHANGED);
            }
            _ => return Some(self),
        };
        self.read.push(FileContent { input: self.input, outcome });
        self.next(effects)
    }
}

fn begin(request: Result<Request, Vec<inputs::InputError>>, effects: &mut Effects) -> Next {
    let request = match request {
        Ok(request) => request,
        Err(errors) => {
            effects.extend(errors.iter().map(report::error));
            return finish(effects, TaskResult::Failed, report::NOTHING_CHANGED);
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
            finish(effects, TaskResult::Succeeded, "The commands are printed; nothing was changed")
        }
        Job::SetImage(change) => Preparing::start(Purpose::Set, change, request.lines, effects),
        Job::Undo(change) => Preparing::start(Purpose::Undo, change, request.lines, effects),
    }
}
