//! Registries: whether an image is there, asked before the cluster is touched.
//!
//! The protocol is the OCI distribution specification 1.1, with the tokens of
//! distribution.github.io/distribution/spec/auth. [`Check`] asks about one reference and
//! [`acr::Exchange`] makes a login of a token of Entra; both are [`Dialogue`]s.
//!
//! [`Dialogue`]: crate::host::http::Dialogue

pub mod acr;
mod call;
mod challenge;
mod check;
mod manifest;
mod origin;
mod outcome;
mod server;
mod stored;
mod tags;

pub use check::Check;
pub use manifest::{Part, Platform, is_digest};
pub use origin::{Built, Origin};
pub(crate) use outcome::Weight;
pub use outcome::{CheckResult, Finding, NotFound, ProtocolViolation, Refuted, Verify, fails};
pub use server::{Login, Registry};
pub use stored::Stored;
