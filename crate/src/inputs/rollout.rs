//! The inputs about the change and its rollout.

use crate::{
    host::time::parse_seconds,
    inputs::{Access, InputError, Kubectl, Note, Verification, cluster::Reached, reader::Reader},
    kubectl::Target,
    kubernetes::is_label,
    login::proxy::Network,
    plan::{DowngradeRule, Run},
    rollout::Rules,
};

pub(super) const DRY_RUNS: [&str; 3] = ["none", "client", "server"];
pub(super) const ON_FAILURE: [&str; 2] = ["undo", "keep"];
pub(super) const SCOPES: [&str; 2] = ["step", "workload"];
pub(super) const WHEN_UNCHANGED: [&str; 4] = ["warn", "succeed", "fail", "restart"];
/// Seconds, where no progress deadline is longer.
pub(super) const LEAST_TIMEOUT: &str = "600";
/// Seconds; more does not fit a timer of the host in milliseconds.
const LONGEST_TIMEOUT: u32 = 2_000_000;

/// How to change the workloads.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The cluster.
    pub target: Target,
    /// The namespaces of lines that name none; none means that of the kubeconfig's context.
    pub namespaces: Vec<String>,
    /// How kubectl logs in.
    pub access: Access,
    /// Which kubectl is run.
    pub kubectl: Kubectl,
    /// What registries are asked.
    pub verification: Verification,
    /// The way to the network.
    pub network: Network,
    /// The agent's operating system, as Node names it.
    pub os: String,
    /// Whether the API server only checks the change.
    pub dry_run: bool,
    /// Whether an older version may be set over a newer one.
    pub downgrade: DowngradeRule,
    /// How long to wait for the rollouts, in milliseconds; `None` for no limit.
    pub timeout_ms: Option<u32>,
    /// When a rollout has failed before that time is over.
    pub rules: Rules,
    /// Whether the workloads' own progress deadlines say how long, since nobody does.
    pub timeout_by_deadlines: bool,
    /// What becomes of the images when a rollout fails.
    pub on_failure: OnFailure,
    /// Of which workloads.
    pub scope: Scope,
    /// What an image that is there already means.
    pub when_unchanged: WhenUnchanged,
    /// Whether a pod may be deleted that keeps a `StatefulSet` from going back.
    pub delete_stuck_pods: bool,
    /// The run that changes the workloads, for the record on them.
    pub run: Run,
    /// How long the step may still take once the agent ends it, in milliseconds: after its first
    /// signal, and after its second one where that leaves more than a moment.
    pub grace_ms: Vec<u32>,
}

/// When the agent sends the second signal, and kills the step, in milliseconds after the signal
/// before (Agent.Sdk/Knob/AgentKnobs.cs of microsoft/azure-pipelines-agent).
const SIGINT_TIMEOUT_MS: u32 = 7_500;
const SIGTERM_TIMEOUT_MS: u32 = 2_500;
/// What is left for the last words, in milliseconds.
const LAST_WORDS_MS: u32 = 2_000;
/// The longest wait of a timer of the host, in milliseconds.
const LONGEST_WAIT_MS: u32 = 2_000_000_000;

/// The input `onFailure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// The images that were there before are put back.
    Undo,
    /// The new images stay.
    Keep,
}

/// The input `onFailureScope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Of every workload that the step changed.
    Step,
    /// Of those alone whose rollout is not done.
    Workload,
}

/// The input `whenUnchanged`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUnchanged {
    /// The step succeeds with issues.
    Warn,
    /// The step succeeds.
    Succeed,
    /// The step fails before anything is changed.
    Fail,
    /// The pods are replaced all the same, by `kubectl rollout restart`.
    Restart,
}

/// The input `dryRun`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DryRun {
    None,
    Client,
    Server,
}

