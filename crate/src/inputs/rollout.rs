//! The inputs of the groups Cluster and Rollout.

use std::fmt;

use crate::{
    images::is_label,
    inputs::{InputError, reader::Reader},
    kubectl::Target,
    tag::downgrade::DowngradeRule,
};

pub(super) const DRY_RUNS: [&str; 3] = ["none", "client", "server"];
/// Seconds.
pub(super) const DEFAULT_TIMEOUT: &str = "600";
/// Seconds; more does not fit a timer of the host in milliseconds.
pub(super) const LONGEST_TIMEOUT: u32 = 2_000_000;

/// How to set the images.
#[derive(Debug, Clone, PartialEq)]
pub struct SetImage {
    /// Namespace and context.
    pub target: Target,
    /// The kubeconfig, where the input has one.
    pub kubeconfig: Option<Kubeconfig>,
    /// Whether the API server only checks the change.
    pub dry_run: bool,
    /// Whether an older version may be set over a newer one.
    pub downgrade: DowngradeRule,
    /// How long to wait for the rollouts, in milliseconds; `None` for no limit.
    pub timeout_ms: Option<u32>,
}

/// The input `kubeconfig`.
#[derive(Clone, PartialEq, Eq)]
pub enum Kubeconfig {
    /// The path of a file.
    Path(String),
    /// The text of one, mostly out of a secret variable. It is never printed.
    Text(String),
}

impl fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "Path({path})"),
            Self::Text(_) => f.write_str("Text(secret)"),
        }
    }
}

/// The input `dryRun`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DryRun {
    None,
    Client,
    Server,
}

impl Reader<'_> {
    /// The inputs of both groups, and whether the API server is to be left out or only asked.
    pub(super) fn set_image(&mut self) -> Option<(SetImage, DryRun)> {
        let target = Target { namespace: self.namespace(), context: self.text("context") };
        let kubeconfig = self.kubeconfig();
        let dry_run = self.choice("dryRun", &DRY_RUNS).map(|dry_run| match dry_run {
            "client" => DryRun::Client,
            "server" => DryRun::Server,
            _ => DryRun::None,
        });
        let timeout_ms = self.timeout_ms();
        let downgrade = self.downgrade_rule()?;
        let asked = dry_run?;
        let dry_run = asked == DryRun::Server;
        Some((SetImage { target, kubeconfig, dry_run, downgrade, timeout_ms }, asked))
    }

    fn namespace(&mut self) -> Option<String> {
        let namespace = self.text("namespace")?;
        if !is_label(&namespace) {
            self.errors.push(InputError::Namespace(namespace));
            return None;
        }
        Some(namespace)
    }

    /// A kubeconfig is YAML or JSON, so its text has braces or lines, which a path has not.
    fn kubeconfig(&mut self) -> Option<Kubeconfig> {
        let text = self.text("kubeconfig")?;
        let is_text = text.starts_with('{') || text.contains('\n');
        Some(if is_text { Kubeconfig::Text(text) } else { Kubeconfig::Path(text) })
    }

    fn timeout_ms(&mut self) -> Option<u32> {
        let text = self.text("rolloutStatusTimeout").unwrap_or_else(|| DEFAULT_TIMEOUT.to_owned());
        match text.parse::<u32>() {
            Ok(0) => None,
            Ok(seconds) if seconds <= LONGEST_TIMEOUT => Some(seconds * 1000),
            _ => {
                self.errors.push(InputError::Timeout(text));
                None
            }
        }
    }
}
