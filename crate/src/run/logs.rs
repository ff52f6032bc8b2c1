//! The last lines of containers that failed, before a rollback removes their pods.

use crate::{
    host::{ApiRequest, Event, TimerId},
    kubernetes::is_no_log,
    report::run_report::{ContainerLog, Outcome, RunReport},
    rollout::Failure,
    run::{
        requests::{Requests, RetryPolicy},
        session::{Effects, Session},
    },
};

/// How many lines of each are fetched.
const LINES: u32 = 20;
/// The longest line that is kept, in characters.
const LONGEST: usize = 2000;
/// How many logs are fetched.
const MOST: usize = 3;
/// How long after the second form the first one is asked for again, in milliseconds.
const AGAIN_MS: u32 = 1_000;

/// Fetches the logs. The kubelet may have removed the container of a run between the look at its
/// state and the request for its log: then the log of the other run is asked for, and at last that of
/// the first once more.
#[derive(Debug)]
pub(crate) struct Logs {
    wanted: Vec<Wanted>,
    round: Round,
    requests: Requests,
    rest: Option<TimerId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    First,
    Other,
    Again,
}

#[derive(Debug)]
struct Wanted {
    /// The entry's place.
    entry: usize,
    namespace: String,
    pod: String,
    container: String,
    previous: bool,
    lines: Option<Vec<String>>,
}

impl Logs {
    /// Asks for the logs of what failed; nothing where no container that failed has run.
    pub(crate) fn start(
        report: &RunReport,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<Self> {
        let mut wanted = Vec::new();
        for (entry, told) in report.workloads.iter().enumerate() {
            let failure = match &told.outcome {
                Some((Outcome::Failed(failure), _)) => Some(failure),
                Some(_) => None,
                None => told.likely.as_ref(),
            };
            let Some(log) = failure.and_then(Failure::log) else { continue };
            wanted.push(Wanted {
                entry,
                namespace: told.planned.namespace.clone(),
                pod: log.pod.to_owned(),
                container: log.container.to_owned(),
                previous: log.previous,
                lines: None,
            });
        }
        wanted.truncate(MOST);
        if wanted.is_empty() {
            return None;
        }
        let requests = ask(&wanted, Round::First, session, effects);
        Some(Self { wanted, round: Round::First, requests, rest: None })
    }

    /// Takes what concerns it; tells whether there is nothing more to wait for.
    pub(crate) fn handle(
        &mut self,
        event: &Event,
        session: &mut Session,
        effects: &mut Effects,
    ) -> bool {
        if let Event::Woken { timer } = event
            && self.rest == Some(*timer)
        {
            self.rest = None;
            self.requests = ask(&self.wanted, self.round, session, effects);
            return false;
        }
        self.requests.handle(event, session, effects);
        if self.rest.is_some() || !self.requests.is_over() {
            return false;
        }
        let missing = self.wanted.iter_mut().filter(|wanted| wanted.lines.is_none());
        for (at, wanted) in missing.enumerate() {
            let answer = self.requests.answer(at).map(<[Vec<u8>]>::concat).unwrap_or_default();
            let text = String::from_utf8_lossy(&answer);
            if !text.trim().is_empty() && !is_no_log(&text) {
                wanted.lines = Some(text.lines().map(cut).collect());
            }
        }
        if self.wanted.iter().all(|wanted| wanted.lines.is_some()) {
            return true;
        }
        match self.round {
            Round::First => {
                self.round = Round::Other;
                self.requests = ask(&self.wanted, self.round, session, effects);
            }
            Round::Other => {
                self.round = Round::Again;
                self.rest = Some(session.wake(AGAIN_MS, effects));
            }
            Round::Again => return true,
        }
        false
    }

    /// Lets go of what is on its way.
    pub(crate) fn stop(&mut self, session: &mut Session, effects: &mut Effects) {
        self.requests.stop(session, effects);
    }

    /// Writes down what was fetched.
    pub(crate) fn tell(&mut self, report: &mut RunReport) {
        for Wanted { entry, pod, container, lines, .. } in self.wanted.drain(..) {
            report.workloads[entry].log = lines.map(|lines| ContainerLog { pod, container, lines });
        }
    }
}

/// Asks for those that are still missing.
fn ask(wanted: &[Wanted], round: Round, session: &mut Session, effects: &mut Effects) -> Requests {
    let missing = wanted.iter().filter(|wanted| wanted.lines.is_none());
    let requests = missing.map(|Wanted { namespace, pod, container, previous, .. }| {
        let previous = *previous != (round == Round::Other);
        ApiRequest::log(namespace, pod, container, previous, LINES)
    });
    Requests::start(requests.collect(), RetryPolicy::BRIEFLY, session, effects)
}

/// A line no longer than a person reads.
fn cut(line: &str) -> String {
    line.chars().take(LONGEST).collect()
}
