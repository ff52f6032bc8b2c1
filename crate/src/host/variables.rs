//! The pipeline's variables, and the macros that were to be replaced by them.

use std::{collections::BTreeMap, fmt};

use crate::host::nearest::nearest;

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
    /// All of it.
    pub text: String,
    kind: UnresolvedKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum UnresolvedKind {
    Macro { name: String, define_in: String, similar: Option<String> },
    StepOutput { output: String, in_classic_release: bool },
    ExpressionAsMacro { expression: String },
    Parameter { name: String },
    RuntimeExpression,
    TemplateExpression,
}

/// The first parts of names that Azure Pipelines gives its own variables: what begins so is no
/// output of a step.
const PREDEFINED: [&str; 14] = [
    "agent",
    "azp",
    "build",
    "checks",
    "common",
    "date",
    "endpoint",
    "environment",
    "pipeline",
    "release",
    "resources",
    "strategy",
    "system",
    "task",
];

impl Unresolved {
    /// Finds the first one in a text. No input of the task can hold one by right: the agent
    /// replaces every macro whose variable it knows before the task sees it.
    #[must_use]
    pub fn find(text: &str, variables: &Variables) -> Option<Self> {
        Self::first(text, variables).map(|(_, found)| found)
    }

    /// The first one, and where it begins, in bytes from 0.
    fn first(text: &str, variables: &Variables) -> Option<(usize, Self)> {
        let (at, opening, closing) = text.match_indices('$').find_map(|(at, _)| {
            let macros = [("$(", ")"), ("$[", "]"), ("${{", "}}")];
            let (opening, closing) = macros.into_iter().find(|(o, _)| text[at..].starts_with(o))?;
            Some((at, opening, closing))
        })?;
        let inner = &text[at + opening.len()..];
        let line = inner.lines().next().unwrap_or_default();
        let end = if opening == "$[" { closing_bracket(line) } else { line.find(closing) };
        let inner = &line[..end.unwrap_or(line.len())];
        let kind = match opening {
            "$(" => UnresolvedKind::of_macro(inner.trim(), variables),
            "$[" => UnresolvedKind::RuntimeExpression,
            _ => UnresolvedKind::TemplateExpression,
        };
        Some((at, Self { text: format!("{opening}{inner}{closing}"), kind }))
    }

    /// Finds every one in a text, each once.
    #[must_use]
    pub fn find_all(text: &str, variables: &Variables) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let mut start = 0;
        while let Some((at, next)) = Self::first(&text[start..], variables) {
            start += at + "$(".len();
            if found.iter().all(|known| known.text != next.text) {
                found.push(next);
            }
        }
        found
    }
}

/// Where the bracket is closed that was opened before a text.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut open = 1;
    text.bytes().position(|b| {
        open += i32::from(b == b'[') - i32::from(b == b']');
        open == 0
    })
}

impl UnresolvedKind {
    fn of_macro(name: &str, variables: &Variables) -> Self {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        let is = |word: &str| first.eq_ignore_ascii_case(word);
        if is("dependencies") || is("stageDependencies") {
            return Self::ExpressionAsMacro { expression: name.to_owned() };
        }
        if is("parameters") && is_name(rest) {
            return Self::Parameter { name: rest.to_owned() };
        }
        let similar = variables.nearest_name(name).map(str::to_owned);
        let is_output = is_name(first)
            && is_name(rest)
            && similar.is_none()
            && !PREDEFINED.iter().any(|known| is(known));
        if is_output {
            let in_classic_release = variables.in_classic_release();
            return Self::StepOutput { output: name.to_owned(), in_classic_release };
        }
        let define_in = where_variables_are_defined(variables);
        Self::Macro { name: name.to_owned(), define_in, similar }
    }
}

/// Whether a text can be the name of a step or of a variable that it sets.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match &self.kind {
            UnresolvedKind::Macro { name, define_in, similar } => {
                write!(f, "{text} was not replaced, since the variable {name} is not defined. ")?;
                match similar {
                    Some(similar) => write!(f, "Did you mean $({similar})? If not, define")?,
                    None => f.write_str("Define")?,
                }
                write!(f, " {name} {define_in}")
            }
            UnresolvedKind::StepOutput { output, in_classic_release } => {
                step_output(f, text, output, *in_classic_release)
            }
            UnresolvedKind::ExpressionAsMacro { expression } => write!(
                f,
                "{text} was not replaced: outputs of other jobs need a runtime expression. Give a \
                 variable of this job the value $[ {expression} ], and write $(variable) instead"
            ),
            UnresolvedKind::Parameter { name } => write!(
                f,
                "{text} was not replaced: parameters need a template expression. Write ${{{{ \
                 parameters.{name} }}}}"
            ),
            UnresolvedKind::RuntimeExpression => write!(
                f,
                "{text} was not replaced: a runtime expression must be the whole value of a \
                 variable. Define such a variable under variables:, and write $(variable) instead"
            ),
            UnresolvedKind::TemplateExpression => write!(
                f,
                "{text} was not replaced: template expressions work only in YAML pipelines. Write \
                 $(variable) instead"
            ),
        }
    }
}

