//! The build whose image is meant, and what the pipeline's variables say of it.

use crate::{
    host::variables::Variables,
    image::tag::{
        error::TagError,
        source::{ARTIFACTS, CURRENT, Source},
    },
};

/// A build: the run's own, or that of an artifact or pipeline resource.
///
/// | what       | own, or primary artifact | artifact of a classic release | pipeline resource of YAML |
/// | ---------- | ------------------------ | ----------------------------- | ------------------------- |
/// | id         | `Build.BuildId`          | `Release.Artifacts.A.BuildId` | `resources.pipeline.A.runID` |
/// | number     | `Build.BuildNumber`      | `…BuildNumber`                | `…runName`                |
/// | branch     | `Build.SourceBranch`     | `…SourceBranch`               | `…sourceBranch`           |
/// | commit     | `Build.SourceVersion`    | `…SourceVersion`              | `…sourceCommit`           |
/// | definition | `Build.DefinitionName`   | `…DefinitionName`             | `…pipelineName`           |
///
/// The commit of a pull request is its head, `System.PullRequest.SourceCommitId`: what is built is
/// a merge that nobody else knows. Artifacts that are no builds have other facts in these variables
/// ([`Source`]).
#[derive(Debug, Clone)]
pub struct Build<'a> {
    variables: &'a Variables,
    place: Place,
    /// Whether it is meant since it triggered the run, and not since an input says so.
    triggered: bool,
}

#[derive(Debug, Clone)]
enum Place {
    Own,
    Artifact(String, Source),
    Resource(String),
    Container(String),
}

/// What is known of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// A number that no two builds of an organisation share.
    Id,
    /// What its `name:` or its build number format made of it.
    Number,
    /// The full name of the branch or git tag: `refs/heads/main`.
    Branch,
    /// The commit it built.
    Commit,
    /// The name of its pipeline.
    Definition,
}

const RESOURCES: &str = "resources.pipeline.";
const CONTAINERS: &str = "resources.container.";
/// The head of a pull request's branch.
const PULL_REQUEST_HEAD: &str = "System.PullRequest.SourceCommitId";

impl<'a> Build<'a> {
    /// The build of this alias. Without one it is that of the pipeline or container resource that
    /// triggered the run, else the primary artifact of a classic release, else the run's own, which
    /// [`CURRENT`] names.
    ///
    /// # Errors
    /// There is no artifact or resource of that alias, or any of several resources may have
    /// triggered the run.
    pub fn find(variables: &'a Variables, alias: Option<&str>) -> Result<Self, TagError> {
        let Some(alias) = alias else {
            return match triggering(variables)? {
                Some(place) => Ok(Self { variables, place, triggered: true }),
                None => Ok(Self::primary(variables)),
            };
        };
        let place = if variables.in_classic_release() {
            known_as(alias, &listed(variables, ARTIFACTS, &ARTIFACT_SUFFIXES)).map(|alias| {
                let source = Source::of(variables, &alias);
                Place::Artifact(alias, source)
            })
        } else {
            resource(variables, alias)
        };
        match place {
            Some(place) => Ok(Self { variables, place, triggered: false }),
            None if alias.eq_ignore_ascii_case(CURRENT) => Ok(Self::primary(variables)),
            None => {
                let known = aliases(variables);
                Err(TagError::UnknownAlias { alias: alias.to_owned(), known })
            }
        }
    }

    /// The run's own build; in a classic release, the primary artifact.
    #[must_use]
    pub fn primary(variables: &'a Variables) -> Self {
        let primary = variables.get("Release.PrimaryArtifactSourceAlias");
        let place = match primary.map(|alias| (alias, Source::of(variables, alias))) {
            Some((alias, source)) if source != Source::Build && variables.in_classic_release() => {
                Place::Artifact(alias.to_owned(), source)
            }
            _ => Place::Own,
        };
        Self { variables, place, triggered: false }
    }

    /// Whether it is the run in which this step stands, and not a build that came before it.
    #[must_use]
    pub fn is_this_run(&self) -> bool {
        matches!(self.place, Place::Own) && !self.variables.in_classic_release()
    }

    /// Whether it is meant since it triggered the run.
    #[must_use]
    pub fn is_triggering(&self) -> bool {
        self.triggered
    }

