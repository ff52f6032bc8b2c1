//! The inputs of the group Tag, and the tag that comes of them.

use std::fmt;

use crate::{
    images::{Line, LineWarning},
    images_file::{Content, ImagesFile},
    inputs::{InputError, files::File, reader::Reader},
    reference::Tag,
    tag::{
        Build, Computed, Fact, Strategy, TagError,
        build::{named, that_seem_to_push},
        downgrade::DowngradeRule,
        mutable::{DEFAULT_LIST, MutableTags, Policy},
        template::Template,
        version::{self, VersionFrom, VersionRule},
    },
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
}

/// The lines with their tags, and how they came to them.
pub(super) struct Tagged {
    pub(super) tag: Option<Computed>,
    pub(super) lines: Vec<Line>,
    pub(super) warnings: Vec<Warning>,
    /// The tag that images could have whose own is refused.
    instead: Option<Tag>,
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
        self.text(input).map(|path| File { input, path }).into_iter().collect()
    }

    /// Completes the lines with the computed tag, or with those of the images file.
    pub(super) fn tagged(&mut self, lines: Vec<Line>, set_image: bool) -> Option<Tagged> {
        let alias = self.text("artifactAlias");
        let build = Build::find(self.variables, alias.as_deref());
        let build = self.take(build.map_err(InputError::Tag))?;
        let tagged = if set_image && self.has("imagesFile") {
            self.tagged_by_file(lines)
        } else {
            self.tagged_by_strategy(lines, &build, set_image)
        };
        let mutable = self.mutable_tags(&build);
        self.checked(tagged?, &mutable?)
    }

    fn tagged_by_strategy(
        &mut self,
        mut lines: Vec<Line>,
        build: &Build<'_>,
        set_image: bool,
    ) -> Option<Tagged> {
        let strategy = self.strategy()?;
        let needed = !set_image || lines.iter().any(Line::needs_tag);
        let computed = strategy.tag(build, self.variables);
        if !needed {
            let instead = computed.ok().flatten().map(|computed| computed.tag);
            return Some(Tagged { tag: None, lines, warnings: Vec::new(), instead });
        }
        let computed = self.take(computed.map_err(InputError::Tag))?;
        let mut warnings = Vec::new();
        match &computed {
            None if !set_image => return self.fail(InputError::NothingToCompute),
            None => {}
            Some(Computed { tag, .. }) => {
                if !self.has("artifactAlias") {
                    let builds = named(self.variables);
                    for line in &lines {
                        let others = line.of_other_builds(|i| that_seem_to_push(i.name(), &builds));
                        warnings.extend(others.map(Warning::Line));
                    }
                }
                for line in &mut lines {
                    line.complete(|reference| reference.with_tag(tag.clone()));
                }
            }
        }
        let instead = computed.as_ref().map(|computed| computed.tag.clone());
        Some(Tagged { tag: computed, lines, warnings, instead })
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
        let tag = Computed {
            version: version::from_tag(file.tag.as_str()),
            origin: match &file.content.build.id {
                Some(id) => format!("{path}, which build {id} wrote"),
                None => path,
            },
            tag: file.tag,
            made_of: None,
        };
        let instead = Some(tag.tag.clone());
        Some(Tagged { tag: Some(tag), lines, warnings, instead })
    }

    /// Looks for tags that move.
    fn checked(&mut self, mut tagged: Tagged, mutable: &MutableTags) -> Option<Tagged> {
        if let Some(error) = tagged.tag.as_ref().and_then(|computed| computed.moves(mutable)) {
            match mutable.policy {
                Policy::Fail => return self.fail(InputError::Tag(error)),
                Policy::Warn => tagged.warnings.push(Warning::Tag(error)),
                Policy::Allow => {}
            }
        }
        let tag = tagged.tag.as_ref().map(|computed| &computed.tag);
        for line in &tagged.lines {
            match line.check(mutable, tag, tagged.instead.as_ref()) {
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
        let in_build = self.variables.in_build();
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
        let path = self.text("imagesFile").or(default)?;
        let computed = tagged.tag.as_ref()?;
        let alias = self.text("artifactAlias");
        let build = Build::find(self.variables, alias.as_deref()).ok()?;
        let fact = |fact| build.get(fact).map(str::to_owned);
        let images = tagged.lines.iter().flat_map(|line| &line.images);
        let mut content = Content::of(&computed.tag, images.map(|image| &image.reference));
        content.semver = computed.version.as_ref().map(ToString::to_string);
        content.commit = fact(Fact::Commit);
        content.branch = build.branch();
        content.build.id = fact(Fact::Id);
        content.build.number = fact(Fact::Number);
        content.build.definition = fact(Fact::Definition);
        Some((path, content.to_json()))
    }

    /// Whether an older version may be set over a newer one, and whether the tags have an order.
    pub(super) fn downgrade_rule(&mut self) -> Option<DowngradeRule> {
        let commits = self.choice("tagStrategy", &STRATEGIES) == Some("commit");
        let ordered = !commits || self.has("imagesFile");
        Some(DowngradeRule { allowed: self.flag("allowDowngrade", true)?, ordered })
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
                let text = self.text("tagTemplate");
                let text = self.take(text.ok_or(InputError::Tag(TagError::NoTemplate)))?;
                let template = Template::parse(&text).map_err(|e| InputError::Tag(e.into()));
                let template = self.take(template)?;
                let rule = if self.reads_version() { self.version_rule()? } else { git_tag() };
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
                template.is_ok_and(|t| t.any(crate::tag::template::Token::is_of_version))
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
            "variable" => VersionFrom::Text(self.text("version").unwrap_or_default()),
            "file" => {
                if !self.has("versionFile") {
                    return self.fail(InputError::NoVersionFile);
                }
                let (path, content) = self.file("versionFile")?;
                VersionFrom::File { path, content }
            }
            _ => VersionFrom::GitTag,
        };
        let branches = self.text("releaseBranches");
        let release_branches = branches.unwrap_or_else(|| DEFAULT_RELEASE_BRANCHES.to_owned());
        Some(VersionRule { from, release_branches })
    }

    fn mutable_tags(&mut self, build: &Build<'_>) -> Option<MutableTags> {
        let policy = match self.choice("mutableTags", &POLICIES)? {
            "warn" => Policy::Warn,
            "allow" => Policy::Allow,
            _ => Policy::Fail,
        };
        let list = self.text("mutableTagList").unwrap_or_else(|| DEFAULT_LIST.to_owned());
        let mutable = MutableTags::read(policy, &list, self.variables, Some(build));
        self.take(mutable.map_err(InputError::MutableTagList))
    }
}

fn git_tag() -> VersionRule {
    VersionRule { from: VersionFrom::GitTag, release_branches: String::new() }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(warning) => warning.fmt(f),
            Self::Tag(error) => error.fmt(f),
        }
    }
}
