//! The inputs about tags, and the tag that comes of them.

use std::fmt;

use crate::{
    host::{Code, Coded, code},
    image::{
        file::{Content, ImagesFile},
        lines::{Instead, Line, LineWarning},
        reference::Tag,
        tag::{
            Advice, Build, CURRENT, Computed, Fact, Strategy, TagError,
            build::{ids_and_numbers, is_of_build, named, pipeline_resources, that_seem_to_push},
            downgrade::Ordered,
            mutable::{Builds, DEFAULT_LIST, Distinct, MutableTags, Policy},
            template::Template,
            version::{self, VersionFrom, VersionRule},
        },
    },
    inputs::{InputError, Note, files::File, reader::Reader},
    login::proxy::Ignored,
    plan::DowngradeRule,
    registry::Built,
};

pub(super) const STRATEGIES: [&str; 6] =
    ["buildId", "buildNumber", "commit", "semver", "template", "none"];
pub(super) const COMMIT_LENGTHS: [&str; 2] = ["short", "full"];
pub(super) const VERSIONS_FROM: [&str; 4] = ["gitTag", "buildNumber", "variable", "file"];
pub(super) const POLICIES: [&str; 3] = ["fail", "warn", "allow"];
pub(super) const DEFAULT_RELEASE_BRANCHES: &str = "main, master, release/*";
/// The name of the file that `computeTag` writes unasked.
const IMAGES_FILE: &str = "kubectl-set-image.json";

/// What the command `computeTag` does beside setting the output variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publication {
    /// The path and the text of the images file.
    pub images_file: Option<(String, String)>,
    /// Whether the tag becomes a tag of the build.
    pub build_tag: bool,
    /// Whether the tag becomes the number of the build.
    pub build_number: bool,
}

/// What is to be looked at, though the request can be carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// In a line of `images`.
    Line(LineWarning),
    /// In the computed tag.
    Tag(TagError),
    /// An entry of the agent's bypass list that cannot be understood.
    Bypass(Ignored),
    /// The tag is that of the run itself, which somebody or a schedule started, though the image
    /// may come from a pipeline resource.
    OwnRun {
        /// The aliases of the pipeline resources.
        resources: Vec<String>,
    },
    /// The tag is that of the run itself, though the end of another build triggered it.
    Completion {
        /// The id of that build.
        id: String,
        /// The name of its pipeline; empty where it is not known.
        pipeline: String,
    },
}

/// The lines with their tags, and how they came to them.
pub(super) struct Tagged {
    pub(super) tag: Option<Computed>,
    pub(super) lines: Vec<Line>,
    pub(super) warnings: Vec<Warning>,
    /// Which tags can be compared.
    pub(super) ordered: Ordered,
    /// The build of which the tag was computed, where its commit is known.
    pub(super) built: Option<Built>,
    /// What images could have whose own tag is refused.
    instead: Instead,
    /// What to do where the computed tag is refused.
    advice: Advice,
    /// The builds that made the tags.
    builds: Builds,
}

impl<'a> Reader<'a> {
    /// The build whose image is meant. Without a tag to compute, `artifactAlias` does not count.
    fn build(&mut self) -> Option<Build<'a>> {
        let computes = self.choice("tagStrategy", &STRATEGIES) != Some("none");
        if !computes {
            return Some(Build::primary(self.variables));
        }
        let alias = self.given("artifactAlias").ok()?;
        let build = Build::find(self.variables, alias.as_deref());
        self.take(build.map_err(InputError::Tag))
    }
}

