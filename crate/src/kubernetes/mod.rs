//! The API of Kubernetes, as data: requests, what went wrong with one, and the machine that lists a
//! collection and then watches it.
//!
//! Nothing here sends anything. A request goes to the API server through the one `kubectl proxy` of
//! the run, and its answer comes back in chunks.

mod error;
mod list_watch;
mod request;
mod response;

pub use error::ApiError;
pub use list_watch::{Heard, ListWatch, Picture, Want};
pub use request::{ApiRequest, Collection, PATHS, REJECTED_METHODS};
pub use response::{List, Response, next_page, read};