impl Reader<'_> {
    /// These inputs, and whether the API server is to be left out or only asked.
    pub(super) fn change(&mut self, set_image: bool) -> Option<(Change, DryRun)> {
        let mut namespaces = self.namespaces();
        let verification =
            if set_image { self.verification() } else { Some(Verification::default()) };
        let access = self.access();
        let context = self.text("context");
        let kubectl = self.kubectl();
        let dry_run = self.choice("dryRun", &DRY_RUNS).map(|dry_run| match dry_run {
            "client" => DryRun::Client,
            "server" => DryRun::Server,
            _ => DryRun::None,
        });
        let when_unchanged =
            self.choice("whenUnchanged", &WHEN_UNCHANGED).map(|chosen| match chosen {
                "succeed" => WhenUnchanged::Succeed,
                "fail" => WhenUnchanged::Fail,
                "restart" => WhenUnchanged::Restart,
                _ => WhenUnchanged::Warn,
            });
        let timeout_ms = self.timeout_ms();
        let rules = self.rules();
        let downgrade = self.downgrade_rule();
        let on_failure = self.choice("onFailure", &ON_FAILURE).map(|chosen| match chosen {
            "keep" => OnFailure::Keep,
            _ => OnFailure::Undo,
        });
        let scope = self.choice("onFailureScope", &SCOPES).map(|chosen| match chosen {
            "workload" => Scope::Workload,
            _ => Scope::Step,
        });
        let timeout_by_deadlines = !self.has("rolloutStatusTimeout");
        let delete_stuck_pods = self.flag("deleteStuckPods", false);
        let dry_run = dry_run?;
        let Reached { access, context: context_of_connection, namespace } = access?;
        if let Some(namespace) = namespace.filter(|_| !self.has("namespace")) {
            self.notes.push(Note::Namespace(namespace.clone()));
            namespaces.push(namespace);
        }
        if dry_run == DryRun::None && self.variables.in_container() {
            self.notes.push(Note::Container);
        }
        let change = Change {
            target: Target {
                namespace: None,
                context: context.or(context_of_connection),
                kubeconfig: match &access {
                    Access::File(path) => Some(path.clone()),
                    _ => None,
                },
            },
            namespaces,
            access,
            kubectl: kubectl?,
            verification: verification?,
            network: Network::new(self.agent),
            os: self.agent.os.clone(),
            dry_run: dry_run == DryRun::Server,
            downgrade: downgrade?,
            timeout_ms,
            rules: rules?,
            timeout_by_deadlines,
            on_failure: on_failure?,
            scope: scope?,
            when_unchanged: when_unchanged?,
            delete_stuck_pods: delete_stuck_pods?,
            run: Run::of(self.variables),
            grace_ms: self.grace_ms(),
        };
        Some((change, dry_run))
    }

    /// The variables `PROCESS_SIGINT_TIMEOUT` and `PROCESS_SIGTERM_TIMEOUT` of the job lengthen it.
    fn grace_ms(&self) -> Vec<u32> {
        let after = |variable: &str, default: u32| {
            let ms = self.variables.get(variable).and_then(|text| text.parse().ok());
            ms.unwrap_or(default).min(LONGEST_WAIT_MS).saturating_sub(LAST_WORDS_MS)
        };
        let first = after("PROCESS_SIGINT_TIMEOUT", SIGINT_TIMEOUT_MS);
        let second = after("PROCESS_SIGTERM_TIMEOUT", SIGTERM_TIMEOUT_MS);
        let is_worth_it = second > SIGTERM_TIMEOUT_MS - LAST_WORDS_MS;
        [first].into_iter().chain(is_worth_it.then_some(second)).collect()
    }

    /// One or several, between commas or spaces.
    fn namespaces(&mut self) -> Vec<String> {
        let text = self.text("namespace").unwrap_or_default();
        let words = text.split([',', ' ', '\n', '\t']).filter(|word| !word.is_empty());
        let mut namespaces: Vec<String> = Vec::new();
        for word in words {
            if !is_label(word) {
                self.errors.push(InputError::Namespace(word.to_owned()));
            } else if !namespaces.iter().any(|known| known == word) {
                namespaces.push(word.to_owned());
            }
        }
        namespaces
    }

    fn rules(&mut self) -> Option<Rules> {
        let text = self.text("failAfter").unwrap_or_default();
        match Rules::parse(&text) {
            Ok(rules) => Some(rules),
            Err(error) => {
                self.errors.push(InputError::FailAfter(error));
                None
            }
        }
    }

    fn timeout_ms(&mut self) -> Option<u32> {
        let text = self.text("rolloutStatusTimeout").unwrap_or_else(|| LEAST_TIMEOUT.to_owned());
        match parse_seconds(&text) {
            Some(0) => None,
            Some(seconds) if seconds <= LONGEST_TIMEOUT => Some(seconds * 1000),
            _ => self.fail(InputError::Timeout { found: text, longest: LONGEST_TIMEOUT }),
        }
    }
}
