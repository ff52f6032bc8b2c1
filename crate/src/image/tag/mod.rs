//! The tag that every image without one of its own gets.
//!
//! [`build`] finds the build whose image is meant, a [`Strategy`] makes text of what is known of
//! it, with [`template`], [`time`] and [`version`], and [`sanitise()`] makes a legal tag of the text.
//! [`mutable`] knows the tags that move, [`downgrade`] which of two images is older.

pub mod build;
pub mod downgrade;
mod error;
pub mod mutable;
pub(crate) mod pattern;
pub mod sanitise;
mod source;
pub mod template;
pub mod time;
pub mod version;

pub use build::{Build, Fact};
pub use error::{Advice, NoStartTime, TagError};
pub use source::{CURRENT, Source};

use semver::Version;

use crate::{
    host::variables::Variables,
    image::{
        reference::Tag,
        tag::{
            mutable::{Distinct, MutableTags},
            sanitise::{Unique, fitted, sanitise},
            template::{Part, SHORT_COMMIT, Template, Token},
            time::StartTime,
            version::{VersionRule, to_tag},
        },
    },
};

/// How the tag is made: the input `tagStrategy`, with the inputs that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// Of the build's id, a number that no two builds of an organisation share.
    BuildId,
    /// Of the build's number.
    BuildNumber,
    /// Of the commit that was built: of its first seven digits, or of all.
    Commit {
        /// Whether of all.
        full: bool,
    },
    /// It is the version.
    Semver(VersionRule),
    /// Of a text with tokens.
    Template(Template, VersionRule),
    /// Not at all: every image names its tag.
    None,
}

/// A computed tag, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The tag.
    pub tag: Tag,
    /// The version that it stands for, where the strategy has one.
    pub version: Option<Version>,
    /// Where it comes from: a variable, an input.
    pub origin: String,
    /// What else is to be known of that.
    pub note: Option<String>,
    /// What tells it from the tags of other builds.
    pub distinct: Distinct,
    /// The text that it was made of, where that could not be a tag as it was.
    pub made_of: Option<String>,
}

impl Computed {
    /// The error of a tag that moves, with what to do.
    #[must_use]
    pub fn moves(&self, mutable: &MutableTags, advice: Advice) -> Option<TagError> {
        let entry = mutable.entry_of_origin(self.tag.as_str(), self.distinct)?.to_owned();
        let (tag, origin) = (self.tag.clone(), self.origin.clone());
        Some(TagError::Mutable { tag, origin, entry, advice })
    }
}

impl Strategy {
    /// Whether the tags have an order: without a commit in them.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        match self {
            Self::Commit { .. } => false,
            Self::Template(template, _) => !template.any(|token| matches!(token, Token::Commit(_))),
            _ => true,
        }
    }

    /// Whether the tag is made of what is known of the build, and not of a text or file.
    #[must_use]
    pub fn is_of_build(&self) -> bool {
        match self {
            Self::None => false,
            Self::BuildId | Self::BuildNumber | Self::Commit { .. } => true,
            Self::Semver(rule) => rule.from.is_of_build(),
            Self::Template(template, rule) => {
                rule.from.is_of_build() && template.any(Token::is_of_version)
                    || template.any(|token| !token.is_of_version())
            }
        }
    }

    /// What to do where the tag moves.
    #[must_use]
    pub fn advice(&self, build: &Build<'_>) -> Advice {
        let text = match self {
            _ if build.source() == Source::Container => return Advice::PushAnother,
            Self::BuildNumber => "{buildNumber}",
            Self::Semver(_) => "{version}",
            Self::Template(template, _) => template.written(),
            Self::BuildId | Self::Commit { .. } | Self::None => "{branch}",
        };
        Advice::Template(format!("{text}-{{buildId}}"))
    }

    /// The tag of this build, or `None` where the strategy gives none.
    ///
    /// # Errors
    /// Says what is missing, or cannot be a tag.
    pub fn tag(
        &self,
        build: &Build<'_>,
        variables: &Variables,
    ) -> Result<Option<Computed>, TagError> {
        let computed = match self {
            Self::None => return Ok(None),
            Self::BuildId => verbatim(build, Fact::Id, "tagStrategy: buildId", None)?,
            Self::Commit { full } => {
                let length = (!full).then_some(SHORT_COMMIT);
                verbatim(build, Fact::Commit, "tagStrategy: commit", length)?
            }
            Self::BuildNumber if build.source() == Source::Container => {
                verbatim(build, Fact::Number, "tagStrategy: buildNumber", None)?
            }
            Self::BuildNumber => {
                let number = build.need(Fact::Number, "tagStrategy: buildNumber")?;
                let origin = build.variable(Fact::Number);
                let (tag, made_of) = legal(number, &origin, |text| sanitise(text, Unique::No))?;
                let distinct = match build.source() {
                    Source::Build => Distinct::Number,
                    _ => Distinct::Name,
                };
                Computed { tag, version: None, origin, note: build.note(false), distinct, made_of }
            }
            Self::Semver(rule) => {
                let version = rule.version(build)?.ok_or_else(|| rule.nothing(build))?;
                let value = to_tag(&version);
                let tag = Tag::parse(&value).map_err(|cause| TagError::Illegal {
                    place: rule.spoken_place(build),
                    value,
                    cause,
                })?;
                Computed {
                    tag,
                    version: Some(version),
                    origin: rule.place(build),
                    note: build.note(false).filter(|_| self.is_of_build()),
                    distinct: Distinct::Name,
                    made_of: None,
                }
            }
            Self::Template(template, rule) => {
                let note = build.note(template.any(|token| matches!(token, Token::Commit(_))));
                let note = note.filter(|_| self.is_of_build());
                Computed { note, ..of_template(template, rule, build, variables)? }
            }
        };
        Ok(Some(computed))
    }
}

