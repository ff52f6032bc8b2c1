//! Whether and when a request is worth another try.

use crate::host::http::Reply;

/// How often a request is tried again.
const MOST: u32 = 2;
/// The longest that a server may ask to wait, in milliseconds.
const LONGEST_MS: u32 = 15_000;

/// Counts the tries of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Retries(u32);

impl Retries {
    /// For a request that is not tried again.
    pub(crate) const NONE: Self = Self(MOST);

    /// How long to wait, in milliseconds, before the request is tried again; `None` where what came
    /// of it will not pass, or it was tried often enough.
    pub(crate) fn after(&mut self, heard: &Reply) -> Option<u32> {
        let asked = match heard {
            Reply::NoAnswer(why) if why.is_of_certificate() => return None,
            Reply::NoAnswer(_) => None,
            Reply::Answer(answer) if matches!(answer.status, 408 | 429 | 500 | 502..=504) => {
                answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok())
            }
            _ => return None,
        };
        if self.0 == MOST {
            return None;
        }
        let backoff = 500 << (2 * self.0);
        self.0 += 1;
        Some(
            asked
                .map_or(backoff, |seconds| seconds.saturating_mul(1000).clamp(backoff, LONGEST_MS)),
        )
    }
}
