//! The task's inputs, checked: from text to a typed request, or every error at once.

mod cluster;
mod error;
mod files;
mod note;
mod reader;
mod registry;
mod rollout;
mod tag;

use std::collections::BTreeMap;

pub use cluster::{Access, Kubectl};
pub use error::InputError;
pub use files::{FILE_LIMIT, File, FileContent};
pub use note::Note;
pub use registry::{RegistryAccess, Verification};
pub use rollout::{Change, OnFailure, Scope, WhenUnchanged};
pub use tag::{Publication, Warning};

use crate::{
    host::{Agent, variables::Variables},
    image::{
        lines::{self, Line, Needs},
        tag::Computed,
    },
    inputs::{reader::Reader, rollout::DryRun, tag::Tagged},
    kubectl::CommandLine,
    plan::commands_without_cluster,
};

/// The inputs that the task has, by their names in task.json.
pub const NAMES: [&str; 39] = [
    "command",
    "images",
    "tagStrategy",
    "commitLength",
    "tagTemplate",
    "versionFrom",
    "tagPrefix",
    "version",
    "versionFile",
    "releaseBranches",
    "artifactAlias",
    "imagesFile",
    "mutableTags",
    "mutableTagList",
    "allowDowngrade",
    "addBuildTag",
    "updateBuildNumber",
    "containerRegistry",
    "verifyImage",
    "pin",
    "connectionType",
    "kubernetesServiceEndpoint",
    "azureSubscriptionEndpoint",
    "azureResourceGroup",
    "kubernetesCluster",
    "useClusterAdmin",
    "namespace",
    "kubeconfig",
    "context",
    "kubectlVersion",
    "kubectlPath",
    "kubectlDownloadUrl",
    "dryRun",
    "whenUnchanged",
    "rolloutStatusTimeout",
    "failAfter",
    "onFailure",
    "onFailureScope",
    "deleteStuckPods",
];

const COMMANDS: [&str; 3] = ["setImage", "computeTag", "undo"];

/// What the step is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What to do with the images.
    pub job: Job,
    /// The images, complete with their tags.
    pub lines: Vec<Line>,
    /// The tag of this run, where one is needed.
    pub tag: Option<Computed>,
    /// What is to be looked at.
    pub warnings: Vec<Warning>,
    /// What nobody wrote, and the log says.
    pub notes: Vec<Note>,
}

/// The input `command`, with the inputs that belong to it.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Publish the tag; the cluster is not touched.
    ComputeTag(Publication),
    /// Print the commands; the cluster is not touched.
    EmitCommands(Vec<CommandLine>),
    /// Set the images and wait.
    SetImage(Change),
    /// Put back the images that an earlier run replaced.
    Undo(Change),
}

/// The files that the inputs name, to be read before [`Request::read`]. What is wrong with an input
/// is told there.
#[must_use]
pub fn files(inputs: &BTreeMap<String, String>, variables: &Variables) -> Vec<File> {
    let agent = &Agent::default();
    let mut reader = Reader::new(inputs, variables, agent, &[]);
    let command = reader.choice("command", &COMMANDS);
    let mut files = reader.tag_files(command == Some("setImage"));
    if command != Some("computeTag") {
        files.extend(reader.kubeconfig_file());
    }
    files
}

impl Request {
    /// Reads the inputs, with the files that they name.
    ///
    /// # Errors
    /// Everything that has to be corrected, each once.
    pub fn read(
        inputs: &BTreeMap<String, String>,
        variables: &Variables,
        agent: &Agent,
        files: &[FileContent],
    ) -> Result<Self, Vec<InputError>> {
        let mut reader = Reader::new(inputs, variables, agent, files);
        let request = reader.request();
        match request {
            Some(request) if reader.errors.is_empty() => {
                Ok(Self { notes: reader.notes, ..request })
            }
            _ => Err(reader.errors),
        }
    }
}