fn verbatim(
    build: &Build<'_>,
    fact: Fact,
    needed_by: &str,
    length: Option<usize>,
) -> Result<Computed, TagError> {
    let value = shortened(build.need(fact, needed_by)?, length);
    let origin = build.variable(fact);
    let tag = Tag::parse(value).map_err(|cause| TagError::Illegal {
        place: format!("the variable {origin}"),
        value: value.to_owned(),
        cause,
    })?;
    let distinct = match build.source() {
        Source::Container => Distinct::Name,
        _ => Distinct::Build,
    };
    let note = build.note(fact == Fact::Commit);
    Ok(Computed { tag, version: None, origin, note, distinct, made_of: None })
}

/// The first digits of a commit's hash. What is no such hash, as a changeset of TFVC, stays whole.
fn shortened(commit: &str, length: Option<usize>) -> &str {
    let is_hash = commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    length.filter(|_| is_hash).and_then(|length| commit.get(..length)).unwrap_or(commit)
}

/// The tag of a text, and the text itself where it could not be one as it was.
fn legal(
    text: &str,
    origin: &str,
    tag: impl Fn(&str) -> Option<Tag>,
) -> Result<(Tag, Option<String>), TagError> {
    let Some(tag) = tag(text) else {
        return Err(TagError::Nothing { origin: origin.to_owned(), text: text.to_owned() });
    };
    let made_of = (tag.as_str() != text).then(|| text.to_owned());
    Ok((tag, made_of))
}

fn of_template(
    template: &Template,
    rule: &VersionRule,
    build: &Build<'_>,
    variables: &Variables,
) -> Result<Computed, TagError> {
    let version = if template.any(Token::is_of_version) { rule.version(build)? } else { None };
    let number = |part: fn(&Version) -> u64| version.as_ref().map(|v| part(v).to_string());
    let dated = template.any(|token| matches!(token, Token::Date(_)));
    let start = if dated { start_time(build, variables)? } else { None };
    let value = &|token: &Token| match token {
        Token::BuildId => build.get(Fact::Id).map(str::to_owned),
        Token::BuildNumber => build.get(Fact::Number).map(str::to_owned),
        Token::Counter => build.counter().map(str::to_owned),
        Token::Definition => build.get(Fact::Definition).map(str::to_owned),
        Token::Branch => build.branch(),
        Token::GitTag => build.git_tag().map(str::to_owned),
        Token::PullRequest => build.pull_request().map(str::to_owned),
        Token::Commit(length) => {
            build.get(Fact::Commit).map(|commit| shortened(commit, *length).to_owned())
        }
        Token::Date(form) => start.and_then(|start| start.format(form).ok()),
        Token::Version => version.as_ref().map(to_tag),
        Token::Major => number(|version| version.major),
        Token::Minor => number(|version| version.minor),
        Token::Patch => number(|version| version.patch),
        Token::Prerelease => {
            version.as_ref().map(|v| v.pre.to_string()).filter(|pre| !pre.is_empty())
        }
    };
    let empty =
        |token: &Token, written: &str| empty_token(token, written, rule, build, version.as_ref());
    let parts = template.render(value, empty)?;
    let told_apart = template.sets_build_id_apart() && build.get(Fact::Id).is_some();
    let unique = if told_apart { Unique::Yes } else { Unique::No };
    let text: String = parts.iter().map(Part::as_str).collect();
    let has_id = parts.iter().any(|part| matches!(part, Part::BuildId(_)));
    let (tag, made_of) = match legal(&text, "tagTemplate", |_| fitted(&parts, unique)) {
        Err(TagError::Nothing { .. }) if has_id => return Err(TagError::NoRoom),
        made => made?,
    };
    let distinct = distinct(template, build, |token| value(token).is_some());
    Ok(Computed { tag, version, origin: "tagTemplate".to_owned(), note: None, distinct, made_of })
}