    /// What it is.
    #[must_use]
    pub fn source(&self) -> Source {
        match self.place {
            Place::Own | Place::Resource(_) => Source::Build,
            Place::Artifact(_, source) => source,
            Place::Container(_) => Source::Container,
        }
    }

    /// The alias of the artifact or resource, where it is one.
    #[must_use]
    pub fn alias(&self) -> Option<&str> {
        match &self.place {
            Place::Own => None,
            Place::Artifact(alias, _) | Place::Resource(alias) | Place::Container(alias) => {
                Some(alias)
            }
        }
    }

    /// A fact, where the pipeline knows it.
    #[must_use]
    pub fn get(&self, fact: Fact) -> Option<&'a str> {
        let value = self.places(fact).iter().find_map(|variable| self.variables.get(variable))?;
        let changeset = fact == Fact::Commit && self.source() == Source::Repository;
        Some(if changeset { value.strip_prefix("Changeset ").unwrap_or(value) } else { value })
    }

    /// A fact that has to be there.
    ///
    /// # Errors
    /// Says which variable is empty, and what needs it: `tagStrategy buildNumber`.
    pub fn need(&self, fact: Fact, needed_by: &str) -> Result<&'a str, TagError> {
        self.get(fact).ok_or_else(|| self.missing(fact, needed_by))
    }

    /// The error of a fact that is not there.
    #[must_use]
    pub fn missing(&self, fact: Fact, needed_by: &str) -> TagError {
        let needed_by = needed_by.to_owned();
        if let (Some(alias), true) = (self.alias(), self.places(fact).is_empty()) {
            return TagError::NoBuild { needed_by, alias: alias.to_owned(), source: self.source() };
        }
        let own = matches!(self.place, Place::Own);
        if own && fact == Fact::Id && needed_by == "tagStrategy: buildId" {
            let primary = self.variables.get("Release.PrimaryArtifactSourceAlias");
            return TagError::NoBuildId {
                in_classic_release: self.variables.in_classic_release(),
                primary_artifact: primary.map(str::to_owned),
            };
        }
        TagError::Missing { needed_by, variable: self.variable(fact), own }
    }

    /// The name of the variable that has a fact, or would have it.
    #[must_use]
    pub fn variable(&self, fact: Fact) -> String {
        let mut places = self.places(fact);
        let filled = places.iter().position(|variable| self.variables.get(variable).is_some());
        if places.is_empty() {
            return self.alias().unwrap_or_default().to_owned();
        }
        places.swap_remove(filled.unwrap_or_default())
    }

    /// The variables that may have a fact; the first that is filled has it.
    fn places(&self, fact: Fact) -> Vec<String> {
        let of = |prefix: &str, names: &[&str]| {
            names.iter().map(|name| format!("{prefix}{name}")).collect()
        };
        let name = match fact {
            Fact::Id => "BuildId",
            Fact::Number => "BuildNumber",
            Fact::Branch => "SourceBranch",
            Fact::Commit => "SourceVersion",
            Fact::Definition => "DefinitionName",
        };
        match &self.place {
            Place::Own if fact == Fact::Commit && self.is_this_run() => {
                vec![PULL_REQUEST_HEAD.to_owned(), format!("Build.{name}")]
            }
            Place::Own => vec![format!("Build.{name}")],
            Place::Artifact(alias, source) => {
                let names: &[&str] = match (source, fact) {
                    (Source::Repository | Source::Release, Fact::Id)
                    | (Source::Container, Fact::Branch | Fact::Commit) => &[],
                    (Source::Repository, Fact::Commit) => {
                        &["SourceVersion", "BuildId", "BuildNumber"]
                    }
                    (Source::Container, Fact::Id | Fact::Number) => &["BuildNumber", "BuildId"],
                    _ => &[name],
                };
                of(&format!("{ARTIFACTS}{alias}."), names)
            }
            Place::Resource(alias) => {
                let name = match fact {
                    Fact::Id => "runID",
                    Fact::Number => "runName",
                    Fact::Branch => "sourceBranch",
                    Fact::Commit => "sourceCommit",
                    Fact::Definition => "pipelineName",
                };
                of(&format!("{RESOURCES}{alias}."), &[name])
            }
            Place::Container(alias) => {
                let names: &[&str] = match fact {
                    Fact::Id | Fact::Number => &["tag"],
                    Fact::Definition => &["repository"],
                    Fact::Branch | Fact::Commit => &[],
                };
                of(&format!("{CONTAINERS}{alias}."), names)
            }
        }
    }

    /// What a reader of the log should know of where a fact comes from.
    #[must_use]
    pub fn note(&self, with_commit: bool) -> Option<String> {
        if let (true, Some(alias)) = (self.triggered, self.alias()) {
            let what = match self.place {
                Place::Container(_) => "the image of the container resource",
                _ => "the run of the pipeline resource",
            };
            return Some(format!(
                "{what} {alias}, which triggered this run; artifactAlias: {CURRENT} takes this run"
            ));
        }
        let is_head = with_commit && self.variable(Fact::Commit) == PULL_REQUEST_HEAD;
        let head = self.get(Fact::Commit).filter(|_| is_head)?;
        let merge = self.variables.get("Build.SourceVersion").unwrap_or("unknown");
        let which = self.pull_request().map_or(String::new(), |id| format!(" {id}"));
        (head != merge).then(|| {
            format!(
                "{PULL_REQUEST_HEAD}, the head of pull request{which}; the merge that was built is \
                 {merge}"
            )
        })
    }

    /// The branch without `refs/heads/` or `$/`; `pr-12` for a pull request; none for a git tag.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        if let Some(id) = self.pull_request() {
            return Some(format!("pr-{id}"));
        }
        let source = self.get(Fact::Branch)?;
        let branch = ["refs/heads/", "$/"].iter().find_map(|prefix| source.strip_prefix(prefix));
        let branch = branch.unwrap_or(source);
        let is_branch = !branch.is_empty() && !branch.starts_with("refs/tags/");
        is_branch.then(|| branch.to_owned())
    }

    /// The names by which the branch may be known: the whole one, and for TFVC, whose branches are
    /// folders, its last part.
    pub(crate) fn branch_names(&self) -> Vec<String> {
        let Some(branch) = self.branch() else { return Vec::new() };
        let is_folder = self.get(Fact::Branch).is_some_and(|source| source.starts_with("$/"));
        let last = branch.rsplit('/').next().filter(|_| is_folder).map(str::to_owned);
        [Some(branch), last].into_iter().flatten().collect()
    }

    /// The git tag without `refs/tags/`, where the build is that of one; the name of a release.
    #[must_use]
    pub fn git_tag(&self) -> Option<&'a str> {
        let tag = self.get(Fact::Branch).and_then(|source| source.strip_prefix("refs/tags/"));
        let is_release = self.source() == Source::Release;
        tag.or_else(|| self.get(Fact::Number).filter(|_| is_release))
    }

    /// The number of the pull request, where the build is that of one.
    #[must_use]
    pub fn pull_request(&self) -> Option<&'a str> {
        let source = self.get(Fact::Branch).and_then(|source| source.strip_prefix("refs/pull/"));
        let id = source.and_then(|rest| rest.split('/').next()).filter(|id| !id.is_empty());
        // Of GitHub, `PullRequestId` is a number that GitHub shows nobody.
        let names = ["System.PullRequest.PullRequestNumber", "System.PullRequest.PullRequestId"];
        let own = || names.into_iter().find_map(|name| self.variables.get(name));
        id.or_else(|| if self.is_this_run() { own() } else { None })
    }

    /// The digits at the end of the build number: the `$(Rev:r)` of its format.
    #[must_use]
    pub fn counter(&self) -> Option<&'a str> {
        let number = self.get(Fact::Number)?;
        let digits = &number[number.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
        Some(digits).filter(|digits| !digits.is_empty())
    }
}

