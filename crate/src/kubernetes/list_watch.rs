//! List, then watch: the picture of a collection, kept up to date.
//!
//! [`ListWatch`] is a pure machine: it says what it [`Want`]s, hears what came of it, and puts objects
//! into a [`Picture`]. It reads the list page by page, then watches from the list's resource version,
//! and goes on from the newest version it knows when the watch ends, as watches do. `410 Gone` has it
//! read the list again (kubernetes.io, "API Concepts": efficient detection of changes).
//!
//! Where it may not watch it asks again every few seconds: by the list, and where that is not allowed
//! either and it is after one object, by that object.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::host::ApiRequest;
use crate::kubernetes::{
    ApiError, Collection, List, Response,
    response::{ListMeta, read},
};

/// How long the head of an answer may take, and each further part of a list, in milliseconds.
const ANSWER_MS: u32 = 10_000;
/// How long a watch may be silent, in milliseconds: the API server sends a bookmark every minute.
const SILENCE_MS: u32 = 75_000;
/// How long until it asks again where it may not watch, in milliseconds.
const POLL_MS: u32 = 3_000;
/// How often in a row it tries what may pass and may as well not.
const LAST_TRY: u32 = 5;
/// How often in a row a watch may fail from the same version before the list is read again.
const LAST_WATCH: u32 = 3;
/// From how many bytes on an event is read again only once it may be whole.
const LONG_EVENT: usize = 64 * 1024;
/// The longest event, in bytes; etcd stores none of a tenth of it.
const LONGEST_EVENT: usize = 16 * 1024 * 1024;

/// What it wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Send this request; it is the only one.
    Ask(ApiRequest),
    /// Let go of the request.
    Abort,
    /// Say so after so many milliseconds, unless it wants to be woken at another time before.
    Wake(u32),
    /// It may not watch, for this reason, and asks again and again.
    Polls(ApiError),
    /// It goes on after this.
    Failed(ApiError),
    /// It has given up.
    GivenUp(ApiError),
}

/// What it hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The status and the headers of an answer.
    Began(u16, &'a [(String, String)]),
    /// A part of its body.
    Chunk(&'a [u8]),
    /// Its end; why, where it broke off or never came.
    Ended(Option<&'a ApiError>),
    /// The time is over.
    Woken,
}

/// Where the objects go.
pub trait Picture {
    /// Takes in an object as it is now.
    ///
    /// # Errors
    /// The text is no such object.
    fn see(&mut self, object: &str) -> Result<(), serde_json::Error>;

    /// Takes in that an object is gone, with its last state.
    ///
    /// # Errors
    /// The text is no such object.
    fn lose(&mut self, object: &str) -> Result<(), serde_json::Error>;

    /// What follows until [`Picture::end_list`] is all there is.
    fn begin_list(&mut self);

    /// What was not seen since [`Picture::begin_list`] is gone.
    fn end_list(&mut self);
}

/// The machine, for one collection.
#[derive(Debug)]
pub struct ListWatch {
    collection: Collection,
    by: By,
    state: State,
    /// The newest state that is known.
    version: String,
    /// Failures in a row.
    failures: u32,
    listed: bool,
    /// Whether something came since it was last woken, or the request was sent.
    heard: bool,
}

/// How it keeps up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Watching,
    Listing,
    KubectlInstall,
}

#[derive(Debug)]
enum State {
    /// A page is being read, after these.
    Listing {
        pages: Vec<Vec<u8>>,
        response: Response,
    },
    /// The object is being read.
    KubectlInstall(Response),
    /// The watch, with what was heard of an event so far; its head may still be to come.
    Watching {
        response: Response,
        began: bool,
        buffer: Vec<u8>,
    },
    /// It goes on with the list, or with the watch, once it is woken.
    Resting {
        list: bool,
    },
    GivenUp,
}

/// An event of a watch (`metav1.WatchEvent`). The object stays text until its type is known to be wanted.
#[derive(Deserialize)]
struct WatchEvent<'a> {
    r#type: String,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Versioned {
    metadata: ListMeta,
}

impl ListWatch {
    /// The machine for a collection, and what it wants first.
    #[must_use]
    pub fn start(collection: Collection) -> (Self, Vec<Want>) {
        let state = State::Resting { list: true };
        let (version, by) = (String::new(), By::Watching);
        let mut machine =
            Self { collection, by, state, version, failures: 0, listed: false, heard: false };
        let wants = machine.go_on(true);
        (machine, wants)
    }

    /// Whether the picture was complete once: what is not in it then is not there.
    #[must_use]
    pub fn has_listed(&self) -> bool {
        self.listed
    }

