//! What a run notes on the workloads that it changes.

use crate::{
    host::{http::percent, variables::Variables},
    kubernetes::{Note, TRACE},
    plan::{
        Planned,
        record::{ANNOTATION, CHANGE_CAUSE, Record},
    },
};

/// The run that changes workloads, as it is told on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Who changes them: the release and its stage, or the pipeline's run, and the commit.
    pub author: String,
    /// The annotations of [`TRACE`]; none where this is no run of a pipeline.
    pub trace: Vec<Note>,
}

impl Run {
    /// The run that has these variables.
    #[must_use]
    pub fn of(variables: &Variables) -> Self {
        Self { author: author(variables), trace: trace(variables).unwrap_or_default() }
    }

    /// What to note on a workload that this run has changed. Putting back an earlier image takes the
    /// record of its change away.
    #[must_use]
    pub fn notes(&self, planned: &Planned, puts_back: bool) -> Vec<Note> {
        let replaced = planned.containers.iter().filter(|change| change.changes());
        let replaced = replaced.map(|c| (c.container.clone(), c.old.clone(), c.new.clone()));
        let record = (!puts_back).then(|| Record::new(replaced.collect(), &self.author).write());
        let cause = change_cause(planned, &self.author);
        let mut notes = vec![(ANNOTATION, record), (CHANGE_CAUSE, Some(cause))];
        notes.extend(self.trace.iter().cloned());
        notes
    }

    /// The same annotations as they were before the change.
    #[must_use]
    pub fn former(&self, planned: &Planned) -> Vec<Note> {
        let mut notes = vec![
            (ANNOTATION, planned.record.clone()),
            (CHANGE_CAUSE, planned.change_cause.clone()),
        ];
        if !self.trace.is_empty() {
            notes.extend(planned.trace.iter().cloned());
        }
        notes
    }
}

/// Links to the run, or to the release.
fn trace(variables: &Variables) -> Option<Vec<Note>> {
    let get = |name: &str| variables.get(name).map(str::to_owned);
    let organization = get("System.TeamFoundationCollectionUri")?;
    let project = get("System.TeamProject")?;
    let classic = variables.in_classic_release();
    let (run, definition, id, page, number) = if classic {
        (
            "Release.ReleaseId",
            "Release.DefinitionName",
            "Release.DefinitionId",
            "_releaseProgress?releaseId=",
            "Release.ReleaseId",
        )
    } else {
        (
            "Build.BuildNumber",
            "Build.DefinitionName",
            "System.DefinitionId",
            "_build/results?buildId=",
            "Build.BuildId",
        )
    };
    let number = get(number)?;
    let base = organization.trim_end_matches('/');
    let uri = format!("{base}/{}/{page}{}", percent(&project), percent(&number));
    let job = get("Agent.JobName").map(|job| format!("\"{job}\""));
    let values =
        [get(run), get(definition), get(id), job, Some(uri), Some(project), Some(organization)];
    Some(TRACE.into_iter().zip(values).collect())
}

fn author(variables: &Variables) -> String {
    let named = |what: &str, name: &str| variables.get(name).map(|value| format!("{what} {value}"));
    let commit = variables
        .get("Build.SourceVersion")
        .map(|commit| format!("commit {}", commit.chars().take(12).collect::<String>()));
    let parts = [
        named("release", "Release.ReleaseName"),
        named("stage", "Release.EnvironmentName").or_else(|| named("stage", "System.StageName")),
        named("build", "Build.BuildNumber").or_else(|| named("build", "Build.BuildId")),
        commit,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "Kubectl Set Image".to_owned() } else { parts.join(", ") }
}

/// The sentence for `kubectl rollout history`.
fn change_cause(planned: &Planned, by: &str) -> String {
    let changed = planned.containers.iter().filter(|change| change.changes());
    let pairs: Vec<String> = changed.map(|c| format!("{}={}", c.container, c.new)).collect();
    format!("kubectl set image {} ({by})", pairs.join(" "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Run, TRACE};
    use crate::host::variables::Variables;

    fn trace(variables: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
        let owned: BTreeMap<String, String> =
            variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let trace = Run::of(&Variables::new(owned)).trace;
        trace.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    #[test]
    fn a_run_and_a_release_are_linked_to_as_the_view_of_an_environment_reads_it() {
        let common = [
            ("System.TeamFoundationCollectionUri", "https://dev.azure.com/contoso/"),
            ("System.TeamProject", "Web shop"),
            ("System.DefinitionId", "12"),
            ("Agent.JobName", "Deploy it"),
            ("Build.BuildId", "4125"),
            ("Build.BuildNumber", "20261124.7"),
            ("Build.DefinitionName", "identityserver"),
        ];
        let release = [
            ("System.HostType", "release"),
            ("Release.ReleaseId", "77"),
            ("Release.DefinitionName", "Shop release"),
            ("Release.DefinitionId", "3"),
        ];
        let values = |variables: &[(&str, &str)]| {
            let trace = trace(variables);
            assert!(trace.iter().map(|(key, _)| key.as_str()).eq(TRACE));
            trace.into_iter().map(|(_, value)| value.unwrap_or_default()).collect::<Vec<_>>()
        };
        assert_eq!(
            values(&[&common[..], &[("System.HostType", "build")]].concat()),
            [
                "20261124.7",
                "identityserver",
                "12",
                "\"Deploy it\"",
                "https://dev.azure.com/contoso/Web%20shop/_build/results?buildId=4125",
                "Web shop",
                "https://dev.azure.com/contoso/",
            ]
        );
        assert_eq!(
            values(&[&common[..], &release].concat()),
            [
                "77",
                "Shop release",
                "3",
                "\"Deploy it\"",
                "https://dev.azure.com/contoso/Web%20shop/_releaseProgress?releaseId=77",
                "Web shop",
                "https://dev.azure.com/contoso/",
            ]
        );
    }

    #[test]
    fn without_a_run_of_a_pipeline_nothing_is_linked_to() {
        assert_eq!(trace(&[("Build.BuildId", "4125")]), []);
    }
}