const ARTIFACT_SUFFIXES: [&str; 3] = [".BuildId", ".BuildNumber", ".Type"];

/// The resource that triggered the run, where one did that has images.
fn triggering(variables: &Variables) -> Result<Option<Place>, TagError> {
    if variables.in_classic_release() {
        return Ok(None);
    }
    let category = variables.get("resources.triggeringCategory").unwrap_or_default();
    if let Some(alias) = variables.get("resources.triggeringAlias") {
        let containers = listed(variables, CONTAINERS, &[".tag"]);
        let container = known_as(alias, &containers).map(Place::Container);
        if category.eq_ignore_ascii_case("container") && container.is_some() {
            return Ok(container);
        }
        return Ok(resource(variables, alias));
    }
    let by_resource = ["ResourceTrigger", "BuildCompletion"];
    let reason = variables.get("Build.Reason").unwrap_or_default();
    if !category.is_empty() || !by_resource.iter().any(|known| known.eq_ignore_ascii_case(reason)) {
        return Ok(None);
    }
    match <[String; 1]>::try_from(listed(variables, RESOURCES, &[".runID"])) {
        Ok([alias]) => Ok(Some(Place::Resource(alias))),
        Err(none) if none.is_empty() => Ok(None),
        Err(several) => Err(TagError::SeveralTriggers { known: several }),
    }
}