/// Outputs are known by this name in their own job alone, after their step
/// (learn.microsoft.com/azure/devops/pipelines/process/set-variables-scripts).
fn step_output(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    output: &str,
    in_classic_release: bool,
) -> fmt::Result {
    let (step, name) = output.split_once('.').unwrap_or((output, ""));
    write!(
        f,
        "{text} was not replaced, since no earlier step {step} of this job has set {name}. "
    )?;
    if in_classic_release {
        return f.write_str(
            "Outputs of a classic release do not reach other jobs or stages. Pass the tag on with \
             imagesFile, or compute it in this job",
        );
    }
    let variable = name.rsplit('.').next().unwrap_or(name);
    write!(
        f,
        "To use the output of another job, add this variable to the job: {variable}: $[ \
         dependencies.JOB.outputs['{output}'] ]. For a job of an earlier stage, add {variable}: \
         $[ stageDependencies.STAGE.JOB.outputs['{output}'] ]. Name that job or stage in \
         dependsOn, and write $({variable}) instead"
    )
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
            "$(Registry) was not replaced, since the variable Registry is not defined. Define \
             Registry in the Variables tab of the release pipeline (scope Release or stage \
             Production), or in a variable group linked to it"
        );
        assert_eq!(
            message("$(ACRName").unwrap(),
            "$(ACRName) was not replaced, since the variable ACRName is not defined. Did you mean \
             $(AcrName)? If not, define ACRName in the Variables tab of the release pipeline \
             (scope Release or stage Production), or in a variable group linked to it"
        );
        assert_eq!(
            message("$[variables.tag]").unwrap(),
            "$[variables.tag] was not replaced: a runtime expression must be the whole value of a \
             variable. Define such a variable under variables:, and write $(variable) instead"
        );
        let yaml = variables(&[("System.HostType", "build")]);
        assert_eq!(
            Unresolved::find("$(ACR)", &yaml).unwrap().to_string(),
            "$(ACR) was not replaced, since the variable ACR is not defined. Define ACR under \
             variables: of the pipeline (or in Variables of its editor), or in a variable group \
             that it links"
        );
    }

    #[test]
    fn an_output_of_another_job_names_the_expressions_that_reach_it() {
        let message = |text, host, more: &[(&str, &str)]| {
            let variables = variables(&[&[("System.HostType", host)], more].concat());
            Unresolved::find(text, &variables).unwrap().to_string()
        };
        assert_eq!(
            message("$(ACR)/web:$(web.tag)".trim_start_matches("$(ACR)"), "build", &[]),
            "$(web.tag) was not replaced, since no earlier step web of this job has set tag. To \
             use the output of another job, add this variable to the job: tag: $[ \
             dependencies.JOB.outputs['web.tag'] ]. For a job of an earlier stage, add tag: $[ \
             stageDependencies.STAGE.JOB.outputs['web.tag'] ]. Name that job or stage in \
             dependsOn, and write $(tag) instead"
        );
        assert!(message("$(deploy.prefix.Tag)", "build", &[]).contains("write $(Tag) instead"));
        assert_eq!(
            message("$(web.tag)", "release", &[]),
            "$(web.tag) was not replaced, since no earlier step web of this job has set tag. \
             Outputs of a classic release do not reach other jobs or stages. Pass the tag on with \
             imagesFile, or compute it in this job"
        );
        assert_eq!(
            message("$(dependencies.Build.outputs['web.tag'])", "build", &[]),
            "$(dependencies.Build.outputs['web.tag']) was not replaced: outputs of other jobs \
             need a runtime expression. Give a variable of this job the value $[ \
             dependencies.Build.outputs['web.tag'] ], and write $(variable) instead"
        );
        assert_eq!(
            message("a.io/web:$(stageDependencies.A.A1.outputs['set.tag'])", "build", &[]),
            "$(stageDependencies.A.A1.outputs['set.tag']) was not replaced: outputs of other jobs \
             need a runtime expression. Give a variable of this job the value $[ \
             stageDependencies.A.A1.outputs['set.tag'] ], and write $(variable) instead"
        );
        assert_eq!(
            message("a.io/web:$[ dependencies.S0.outputs['J0.output.tag'] ] # x", "build", &[]),
            "$[ dependencies.S0.outputs['J0.output.tag'] ] was not replaced: a runtime expression \
             must be the whole value of a variable. Define such a variable under variables:, and \
             write $(variable) instead"
        );
        assert!(message("$[unclosed['x']", "build", &[]).starts_with("$[unclosed['x']] was not"));
        assert_eq!(
            message("$(parameters.tag)", "build", &[]),
            "$(parameters.tag) was not replaced: parameters need a template expression. Write ${{ \
             parameters.tag }}"
        );
        for (text, more) in [
            ("$(Build.BuldId)", &[][..]),
            ("$(resources.pipeline.ci.runID)", &[]),
            ("$(shop.registri)", &[("shop.registry", "contoso.azurecr.io")]),
        ] {
            assert!(message(text, "build", more).contains(" is not defined"), "{text}");
        }
    }

    #[test]
    fn every_macro_of_a_text_is_found_once() {
        let found = Unresolved::find_all("$(A)/$(B):$(A)$[x]", &variables(&[]));
        let texts: Vec<&str> = found.iter().map(|found| found.text.as_str()).collect();
        assert_eq!(texts, ["$(A)", "$(B)", "$[x]"]);
    }
}
