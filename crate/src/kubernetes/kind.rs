//! The kinds of workload, and the names that kubectl has for them.
#![allow(missing_docs)]

use std::fmt;

use serde::Deserialize;

/// The kinds of workload whose images can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
pub enum Kind {
    #[default]
    Deployment,
    StatefulSet,
    DaemonSet,
    CronJob,
    ReplicaSet,
    ReplicationController,
    Pod,
}

impl Kind {
    /// Every kind, in the order that messages list them.
    pub const ALL: [Self; 7] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::CronJob,
        Self::ReplicaSet,
        Self::ReplicationController,
        Self::Pod,
    ];

    /// The plural that kubectl and the API use: `deployments`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::CronJob => "cronjobs",
            Self::ReplicaSet => "replicasets",
            Self::ReplicationController => "replicationcontrollers",
            Self::Pod => "pods",
        }
    }

    /// kubectl's short name: `deploy`.
    #[must_use]
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Deployment => "deploy",
            Self::StatefulSet => "sts",
            Self::DaemonSet => "ds",
            Self::CronJob => "cj",
            Self::ReplicaSet => "rs",
            Self::ReplicationController => "rc",
            Self::Pod => "po",
        }
    }

    /// The kinds among which workloads are looked for. ReplicaSets are mostly those of Deployments,
    /// and pods those of any other kind.
    #[must_use]
    pub const fn found_by_listing() -> &'static [Self] {
        &[Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::CronJob]
    }

    /// The API group: `apps`; empty for the core group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::CronJob => "batch",
            Self::ReplicationController | Self::Pod => "",
            Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::ReplicaSet => "apps",
        }
    }

    /// Reads a kind as kubectl takes it: plural, singular or short, in any case, with or without
    /// its API group (`deployments.apps`, `deployments.v1.apps`).
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let (name, group) = word.split_once('.').unwrap_or((&word, ""));
        Self::ALL.into_iter().find(|kind| {
            let plural = kind.plural();
            let known = [plural, &plural[..plural.len() - 1], kind.short_name()].contains(&name);
            let group = group.strip_prefix("v1.").unwrap_or(group);
            known && ["", kind.group()].contains(&group)
        })
    }
}

/// A workload's name as kubectl takes it. Prints as `deployments/identityserver`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadName {
    /// Its kind.
    pub kind: Kind,
    /// Its `metadata.name`.
    pub name: String,
}

impl WorkloadName {
    /// `deployment/identityserver`, as one object is called.
    #[must_use]
    pub fn singular(&self) -> String {
        let plural = self.kind.plural();
        format!("{}/{}", &plural[..plural.len() - 1], self.name)
    }
}

impl fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.plural(), self.name)
    }
}

/// A DNS-1123 label, as the API server asks of container names and namespaces.
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_kind_is_read_as_kubectl_reads_it() {
        for word in [
            "deployments",
            "deployment",
            "deploy",
            "Deployment",
            "deployments.apps",
            "deploy.v1.apps",
        ] {
            assert_eq!(Kind::parse(word), Some(Kind::Deployment), "{word}");
        }
        for word in ["pods", "pod", "po", "Pod", "pods.v1."] {
            assert_eq!(Kind::parse(word), Some(Kind::Pod), "{word}");
        }
        for word in ["replicationcontrollers", "replicationcontroller", "rc"] {
            assert_eq!(Kind::parse(word), Some(Kind::ReplicationController), "{word}");
        }
        assert_eq!(Kind::parse("cj"), Some(Kind::CronJob));
        assert_eq!(Kind::parse("cronjobs.batch"), Some(Kind::CronJob));
        for word in ["deploys", "pods.apps", "cronjobs.apps", "", "deployments.batch"] {
            assert_eq!(Kind::parse(word), None, "{word}");
        }
    }
}