/// The pipeline or container resource of this alias.
fn resource(variables: &Variables, alias: &str) -> Option<Place> {
    let pipeline = known_as(alias, &listed(variables, RESOURCES, &[".runID"]));
    let container = || known_as(alias, &listed(variables, CONTAINERS, &[".tag"]));
    pipeline.map(Place::Resource).or_else(|| container().map(Place::Container))
}

/// The alias as it is written where it is defined.
fn known_as(alias: &str, known: &[String]) -> Option<String> {
    known.iter().find(|known| known.eq_ignore_ascii_case(alias)).cloned()
}

/// The aliases of the release's artifacts, or of the run's pipeline and container resources, each
/// once, in alphabetical order.
#[must_use]
pub fn aliases(variables: &Variables) -> Vec<String> {
    if variables.in_classic_release() {
        return listed(variables, ARTIFACTS, &ARTIFACT_SUFFIXES);
    }
    let mut aliases = pipeline_resources(variables);
    aliases.extend(listed(variables, CONTAINERS, &[".tag"]));
    aliases.sort_unstable();
    aliases.dedup();
    aliases
}

/// The aliases of the run's pipeline resources.
#[must_use]
pub fn pipeline_resources(variables: &Variables) -> Vec<String> {
    listed(variables, RESOURCES, &[".runID"])
}

/// What stands between the prefix and one of the suffixes in the names of variables.
fn listed(variables: &Variables, prefix: &str, suffixes: &[&str]) -> Vec<String> {
    let alias = |name| suffixes.iter().find_map(|suffix| without(name, prefix, suffix));
    let mut aliases: Vec<String> = variables.names().filter_map(alias).map(str::to_owned).collect();
    aliases.sort_unstable();
    aliases.dedup();
    aliases
}

/// What stands between the two, which are compared without regard to case.
fn without<'a>(name: &'a str, prefix: &str, suffix: &str) -> Option<&'a str> {
    let end = name.len().checked_sub(suffix.len()).filter(|end| *end > prefix.len())?;
    let fits = name.get(..prefix.len())?.eq_ignore_ascii_case(prefix)
        && name.get(end..)?.eq_ignore_ascii_case(suffix);
    if fits { name.get(prefix.len()..end) } else { None }
}

/// The aliases of those builds beside the run's own that seem to push an image of this name: the
/// last part of its repository is the alias or the pipeline's name, or else, where no build is
/// called so, the source repository's last part. None where the run's own build seems to.
#[must_use]
pub fn that_seem_to_push<'a>(image: &str, builds: &'a [NamedBuild]) -> Vec<&'a str> {
    let called_so = |name: &String| name.eq_ignore_ascii_case(image);
    let by_name = |build: &NamedBuild| build.names.iter().any(called_so);
    let by_repository = |build: &NamedBuild| build.repository.iter().any(called_so);
    let any_by_name = builds.iter().any(by_name);
    let mut aliases = Vec::new();
    for build in builds {
        if by_name(build) || (!any_by_name && by_repository(build)) {
            if build.own {
                return Vec::new();
            }
            aliases.push(build.alias.as_str());
        }
    }
    aliases
}

/// A build and the names by which an image of it may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBuild {
    alias: String,
    own: bool,
    /// The alias and the pipeline's name.
    names: Vec<String>,
    /// The last part of the source repository's name.
    repository: Option<String>,
}