impl Reader<'_> {
    /// The files that have to be read before the tag is known.
    pub(super) fn tag_files(&mut self, set_image: bool) -> Vec<File> {
        let input = if set_image && self.has("imagesFile") {
            "imagesFile"
        } else if self.reads_version() && self.version_from() == Some("file") {
            "versionFile"
        } else {
            return Vec::new();
        };
        self.path(input).map(|path| File { input, path }).into_iter().collect()
    }

    /// Completes the lines with the computed tag, or with those of the images file.
    pub(super) fn tagged(&mut self, lines: Vec<Line>, set_image: bool) -> Option<Tagged> {
        let tagged = if set_image && self.has("imagesFile") {
            self.tagged_by_file(lines)
        } else {
            self.tagged_by_strategy(lines, set_image)
        };
        let builds = tagged.as_ref().map(|tagged| tagged.builds.clone());
        let mutable = self.mutable_tags(builds.unwrap_or_default());
        self.checked(tagged?, &mutable?)
    }

    fn tagged_by_strategy(&mut self, lines: Vec<Line>, set_image: bool) -> Option<Tagged> {
        let (build, strategy) = (self.build(), self.strategy());
        let (build, strategy) = (build?, strategy?);
        let needed = !set_image || lines.iter().any(Line::needs_tag);
        let computed = strategy.tag(&build, self.variables);
        let ordered = if strategy.is_ordered() { Ordered::All } else { Ordered::None };
        let advice = strategy.advice(&build);
        let builds = Builds { branch: build.branch(), ids: ids_and_numbers(self.variables) };
        let tagged = Tagged {
            tag: None,
            lines,
            warnings: Vec::new(),
            ordered,
            built: None,
            instead: Instead::Nothing,
            advice,
            builds,
        };
        if !needed {
            let instead = computed.ok().flatten().map(|computed| Instead::Computed(computed.tag));
            return Some(Tagged { instead: instead.unwrap_or(Instead::Nothing), ..tagged });
        }
        let computed = self.take(computed.map_err(InputError::Tag))?;
        let mut lines = tagged.lines;
        let mut warnings = Vec::new();
        match &computed {
            None if !set_image => return self.fail(InputError::NothingToCompute),
            None => {}
            Some(Computed { tag, .. }) => {
                if !self.has("artifactAlias") && strategy.is_of_build() {
                    warnings.extend(self.other_builds(&build, &lines));
                }
                for line in &mut lines {
                    line.complete(|reference| reference.with_tag(tag.clone()));
                }
            }
        }
        let origin = computed.as_ref().and_then(|computed| self.built(&computed.tag, &build));
        let made = computed.as_ref().is_some_and(|computed| computed.made_of.is_some());
        let ordered = if made { Ordered::None } else { ordered };
        let instead = match &computed {
            Some(computed) => Instead::Computed(computed.tag.clone()),
            None => Instead::Nothing,
        };
        Some(Tagged { tag: computed, lines, warnings, ordered, built: origin, instead, ..tagged })
    }

    /// The build that a tag was computed of, where its commit is known.
    fn built(&self, tag: &Tag, build: &Build<'_>) -> Option<Built> {
        let commit = build.get(Fact::Commit)?.to_owned();
        let variable = |name| self.variables.get(name).map(str::to_owned);
        let is_own = build.variable(Fact::Commit) == "Build.SourceVersion";
        let head = variable("System.PullRequest.SourceCommitId").filter(|_| is_own);
        Some(Built {
            tag: tag.as_str().to_owned(),
            commits: std::iter::once(commit).chain(head).collect(),
            repository: variable("Build.Repository.Uri").filter(|_| is_own),
        })
    }

    /// What speaks for another build than the one whose tag the lines get unasked: an error where
    /// that is one that triggered the run, since either could be meant.
    fn other_builds(&mut self, build: &Build<'_>, lines: &[Line]) -> Vec<Warning> {
        let builds = named(self.variables, build);
        let mut warnings = Vec::new();
        for line in lines {
            let trigger = build.alias().filter(|_| build.is_triggering());
            let others = line.of_other_builds(trigger, |i| that_seem_to_push(i.name(), &builds));
            if trigger.is_some() {
                self.errors.extend(others.map(|other| InputError::Line(other.into_error())));
            } else {
                warnings.extend(others.map(Warning::Line));
            }
        }
        let by_hand = ["Manual", "Schedule"];
        let reason = self.variables.get("Build.Reason").unwrap_or_default();
        let by_hand = by_hand.iter().any(|known| known.eq_ignore_ascii_case(reason));
        let resources = pipeline_resources(self.variables);
        let definition = build.get(Fact::Definition).unwrap_or_default();
        let of_run = |line: &Line| {
            line.images.iter().all(|image| {
                !image.needs_tag() || image.reference.name().eq_ignore_ascii_case(definition)
            })
        };
        let variable = |name| self.variables.get(name).unwrap_or_default().to_owned();
        let id = variable("Build.TriggeredBy.BuildId");
        let other = match () {
            () if by_hand && !resources.is_empty() => Some(Warning::OwnRun { resources }),
            () if !id.is_empty() => {
                let pipeline = variable("Build.TriggeredBy.DefinitionName");
                Some(Warning::Completion { id, pipeline })
            }
            () => None,
        };
        if build.is_this_run() && warnings.is_empty() && !lines.iter().all(of_run) {
            warnings.extend(other);
        }
        warnings
    }

    fn tagged_by_file(&mut self, mut lines: Vec<Line>) -> Option<Tagged> {
        let (path, text) = self.file("imagesFile")?;
        let file = ImagesFile::parse(&text);
        let file = file.map_err(|cause| InputError::ImagesFile { path: path.clone(), cause });
        let file = self.take(file)?;
        let mut warnings = Vec::new();
        if lines.is_empty() {
            lines.extend(file.images.iter().cloned().map(Line::everywhere));
        }
        for line in &mut lines {
            let unknown = line.not_in_file(&file.tag, |reference| file.has(reference));
            warnings.extend(unknown.map(Warning::Line));
            line.complete(|reference| file.complete(reference));
        }
        if lines.is_empty() {
            return self.fail(InputError::NoImages);
        }
        let content = &file.content;
        let mut ids = ids_and_numbers(self.variables);
        ids.extend([&content.build.id, &content.build.number].into_iter().flatten().cloned());
        let own = Build::primary(self.variables).branch();
        let branch = content.branch.clone().or(own);
        let ordered = content.ordered();
        let of_build = is_of_build(file.tag.as_str(), &content.origins())
            || is_of_build(file.tag.as_str(), &ids);
        let tag = Computed {
            version: version::from_tag(file.tag.as_str()),
            origin: match &file.content.build.id {
                Some(id) => format!("{path} of build {id}"),
                None => path,
            },
            note: None,
            distinct: if of_build { Distinct::Number } else { Distinct::Name },
            tag: file.tag,
            made_of: None,
        };
        let built = content.commit.clone().map(|commit| Built {
            tag: tag.tag.as_str().to_owned(),
            commits: vec![commit],
            repository: None,
        });
        Some(Tagged {
            built,
            instead: Instead::HandedOver,
            tag: Some(tag),
            lines,
            warnings,
            ordered,
            advice: Advice::InTheBuild,
            builds: Builds { branch, ids },
        })
    }

    /// Looks for tags that move.
    fn checked(&mut self, mut tagged: Tagged, mutable: &MutableTags) -> Option<Tagged> {
        let advice = tagged.advice.clone();
        let computed = tagged.tag.as_ref();
        if let Some(error) = computed.and_then(|computed| computed.moves(mutable, advice)) {
            match mutable.policy {
                Policy::Fail => return self.fail(InputError::Tag(error)),
                Policy::Warn => tagged.warnings.push(Warning::Tag(error)),
                Policy::Allow => {}
            }
        }
        let tag = tagged.tag.as_ref().map(|computed| &computed.tag);
        for line in &tagged.lines {
            match line.check(mutable, tag, &tagged.instead) {
                Ok(warnings) => tagged.warnings.extend(warnings.into_iter().map(Warning::Line)),
                Err(error) => self.errors.push(InputError::Line(error)),
            }
        }
        Some(tagged)
    }

    /// What the command `computeTag` publishes.
    pub(super) fn publication(&mut self, tagged: &Tagged) -> Option<Publication> {
        let build_tag = self.flag("addBuildTag", true);
        let build_number = self.flag("updateBuildNumber", false);
        let images_file = self.images_file(tagged);
        let in_fork = self.variables.get("System.PullRequest.IsFork");
        let in_fork = in_fork.is_some_and(|fork| fork.eq_ignore_ascii_case("true"));
        let in_build = self.variables.in_build() && !in_fork;
        if in_fork && (build_tag == Some(true) || build_number == Some(true)) {
            self.notes.push(Note::Fork);
        }
        Some(Publication {
            images_file,
            build_tag: build_tag? && in_build,
            build_number: build_number? && in_build,
        })
    }

    /// The path and the text of the images file, where one is to be written.
    fn images_file(&mut self, tagged: &Tagged) -> Option<(String, String)> {
        let staging = self.variables.get("Build.ArtifactStagingDirectory");
        let default = staging.map(|folder| {
            let separator = if folder.contains('\\') { '\\' } else { '/' };
            format!("{folder}{separator}{IMAGES_FILE}")
        });
        let path = self.path("imagesFile").or(default)?;
        let computed = tagged.tag.as_ref()?;
        let build = self.build()?;
        let fact = |fact| build.get(fact).map(str::to_owned);
        let images = tagged.lines.iter().flat_map(|line| &line.images);
        let content = Content::of(&computed.tag, images.map(|image| &image.reference));
        let mut content = self.take(content.map_err(|(first, other)| {
            InputError::Tag(TagError::TwoOfRepository {
                first: first.to_string(),
                other: other.to_string(),
            })
        }))?;
        content.semver = computed.version.as_ref().map(ToString::to_string);
        content.commit = fact(Fact::Commit);
        content.branch = build.branch();
        content.build.id = fact(Fact::Id);
        content.build.number = fact(Fact::Number);
        content.build.definition = fact(Fact::Definition);
        Some((path, content.to_json()))
    }

    /// Whether an older version may be set over a newer one, wherever the tags come from.
    pub(super) fn downgrade_rule(&mut self) -> Option<DowngradeRule> {
        let allowed = self.flag("allowDowngrade", true)?;
        Some(DowngradeRule { allowed, ordered: Ordered::All })
    }

    fn strategy(&mut self) -> Option<Strategy> {
        Some(match self.choice("tagStrategy", &STRATEGIES)? {
            "buildNumber" => Strategy::BuildNumber,
            "commit" => {
                let length = self.choice("commitLength", &COMMIT_LENGTHS)?;
                Strategy::Commit { full: length == "full" }
            }
            "semver" => Strategy::Semver(self.version_rule()?),
            "template" => {
                let text = self.given("tagTemplate").ok()?;
                let text = self.take(text.ok_or(InputError::Tag(TagError::NoTemplate)))?;
                let template = Template::parse(&text).map_err(|e| InputError::Tag(e.into()));
                let template = self.take(template)?;
                let rule = if self.reads_version() { self.version_rule()? } else { no_version() };
                Strategy::Template(template, rule)
            }
            "none" => Strategy::None,
            _ => Strategy::BuildId,
        })
    }

    /// Whether the strategy needs a version.
    fn reads_version(&mut self) -> bool {
        match self.choice("tagStrategy", &STRATEGIES) {
            Some("semver") => true,
            Some("template") => {
                let text = self.text("tagTemplate").unwrap_or_default();
                let template = Template::parse(&text);
                template.is_ok_and(|t| t.any(crate::image::tag::template::Token::is_of_version))
            }
            _ => false,
        }
    }

    fn version_from(&mut self) -> Option<&'static str> {
        self.choice("versionFrom", &VERSIONS_FROM)
    }

    fn version_rule(&mut self) -> Option<VersionRule> {
        let from = match self.version_from()? {
            "buildNumber" => VersionFrom::BuildNumber,
            "variable" => VersionFrom::Text(self.given("version").ok()?.unwrap_or_default()),
            "file" => {
                if !self.has("versionFile") {
                    return self.fail(InputError::NoVersionFile);
                }
                let (path, content) = self.file("versionFile")?;
                VersionFrom::File { path, content }
            }
            _ => VersionFrom::GitTag { prefix: self.given("tagPrefix").ok()? },
        };
        let branches = self.given("releaseBranches").ok()?;
        let release_branches = branches.unwrap_or_else(|| DEFAULT_RELEASE_BRANCHES.to_owned());
        Some(VersionRule { from, release_branches })
    }

    fn mutable_tags(&mut self, builds: Builds) -> Option<MutableTags> {
        let policy = match self.choice("mutableTags", &POLICIES)? {
            _ if self.pins()? => Policy::Allow,
            "warn" => Policy::Warn,
            "allow" => Policy::Allow,
            _ => Policy::Fail,
        };
        let list = self.text("mutableTagList").unwrap_or_else(|| DEFAULT_LIST.to_owned());
        let mutable = MutableTags::read(policy, &list, builds);
        self.take(mutable.map_err(InputError::MutableTagList))
    }
}

