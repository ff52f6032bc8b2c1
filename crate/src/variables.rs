//! The pipeline's variables, and the macros that were to be replaced by them.

use std::{collections::BTreeMap, fmt};

use crate::nearest::nearest;

/// The public variables of the run, looked up without regard to case, as the agent does.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Takes the variables by their true names.
    #[must_use]
    pub const fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// A variable's value; an empty one counts as missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether the step runs in a classic release.
    #[must_use]
    pub fn in_classic_release(&self) -> bool {
        self.host_is("release")
    }

    /// Whether the step runs in a build or a YAML pipeline.
    #[must_use]
    pub fn in_build(&self) -> bool {
        self.host_is("build")
    }

    /// The environment that a deployment job deploys to, such as `shop`.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.get("Environment.Name")
    }

    /// The same with its resource, such as `shop.production`, where the job names one. Azure DevOps
    /// fills in the Kubernetes connections of its steps then.
    #[must_use]
    pub fn environment_resource(&self) -> Option<String> {
        let resource = self.get("Environment.ResourceName")?;
        Some(format!("{}.{resource}", self.environment()?))
    }

    /// Whether the step runs in a container, where the agent has its folders below `/__w`, or
    /// `C:\__w` (Agent.Worker/Container/DockerCommandManager.cs of microsoft/azure-pipelines-agent). A
    /// step with `target: host` sees those of the host.
    #[must_use]
    pub fn in_container(&self) -> bool {
        let folder = self.get("Agent.TempDirectory").unwrap_or_default();
        folder.split(['/', '\\']).any(|part| part == "__w")
    }

    fn host_is(&self, kind: &str) -> bool {
        self.get("System.HostType").is_some_and(|host| host.eq_ignore_ascii_case(kind))
    }

    /// The names of all variables, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn nearest_name(&self, name: &str) -> Option<&str> {
        nearest(name, self.names())
    }
}

/// A macro or expression that reached the task as it was written: `$(ACR)`, `$[…]`, `${{…}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Where it begins, in bytes from 0.
    pub at: usize,
    /// All of it.
    pub text: String,
    kind: UnresolvedKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum UnresolvedKind {
    Macro { name: String, define_in: String, similar: Option<String> },
    RuntimeExpression,
    TemplateExpression,
}

impl Unresolved {
    /// Finds the first one in a text. No input of the task can hold one by right: the agent
    /// replaces every macro whose variable it knows before the task sees it.
    #[must_use]
    pub fn find(text: &str, variables: &Variables) -> Option<Self> {
        let (at, opening, closing) = text.match_indices('$').find_map(|(at, _)| {
            let macros = [("$(", ")"), ("$[", "]"), ("${{", "}}")];
            let (opening, closing) = macros.into_iter().find(|(o, _)| text[at..].starts_with(o))?;
            Some((at, opening, closing))
        })?;
        let inner = &text[at + opening.len()..];
        let line = inner.lines().next().unwrap_or_default();
        let inner = line.split_once(closing).map_or(line, |(inner, _)| inner);
        let kind = match opening {
            "$(" => UnresolvedKind::Macro {
                name: inner.trim().to_owned(),
                define_in: where_variables_are_defined(variables),
                similar: variables.nearest_name(inner.trim()).map(str::to_owned),
            },
            "$[" => UnresolvedKind::RuntimeExpression,
            _ => UnresolvedKind::TemplateExpression,
        };
        Some(Self { at, text: format!("{opening}{inner}{closing}"), kind })
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match &self.kind {
            UnresolvedKind::Macro { name, define_in, similar } => {
                write!(f, "{text} was not replaced: no variable {name} is defined here. ")?;
                match similar {
                    Some(similar) => write!(f, "Did you mean $({similar})? If not, define")?,
                    None => f.write_str("Define")?,
                }
                write!(f, " {name} {define_in}")
            }
            UnresolvedKind::RuntimeExpression => write!(
                f,
                "{text} was not replaced: runtime expressions work only as the whole value of a \
                 variable. Give a variable this value under variables:, and write $(variable) here"
            ),
            UnresolvedKind::TemplateExpression => write!(
                f,
                "{text} was not replaced: template expressions work only in a YAML pipeline. \
                 Write $(variable) here"
            ),
        }
    }
}

fn where_variables_are_defined(variables: &Variables) -> String {
    if !variables.in_classic_release() {
        return "under variables: of the pipeline (or in Variables of its editor), or in a variable \
                group that it links"
            .to_owned();
    }
    let stage = match variables.get("Release.EnvironmentName") {
        Some(stage) => format!("stage {stage}"),
        None => "this stage".to_owned(),
    };
    format!(
        "in the Variables tab of the release pipeline (scope Release or {stage}), or in a variable \
         group linked to it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        Variables::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn looks_names_up_as_the_agent_does() {
        let variables = variables(&[("Build.BuildId", "4125"), ("Empty", " ")]);
        assert_eq!(variables.get("build.buildid"), Some("4125"));
        assert_eq!(variables.get("Empty"), None);
    }

    #[test]
    fn names_the_variable_and_where_to_define_it() {
        let release = variables(&[
            ("System.HostType", "release"),
            ("Release.EnvironmentName", "Production"),
            ("AcrName", "contoso"),
        ]);
        let message = |text| Unresolved::find(text, &release).map(|found| found.to_string());
        assert_eq!(message("plain (text) and $money"), None);
        assert_eq!(
            message("x=$(Registry)/app:$(Tag)").unwrap(),
            "$(Registry) was not replaced: no variable Registry is defined here. Define Registry in \
             the Variables tab of the release pipeline (scope Release or stage Production), or in a \
             variable group linked to it"
        );
        assert_eq!(
            message("$(ACRName").unwrap(),
            "$(ACRName) was not replaced: no variable ACRName is defined here. Did you mean \
             $(AcrName)? If not, define ACRName in the Variables tab of the release pipeline (scope \
             Release or stage Production), or in a variable group linked to it"
        );
        assert_eq!(
            message("$[variables.tag]").unwrap(),
            "$[variables.tag] was not replaced: runtime expressions work only as the whole value of \
             a variable. Give a variable this value under variables:, and write $(variable) here"
        );
        let yaml = variables(&[("System.HostType", "build")]);
        assert_eq!(
            Unresolved::find("$(ACR)", &yaml).unwrap().to_string(),
            "$(ACR) was not replaced: no variable ACR is defined here. Define ACR under variables: \
             of the pipeline (or in Variables of its editor), or in a variable group that it links"
        );
    }
}
