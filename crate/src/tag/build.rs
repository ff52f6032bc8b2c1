//! The build whose image is meant, and what the pipeline's variables say of it.

use crate::{tag::TagError, variables::Variables};

/// A build: the run's own, or that of an artifact or pipeline resource.
///
/// | what       | own, or primary artifact | artifact of a classic release | pipeline resource of YAML |
/// | ---------- | ------------------------ | ----------------------------- | ------------------------- |
/// | id         | `Build.BuildId`          | `Release.Artifacts.A.BuildId` | `resources.pipeline.A.runID` |
/// | number     | `Build.BuildNumber`      | `…BuildNumber`                | `…runName`                |
/// | branch     | `Build.SourceBranch`     | `…SourceBranch`               | `…sourceBranch`           |
/// | commit     | `Build.SourceVersion`    | `…SourceVersion`              | `…sourceCommit`           |
/// | definition | `Build.DefinitionName`   | `…DefinitionName`             | `…pipelineName`           |
#[derive(Debug, Clone)]
pub struct Build<'a> {
    variables: &'a Variables,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Own,
    Artifact(String),
    Resource(String),
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

const ARTIFACTS: &str = "Release.Artifacts.";
const RESOURCES: &str = "resources.pipeline.";

impl<'a> Build<'a> {
    /// The build of this alias, or the run's own without one.
    ///
    /// # Errors
    /// There is no artifact or pipeline resource of that alias.
    pub fn find(variables: &'a Variables, alias: Option<&str>) -> Result<Self, TagError> {
        let place = match alias {
            None => Place::Own,
            Some(alias) => {
                let known = aliases(variables);
                let of_run = known.iter().find(|known| known.eq_ignore_ascii_case(alias));
                match of_run {
                    Some(alias) if variables.in_classic_release() => Place::Artifact(alias.clone()),
                    Some(alias) => Place::Resource(alias.clone()),
                    None => return Err(TagError::UnknownAlias { alias: alias.to_owned(), known }),
                }
            }
        };
        Ok(Self { variables, place })
    }

    /// Whether it is the run in which this step stands, and not a build that came before it.
    #[must_use]
    pub fn is_this_run(&self) -> bool {
        matches!(self.place, Place::Own) && !self.variables.in_classic_release()
    }

    /// A fact, where the pipeline knows it.
    #[must_use]
    pub fn get(&self, fact: Fact) -> Option<&'a str> {
        self.variables.get(&self.variable(fact))
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
        let own = matches!(self.place, Place::Own);
        if own && fact == Fact::Id && needed_by == "tagStrategy buildId" {
            let primary = self.variables.get("Release.PrimaryArtifactSourceAlias");
            return TagError::NoBuildId {
                in_classic_release: self.variables.in_classic_release(),
                primary_artifact: primary.map(str::to_owned),
            };
        }
        TagError::Missing { needed_by: needed_by.to_owned(), variable: self.variable(fact), own }
    }

    /// The name of the variable that has a fact.
    #[must_use]
    pub fn variable(&self, fact: Fact) -> String {
        let (own, artifact, resource) = match fact {
            Fact::Id => ("BuildId", "BuildId", "runID"),
            Fact::Number => ("BuildNumber", "BuildNumber", "runName"),
            Fact::Branch => ("SourceBranch", "SourceBranch", "sourceBranch"),
            Fact::Commit => ("SourceVersion", "SourceVersion", "sourceCommit"),
            Fact::Definition => ("DefinitionName", "DefinitionName", "pipelineName"),
        };
        match &self.place {
            Place::Own => format!("Build.{own}"),
            Place::Artifact(alias) => format!("{ARTIFACTS}{alias}.{artifact}"),
            Place::Resource(alias) => format!("{RESOURCES}{alias}.{resource}"),
        }
    }

    /// The branch without `refs/heads/`; `pr-12` for a pull request; none for a git tag.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        if let Some(id) = self.pull_request() {
            return Some(format!("pr-{id}"));
        }
        let source = self.get(Fact::Branch)?;
        let branch = source.strip_prefix("refs/heads/").unwrap_or(source);
        let is_branch = !branch.is_empty() && !branch.starts_with("refs/tags/");
        is_branch.then(|| branch.to_owned())
    }

    /// The git tag without `refs/tags/`, where the build is that of one.
    #[must_use]
    pub fn git_tag(&self) -> Option<&'a str> {
        self.get(Fact::Branch)?.strip_prefix("refs/tags/")
    }

    /// The number of the pull request, where the build is that of one.
    #[must_use]
    pub fn pull_request(&self) -> Option<&'a str> {
        let source = self.get(Fact::Branch)?.strip_prefix("refs/pull/");
        let id = source.and_then(|rest| rest.split('/').next());
        let own = || self.variables.get("System.PullRequest.PullRequestId");
        id.or_else(|| matches!(self.place, Place::Own).then(own).flatten())
    }

    /// The digits at the end of the build number: the `$(Rev:r)` of its format.
    #[must_use]
    pub fn counter(&self) -> Option<&'a str> {
        let number = self.get(Fact::Number)?;
        let digits = &number[number.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
        Some(digits).filter(|digits| !digits.is_empty())
    }
}