impl Reader<'_> {
    fn request(&mut self) -> Option<Request> {
        let command = self.choice("command", &COMMANDS)?;
        if command == "undo" {
            return self.undo();
        }
        let set_image = command == "setImage";
        let lines = self.lines(Needs::Images, set_image && !self.has("imagesFile"));
        let tagged = lines.and_then(|lines| self.tagged(lines, set_image));
        if command == "computeTag" {
            let tagged = tagged?;
            let job = Job::ComputeTag(self.publication(&tagged)?);
            let Tagged { tag, lines, warnings, .. } = tagged;
            return Some(Request { job, lines, tag, warnings, notes: Vec::new() });
        }
        let change = self.change(true);
        let Tagged { tag, lines, mut warnings, ordered, built, .. } = tagged?;
        let job = match change? {
            (change, DryRun::Client) if change.verification.pin => {
                return self.fail(InputError::PinNeedsRegistry("dryRun: client"));
            }
            (change, DryRun::Client) => {
                let Change { namespaces, target, .. } = &change;
                let commands = commands_without_cluster(&lines, namespaces, target);
                Job::EmitCommands(self.take(commands.map_err(InputError::NeedsCluster))?)
            }
            (mut change, _) => {
                change.downgrade.ordered = ordered;
                change.verification.built = built;
                warnings.extend(change.network.ignored.iter().cloned().map(Warning::Bypass));
                Job::SetImage(change)
            }
        };
        Some(Request { job, lines, tag, warnings, notes: Vec::new() })
    }

    fn undo(&mut self) -> Option<Request> {
        let lines = self.lines(Needs::Workloads, false);
        let (change, dry_run) = self.change(false)?;
        if dry_run == DryRun::Client {
            return self.fail(InputError::UndoNeedsCluster);
        }
        let warnings = change.network.ignored.iter().cloned().map(Warning::Bypass).collect();
        let job = Job::Undo(change);
        Some(Request { job, lines: lines?, tag: None, warnings, notes: Vec::new() })
    }

    fn lines(&mut self, needs: Needs, required: bool) -> Option<Vec<Line>> {
        let text = self.inputs.get("images").map_or("", String::as_str);
        match lines::parse(text, needs, self.variables) {
            Ok(lines) if lines.is_empty() && required => self.fail(InputError::NoImages),
            Ok(lines) => Some(lines),
            Err(errors) => {
                self.errors.extend(errors.into_iter().map(InputError::Line));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        cluster::{CONNECTION_TYPES, DOWNLOADS},
        registry::{PINS, VERIFY},
        rollout::{DRY_RUNS, ON_FAILURE, SCOPES, WHEN_UNCHANGED},
        tag::{COMMIT_LENGTHS, DEFAULT_RELEASE_BRANCHES, POLICIES, STRATEGIES, VERSIONS_FROM},
        *,
    };
    use crate::{
        image::tag::{downgrade::Ordered, mutable::DEFAULT_LIST},
        kubectl::Target,
        login::proxy::Network,
        plan::{DowngradeRule, Run},
        registry::Verify,
        rollout::Rules,
    };

    fn read(inputs: &[(&str, &str)]) -> Result<Request, Vec<String>> {
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
        };
        let variables = Variables::new(owned(&[("Build.BuildId", "4125")]));
        Request::read(&owned(inputs), &variables, &Agent::default(), &[])
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn task_json_offers_the_same_inputs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../task/task.json");
        let task = std::fs::read_to_string(path).unwrap();
        let task: serde_json::Value = serde_json::from_str(&task).unwrap();
        let inputs = task["inputs"].as_array().unwrap();
        let mut names: Vec<&str> = inputs.iter().map(|i| i["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        let mut read = NAMES;
        read.sort_unstable();
        assert_eq!(names, read);
        for (name, options) in [
            ("command", &COMMANDS[..]),
            ("connectionType", &CONNECTION_TYPES),
            ("verifyImage", &VERIFY),
            ("pin", &PINS),
            ("tagStrategy", &STRATEGIES),
            ("commitLength", &COMMIT_LENGTHS),
            ("versionFrom", &VERSIONS_FROM),
            ("mutableTags", &POLICIES),
            ("dryRun", &DRY_RUNS),
            ("whenUnchanged", &WHEN_UNCHANGED),
            ("onFailure", &ON_FAILURE),
            ("onFailureScope", &SCOPES),
        ] {
            let input = inputs.iter().find(|input| input["name"] == name).unwrap();
            assert_eq!(input["defaultValue"], options[0], "{name}");
            let offered: Vec<&String> = input["options"].as_object().unwrap().keys().collect();
            assert_eq!(offered.len(), options.len(), "{name}");
            assert!(offered.iter().all(|option| options.contains(&option.as_str())), "{name}");
        }
        for (name, default) in [
            ("rolloutStatusTimeout", ""),
            ("releaseBranches", DEFAULT_RELEASE_BRANCHES),
            ("mutableTagList", DEFAULT_LIST),
            ("allowDowngrade", "true"),
            ("addBuildTag", "true"),
            ("updateBuildNumber", "false"),
            ("useClusterAdmin", "false"),
            ("kubectlDownloadUrl", DOWNLOADS),
        ] {
            let input = inputs.iter().find(|input| input["name"] == name).unwrap();
            assert_eq!(input["defaultValue"], default, "{name}");
        }
    }

    #[test]
    fn empty_inputs_take_their_defaults() {
        let request = read(&[("images", "deploy/web app=a.io/app"), ("namespace", "")]).unwrap();
        assert_eq!(request.tag.unwrap().tag.as_str(), "4125");
        assert_eq!(
            request.job,
            Job::SetImage(Change {
                target: Target::default(),
                namespaces: Vec::new(),
                access: Access::Own { kubeconfigs: Vec::new(), cluster: None },
                kubectl: Kubectl::OnPath,
                network: Network::new(&Agent::default()),
                os: String::new(),
                verification: Verification {
                    verify: Some(Verify::Auto),
                    ..Verification::default()
                },
                dry_run: false,
                downgrade: DowngradeRule { allowed: true, ordered: Ordered::All },
                timeout_ms: Some(600_000),
                rules: Rules::default(),
                timeout_by_deadlines: true,
                on_failure: OnFailure::Undo,
                scope: Scope::Step,
                when_unchanged: WhenUnchanged::Warn,
                delete_stuck_pods: false,
                run: Run { author: "build 4125".into(), trace: Vec::new() },
                grace_ms: vec![5_500],
            })
        );
    }

    #[test]
    fn a_kubeconfig_is_a_path_or_a_secret_text() {
        let access = |text| match read(&[("images", "a.io/app"), ("kubeconfig", text)]) {
            Ok(Request { job: Job::SetImage(how), .. }) => how.access,
            other => panic!("{other:?}"),
        };
        for text in [
            "{\"kind\": \"Config\", \"users\": [{\"user\": {\"token\": \"hush\"}}]}",
            "kind: Config\nusers:\n- user: {token: hush}",
        ] {
            let secrets = vec!["hush".into()];
            let secret = Access::Kubeconfig { text: text.into(), secrets, insecure: false };
            assert_eq!(access(text), secret);
            assert!(!format!("{secret:?}").contains("hush"));
        }
    }

    #[test]
    fn the_variables_that_lengthen_the_grace_time_are_used() {
        let grace = |variables: &[(&str, &str)]| {
            let owned = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            let variables = Variables::new(owned.collect());
            let inputs = BTreeMap::from([("images".to_owned(), "a.io/app:1.4.2".to_owned())]);
            match Request::read(&inputs, &variables, &Agent::default(), &[]).map(|r| r.job) {
                Ok(Job::SetImage(change)) => change.grace_ms,
                other => panic!("{other:?}"),
            }
        };
        let (int, term) = ("PROCESS_SIGINT_TIMEOUT", "PROCESS_SIGTERM_TIMEOUT");
        assert_eq!(grace(&[]), [5_500]);
        assert_eq!(grace(&[(int, "60000")]), [58_000]);
        assert_eq!(grace(&[(term, "30000")]), [5_500, 28_000]);
        assert_eq!(grace(&[(int, "100"), (term, "soon")]), [0]);
        assert_eq!(grace(&[(int, "4000000000")]), [1_999_998_000]);
    }

    #[test]
    fn a_tag_of_its_own_needs_no_computed_one() {
        let request = read(&[("images", "deploy/web app=a.io/app:1.4.2")]).unwrap();
        assert_eq!(request.tag, None);
    }

    #[test]
    fn all_errors_are_told_at_once() {
        let errors = read(&[
            ("images", "--force app=x\ndeployments/web app=a.io/app:latest"),
            ("namespace", "Kube-System"),
            ("context", "$(Context)"),
            ("dryRun", "clinet"),
            ("rolloutStatusTimeout", "10 apples"),
            ("onFailure", "revert"),
        ])
        .unwrap_err();
        assert_eq!(
            errors,
            [
                "images, line 1: unsupported flag \"--force\". Remove it. A line can have -n \
                 NAMESPACE, -l SELECTOR, --all and --record",
                "namespace: invalid namespace \"Kube-System\". Use up to 63 lower case letters, \
                 digits and dashes, beginning and ending with a letter or digit",
                "context: $(Context) was not replaced, since the variable Context is not defined. Define \
                 Context under variables: of the pipeline (or in Variables of its editor), or in a \
                 variable group that it links",
                "dryRun: invalid value \"clinet\". Did you mean client? Use none, client or server.",
                "rolloutStatusTimeout: invalid value \"10 apples\". Use seconds or a duration such \
                 as 90, 60s, 10m or 1h30m, at most 2000000s, or 0 for no limit.",
                "onFailure: invalid value \"revert\". Use undo or keep.",
            ]
        );
    }

    #[test]
    fn values_are_taken_as_people_write_them() {
        let change = |inputs: &[(&str, &str)]| match read(
            &[&[("images", "a.io/app:1.4.2")], inputs].concat(),
        )
        .map(|r| r.job)
        {
            Ok(Job::SetImage(change)) => change,
            other => panic!("{inputs:?}: {other:?}"),
        };
        let default = change(&[]);
        for (input, value, written) in [
            ("command", "setImage", &["SETIMAGE", "set image", "set-image"][..]),
            ("onFailure", "undo", &["rollback", "Roll back", "Undo"]),
            ("onFailureScope", "workload", &["Workload"]),
            ("connectionType", "none", &["None"]),
            ("verifyImage", "off", &["false", "No", "OFF", "0"]),
            ("verifyImage", "auto", &["true", "yes", "On", "1"]),
            ("pin", "digest", &["true", "Yes", "on"]),
            ("pin", "none", &["false", "no", "off"]),
            ("dryRun", "none", &["false", "No", "off"]),
            ("tagStrategy", "none", &["false", "off"]),
            ("allowDowngrade", "false", &["False", "no", "OFF", "0"]),
            ("deleteStuckPods", "true", &["True", "yes", "ON", "1"]),
            ("rolloutStatusTimeout", "90", &["90s", "1m30s", "1M30S", "0h90s"]),
            ("rolloutStatusTimeout", "600", &["10m", "600s"]),
            ("rolloutStatusTimeout", "3600", &["1h", "60m"]),
            ("rolloutStatusTimeout", "0", &["0s", "0m"]),
            ("failAfter", "imagePull=120 readiness=off", &["imagepull=2m,readiness=No"]),
        ] {
            let expected = change(&[(input, value)]);
            for written in written {
                assert_eq!(change(&[(input, *written)]), expected, "{input}: {written}");
            }
        }
        assert_eq!(change(&[("onFailure", "rollback")]), default);
        for (written, value) in [("Rollback", "undo"), ("compute tag", "computeTag")] {
            let job = |command| read(&[("command", command), ("images", "a.io/app")]).unwrap().job;
            assert_eq!(job(written), job(value), "{written}");
        }
        let of_kubernetes_1 = [("connectionType", "Kubernetes Service Connection")];
        assert_eq!(
            read(&[&[IMAGE], &of_kubernetes_1[..]].concat()).unwrap_err(),
            read(&[IMAGE, ("connectionType", "kubernetesServiceConnection")]).unwrap_err()
        );
    }

    /// A line that needs nothing else.
    const IMAGE: (&str, &str) = ("images", "a.io/app:1.4.2");

    #[test]
    fn a_wrong_value_is_one_error_that_names_what_is_allowed() {
        for (input, value, rest) in [
            ("command", "undoo", " Did you mean undo? Use setImage, computeTag or undo."),
            ("verifyImage", "strict", " Use auto, required or off."),
            ("pin", "tag", " Use none or digest."),
            ("dryRun", "true", " Use none, client or server."),
            ("mutableTags", "false", " Use fail, warn or allow."),
            ("whenUnchanged", "Warning", " Use warn, succeed, fail or restart."),
            ("allowDowngrade", "maybe", " Use true or false."),
            (
                "tagStrategy",
                "build",
                " Use buildId, buildNumber, commit, semver, template or none.",
            ),
        ] {
            let errors = read(&[IMAGE, (input, value)]).unwrap_err();
            assert_eq!(errors, [format!("{input}: invalid value {value:?}.{rest}")]);
        }
        for timeout in
            ["10 m", "1.5h", "-1", "ten", "5ms", "s", "10m5", "2000001", "556h", "1d", "m"]
        {
            let errors = read(&[IMAGE, ("rolloutStatusTimeout", timeout)]).unwrap_err();
            let [error] = errors.as_slice() else { panic!("{errors:?}") };
            assert!(
                error.starts_with(&format!("rolloutStatusTimeout: invalid value {timeout:?}."))
            );
        }
    }

    #[test]
    fn a_wrong_command_says_nothing_of_what_the_right_one_would_need() {
        assert_eq!(
            read(&[("command", "roll"), ("images", "deployments/web"), ("tagStrategy", "semver")]),
            Err(vec!["command: invalid value \"roll\". Use setImage, computeTag or undo.".into()])
        );
    }

    #[test]
    fn says_what_is_missing() {
        assert_eq!(
            read(&[("images", " \n# nothing")]).unwrap_err(),
            [
                "images: not set. Write a line for each workload, such as deployments/identityserver \
              identityserver=$(ACR)/identityserver"
            ]
        );
        assert_eq!(
            read(&[("command", "computeTag"), ("tagStrategy", "none")]).unwrap_err(),
            ["tagStrategy: none does not compute a tag. Set tagStrategy: buildId"]
        );
        assert_eq!(
            read(&[("images", "a.io/app"), ("dryRun", "client")]).unwrap_err(),
            ["images: dryRun: client cannot tell which containers run a.io/app. Name the \
              container, such as deployments/NAME CONTAINER=a.io/app:4125, or set dryRun: server"]
        );
    }
}
