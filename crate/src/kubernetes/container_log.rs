//! Which log of a container tells why it failed, and what is no log.

/// A run of a container whose log tells more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerRun {
    /// The newest one: it runs, or it ended and nothing has followed yet.
    Newest,
    /// The one before: the newest waits to begin, or began only after it.
    Previous,
}

/// The log of a container that tells more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerLog<'a> {
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
    /// Whether it is the log of the run before the newest one.
    pub previous: bool,
}

impl ContainerLog<'_> {
    /// The log of the other run: a container that is started again between the look at its state
    /// and the request for its log turns its newest run into the previous one.
    #[must_use]
    pub fn other(self) -> Self {
        Self { previous: !self.previous, ..self }
    }
}

/// What the kubelet answers, with the status 200 or with another, where it has no log: the starts of
/// its sentences (`validateContainerLogStatus` of `pkg/kubelet/kubelet_pods.go`, `GetContainerLogs`
/// of `kuberuntime_container.go`, `ReadLogs` of `k8s.io/cri-client`).
const NO_LOG: [&str; 4] = [
    "unable to retrieve container logs for ",
    "failed to try resolving symlinks in path ",
    "failed to open log file ",
    "previous terminated container ",
];

/// Whether an answer to a request for a log is a sentence of the kubelet instead.
///
/// It stands alone then: among other lines it is what the container wrote.
#[must_use]
pub fn is_no_log(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    // kubectl puts `Error from server (BadRequest): ` before it.
    let line = match line.strip_prefix("Error from server") {
        Some(rest) => rest.split_once(": ").map_or(rest, |(_, sentence)| sentence),
        None => line,
    };
    let of_container = line.starts_with("container \"") && line.contains("\" in pod \"");
    NO_LOG.iter().any(|start| line.starts_with(start))
        || (of_container
            && ["\" is waiting to start", "\" is terminated", "\" is not available"]
                .iter()
                .any(|state| line.contains(state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_the_kubelet_is_no_log() {
        for text in [
            "unable to retrieve container logs for containerd://8cdfe489333df0",
            "failed to try resolving symlinks in path \"/var/log/pods/shop_web-1_0/app/1.log\": \
             lstat /var/log/pods/shop_web-1_0/app/1.log: no such file or directory\n",
            "failed to open log file \"/var/log/pods/shop_web-1_0/app/1.log\": open: no such file",
            "previous terminated container \"app\" in pod \"web-1\" not found",
            "Error from server (BadRequest): previous terminated container \"app\" in pod \
             \"web-1\" not found",
            "Error from server (BadRequest): container \"app\" in pod \"web-1\" is waiting to \
             start: trying and failing to pull image",
            "container \"app\" in pod \"web-1\" is waiting to start - no logs yet",
            "container \"app\" in pod \"web-1\" is terminated\n\n",
        ] {
            assert!(is_no_log(text), "{text}");
        }
        for text in [
            "",
            "\n",
            "FATAL: no database",
            "starting\nunable to retrieve container logs for containerd://8cdf\nended",
            "the pod: unable to retrieve container logs for it",
            "container \"app\" is ready",
            "Error from server: my own words",
        ] {
            assert!(!is_no_log(text), "{text}");
        }
    }

    #[test]
    fn the_other_form_asks_for_the_other_run() {
        let log = ContainerLog { pod: "web-1", container: "app", previous: true };
        assert_eq!(log.other(), ContainerLog { previous: false, ..log });
        assert_eq!(log.other().other(), log);
    }
}