    /// Whether it has given up.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        matches!(self.state, State::GivenUp)
    }

    /// Takes what it hears of its request or its time; says what it wants then.
    pub fn hear(&mut self, heard: Heard<'_>, picture: &mut dyn Picture) -> Vec<Want> {
        match (&mut self.state, heard) {
            (State::Watching { began, .. }, Heard::Woken) if self.heard => {
                self.heard = false;
                vec![Want::Wake(if *began { SILENCE_MS } else { ANSWER_MS })]
            }
            (State::Listing { .. } | State::KubectlInstall(_), Heard::Woken) if self.heard => {
                self.heard = false;
                vec![Want::Wake(ANSWER_MS)]
            }
            (State::Resting { list }, Heard::Woken) => {
                let list = *list;
                self.go_on(list)
            }
            (State::Resting { .. } | State::GivenUp, _) => Vec::new(),
            (State::Watching { began: true, .. }, Heard::Woken) => {
                self.interrupted(ApiError::Late(SILENCE_MS / 1000))
            }
            (_, Heard::Woken) => self.interrupted(ApiError::Late(ANSWER_MS / 1000)),
            (_, Heard::Ended(Some(error))) => self.fail(error.clone()),
            (
                State::Listing { response, .. } | State::KubectlInstall(response),
                Heard::Began(status, headers),
            ) => {
                response.begin(status, headers);
                self.heard = true;
                Vec::new()
            }
            (
                State::Listing { response, .. } | State::KubectlInstall(response),
                Heard::Chunk(chunk),
            ) => {
                response.add(chunk);
                self.heard = true;
                Vec::new()
            }
            (State::Listing { .. } | State::KubectlInstall(_), Heard::Ended(None)) => {
                self.answered(picture)
            }
            (State::Watching { response, began, .. }, Heard::Began(status, headers)) => {
                response.begin(status, headers);
                *began = response.is_success();
                if *began { vec![Want::Wake(SILENCE_MS)] } else { Vec::new() }
            }
            (State::Watching { began: false, response, .. }, Heard::Chunk(chunk)) => {
                response.add(chunk);
                Vec::new()
            }
            (State::Watching { began: true, buffer, .. }, Heard::Chunk(chunk)) => {
                buffer.extend_from_slice(chunk);
                self.heard = true;
                let is_middle = (LONG_EVENT..=LONGEST_EVENT).contains(&buffer.len());
                if is_middle && !chunk.contains(&b'}') {
                    return Vec::new();
                }
                self.take_events(picture)
            }
            (State::Watching { began, response, .. }, Heard::Ended(None)) => {
                if *began {
                    return self.rest(false, 250 << self.failures.min(5));
                }
                let refusal = response.refusal();
                self.fail(refusal)
            }
        }
    }

    fn go_on(&mut self, list: bool) -> Vec<Want> {
        self.heard = false;
        let response = Response::default();
        let request = if !list {
            self.state = State::Watching { response, began: false, buffer: Vec::new() };
            self.collection.watch(&self.version)
        } else if let (By::KubectlInstall, Some(name)) = (self.by, &self.collection.name) {
            self.state = State::KubectlInstall(response);
            self.collection.object(name)
        } else {
            self.state = State::Listing { pages: Vec::new(), response };
            self.collection.list()
        };
        vec![Want::Ask(request), Want::Wake(ANSWER_MS)]
    }

    fn rest(&mut self, list: bool, after_ms: u32) -> Vec<Want> {
        self.failures += 1;
        self.state = State::Resting { list };
        vec![Want::Wake(after_ms)]
    }

    /// A list, a page of one, or an object is read.
    fn answered(&mut self, picture: &mut dyn Picture) -> Vec<Want> {
        let outcome = match std::mem::replace(&mut self.state, State::GivenUp) {
            State::KubectlInstall(response) => Self::take_object(response, picture),
            State::Listing { pages, response } => match self.take_page(pages, response, picture) {
                Ok(Some(next)) => return vec![Want::Ask(next), Want::Wake(ANSWER_MS)],
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            },
            _ => return Vec::new(),
        };
        if let Err(error) = outcome {
            return self.fail(error);
        }
        self.listed = true;
        self.failures = 0;
        if self.by == By::Watching {
            return self.go_on(false);
        }
        self.state = State::Resting { list: true };
        vec![Want::Wake(POLL_MS)]
    }

    fn take_object(response: Response, picture: &mut dyn Picture) -> Result<(), ApiError> {
        match response.finish() {
            Ok(body) => {
                let object: &RawValue = read(&body)?;
                picture.begin_list();
                picture.see(object.get()).map_err(not_understood)?;
            }
            Err(error) if error.is_not_found() => picture.begin_list(),
            Err(error) => return Err(error),
        }
        picture.end_list();
        Ok(())
    }

    /// Takes in a page; gives the request for the next one.
    fn take_page(
        &mut self,
        mut pages: Vec<Vec<u8>>,
        response: Response,
        picture: &mut dyn Picture,
    ) -> Result<Option<ApiRequest>, ApiError> {
        pages.push(response.finish()?);
        let last: List<&RawValue> = read(&pages[pages.len() - 1])?;
        if !last.metadata.r#continue.is_empty() {
            let next = self.collection.list().page(&last.metadata.r#continue);
            self.state = State::Listing { pages, response: Response::default() };
            return Ok(Some(next));
        }
        self.version = last.metadata.resource_version;
        picture.begin_list();
        for page in &pages {
            for item in read::<List<&RawValue>>(page)?.items {
                picture.see(item.get()).map_err(not_understood)?;
            }
        }
        picture.end_list();
        Ok(None)
    }

    /// Takes every whole event from the front of the buffer.
    fn take_events(&mut self, picture: &mut dyn Picture) -> Vec<Want> {
        let State::Watching { buffer, .. } = &mut self.state else { return Vec::new() };
        let mut taken = 0;
        let mut ended = None;
        let mut stream = serde_json::Deserializer::from_slice(buffer).into_iter::<WatchEvent>();
        while let Some(event) = stream.next() {
            let WatchEvent { r#type, object } = match event {
                Ok(event) => event,
                Err(error) if error.is_eof() && buffer.len() - taken <= LONGEST_EVENT => break,
                Err(error) => {
                    ended = Some(not_understood(error));
                    break;
                }
            };
            taken = stream.byte_offset();
            let seen = match r#type.as_str() {
                "ADDED" | "MODIFIED" => picture.see(object.get()),
                "DELETED" => picture.lose(object.get()),
                "BOOKMARK" => Ok(()),
                "ERROR" => {
                    ended = Some(ApiError::of_event(object.get()));
                    break;
                }
                _ => continue,
            };
            match seen.and_then(|()| serde_json::from_slice::<Versioned>(object.get().as_bytes())) {
                Ok(Versioned { metadata }) if metadata.resource_version.is_empty() => {}
                Ok(Versioned { metadata }) => self.version = metadata.resource_version,
                Err(error) => {
                    ended = Some(not_understood(error));
                    break;
                }
            }
            self.failures = 0;
        }
        buffer.drain(..taken);
        match ended {
            Some(error) => self.interrupted(error),
            None => Vec::new(),
        }
    }

    /// Lets go of the request, and fails.
    fn interrupted(&mut self, error: ApiError) -> Vec<Want> {
        [vec![Want::Abort], self.fail(error)].concat()
    }

    /// What becomes of a failure: another try, another way, or the end.
    fn fail(&mut self, error: ApiError) -> Vec<Want> {
        let watched = matches!(self.state, State::Watching { .. });
        if error.is_expired() {
            return self.failed(true, 250 << self.failures.min(5), error);
        }
        let way = match self.by {
            _ if !error.is_forbidden() => None,
            By::Watching if watched => Some(By::Listing),
            By::Watching | By::Listing if self.collection.name.is_some() => {
                Some(By::KubectlInstall)
            }
            _ => None,
        };
        if let Some(way) = way {
            self.by = way;
            self.failures = 0;
            return [vec![Want::Polls(error)], self.go_on(true)].concat();
        }
        let not_understood = matches!(error, ApiError::NotUnderstood(_));
        let refused = error.is_unauthorized() || not_understood;
        let goes_on = (error.may_pass() && !refused) || (refused && self.failures < LAST_TRY);
        if !goes_on {
            self.state = State::GivenUp;
            return vec![Want::GivenUp(error)];
        }
        let list = !watched || self.failures >= LAST_WATCH || not_understood;
        let after_ms = error.wait_ms(self.failures);
        self.failed(list, after_ms, error)
    }

    fn failed(&mut self, list: bool, after_ms: u32, error: ApiError) -> Vec<Want> {
        [vec![Want::Failed(error)], self.rest(list, after_ms)].concat()
    }
}

#[allow(clippy::needless_pass_by_value)]
fn not_understood(error: serde_json::Error) -> ApiError {
    ApiError::NotUnderstood(error.to_string())
}
