//! Several requests to the API server: a few at a time, each tried again while what stops it may pass.

use crate::{
    host::{ApiRequest, CallId, Event, TimerId},
    kubernetes::{ApiError, Response, next_page},
    report,
    run::session::{Effects, Session},
};

/// How many are sent side by side.
const AT_ONCE: usize = 10;

/// How patient the requests are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    /// How often a request is tried.
    pub(crate) tries: u32,
    /// The longest that an answer may take, in milliseconds.
    pub(crate) answer_ms: u32,
    /// Whether no further request is sent once one has failed.
    pub(crate) stop_at_failure: bool,
    /// Whether an answer may take no longer than the rollouts may.
    pub(crate) capped: bool,
}

impl RetryPolicy {
    /// For what is of no use in part: after a request that failed, the rest is left as it is.
    pub(crate) const ALL: Self =
        Self { tries: 5, answer_ms: 60_000, stop_at_failure: true, capped: true };
    /// For what is good for each, whatever happens to the others.
    pub(crate) const EACH: Self = Self { stop_at_failure: false, capped: false, ..Self::ALL };
    /// For what is good to have, and not worth a wait.
    pub(crate) const BRIEFLY: Self =
        Self { tries: 1, answer_ms: 10_000, stop_at_failure: false, capped: false };
}

impl RetryPolicy {
    fn answer_ms(self, session: &Session) -> u32 {
        if self.capped { session.answer_ms(self.answer_ms) } else { self.answer_ms }
    }
}

/// The requests, and how far each of them is.
#[derive(Debug)]
pub(crate) struct Requests {
    policy: RetryPolicy,
    jobs: Vec<Job>,
    /// The first one that was not sent yet.
    next: usize,
    /// Those that are on their way, or wait for another try.
    active: Vec<usize>,
    /// The first one that failed.
    failed: Option<usize>,
    stopped: bool,
}

#[derive(Debug)]
struct Job {
    request: ApiRequest,
    /// The bodies of the pages that were read.
    pages: Vec<Vec<u8>>,
    tries: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    Asking { call: CallId, response: Response, timeout: TimerId },
    Resting(TimerId),
    Done(Result<(), ApiError>),
}

