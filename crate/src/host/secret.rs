//! Texts that nobody may read in the log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret. It can be handed on, and not be printed: what has it inside prints `Secret`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Secret(String);

impl Secret {
    /// The text itself, for a place that has to have it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Secret {
    /// Whether it can be a token: visible characters of ASCII and nothing else, as a header takes it.
    #[must_use]
    pub fn is_token(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|b| b.is_ascii_graphic())
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