/// The rule of a template that asks for no version.
fn no_version() -> VersionRule {
    VersionRule { from: VersionFrom::GitTag { prefix: None }, release_branches: String::new() }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(warning) => warning.fmt(f),
            Self::Tag(error) => error.fmt(f),
            Self::Bypass(Ignored::OfEnvironment(entry)) => write!(
                f,
                "{entry:?} in NO_PROXY is ignored: it is not a host, domain or network. Write it \
                 as contoso.local, .contoso.local or 10.0.0.0/8"
            ),
            Self::Bypass(Ignored::OfAgent(entry)) => write!(
                f,
                "{entry:?} in the bypass list of the agent's proxy is ignored: it is not a host, \
                 domain or network. Write it as contoso\\.local, .*\\.contoso\\.local or \
                 10\\.0\\..* in the agent's .proxybypass"
            ),
            Self::OwnRun { resources } => write!(
                f,
                "artifactAlias: this run was not triggered by a resource, so the tag is from the \
                 run itself. If a pipeline resource pushed the image, set it to {}, else to \
                 {CURRENT}",
                resources.join(", ")
            ),
            Self::Completion { id, pipeline } => {
                write!(f, "artifactAlias: build {id}")?;
                if !pipeline.is_empty() {
                    write!(f, " of {pipeline}")?;
                }
                write!(
                    f,
                    " triggered this run, but is not a pipeline resource, so the tag is from the \
                     run itself. If that build pushed the image, define it under resources: \
                     pipelines: and set its alias, else set it to {CURRENT}"
                )
            }
        }
    }
}

