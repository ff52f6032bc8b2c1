//! Before the first phase: a kubeconfig that came as text has to be a file for kubectl.

use crate::{
    images::Line,
    inputs::{Change, Kubeconfig},
    protocol::{Effect, Event, Verdict},
    report,
    run::{
        State,
        release::Release,
        session::{Effects, Session, finish},
    },
    story::Purpose,
};

/// Waits for the kubeconfig.
#[derive(Debug)]
pub(crate) struct Preparing {
    purpose: Purpose,
    request: Change,
    lines: Vec<Line>,
}

impl Preparing {
    pub(crate) fn start(
        purpose: Purpose,
        mut request: Change,
        lines: Vec<Line>,
        effects: &mut Effects,
    ) -> State {
        match request.kubeconfig.take() {
            Some(Kubeconfig::Text(content)) => {
                effects.push(Effect::WriteFile { path: None, content });
                State::Preparing(Self { purpose, request, lines })
            }
            Some(Kubeconfig::Path(path)) => {
                Release::start(purpose, Session::new(request, Some(path)), lines, effects)
            }
            None => Release::start(purpose, Session::new(request, None), lines, effects),
        }
    }

    pub(crate) fn handle(self, event: &Event, effects: &mut Effects) -> State {
        match event {
            Event::Written { path } => {
                let session = Session::new(self.request, Some(path.clone()));
                Release::start(self.purpose, session, self.lines, effects)
            }
            Event::NotWritten { error } => {
                effects.push(report::kubeconfig_not_written(error));
                finish(effects, Verdict::Failed, report::NOTHING_CHANGED);
                State::Finished
            }
            Event::Canceled => {
                finish(effects, Verdict::Canceled, report::NOTHING_CHANGED);
                State::Finished
            }
            _ => State::Preparing(self),
        }
    }
}
