//! The command lines of kubectl, as arguments and as a person would type them.

mod length;
mod process;
mod published;
mod release;
mod skew;

use std::fmt;

pub use length::TooLong;
pub(crate) use process::{ChangeError, Process, ProcessExit, is_note, main_line};
pub(crate) use published::NoKubectl;
pub use published::{Published, PublishedError};
pub use release::{KubectlRelease, PROGRAM};
pub use skew::{Skew, client_version, server_version};

use crate::kubernetes::{ContainerLog, WorkloadName};

/// Where kubectl goes: flags that every command carries, empty for kubectl's own defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The namespace, where the input names one.
    pub namespace: Option<String>,
    /// The context of the kubeconfig, where the input names one.
    pub context: Option<String>,
    /// The path of the kubeconfig, where the input names one.
    pub kubeconfig: Option<String>,
}

/// A command line of kubectl. Prints so that it can be pasted into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    args: Vec<String>,
}

impl Target {
    /// The same cluster, in this namespace, or in the one of the kubeconfig's context.
    #[must_use]
    pub fn within(&self, namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(str::to_owned), ..self.clone() }
    }

    /// `kubectl set image WORKLOAD... CONTAINER=IMAGE...`
    #[must_use]
    pub fn set_image(&self, workloads: &[WorkloadName], pairs: &[String]) -> CommandLine {
        self.command(["set", "image"], names(workloads).chain(pairs.iter().cloned()))
    }

    /// `kubectl rollout restart WORKLOAD...`
    #[must_use]
    pub fn restart(&self, workloads: &[WorkloadName]) -> CommandLine {
        self.command(["rollout", "restart"], names(workloads))
    }

    /// `kubectl rollout undo WORKLOAD`
    #[must_use]
    pub fn undo_rollout(&self, workload: &WorkloadName) -> CommandLine {
        self.command(["rollout", "undo"], names(std::slice::from_ref(workload)))
    }

    /// `kubectl delete pods NAME --wait=false`
    #[must_use]
    pub fn delete_pod(&self, name: &str) -> CommandLine {
        self.command(["delete", "pods"], [name.to_owned()]).with(["--wait=false"])
    }

    /// A command that is of no namespace, or names its own.
    #[must_use]
    pub fn cluster_command(&self, args: impl IntoIterator<Item = String>) -> CommandLine {
        self.within(None).command([], args)
    }

    /// `kubectl describe OBJECT`, of an object such as `pods/identityserver-7d4b9c-x2k8p`.
    #[must_use]
    pub fn describe(&self, object: &str) -> CommandLine {
        self.command(["describe"], [object.to_owned()])
    }

    /// `kubectl logs POD --container=CONTAINER`
    #[must_use]
    pub fn logs(&self, log: &ContainerLog<'_>) -> CommandLine {
        let previous = log.previous.then(|| "--previous".to_owned());
        let of = [log.pod.to_owned(), format!("--container={}", log.container)];
        self.command(["logs"], of.into_iter().chain(previous))
    }

    fn command<const N: usize>(
        &self,
        verb: [&str; N],
        objects: impl IntoIterator<Item = String>,
    ) -> CommandLine {
        let args = verb.into_iter().map(str::to_owned).chain(objects).collect();
        let flag = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("--{name}={value}"))
        };
        CommandLine { args }
            .with(flag("namespace", &self.namespace))
            .with(flag("context", &self.context))
            .with(flag("kubeconfig", &self.kubeconfig))
    }
}

fn names(workloads: &[WorkloadName]) -> impl Iterator<Item = String> {
    workloads.iter().map(ToString::to_string)
}

impl CommandLine {
    /// The arguments after the program's name.
    #[must_use]
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// The same, asking the API server to check it and change nothing.
    #[must_use]
    pub fn dry_run(self) -> Self {
        self.with(["--dry-run=server"])
    }

    fn with<T: Into<String>>(mut self, more: impl IntoIterator<Item = T>) -> Self {
        self.args.extend(more.into_iter().map(Into::into));
        self
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("kubectl")?;
        for arg in &self.args {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
            if !arg.is_empty() && arg.bytes().all(plain) {
                write!(f, " {arg}")?;
            } else {
                write!(f, " '{}'", arg.replace('\'', r"'\''"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::Kind;

    #[test]
    fn prints_what_a_shell_takes() {
        let web = [WorkloadName { kind: Kind::Deployment, name: "web".into() }];
        let target = Target {
            namespace: Some("shop".into()),
            context: Some("it's me".into()),
            kubeconfig: None,
        };
        assert_eq!(
            target.set_image(&web, &["*=a.io/app:1".into()]).to_string(),
            r"kubectl set image deployments/web '*=a.io/app:1' --namespace=shop '--context=it'\''s me'"
        );
        let target = Target::default();
        let log = ContainerLog { pod: "web-1", container: "app", previous: true };
        assert_eq!(target.logs(&log).to_string(), "kubectl logs web-1 --container=app --previous");
    }
}