/// Every build that the run knows. The one that is meant counts as its own: the run itself only
/// where no other one triggered it.
#[must_use]
pub fn named(variables: &Variables, meant: &Build<'_>) -> Vec<NamedBuild> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let primary = meant.alias().or_else(|| variables.get("Release.PrimaryArtifactSourceAlias"));
    let named = |alias: String| {
        let place = |prefix: &str, rest: &str| variables.get(&format!("{prefix}{alias}{rest}"));
        let names = [
            Some(alias.trim_start_matches('_').to_owned()),
            place(ARTIFACTS, ".DefinitionName").map(str::to_owned),
            place(RESOURCES, ".pipelineName").map(str::to_owned),
        ];
        let own = primary.is_some_and(|primary| primary.eq_ignore_ascii_case(&alias));
        let repository = place(ARTIFACTS, ".Repository.Name");
        let repository = repository.or_else(|| place(CONTAINERS, ".repository")).map(last);
        NamedBuild { own, names: names.into_iter().flatten().collect(), repository, alias }
    };
    let own = NamedBuild {
        alias: String::new(),
        own: true,
        names: variables.get("Build.DefinitionName").map(str::to_owned).into_iter().collect(),
        repository: variables.get("Build.Repository.Name").map(last),
    };
    let own = Some(own).filter(|_| !meant.is_triggering());
    aliases(variables).into_iter().map(named).chain(own).collect()
}

/// The ids and numbers of every build that the run knows.
#[must_use]
pub fn ids_and_numbers(variables: &Variables) -> Vec<String> {
    let named = aliases(variables);
    let named = named.iter().filter_map(|alias| Build::find(variables, Some(alias)).ok());
    named
        .chain([Build::primary(variables)])
        .filter(|build| build.source() == Source::Build)
        .flat_map(|build| [build.get(Fact::Id), build.get(Fact::Number)])
        .flatten()
        .map(str::to_owned)
        .collect()
}