impl Requests {
    /// Sends as many of the requests as may be sent side by side.
    pub(crate) fn start(
        requests: Vec<ApiRequest>,
        policy: RetryPolicy,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Self {
        let job = |request| Job { request, pages: Vec::new(), tries: 0, state: State::Waiting };
        let jobs = requests.into_iter().map(job).collect();
        let (next, active, failed) = (0, Vec::new(), None);
        let mut requests = Self { policy, jobs, next, active, failed, stopped: false };
        requests.fill(session, effects);
        requests
    }

    /// Takes what concerns them. Gives the place of one that is done just now.
    pub(crate) fn handle(
        &mut self,
        event: &Event,
        session: &mut Session,
        effects: &mut Effects,
    ) -> Option<usize> {
        let at = *self.active.iter().find(|at| self.jobs[**at].is_concerned(event))?;
        let tries = if self.stopped { 1 } else { self.policy.tries };
        let answer_ms = self.policy.answer_ms(session);
        let job = &mut self.jobs[at];
        match (&mut job.state, event) {
            (State::Resting(_), _) => job.ask(job.request.clone(), answer_ms, session, effects),
            (State::Asking { call, .. }, Event::Woken { .. }) => {
                session.gate.abort(*call, effects);
                let error = ApiError::Late(answer_ms / 1000);
                job.fail(error, 1, session, effects);
            }
            (State::Asking { response, .. }, Event::ResponseBegan { status, headers, .. }) => {
                response.begin(*status, headers);
            }
            (State::Asking { response, .. }, Event::ResponseChunk { chunk, .. }) => {
                response.add(chunk);
            }
            (State::Asking { response, .. }, Event::ResponseEnded { error, .. }) => {
                let outcome = match error {
                    Some(words) => Err(session.gate.broken(words)),
                    None => std::mem::take(response).finish(),
                };
                match outcome {
                    Ok(body) => job.take(body, answer_ms, session, effects),
                    Err(error) => job.fail(error, tries, session, effects),
                }
            }
            _ => return None,
        }
        let State::Done(outcome) = &job.state else { return None };
        if outcome.is_err() {
            self.failed = Some(self.failed.map_or(at, |first| first.min(at)));
        }
        self.active.retain(|active| *active != at);
        self.fill(session, effects);
        Some(at)
    }

    /// Whether nothing is waited for.
    pub(crate) fn is_over(&self) -> bool {
        self.active.is_empty() && (self.next == self.jobs.len() || self.ends_early())
    }

    fn ends_early(&self) -> bool {
        self.policy.stop_at_failure && self.failed.is_some()
    }

    /// The first one that failed, and why.
    pub(crate) fn first_failure(&self) -> Option<(usize, &ApiError)> {
        self.failed.and_then(|at| Some((at, self.failure(at)?)))
    }

    /// Why the one of this place failed.
    pub(crate) fn failure(&self, at: usize) -> Option<&ApiError> {
        match &self.jobs[at].state {
            State::Done(outcome) => outcome.as_ref().err(),
            _ => None,
        }
    }

    /// The pages that the one of this place was answered with, once it was.
    pub(crate) fn answer(&self, at: usize) -> Option<&[Vec<u8>]> {
        matches!(self.jobs[at].state, State::Done(Ok(()))).then_some(&*self.jobs[at].pages)
    }

    /// Lets go of what is on its way, and sends nothing more.
    pub(crate) fn stop(&mut self, session: &mut Session, effects: &mut Effects) {
        self.stopped = true;
        for job in &mut self.jobs {
            if let State::Asking { call, .. } = &job.state {
                session.gate.abort(*call, effects);
            }
            if !matches!(job.state, State::Done(_)) {
                job.state = State::Done(Err(ApiError::Canceled));
            }
        }
        let failed = |job: &Job| matches!(job.state, State::Done(Err(_)));
        self.failed = self.jobs.iter().position(failed);
        self.next = self.jobs.len();
        self.active.clear();
    }

    fn fill(&mut self, session: &mut Session, effects: &mut Effects) {
        while self.active.len() < AT_ONCE && self.next < self.jobs.len() && !self.ends_early() {
            let job = &mut self.jobs[self.next];
            let answer_ms = self.policy.answer_ms(session);
            job.ask(job.request.clone(), answer_ms, session, effects);
            self.active.push(self.next);
            self.next += 1;
        }
    }
}

impl Job {
    fn is_concerned(&self, event: &Event) -> bool {
        match (&self.state, event) {
            (State::Asking { timeout, .. } | State::Resting(timeout), Event::Woken { timer }) => {
                timeout == timer
            }
            (
                State::Asking { call, .. },
                Event::ResponseBegan { call: id, .. }
                | Event::ResponseChunk { call: id, .. }
                | Event::ResponseEnded { call: id, .. },
            ) => call == id,
            _ => false,
        }
    }

    fn ask(
        &mut self,
        request: ApiRequest,
        answer_ms: u32,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        let call = session.send(request, effects);
        let timeout = session.wake(answer_ms, effects);
        self.state = State::Asking { call, response: Response::default(), timeout };
    }

    fn take(
        &mut self,
        body: Vec<u8>,
        answer_ms: u32,
        session: &mut Session,
        effects: &mut Effects,
    ) {
        let next = next_page(&self.request, &body);
        self.pages.push(body);
        match next {
            Some(next) => self.ask(next, answer_ms, session, effects),
            None => self.state = State::Done(Ok(())),
        }
    }

    fn fail(&mut self, error: ApiError, tries: u32, session: &mut Session, effects: &mut Effects) {
        self.tries += 1;
        self.pages.clear();
        if (error.may_pass() || error.is_expired()) && self.tries < tries {
            let after_ms = error.wait_ms(self.tries);
            effects.push(report::tried_again(&error, after_ms));
            self.state = State::Resting(session.wake(after_ms, effects));
        } else {
            self.state = State::Done(Err(error));
        }
    }
}
