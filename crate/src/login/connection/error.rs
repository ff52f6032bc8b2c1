//! What can be wrong with a service connection, and its words.

use std::fmt;

use crate::login::kubeconfig::KubeconfigError;

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
                "the agent has no such service connection for this job. Check in Project settings, \
                 Service connections, that it is there and that this pipeline may use it",
            ),
            ErrorKind::Lacks(what) => write!(
                f,
                "the service connection has no {what}. Edit it in Project settings, Service \
                 connections, and save it again"
            ),
            ErrorKind::Scheme { found, known } => write!(
                f,
                "the service connection logs in by {found:?}, which this task does not know. It \
                 takes {known}"
            ),
            ErrorKind::NoBase64(what) => write!(
                f,
                "the {what} of the service connection is not base64. Take it from the secret as \
                 kubectl get secret --output=json prints it"
            ),
            ErrorKind::NoToken => f.write_str(
                "the token of the service connection has characters that no token has. Take it \
                 from the secret as kubectl get secret --output=json prints it",
            ),
            ErrorKind::Url(found) => write!(
                f,
                "the URL of the service connection is {found:?}, and should begin with https://"
            ),
            ErrorKind::Kubeconfig(error) => {
                write!(f, "the kubeconfig of the service connection cannot be used: {error}")
            }
            ErrorKind::Namespace(found) => write!(
                f,
                "the namespace of the service connection is {found:?}, which cannot be a namespace. \
                 Edit the service connection, or set the input namespace"
            ),
            ErrorKind::NoJob(variable) => write!(
                f,
                "a login by workload identity federation asks Azure DevOps for a token of this job, \
                 and the variable {variable} is missing for that. It is there in every job of an \
                 agent"
            ),
        }
    }
}