/// What tells the tags of a template apart, by the tokens that have a value.
fn distinct(
    template: &Template,
    build: &Build<'_>,
    has_value: impl Fn(&Token) -> bool,
) -> Distinct {
    let any = |of: fn(&Token) -> bool| template.any(|token| of(token) && has_value(token));
    let of_build = build.source() != Source::Container
        && any(|token| matches!(token, Token::BuildId | Token::Counter | Token::Commit(_)));
    let of_branch = |token: &Token| matches!(token, Token::Branch | Token::PullRequest);
    let of_series = |token: &Token| matches!(token, Token::Major | Token::Minor);
    let constant = |token: &Token| matches!(token, Token::Definition);
    let named = template.any(|token| {
        has_value(token) && !of_branch(token) && !of_series(token) && !constant(token)
    });
    if of_build {
        Distinct::Build
    } else if build.source() == Source::Build && any(|token| matches!(token, Token::BuildNumber)) {
        Distinct::Number
    } else if named {
        Distinct::Name
    } else if any(of_branch) {
        Distinct::Branch
    } else if any(of_series) {
        Distinct::Series
    } else {
        Distinct::Name
    }
}

/// The time at which the build began, where the pipeline knows it. A token that may be empty is not
/// left out for a time that is another one's: the build's own tag would have it.
fn start_time<'a>(
    build: &Build<'_>,
    variables: &'a Variables,
) -> Result<Option<StartTime<'a>>, TagError> {
    if !build.is_this_run() {
        return Err(TagError::NoStartTime(NoStartTime::OfAnother));
    }
    let Some(found) = variables.get("System.PipelineStartTime") else { return Ok(None) };
    let unreadable = || TagError::NoStartTime(NoStartTime::Unreadable(found.to_owned()));
    StartTime::parse(found).map(Some).ok_or_else(unreadable)
}