/// The aliases of the release's artifacts, or of the pipeline's resources, each once, in
/// alphabetical order.
#[must_use]
pub fn aliases(variables: &Variables) -> Vec<String> {
    let (prefix, suffixes): (_, &[&str]) = if variables.in_classic_release() {
        (ARTIFACTS, &[".BuildId", ".BuildNumber", ".Type"])
    } else {
        (RESOURCES, &[".runID"])
    };
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

/// Every build that the run knows, its own among them.
#[must_use]
pub fn named(variables: &Variables) -> Vec<NamedBuild> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let primary = variables.get("Release.PrimaryArtifactSourceAlias");
    let named = |alias: String| {
        let place = |prefix: &str, rest: &str| variables.get(&format!("{prefix}{alias}{rest}"));
        let names = [
            Some(alias.trim_start_matches('_').to_owned()),
            place(ARTIFACTS, ".DefinitionName").map(str::to_owned),
            place(RESOURCES, ".pipelineName").map(str::to_owned),
        ];
        let own = primary.is_some_and(|primary| primary.eq_ignore_ascii_case(&alias));
        let repository = place(ARTIFACTS, ".Repository.Name").map(last);
        NamedBuild { own, names: names.into_iter().flatten().collect(), repository, alias }
    };
    let own = NamedBuild {
        alias: String::new(),
        own: true,
        names: variables.get("Build.DefinitionName").map(str::to_owned).into_iter().collect(),
        repository: variables.get("Build.Repository.Name").map(last),
    };
    aliases(variables).into_iter().map(named).chain([own]).collect()
}

/// The ids and numbers of every build that the run knows.
#[must_use]
pub fn ids_and_numbers(variables: &Variables) -> Vec<String> {
    let aliases = aliases(variables);
    let builds = aliases.iter().map(|alias| Some(alias.as_str())).chain([None]);
    builds
        .filter_map(|alias| Build::find(variables, alias).ok())
        .flat_map(|build| [build.get(Fact::Id), build.get(Fact::Number)])
        .flatten()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            "artifactAlias: there is no artifact or pipeline resource \"_wep\". Did you mean _web? \
             There are: _api 2.0, _web"
        );
        assert_eq!(
            unknown(&variables(&[])),
            "artifactAlias: there is no artifact or pipeline resource \"_wep\". There is none here: \
             leave artifactAlias empty for the run's own build"
        );
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
            ("$/Shop/main", Some("$/Shop/main"), None, None),
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
        let builds = named(&release);
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
        let builds = named(&variables);
        for (image, aliases) in
            [("shop", &["_other"][..]), ("web", &[]), ("main", &[]), ("cli", &["_tool"])]
        {
            assert_eq!(that_seem_to_push(image, &builds), aliases, "{image}");
        }
    }
}
