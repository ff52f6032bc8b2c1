//! The task's inputs, checked: from text to a typed request, or every error at once.

use std::{collections::BTreeMap, fmt};

use crate::{
    images::{self, Line, LineError, is_label},
    kubectl::{CommandLine, Target},
    nearest::nearest,
    plan::commands_without_cluster,
    reference::{Reference, Tag},
    tag::{Strategy, TagError},
    variables::{Unresolved, Variables},
};

/// The inputs that the task has, by their names in task.json.
pub const NAMES: [&str; 8] = [
    "command",
    "images",
    "tagStrategy",
    "namespace",
    "kubeconfig",
    "context",
    "dryRun",
    "rolloutStatusTimeout",
];

const COMMANDS: [&str; 2] = ["setImage", "computeTag"];
const STRATEGIES: [&str; 3] = ["buildId", "semver", "none"];
const DRY_RUNS: [&str; 3] = ["none", "client", "server"];
/// Seconds.
const DEFAULT_TIMEOUT: &str = "600";
/// Seconds; more does not fit a timer of the host in milliseconds.
const LONGEST_TIMEOUT: u32 = 2_000_000;

/// What the step is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What to do with the images.
    pub job: Job,
    /// The images, complete with their tags.
    pub lines: Vec<Line>,
    /// The tag of this run, where one is needed.
    pub tag: Option<Tag>,
    /// Where it comes from.
    pub strategy: Strategy,
}

/// The input `command`, with the inputs that belong to it.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Publish the tag; the cluster is not touched.
    ComputeTag,
    /// Print the commands; the cluster is not touched.
    EmitCommands(Vec<CommandLine>),
    /// Set the images and wait.
    SetImage(SetImage),
}

/// How to set the images.
#[derive(Debug, Clone, PartialEq)]
pub struct SetImage {
    /// Namespace and context.
    pub target: Target,
    /// The kubeconfig, where the input has one.
    pub kubeconfig: Option<Kubeconfig>,
    /// Whether the API server only checks the change.
    pub dry_run: bool,
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

/// Why an input cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub enum InputError {
    /// An input holds a macro that was not replaced.
    Unresolved(&'static str, Unresolved),
    /// There is no image to set.
    NoImages,
    /// A line of `images` is wrong.
    Line(LineError),
    /// An input has a value that is none of its options.
    Choice {
        /// The input.
        input: &'static str,
        /// Its value.
        found: String,
        /// The values it can have.
        options: &'static [&'static str],
    },
    /// The namespace is no namespace.
    Namespace(String),
    /// The time is no whole number of seconds.
    Timeout(String),
    /// There is no tag.
    Tag(TagError),
    /// `computeTag` with a strategy that gives no tag.
    NothingToCompute,
    /// `dryRun: client` with a line that only the cluster can complete.
    NeedsCluster(Reference),
}

impl Request {
    /// Reads the inputs.
    ///
    /// # Errors
    /// Everything that has to be corrected, in the order of task.json.
    pub fn read(
        inputs: &BTreeMap<String, String>,
        variables: &Variables,
    ) -> Result<Self, Vec<InputError>> {
        let mut reader = Reader { inputs, variables, errors: Vec::new() };
        let request = reader.request();
        match request {
            Some(request) if reader.errors.is_empty() => Ok(request),
            _ => Err(reader.errors),
        }
    }
}

struct Reader<'a> {
    inputs: &'a BTreeMap<String, String>,
    variables: &'a Variables,
    errors: Vec<InputError>,
}