fn empty_token(
    token: &Token,
    written: &str,
    rule: &VersionRule,
    build: &Build<'_>,
    version: Option<&Version>,
) -> TagError {
    let variable = |fact| format!("the variable {} is empty", build.variable(fact));
    let source = || match build.get(Fact::Branch) {
        Some(source) => format!("the variable {} is {source}", build.variable(Fact::Branch)),
        None => variable(Fact::Branch),
    };
    let place = match token {
        Token::Date(_) => return TagError::NoStartTime(NoStartTime::Empty),
        Token::BuildId => variable(Fact::Id),
        Token::BuildNumber => variable(Fact::Number),
        Token::Counter => match build.get(Fact::Number) {
            Some(number) => {
                format!("{} is {number}, without digits at its end", build.variable(Fact::Number))
            }
            None => variable(Fact::Number),
        },
        Token::Definition => variable(Fact::Definition),
        Token::Commit(_) => variable(Fact::Commit),
        Token::Branch | Token::GitTag | Token::PullRequest => source(),
        Token::Prerelease if version.is_some() => "the version is not a prerelease".to_owned(),
        _ => match build.get(Fact::Branch) {
            Some(_) if rule.place(build) == build.variable(Fact::Branch) => source(),
            _ => format!("{} is empty", rule.place(build)),
        },
    };
    TagError::EmptyToken { token: written.to_owned(), place }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};

    use super::*;
    use crate::image::tag::version::VersionFrom;

    fn rule() -> VersionRule {
        VersionRule { from: VersionFrom::GitTag { prefix: None }, release_branches: String::new() }
    }

    fn tag(strategy: &Strategy, pairs: &[(&str, &str)]) -> Result<String, String> {
        let owned = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let variables = Variables::new(owned);
        let build = Build::find(&variables, None).unwrap();
        match strategy.tag(&build, &variables) {
            Ok(computed) => Ok(computed.unwrap().tag.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn template(text: &str, pairs: &[(&str, &str)]) -> Result<String, String> {
        tag(&Strategy::Template(Template::parse(text).unwrap(), rule()), pairs)
    }

    #[test]
    fn says_why_there_is_no_build_id() {
        for (variables, message) in [
            (
                &[][..],
                "tagStrategy: buildId needs Build.BuildId, which is not set in this run. Run this \
                 step in a build or a YAML pipeline, or set tagStrategy: none and give every \
                 image a tag",
            ),
            (
                &[("System.HostType", "release")],
                "tagStrategy: buildId needs Build.BuildId, which is not set: this release has no \
                 artifact. Add the build that pushes the image as an artifact of the release \
                 pipeline",
            ),
            (
                &[("System.HostType", "release"), ("Release.PrimaryArtifactSourceAlias", "_git")],
                "tagStrategy: buildId needs Build.BuildId, which is not set: the primary artifact \
                 _git of this release does not come from a build. Make the build the primary \
                 artifact, or name it in artifactAlias",
            ),
            (
                &[("Build.BuildId", "4125+1")],
                "the variable Build.BuildId is \"4125+1\", which is not valid as a tag: \
                 unexpected character '+' in the tag. Give every image a tag and set tagStrategy: \
                 none",
            ),
        ] {
            assert_eq!(tag(&Strategy::BuildId, variables).unwrap_err(), message);
        }
        assert_eq!(
            tag(&Strategy::BuildNumber, &[]).unwrap_err(),
            "tagStrategy: buildNumber needs Build.BuildNumber, which is not set in this run. Run \
             this step where the pipeline sets it, or pass the tag on from the build with \
             imagesFile"
        );
        assert_eq!(
            tag(&Strategy::BuildNumber, &[("Build.BuildNumber", "日本")]).unwrap_err(),
            "Build.BuildNumber is \"日本\", which has no character that a tag can have (letters, \
             digits, underscores). Set tagStrategy: buildId, or add {buildId} to tagTemplate"
        );
    }

    #[test]
    fn a_git_tag_gives_its_version() {
        let tag = |source| tag(&Strategy::Semver(rule()), &[("Build.SourceBranch", source)]);
        assert_eq!(tag("refs/tags/v1.4.2").unwrap(), "1.4.2");
        assert_eq!(tag("refs/tags/2.0.0-rc.1").unwrap(), "2.0.0-rc.1");
        assert_eq!(tag("refs/tags/v1.4.2+7").unwrap(), "1.4.2_7");
        assert_eq!(
            tag("refs/heads/main").unwrap_err(),
            "tagStrategy: semver needs a run of a git tag with a version, such as \
             refs/tags/v1.4.2, but Build.SourceBranch is refs/heads/main. Run the build for such \
             a tag, or set another versionFrom or tagStrategy"
        );
        assert_eq!(
            tag("refs/tags/v1.4").unwrap_err(),
            "tagStrategy: semver needs a run of a git tag with a version, such as \
             refs/tags/v1.4.2, but Build.SourceBranch is refs/tags/v1.4, which has no version \
             (unexpected end of input while parsing minor version number). Run the build for such \
             a tag, or set another versionFrom or tagStrategy"
        );
        for (from, place) in [
            (VersionFrom::Text(format!("1.4.2-{}", "x".repeat(200))), "the input version"),
            (
                VersionFrom::File {
                    path: "drop/VERSION".to_owned(),
                    content: format!("1.4.2-{}", "x".repeat(200)),
                },
                "the version in drop/VERSION",
            ),
        ] {
            let rule = VersionRule { from, release_branches: String::new() };
            assert_eq!(
                self::tag(&Strategy::Semver(rule), &[]).unwrap_err(),
                format!(
                    "{place} is \"1.4.2-{}\", which is not valid as a tag: the tag is longer than \
                     128 characters. Give every image a tag and set tagStrategy: none",
                    "x".repeat(200)
                )
            );
        }
        let long = format!("refs/tags/1.4.2-{}", "x".repeat(200));
        assert_eq!(
            tag(&long).unwrap_err(),
            format!(
                "the variable Build.SourceBranch is \"1.4.2-{}\", which is not valid as a tag: \
                 the tag is longer than 128 characters. Give every image a tag and set \
                 tagStrategy: none",
                "x".repeat(200)
            )
        );
    }

    #[test]
    fn a_hash_is_added_where_the_build_id_does_not_tell_builds_apart() {
        for (text, id, expected) in [
            ("{branch}-{buildId}", "4125", "feature-x-4125"),
            ("{branch}/{buildId}", "4125", "feature-x-4125"),
            ("{branch}{-buildId}", "4125", "feature-x-4125"),
            ("{branch}{-buildId}", "", "feature-x-1573876a"),
            ("{branch}-b{buildId}", "4125", "feature-x-b4125-e54707fb"),
        ] {
            let variables = [("Build.SourceBranch", "refs/heads/feature/x"), ("Build.BuildId", id)];
            assert_eq!(template(text, &variables).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_token_without_a_value_says_where_it_would_come_from() {
        for (text, variables, message) in [
            (
                "{branch}-{buildId}",
                &[("Build.BuildId", "4125"), ("Build.SourceBranch", "refs/tags/v1")][..],
                "tagTemplate: {branch} has no value in this run: the variable Build.SourceBranch \
                 is refs/tags/v1. Write {-branch} for a dash and the value where it has one",
            ),
            (
                "{counter}",
                &[("Build.BuildNumber", "nightly")],
                "tagTemplate: {counter} has no value in this run: Build.BuildNumber is nightly, \
                 without digits at its end. Write {-counter} for a dash and the value where it \
                 has one",
            ),
            (
                "{prerelease}",
                &[("Build.SourceBranch", "refs/tags/v1.4.2")],
                "tagTemplate: {prerelease} has no value in this run: the version is not a \
                 prerelease. Write {-prerelease} for a dash and the value where it has one",
            ),
            (
                "{major}",
                &[("Build.SourceBranch", "refs/heads/main")],
                "tagTemplate: {major} has no value in this run: the variable Build.SourceBranch \
                 is refs/heads/main. Write {-major} for a dash and the value where it has one",
            ),
            (
                "{date}",
                &[],
                "tagTemplate: {date} needs System.PipelineStartTime, which is not set in this \
                 run. Run this step where the pipeline sets it, or pass the tag on from the build \
                 with imagesFile",
            ),
            (
                "web{-date}",
                &[("System.PipelineStartTime", "24.11.2026 04:00:00")],
                "tagTemplate: {date} needs a time such as 2026-11-24 04:00:00+00:00, but \
                 System.PipelineStartTime is \"24.11.2026 04:00:00\". Use {buildNumber}, whose \
                 format can have a date",
            ),
        ] {
            assert_eq!(template(text, variables).unwrap_err(), message);
        }
    }

    #[test]
    fn the_date_of_a_release_is_not_that_of_the_build() {
        let dated = |alias, host| {
            let pairs = [
                ("System.HostType", host),
                ("System.PipelineStartTime", "2021-10-21 06:28:33+00:00"),
                ("Release.Artifacts._web.BuildId", "4125"),
                ("resources.pipeline.web.runID", "4125"),
            ];
            let owned = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
            let variables = Variables::new(owned);
            let strategy = Strategy::Template(Template::parse("web{-date}").unwrap(), rule());
            let build = Build::find(&variables, alias).unwrap();
            let computed = strategy.tag(&build, &variables).map_err(|error| error.to_string());
            computed.map(|computed| computed.unwrap().tag.to_string())
        };
        assert_eq!(dated(None, "build"), Ok("web-20211021".to_owned()));
        for (alias, host) in [(None, "release"), (Some("_web"), "release"), (Some("web"), "build")]
        {
            assert_eq!(
                dated(alias, host),
                Err("tagTemplate: {date} is the date of the build, but System.PipelineStartTime \
                     is when this release or run began. Compute the tag in the build (command: \
                     computeTag), and pass it on with imagesFile"
                    .to_owned())
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_the_build_is_called_the_tag_is_legal_or_there_is_an_error(
            text in "(\\{-?(branch|buildNumber|commit:12|counter|version|gitTag)-?\\}|[a-z./ \
                     ü-]){0,6}",
            number in ".{0,40}",
            branch in "(refs/(heads|tags|pull)/)?.{0,200}",
            commit in "[0-9a-f]{40}|.{0,10}",
        ) {
            let variables = [
                ("Build.BuildNumber", number.as_str()),
                ("Build.SourceBranch", &branch),
                ("Build.SourceVersion", &commit),
            ];
            let strategies = [
                Strategy::BuildNumber,
                Strategy::Commit { full: false },
                Strategy::Semver(rule()),
                Strategy::Template(Template::parse(&text).unwrap(), rule()),
            ];
            for strategy in strategies {
                if let Ok(tag) = tag(&strategy, &variables) {
                    prop_assert!(Tag::parse(&tag).is_ok(), "{}", tag);
                }
            }
        }
    }
}
