//! The answer to a request, as it comes in.

use serde::Deserialize;

use crate::host::ApiRequest;
use crate::kubernetes::ApiError;

/// The longest answer, in bytes; a page of a list is far below, and no watch is kept whole.
const LONGEST: usize = 256 * 1024 * 1024;
/// The longest body of an answer that is no success, in bytes.
const LONGEST_ERROR: usize = 64 * 1024;

/// An answer that is collected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    status: u16,
    json: bool,
    retry_after: Option<u32>,
    body: Vec<u8>,
    too_long: bool,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct List<T> {
    /// Of the list, not of an object.
    #[serde(default)]
    pub metadata: ListMeta,
    /// The objects; they do not say their kind.
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
}

/// The part of `metav1.ListMeta` that is read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListMeta {
    /// The state that the list is of, for a watch to begin with.
    pub resource_version: String,
    /// What gives the next page; empty on the last one.
    pub r#continue: String,
}

impl Response {
    /// Takes the status line and the headers (names in lower case).
    pub fn begin(&mut self, status: u16, headers: &[(String, String)]) {
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        self.status = status;
        self.json = header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        self.retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok());
    }

    /// Takes a part of the body.
    pub fn add(&mut self, chunk: &[u8]) {
        let limit = if self.is_success() { LONGEST } else { LONGEST_ERROR };
        let room = limit.saturating_sub(self.body.len()).min(chunk.len());
        self.body.extend_from_slice(&chunk[..room]);
        self.too_long |= self.is_success() && room < chunk.len();
    }

    /// Whether the API server did what it was asked for.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What it says that is no success.
    #[must_use]
    pub fn refusal(&self) -> ApiError {
        ApiError::of_answer(self.status, self.json, self.retry_after, &self.body)
    }

    /// The body, once all of it is there.
    ///
    /// # Errors
    /// The API server said no, or too much.
    pub fn finish(self) -> Result<Vec<u8>, ApiError> {
        match self {
            _ if self.too_long => Err(ApiError::TooLong),
            _ if self.is_success() => Ok(self.body),
            _ => Err(self.refusal()),
        }
    }
}

/// Reads the body of an answer, or a part of it.
///
/// # Errors
/// It is not the JSON of what was asked for.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::NotUnderstood(error.to_string()))
}

/// The request for the page after this one, where it is one of a list and not the last.
#[must_use]
pub fn next_page(request: &ApiRequest, body: &[u8]) -> Option<ApiRequest> {
    #[derive(Deserialize)]
    struct Page {
        #[serde(default)]
        metadata: ListMeta,
    }
    let Page { metadata } = Some(body).filter(|_| request.is_list()).and_then(|b| read(b).ok())?;
    (!metadata.r#continue.is_empty()).then(|| request.page(&metadata.r#continue))
}