impl Reader<'_> {
    fn request(&mut self) -> Option<Request> {
        let command = self.choice("command", &COMMANDS);
        let lines = self.lines(command == Some("setImage"));
        let strategy = self.choice("tagStrategy", &STRATEGIES).map(|strategy| match strategy {
            "semver" => Strategy::Semver,
            "none" => Strategy::None,
            _ => Strategy::BuildId,
        });
        let (command, strategy) = (command?, strategy?);
        if command == "computeTag" {
            let (tag, lines) = self.complete(lines?, strategy, true)?;
            if tag.is_none() {
                self.errors.push(InputError::NothingToCompute);
            }
            return Some(Request { job: Job::ComputeTag, lines, tag, strategy });
        }
        let target = Target { namespace: self.namespace(), context: self.text("context") };
        let kubeconfig = self.kubeconfig();
        let dry_run = self.choice("dryRun", &DRY_RUNS);
        let timeout_ms = self.timeout_ms();
        let (tag, lines) = self.complete(lines?, strategy, false)?;
        let job = match dry_run? {
            "client" => match commands_without_cluster(&lines, &target) {
                Ok(commands) => Job::EmitCommands(commands),
                Err(reference) => {
                    self.errors.push(InputError::NeedsCluster(reference));
                    return None;
                }
            },
            dry_run => Job::SetImage(SetImage {
                target,
                kubeconfig,
                dry_run: dry_run == "server",
                timeout_ms,
            }),
        };
        Some(Request { job, lines, tag, strategy })
    }

    fn lines(&mut self, required: bool) -> Option<Vec<Line>> {
        let text = self.inputs.get("images").map_or("", String::as_str);
        match images::parse(text, self.variables) {
            Ok(lines) if lines.is_empty() && required => {
                self.errors.push(InputError::NoImages);
                None
            }
            Ok(lines) => Some(lines),
            Err(errors) => {
                self.errors.extend(errors.into_iter().map(InputError::Line));
                None
            }
        }
    }

    /// Computes the tag, where an image needs it or it is asked for, and completes the lines.
    fn complete(
        &mut self,
        mut lines: Vec<Line>,
        strategy: Strategy,
        asked: bool,
    ) -> Option<(Option<Tag>, Vec<Line>)> {
        let computed = strategy.tag(self.variables);
        let needed = asked || lines.iter().any(Line::needs_tag);
        let tag = match computed {
            Ok(tag) => tag,
            Err(_) if !needed => None,
            Err(error) => {
                self.errors.push(InputError::Tag(error));
                return None;
            }
        };
        for line in &mut lines {
            if let Err(error) = line.complete(tag.as_ref()) {
                self.errors.push(InputError::Line(error));
            }
        }
        Some((tag.filter(|_| needed), lines))
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

    /// A choice's value; the first option where the input is empty.
    fn choice(
        &mut self,
        input: &'static str,
        options: &'static [&'static str],
    ) -> Option<&'static str> {
        let Some(found) = self.text(input) else { return options.first().copied() };
        let chosen = options.iter().find(|option| option.eq_ignore_ascii_case(&found)).copied();
        if chosen.is_none() {
            self.errors.push(InputError::Choice { input, found, options });
        }
        chosen
    }

    fn text(&mut self, input: &'static str) -> Option<String> {
        let text = self.inputs.get(input)?.trim();
        if let Some(unresolved) = Unresolved::find(text, self.variables) {
            self.errors.push(InputError::Unresolved(input, unresolved));
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(input, unresolved) => write!(f, "{input}: {unresolved}"),
            Self::NoImages => f.write_str(
                "images: there is no image to set. Write a line for each workload, such as \
                 deployments/identityserver identityserver=$(ACR)/identityserver",
            ),
            Self::Line(error) => error.fmt(f),
            Self::Choice { input, found, options } => {
                write!(f, "{input}: {found:?} is none of its values. ")?;
                if let Some(similar) = nearest(found, options.iter().copied()) {
                    write!(f, "Did you mean {similar}? ")?;
                }
                write!(f, "There are: {}", options.join(", "))
            }
            Self::Namespace(found) => write!(
                f,
                "namespace: {found:?} cannot be a namespace: up to 63 lower case letters, digits \
                 and dashes, beginning and ending with a letter or digit"
            ),
            Self::Timeout(found) => write!(
                f,
                "rolloutStatusTimeout: {found:?} is no whole number of seconds from 0 to \
                 {LONGEST_TIMEOUT}. Leave it empty for {DEFAULT_TIMEOUT}; 0 waits without a limit"
            ),
            Self::Tag(error) => error.fmt(f),
            Self::NothingToCompute => {
                f.write_str("tagStrategy: none gives no tag to compute. Take tagStrategy buildId")
            }
            Self::NeedsCluster(reference) => write!(
                f,
                "images: only the cluster knows which containers run {}, and dryRun client does \
                 not ask it. Name the container, such as deployments/NAME CONTAINER={reference}, or \
                 take dryRun server",
                reference.repository()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inputs: &[(&str, &str)]) -> Result<Request, Vec<String>> {
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
        };
        Request::read(&owned(inputs), &Variables::new(owned(&[("Build.BuildId", "4125")])))
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
        for (name, options) in
            [("command", &COMMANDS[..]), ("tagStrategy", &STRATEGIES), ("dryRun", &DRY_RUNS)]
        {
            let input = inputs.iter().find(|input| input["name"] == name).unwrap();
            assert_eq!(input["defaultValue"], options[0], "{name}");
            let offered: Vec<&String> = input["options"].as_object().unwrap().keys().collect();
            assert_eq!(offered.len(), options.len(), "{name}");
            assert!(offered.iter().all(|option| options.contains(&option.as_str())), "{name}");
        }
        let timeout = inputs.iter().find(|i| i["name"] == "rolloutStatusTimeout").unwrap();
        assert_eq!(timeout["defaultValue"], DEFAULT_TIMEOUT);
    }

    #[test]
    fn empty_inputs_take_their_defaults() {
        let request = read(&[("images", "deploy/web app=a.io/app"), ("namespace", "")]).unwrap();
        assert_eq!(request.tag.unwrap().as_str(), "4125");
        assert_eq!(
            request.job,
            Job::SetImage(SetImage {
                target: Target::default(),
                kubeconfig: None,
                dry_run: false,
                timeout_ms: Some(600_000),
            })
        );
    }

    #[test]
    fn a_kubeconfig_is_a_path_or_a_secret_text() {
        let kubeconfig = |text| match read(&[("images", "a.io/app"), ("kubeconfig", text)]) {
            Ok(Request { job: Job::SetImage(how), .. }) => how.kubeconfig,
            other => panic!("{other:?}"),
        };
        assert_eq!(kubeconfig(" /a/b "), Some(Kubeconfig::Path("/a/b".into())));
        for text in ["{\"token\": \"hush\"}", "kind: Config\ntoken: hush"] {
            assert_eq!(kubeconfig(text), Some(Kubeconfig::Text(text.into())));
            assert!(!format!("{:?}", kubeconfig(text)).contains("hush"));
        }
    }

    #[test]
    fn a_tag_of_its_own_needs_no_computed_one() {
        let request = read(&[("images", "deploy/web app=a.io/app:1")]).unwrap();
        assert_eq!(request.tag, None);
    }

    #[test]
    fn all_errors_are_told_at_once() {
        let errors = read(&[
            ("images", "--all app=x\ndeployments/web app=a.io/app:latest"),
            ("namespace", "Kube System"),
            ("context", "$(Context)"),
            ("dryRun", "clinet"),
            ("rolloutStatusTimeout", "10m"),
        ])
        .unwrap_err();
        assert_eq!(
            errors,
            [
                "images, line 1, column 1: \"--all\" is a flag, and flags have no place here. Name \
                 each workload: deployments/NAME CONTAINER=IMAGE",
                "namespace: \"Kube System\" cannot be a namespace: up to 63 lower case letters, \
                 digits and dashes, beginning and ending with a letter or digit",
                "context: $(Context) was not replaced: no variable Context is defined here. Define \
                 Context under variables: of the pipeline (or in Variables of its editor), or in a \
                 variable group that it links",
                "dryRun: \"clinet\" is none of its values. Did you mean client? There are: none, \
                 client, server",
                "rolloutStatusTimeout: \"10m\" is no whole number of seconds from 0 to 2000000. \
                 Leave it empty for 600; 0 waits without a limit",
            ]
        );
    }

    #[test]
    fn says_what_is_missing() {
        assert_eq!(
            read(&[("images", " \n# nothing")]).unwrap_err(),
            ["images: there is no image to set. Write a line for each workload, such as \
                 deployments/identityserver identityserver=$(ACR)/identityserver"]
        );
        assert_eq!(
            read(&[("command", "computeTag"), ("tagStrategy", "none")]).unwrap_err(),
            ["tagStrategy: none gives no tag to compute. Take tagStrategy buildId"]
        );
        assert_eq!(
            read(&[("images", "a.io/app"), ("dryRun", "client")]).unwrap_err(),
            ["images: only the cluster knows which containers run a.io/app, and dryRun client \
                 does not ask it. Name the container, such as deployments/NAME \
                 CONTAINER=a.io/app:4125, or take dryRun server"]
        );
    }
}