impl Coded for Warning {
    fn code(&self) -> Code {
        match self {
            Self::Line(warning) => warning.code(),
            Self::Tag(error) => error.code(),
            Self::Bypass(_) => code::BYPASS_IGNORED,
            Self::OwnRun { .. } | Self::Completion { .. } => code::NOT_TRIGGERED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Agent;
    use crate::{
        host::variables::Variables,
        inputs::{Job, Request, files::FileContent},
    };

    fn read(
        inputs: &[(&str, &str)],
        variables: &[(&str, &str)],
        file: &str,
    ) -> Result<Request, Vec<String>> {
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
        };
        let files = [FileContent { input: "imagesFile", outcome: Ok(file.to_owned()) }];
        let variables = Variables::new(owned(variables));
        Request::read(&owned(inputs), &variables, &Agent::default(), &files)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    fn file(tag: &str, more: &str) -> String {
        format!(
            "{{\"format\": \"kubectl-set-image\", \"version\": 1, \"tag\": \"{tag}\", {more} \
             \"images\": [{{\"repository\": \"a.io/app\", \"tag\": \"{tag}\"}}]}}"
        )
    }

    const IMAGES: (&str, &str) = ("images", "deploy/web app=a.io/app");
    const FILE: (&str, &str) = ("imagesFile", "tag/x.json");
    const COMMIT: &str = "\"commit\": \"1234567be7d24c5f8a6b1e0d9c8b7a6f5e4d3c2b\",";

    #[test]
    fn tags_have_an_order_or_not() {
        let variables = [
            ("Build.BuildId", "4125"),
            ("Build.BuildNumber", "1.4.2+7"),
            ("Build.SourceVersion", "1234567"),
        ];
        let ordered = |inputs: &[(&str, &str)], file: &str| match read(
            &[&[IMAGES], inputs].concat(),
            &variables,
            file,
        )
        .unwrap()
        .job
        {
            Job::SetImage(change) => change.downgrade.ordered,
            other => panic!("{other:?}"),
        };
        for (strategy, template, expected) in [
            ("buildId", "", Ordered::All),
            ("commit", "", Ordered::None),
            ("buildNumber", "", Ordered::None),
            ("template", "1.{buildId}", Ordered::All),
            ("template", "1.{buildId}.{commit}", Ordered::None),
            ("template", "1+{buildId}", Ordered::None),
        ] {
            let inputs = [("tagStrategy", strategy), ("tagTemplate", template)];
            assert_eq!(ordered(&inputs, ""), expected, "{strategy} {template}");
        }
        for (tag, more, expected) in [
            ("1.4.2", "\"semver\": \"1.4.2\",".to_owned(), Ordered::All),
            ("1.4.2", String::new(), Ordered::Numbers),
            ("1.4.2-12345", format!("\"semver\": \"1.4.2\", {COMMIT}"), Ordered::None),
            ("4125", COMMIT.to_owned(), Ordered::Numbers),
            ("1234567", COMMIT.to_owned(), Ordered::None),
        ] {
            let inputs = [FILE, ("tagStrategy", "commit")];
            assert_eq!(ordered(&inputs, &file(tag, &more)), expected, "{tag} {more}");
        }
    }

    #[test]
    fn a_file_knows_the_build_that_wrote_it() {
        let variables = [("Build.BuildId", "99"), ("Build.SourceBranch", "refs/heads/other")];
        let tag = |tag: &str, more: &str| {
            let request = read(&[IMAGES, FILE], &variables, &file(tag, more));
            request.map(|request| request.tag.unwrap().tag.to_string())
        };
        for (name, more) in [
            ("412", "\"build\": {\"id\": \"412\"},"),
            ("1.7", "\"build\": {\"number\": \"1.7\"},"),
            ("other", "\"branch\": \"topic\","),
            ("99", ""),
        ] {
            assert_eq!(tag(name, more), Ok(name.to_owned()), "{more}");
        }
        for (name, more, place, entry) in [
            (
                "topic",
                "\"branch\": \"topic\", \"build\": {\"id\": \"7\"},",
                "tag/x.json of build 7",
                "{branch}",
            ),
            ("413", "\"build\": {\"number\": \"412\"},", "tag/x.json", "{major}"),
            ("other", "", "tag/x.json", "{branch}"),
        ] {
            assert_eq!(
                tag(name, more),
                Err(vec![format!(
                    "{place} gives the mutable tag {name} ({entry} in mutableTagList), so \
                     Kubernetes would not start a rollout and there would be nothing to roll back \
                     to. Compute a unique tag in the build with command: computeTag, such as with \
                     tagStrategy: buildId"
                )]),
                "{name}"
            );
        }
    }

    #[test]
    fn a_build_hands_over_one_tag_of_a_repository() {
        let computed = |images: &str| {
            let inputs = [("command", "computeTag"), FILE, ("images", images)];
            match read(&inputs, &[("Build.BuildId", "4125")], "")?.job {
                Job::ComputeTag(publication) => Ok(publication.images_file.unwrap().1),
                other => panic!("{other:?}"),
            }
        };
        let digest = format!("sha256:{}", "0".repeat(64));
        assert_eq!(
            computed(&format!("deploy/web a=a.io/app b=a.io/app:4125 c=a.io/db@{digest}")),
            Ok(format!(
                "{{\"format\":\"kubectl-set-image\",\"version\":1,\"tag\":\"4125\",\"build\":\
                 {{\"id\":\"4125\"}},\"images\":[{{\"repository\":\"a.io/app\",\"tag\":\"4125\"}},\
                 {{\"repository\":\"a.io/db\",\"digest\":\"{digest}\"}}]}}\n"
            ))
        );
        assert_eq!(
            computed("deploy/web a=a.io/app b=a.io/app:7000"),
            Err(vec![
                "images: a.io/app:4125 and a.io/app:7000 have the same repository, and imagesFile \
                 holds one tag for each. Name the repository once, or compute the tags in two \
                 steps with separate files"
                    .to_owned()
            ])
        );
    }

    #[test]
    fn an_image_of_the_file_that_moves_is_mended_in_the_build() {
        let file = file("4125", "").replace("\"tag\": \"4125\"}", "\"tag\": \"stable\"}");
        let refused = "a.io/app:stable uses a mutable tag, so Kubernetes would not start a \
                       rollout and there would be nothing to roll back to. Compute a unique tag \
                       in the build with command: computeTag, and remove the tag from this line";
        for (inputs, place) in [(&[FILE][..], "imagesFile"), (&[IMAGES, FILE], "images, line 1")] {
            assert_eq!(read(inputs, &[], &file).unwrap_err(), [format!("{place}: {refused}")]);
        }
    }

    #[test]
    fn an_alias_counts_only_where_a_tag_is_computed() {
        let alias = ("artifactAlias", "_wep");
        let own_tag = ("images", "deploy/web app=a.io/app:7000");
        for inputs in [&[IMAGES, FILE, alias][..], &[own_tag, alias, ("tagStrategy", "none")]] {
            assert_eq!(read(inputs, &[], &file("4125", "")).map(|_| ()), Ok(()), "{inputs:?}");
        }
        assert_eq!(
            read(&[IMAGES, alias], &[], "").unwrap_err(),
            [
                "artifactAlias: artifact or pipeline resource \"_wep\" not found. This run has none: \
              remove artifactAlias to use the run's own build"
            ]
        );
    }
}