/// Whether a text is made of a build's id or number: it is one of them, perhaps after a `v`, or
/// one of its parts between separators is an id.
#[must_use]
pub fn is_of_build(text: &str, ids_and_numbers: &[String]) -> bool {
    let is_id = |id: &String| id.bytes().all(|b| b.is_ascii_digit());
    let without_v = text.strip_prefix(['v', 'V']).unwrap_or(text);
    ids_and_numbers.iter().any(|known| {
        known == text
            || known == without_v
            || (is_id(known) && without_v.split(['.', '-', '_']).any(|part| part == known))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::image::tag::{
        Strategy,
        template::Template,
        version::{VersionFrom, VersionRule},
    };

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        Variables::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    fn release() -> Variables {
        variables(&[
            ("System.HostType", "release"),
            ("Build.BuildId", "4125"),
            ("Release.PrimaryArtifactSourceAlias", "_web"),
            ("Release.Artifacts._web.BuildId", "4125"),
            ("Release.Artifacts._web.Repository.Name", "contoso/Shop"),
            ("Release.Artifacts._api 2.0.BuildId", "77"),
            ("Release.Artifacts._api 2.0.BuildNumber", "20261124.7"),
            ("Release.Artifacts._api 2.0.DefinitionName", "orders"),
            ("Release.Artifacts._api 2.0.SourceBranch", "refs/heads/release/2"),
            ("Release.Artifacts._api 2.0.SourceVersion", "0123456789abcdef"),
        ])
    }

    #[test]
    fn an_alias_names_a_build() {
        let release = release();
        let build = Build::find(&release, Some("_API 2.0")).unwrap();
        assert_eq!(build.get(Fact::Id), Some("77"));
        assert_eq!(build.branch().as_deref(), Some("release/2"));
        assert_eq!(build.counter(), Some("7"));
        assert_eq!(build.variable(Fact::Commit), "Release.Artifacts._api 2.0.SourceVersion");
        assert_eq!(Build::find(&release, None).unwrap().get(Fact::Id), Some("4125"));

        let yaml = variables(&[
            ("System.HostType", "build"),
            ("resources.pipeline.web.runID", "4125"),
            ("resources.pipeline.web.runName", "1.4.2"),
            ("resources.pipeline.web.sourceBranch", "refs/heads/main"),
            ("resources.pipeline.web.sourceCommit", "0123456789abcdef"),
        ]);
        let build = Build::find(&yaml, Some("web")).unwrap();
        let facts = [Fact::Id, Fact::Number, Fact::Branch, Fact::Commit].map(|f| build.get(f));
        let expected = ["4125", "1.4.2", "refs/heads/main", "0123456789abcdef"];
        assert_eq!(facts, expected.map(Some));
    }

    #[test]
    fn an_unknown_alias_says_which_there_are() {
        let unknown =
            |variables: &Variables| Build::find(variables, Some("_wep")).unwrap_err().to_string();
        assert_eq!(
            unknown(&release()),
            "artifactAlias: artifact or pipeline resource \"_wep\" not found. Did you mean _web? \
             Use _api 2.0, _web"
        );
        assert_eq!(
            unknown(&variables(&[])),
            "artifactAlias: artifact or pipeline resource \"_wep\" not found. This run has none: \
             remove artifactAlias to use the run's own build"
        );
    }

    /// What [`Build::find`] takes: the id, the branch and the commit.
    fn found(pairs: &[(&str, &str)], alias: Option<&str>) -> Result<[Option<String>; 3], String> {
        let variables = variables(pairs);
        let build = Build::find(&variables, alias).map_err(|error| error.to_string())?;
        let fact = |fact| build.get(fact).map(str::to_owned);
        Ok([fact(Fact::Id), build.branch(), fact(Fact::Commit)])
    }

    const TRIGGERED: [(&str, &str); 9] = [
        ("System.HostType", "build"),
        ("Build.BuildId", "9001"),
        ("Build.SourceBranch", "refs/heads/deploy"),
        ("Build.Reason", "ResourceTrigger"),
        ("resources.pipeline.ci.runID", "4125"),
        ("resources.pipeline.ci.sourceBranch", "refs/heads/main"),
        ("resources.pipeline.tools.runID", "77"),
        ("resources.container.web.tag", "1.4.2"),
        ("resources.container.web.repository", "contoso/web"),
    ];

    #[test]
    fn a_run_takes_the_build_of_what_triggered_it() {
        for (more, alias, id) in [
            (&[("resources.triggeringAlias", "CI")][..], None, "4125"),
            (&[("resources.triggeringAlias", "ci")], Some("current"), "9001"),
            (&[("resources.triggeringAlias", "ci")], Some("tools"), "77"),
            (
                &[
                    ("resources.triggeringAlias", "web"),
                    ("resources.triggeringCategory", "container"),
                ],
                None,
                "1.4.2",
            ),
            (
                &[
                    ("resources.triggeringAlias", "templates"),
                    ("resources.triggeringCategory", "repository"),
                ],
                None,
                "9001",
            ),
            (&[("Build.Reason", "Manual")], None, "9001"),
            (&[("Build.Reason", "IndividualCI")], None, "9001"),
        ] {
            let found = found(&[&TRIGGERED, more].concat(), alias).unwrap();
            assert_eq!(found[0].as_deref(), Some(id), "{more:?}");
        }
        assert_eq!(
            found(&TRIGGERED, None).unwrap_err(),
            "artifactAlias: required, since resources.triggeringAlias does not name the resource \
             that triggered this run. Set it to ci, tools, or to current for this run's own build"
        );
        let one = TRIGGERED
            .map(|(name, value)| (name.strip_suffix("tools.runID").unwrap_or(name), value));
        assert_eq!(found(&one, None).unwrap()[0].as_deref(), Some("4125"));
        let note = |more| {
            let variables = variables(&[&TRIGGERED[..], more].concat());
            Build::find(&variables, None).unwrap().note(true).unwrap()
        };
        assert_eq!(
            note(&[("resources.triggeringAlias", "ci")]),
            "the run of the pipeline resource ci, which triggered this run; artifactAlias: current \
             takes this run"
        );
    }

    #[test]
    fn the_commit_of_a_pull_request_is_its_head() {
        let pull_request = [
            ("System.HostType", "build"),
            ("Build.SourceBranch", "refs/pull/17/merge"),
            ("Build.SourceVersion", "d34db33f"),
            ("System.PullRequest.SourceCommitId", "3f1c0a9b"),
            ("System.PullRequest.PullRequestId", "190337"),
        ];
        let known = variables(&pull_request);
        let build = Build::find(&known, None).unwrap();
        assert_eq!(build.get(Fact::Commit), Some("3f1c0a9b"));
        assert_eq!(
            build.note(true).unwrap(),
            "System.PullRequest.SourceCommitId, the head of pull request 17; the merge that was \
             built is d34db33f"
        );
        assert_eq!(build.note(false), None);
        let branch = [&pull_request[..1], &[("Build.SourceVersion", "d34db33f")]].concat();
        assert_eq!(found(&branch, None).unwrap()[2].as_deref(), Some("d34db33f"));
        for (number, id) in [("17", "17"), ("", "190337")] {
            let of_github = variables(&[
                ("System.PullRequest.PullRequestNumber", number),
                ("System.PullRequest.PullRequestId", "190337"),
            ]);
            assert_eq!(Build::find(&of_github, None).unwrap().pull_request(), Some(id));
        }
    }

    #[test]
    fn artifacts_that_are_no_builds_have_what_they_have() {
        let commit = "38629c964d21fe405ef830b7d0220966b82c9e11";
        for (kind, pairs, id, branch, commit) in [
            ("TFVC", &[("BuildNumber", "Changeset 3")][..], None, None, Some("3")),
            ("Git", &[("BuildNumber", "38629c964")], None, None, Some("38629c964")),
            (
                "GitHub",
                &[("BuildNumber", "38629c964"), ("BuildId", commit)],
                None,
                None,
                Some(commit),
            ),
            ("GitHubRelease", &[("BuildNumber", "v1.4.2"), ("BuildId", "7001")], None, None, None),
            ("AzureContainerRepository", &[("BuildNumber", "4125")], Some("4125"), None, None),
            ("DockerHub", &[("BuildId", "1.27")], Some("1.27"), None, None),
            (
                "Build",
                &[("BuildId", "4125"), ("SourceBranch", "$/Shop/main"), ("SourceVersion", "17")],
                Some("4125"),
                Some("Shop/main"),
                Some("17"),
            ),
        ] {
            let owned = |name: &str| format!("Release.Artifacts._a.{name}");
            let names: Vec<String> = pairs.iter().map(|(name, _)| owned(name)).collect();
            let kind_name = owned("Type");
            let mut all: Vec<(&str, &str)> =
                vec![("System.HostType", "release"), (&kind_name, kind)];
            all.extend(names.iter().map(String::as_str).zip(pairs.iter().map(|(_, value)| *value)));
            let expected = [id, branch, commit].map(|fact| fact.map(str::to_owned));
            assert_eq!(found(&all, Some("_a")), Ok(expected.clone()), "{kind}");
            if kind != "Build" {
                all.push(("Release.PrimaryArtifactSourceAlias", "_a"));
                assert_eq!(found(&all, None), Ok(expected), "{kind} as the primary artifact");
            }
        }
        let release = variables(&[
            ("System.HostType", "release"),
            ("Release.PrimaryArtifactSourceAlias", "_a"),
            ("Release.Artifacts._a.Type", "GitHubRelease"),
            ("Release.Artifacts._a.BuildNumber", "v1.4.2"),
        ]);
        let build = Build::find(&release, None).unwrap();
        assert_eq!(build.git_tag(), Some("v1.4.2"));
        assert_eq!(
            build.need(Fact::Id, "tagStrategy: buildId").unwrap_err().to_string(),
            "tagStrategy: buildId: the artifact _a is a release or package, which has a version \
             but no build ID. Name the build that pushes the image in artifactAlias, or set \
             tagStrategy: buildNumber or semver"
        );
    }

    proptest! {
        #[test]
        fn any_git_ref_gives_a_legal_tag_or_an_error_and_always_the_same(
            source in "(refs/(heads|tags|pull)/|\\$/)?(.|\\n){0,160}",
            template in prop_oneof![
                Just("{branch-}{buildId}{-gitTag}"),
                Just("{version}-{buildId}"),
                Just("{branch}-{buildId}"),
                Just("{gitTag}"),
                Just("{pullRequest}.{buildId}"),
            ],
        ) {
            let from = VersionFrom::GitTag { prefix: None };
            let rule = VersionRule { from, release_branches: "main".to_owned() };
            let with_version = Strategy::Semver(rule.clone());
            let of_template = Strategy::Template(Template::parse(template).unwrap(), rule);
            let own = variables(&[("Build.BuildId", "4125"), ("Build.SourceBranch", &source)]);
            let resource = variables(&[
                ("System.HostType", "build"),
                ("resources.triggeringAlias", "ci"),
                ("resources.pipeline.ci.runID", "4125"),
                ("resources.pipeline.ci.sourceBranch", &source),
            ]);
            for strategy in [with_version, of_template] {
                let tag = |variables: &Variables| {
                    let build = Build::find(variables, None).unwrap();
                    strategy.tag(&build, variables).map(|computed| computed.unwrap().tag.to_string())
                };
                let (of_own, of_resource) = (tag(&own), tag(&resource));
                prop_assert_eq!(of_own.is_ok(), of_resource.is_ok());
                if let (Ok(made), Ok(other)) = (of_own, of_resource) {
                    let keeps_id = matches!(strategy, Strategy::Template(..)) && template.contains("buildId");
                    prop_assert!(!keeps_id || made.contains("4125"), "{}", made);
                    prop_assert_eq!(made, other);
                }
            }
        }
    }

    #[test]
    fn every_alias_is_told_once() {
        let variables = variables(&[
            ("System.HostType", "release"),
            ("Release.Artifacts._web.BuildId", "1"),
            ("Release.Artifacts._web.BuildNumber", "1"),
            ("Release.Artifacts._web.Extra.BuildId", "2"),
            ("Release.Artifacts._web.Type", "Build"),
            ("RELEASE.ARTIFACTS._zip.BUILDID", "3"),
        ]);
        assert_eq!(aliases(&variables), ["_web", "_web.Extra", "_zip"]);
    }

    #[test]
    fn a_branch_has_its_short_name() {
        for (source, branch, git_tag, pull_request) in [
            ("refs/heads/main", Some("main"), None, None),
            ("refs/heads/feature/x", Some("feature/x"), None, None),
            ("refs/tags/v1.4.2", None, Some("v1.4.2"), None),
            ("refs/pull/12/merge", Some("pr-12"), None, Some("12")),
            ("$/Shop/main", Some("Shop/main"), None, None),
            ("refs/heads/", None, None, None),
            ("", None, None, None),
        ] {
            let variables = variables(&[("Build.SourceBranch", source)]);
            let build = Build::find(&variables, None).unwrap();
            let found = (build.branch(), build.git_tag(), build.pull_request());
            assert_eq!(found, (branch.map(str::to_owned), git_tag, pull_request), "{source}");
        }
    }

    #[test]
    fn an_image_is_known_by_the_names_of_its_build() {
        let release = release();
        let builds = named(&release, &Build::primary(&release));
        for (image, aliases) in [
            ("web", vec![]),
            ("shop", vec![]),
            ("API 2.0", vec!["_api 2.0"]),
            ("Orders", vec!["_api 2.0"]),
            ("other", vec![]),
        ] {
            assert_eq!(that_seem_to_push(image, &builds), aliases, "{image}");
        }
    }

    #[test]
    fn a_build_of_the_images_name_outranks_one_of_its_repository() {
        let variables = variables(&[
            ("System.HostType", "release"),
            ("Build.Repository.Name", "contoso/shop"),
            ("Build.DefinitionName", "web"),
            ("Release.PrimaryArtifactSourceAlias", "_main"),
            ("Release.Artifacts._main.BuildId", "1"),
            ("Release.Artifacts._main.Repository.Name", "contoso/shop"),
            ("Release.Artifacts._other.BuildId", "2"),
            ("Release.Artifacts._other.DefinitionName", "shop"),
            ("Release.Artifacts._lib.BuildId", "3"),
            ("Release.Artifacts._lib.Repository.Name", "contoso/web"),
            ("Release.Artifacts._tool.BuildId", "4"),
            ("Release.Artifacts._tool.Repository.Name", "contoso/cli"),
        ]);
        let builds = named(&variables, &Build::primary(&variables));
        for (image, aliases) in
            [("shop", &["_other"][..]), ("web", &[]), ("main", &[]), ("cli", &["_tool"])]
        {
            assert_eq!(that_seem_to_push(image, &builds), aliases, "{image}");
        }
    }
}
