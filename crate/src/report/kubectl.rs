//! The words of kubectl's answers, and of what goes wrong with it.

use crate::{
    host::{Age, Code, Coded, Effect, code},
    kubectl::{ChangeError, ProcessExit, main_line},
    kubernetes::ApiError,
    login::kubeconfig::Destination,
    report::line::{self, plain},
};

/// How many lines of kubectl's output the log shows.
const SHOWN_LINES: usize = 100;

/// What kubectl wrote, line by line.
pub(crate) fn answer(stdout: &[u8]) -> Vec<Effect> {
    lines(&String::from_utf8_lossy(stdout))
}

/// What the API server warned of, as kubectl prints it.
pub(crate) fn warnings_of_api_server(stderr: &[u8]) -> Vec<Effect> {
    let stderr = String::from_utf8_lossy(stderr);
    let (warnings, rest): (Vec<&str>, Vec<&str>) =
        stderr.lines().partition(|line| line.starts_with("Warning: "));
    let warnings = warnings.into_iter().take(SHOWN_LINES).map(|line| {
        let text = format!("The API server warns: {}", &line["Warning: ".len()..]);
        line::warning(code::API_WARNING, text)
    });
    warnings.chain(lines(&rest.join("\n"))).collect()
}

/// A command failed, and had done its work all the same.
pub(crate) fn made_all_the_same() -> Effect {
    plain("The workloads have the new images: only the answer of kubectl was lost")
}

/// A command is run once more.
pub(crate) fn set_again(after_ms: u32) -> Effect {
    plain(format!("The API server accepts the change. Trying again in {}", Age(after_ms.into())))
}

/// A command did not do its work.
pub(crate) fn not_set(error: &ChangeError) -> Effect {
    line::error(error.code(), format!("The image cannot be set: {}", error.words()))
}

impl ChangeError {
    /// What went wrong.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Refused(error) => error.to_string(),
            Self::Kubectl(ending) => ending.words(),
        }
    }

    pub(super) fn code(&self) -> Code {
        match self {
            Self::Refused(_) => code::IMAGE_NOT_SET,
            Self::Kubectl(ending) => ending.code(),
        }
    }
}

/// The workloads cannot be read, so nothing is changed.
pub(crate) fn not_read(error: &ApiError, destination: &Destination) -> Effect {
    let no_kubeconfig = destination.server.is_empty() && destination.context.is_empty();
    let advice = match error {
        ApiError::Gate(_) if no_kubeconfig => {
            ". A kubeconfig was not found: set kubernetesServiceConnection, or log in to the \
             cluster in an earlier step"
        }
        _ => "",
    };
    line::error(error.code(), format!("The workloads cannot be read: {error}{advice}"))
}

/// What workloads have cannot be read before they are rolled back.
pub(crate) fn not_known(error: &ApiError) -> Effect {
    line::error(code::STATE_UNKNOWN, format!("The current images cannot be read: {error}"))
}

impl ProcessExit {
    /// What went wrong, and what to do about it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Success => "kubectl ended".to_owned(),
            Self::Failure { code, stderr } => {
                let first = main_line(stderr).unwrap_or("kubectl wrote no message");
                match code {
                    Some(code) => format!("{first} (kubectl: exit code {code})"),
                    None => format!("{first} (kubectl: ended by a signal)"),
                }
            }
            Self::Asked(question) => format!(
                "kubectl asks \"{question}\", which a pipeline cannot answer. Set a user with \
                 credentials in the context of the kubeconfig"
            ),
            Self::NoAnswer => {
                "kubectl timed out. The API server may be unreachable from this agent, or kubectl \
                 is waiting for an interactive login"
                    .to_owned()
            }
            Self::Canceled => "not started, since the step was canceled".to_owned(),
            Self::NotFound => "kubectl not found on PATH. Set kubectlVersion, add the step \
                               Kubectl tool installer (KubectlInstaller@0) before this one, or \
                               install kubectl on the agent"
                .to_owned(),
            Self::NotStarted(error) => format!("kubectl cannot be started: {error}"),
        }
    }

    pub(super) fn code(&self) -> Code {
        match self {
            Self::Success | Self::Failure { .. } => code::KUBECTL_FAILED,
            Self::Asked(_) => code::KUBECTL_ASKS,
            Self::NoAnswer => code::KUBECTL_TIMED_OUT,
            Self::Canceled => code::CANCELED,
            Self::NotFound => code::NO_KUBECTL,
            Self::NotStarted(_) => code::KUBECTL_NOT_STARTED,
        }
    }
}

fn lines(text: &str) -> Vec<Effect> {
    let shown = text.lines().filter(|line| !line.trim().is_empty());
    let left = shown.clone().count().saturating_sub(SHOWN_LINES);
    let left = (left > 0).then(|| plain(format!("… {left} more lines")));
    shown.take(SHOWN_LINES).map(plain).chain(left).collect()
}
