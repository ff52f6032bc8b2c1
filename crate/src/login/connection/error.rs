//! What can be wrong with a service connection, and its words.

use std::fmt;

use crate::{
    host::{Code, Coded, Connection, code},
    login::kubeconfig::KubeconfigError,
};

/// Why a service connection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionError {
    /// The input that names it.
    pub input: &'static str,
    pub(super) kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ErrorKind {
    NotHandedOver,
    Lacks(&'static str),
    Scheme { found: String, known: &'static str },
    NoBase64(&'static str),
    NoToken,
    Url(String),
    NoJob(&'static str),
    Kubeconfig(KubeconfigError),
    Namespace(String),
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.input)?;
        match &self.kind {
            ErrorKind::NotHandedOver => f.write_str(
                "service connection not found for this job. Check in Project settings, Service \
                 connections, that it exists and that this pipeline has permission to use it",
            ),
            ErrorKind::Lacks(what) => write!(
                f,
                "{what} of the service connection is not set. Edit it in Project settings, \
                 Service connections, and save it again"
            ),
            ErrorKind::Scheme { found, known } => write!(
                f,
                "the service connection authenticates with {found:?}, which is not supported. Use \
                 {known}"
            ),
            ErrorKind::NoBase64(what) => write!(
                f,
                "the {what} of the service connection is not base64. Copy it from the secret as \
                 kubectl get secret --output=json prints it"
            ),
            ErrorKind::NoToken => f.write_str(
                "the token of the service connection has invalid characters. Copy it from the \
                 secret as kubectl get secret --output=json prints it",
            ),
            ErrorKind::Url(found) => write!(
                f,
                "invalid URL {found:?} of the service connection. Use a URL that begins with \
                 https://"
            ),
            ErrorKind::Kubeconfig(error) => {
                write!(f, "invalid kubeconfig of the service connection: {error}")
            }
            ErrorKind::Namespace(found) => write!(
                f,
                "invalid namespace {found:?} of the service connection. Edit the service \
                 connection, or set the input namespace"
            ),
            ErrorKind::NoJob(variable) => write!(
                f,
                "workload identity federation needs {variable}, which is not set in this run. Run \
                 the step in a job of an agent"
            ),
        }
    }
}

impl Coded for ConnectionError {
    fn code(&self) -> Code {
        match self.kind {
            ErrorKind::NotHandedOver => code::CONNECTION_NOT_FOUND,
            ErrorKind::Lacks(_) => code::CONNECTION_INCOMPLETE,
            ErrorKind::Scheme { .. } => code::CONNECTION_SCHEME,
            ErrorKind::NoBase64(_)
            | ErrorKind::NoToken
            | ErrorKind::Url(_)
            | ErrorKind::Kubeconfig(_) => code::CONNECTION_INVALID,
            ErrorKind::NoJob(_) => code::NOT_IN_A_JOB,
            ErrorKind::Namespace(_) => code::INVALID_NAMESPACE,
        }
    }
}

/// A parameter that the connection has to have.
pub(super) fn needed<'a>(
    connection: &'a Connection,
    input: &'static str,
    name: &'static str,
) -> Result<&'a str, ConnectionError> {
    connection.parameter(name).ok_or(ErrorKind::Lacks(name).of(input))
}

impl ErrorKind {
    pub(super) const fn of(self, input: &'static str) -> ConnectionError {
        ConnectionError { input, kind: self }
    }
}

/// The error of a connection that lacks something.
#[must_use]
pub const fn lacks(input: &'static str, what: &'static str) -> ConnectionError {
    ErrorKind::Lacks(what).of(input)
}

/// The error of an input that names a connection which the agent did not hand over.
#[must_use]
pub const fn not_handed_over(input: &'static str) -> ConnectionError {
    ErrorKind::NotHandedOver.of(input)
}
