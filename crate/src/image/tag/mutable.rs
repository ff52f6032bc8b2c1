//! Tags that move: pushed again and again, so that setting them changes nothing.

use crate::image::{
    reference::Reference,
    tag::{
        build::is_of_build,
        pattern::{DIGIT, entries, matches},
        sanitise::{Unique, dashed, sanitise},
    },
};

/// The input `mutableTags`: what becomes of a tag that moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It is refused.
    Fail,
    /// It is set, with a warning.
    Warn,
    /// It is set.
    Allow,
}

/// Which tags move, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MutableTags {
    /// What becomes of them.
    pub policy: Policy,
    patterns: Vec<Pattern>,
    builds: Builds,
}

/// What is known of the builds whose tags are judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Builds {
    /// The branch of the build whose image is meant.
    pub branch: Option<String>,
    /// Ids and numbers of builds; no such tag is a major version.
    pub ids: Vec<String>,
}

/// What tells the computed tags of two builds apart: where a tag comes from decides whether it
/// moves before how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distinct {
    /// The id, the counter or the commit of the build: it moves never, whatever it looks like.
    Build,
    /// The build's number, which looks like a version often, and is none.
    Number,
    /// A name or version, which has to be judged by its looks.
    Name,
    /// The branch or pull request, and nothing else: every build of it has the same.
    Branch,
    /// One or two numbers of a version, and nothing else: every patch of it has the same.
    Series,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    written: String,
    forms: Vec<String>,
    of_version: bool,
}

/// The tags that move by default.
pub const DEFAULT_LIST: &str =
    "latest, dev, develop, main, master, stable, edge, nightly, {branch}, {major}, {major}.{minor}";

/// What an entry of the list can hold in braces.
pub const TOKENS: [&str; 3] = ["{branch}", "{major}", "{minor}"];

impl MutableTags {
    /// Reads the input `mutableTagList`: names parted by commas, spaces or lines. `*` stands for
    /// any characters, `{branch}` for the branch of the build (as the tag that it would make, too),
    /// `{major}` and `{minor}` for one to three digits, which may have a `v` before them.
    ///
    /// # Errors
    /// An entry with braces that are none of these.
    pub fn read(policy: Policy, list: &str, builds: Builds) -> Result<Self, String> {
        let mut patterns = Vec::new();
        for entry in entries(list) {
            let rest = TOKENS.iter().fold(entry.to_owned(), |rest, token| rest.replace(token, ""));
            if rest.contains(['{', '}']) {
                return Err(entry.to_owned());
            }
            patterns.push(Pattern {
                written: entry.to_owned(),
                forms: forms(entry, builds.branch.as_deref()),
                of_version: entry.contains("{major}") || entry.contains("{minor}"),
            });
        }
        Ok(Self { policy, patterns, builds })
    }

    /// The entry of the list by which a tag moves that somebody wrote. What is made of the id or
    /// number of a build of this run is no version.
    #[must_use]
    pub fn entry_for(&self, tag: &str) -> Option<&str> {
        let of_build = is_of_build(tag, &self.builds.ids);
        let distinct = if of_build { Distinct::Number } else { Distinct::Name };
        self.entry_of_origin(tag, distinct)
    }

    /// The entry of the list by which a computed tag moves, given what tells it apart.
    #[must_use]
    pub fn entry_of_origin(&self, tag: &str, distinct: Distinct) -> Option<&str> {
        let by_token = |tokens: &[&str]| {
            self.entry(|pattern| tokens.iter().any(|token| pattern.written.contains(token)))
        };
        let by_looks = |versions: bool| {
            self.entry(|pattern| {
                (versions || !pattern.of_version)
                    && pattern.forms.iter().any(|form| matches(form, tag))
            })
        };
        match distinct {
            Distinct::Build => None,
            Distinct::Number => by_looks(false),
            Distinct::Name => by_looks(true),
            Distinct::Branch => by_token(&["{branch}"]).or_else(|| by_looks(true)),
            Distinct::Series => by_looks(true).or_else(|| by_token(&["{major}", "{minor}"])),
        }
    }

    fn entry(&self, fits: impl Fn(&Pattern) -> bool) -> Option<&str> {
        self.patterns.iter().find(|pattern| fits(pattern)).map(|pattern| pattern.written.as_str())
    }

    /// Why the reference moves, where it does: no tag means `latest`, and a digest settles the
    /// content whatever the tag.
    #[must_use]
    pub fn reason(&self, reference: &Reference) -> Option<Reason> {
        match reference.tag() {
            _ if reference.digest().is_some() => None,
            None => Some(Reason::NoTag),
            Some(tag) => self.entry_for(tag.as_str()).map(|entry| Reason::Entry(entry.to_owned())),
        }
    }
}

/// Why a reference moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It has no tag.
    NoTag,
    /// Its tag is what this entry of the list means.
    Entry(String),
}

/// The patterns that an entry stands for.
fn forms(entry: &str, branch: Option<&str>) -> Vec<String> {
    let mut forms = vec![entry.to_owned()];
    if entry.contains("{branch}") {
        let Some(branch) = branch else { return Vec::new() };
        let marked = sanitise(branch, Unique::No).map(|tag| tag.to_string());
        let names = [Some(branch.to_owned()), Some(dashed(branch)), marked];
        forms = names.iter().flatten().map(|name| entry.replace("{branch}", name)).collect();
    }
    if entry.starts_with("{m") {
        let with_v: Vec<String> = forms.iter().map(|form| format!("v{form}")).collect();
        forms.extend(with_v);
    }
    for token in ["{major}", "{minor}"] {
        if entry.contains(token) {
            let digits = (1..=3).map(|count| DIGIT.to_string().repeat(count));
            forms = digits
                .flat_map(|digits| {
                    forms.iter().map(move |form| form.replace(token, &digits)).collect::<Vec<_>>()
                })
                .collect();
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::variables::Variables,
        image::tag::build::{Build, ids_and_numbers},
    };

    fn rule(list: &str, variables: &[(&str, &str)]) -> MutableTags {
        let owned = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let variables = Variables::new(owned);
        let branch = Build::find(&variables, None).unwrap().branch();
        let builds = Builds { branch, ids: ids_and_numbers(&variables) };
        MutableTags::read(Policy::Fail, list, builds).unwrap()
    }

    #[test]
    fn the_usual_names_move() {
        let variables = [
            ("System.HostType", "release"),
            ("Build.BuildId", "412"),
            ("Build.BuildNumber", "1.7"),
            ("Build.SourceBranch", "refs/heads/feature/login"),
            ("Release.Artifacts._web.BuildId", "413"),
        ];
        let rule = rule(DEFAULT_LIST, &variables);
        for (tag, entry) in [
            ("latest", Some("latest")),
            ("LATEST", Some("latest")),
            ("main", Some("main")),
            ("feature-login", Some("{branch}")),
            ("feature-login-28ac1333", Some("{branch}")),
            ("feature-login-4125", None),
            ("1", Some("{major}")),
            ("v12", Some("{major}")),
            ("1.4", Some("{major}.{minor}")),
            ("v1.40", Some("{major}.{minor}")),
            ("1.4.2", None),
            ("4125", None),
            ("412", None),
            ("413", None),
            ("1.7", None),
            ("v1.7", None),
            ("1.412", None),
            ("1.41", Some("{major}.{minor}")),
            ("414", Some("{major}")),
            ("stable-1", None),
        ] {
            assert_eq!(rule.entry_for(tag), entry, "{tag}");
        }
    }

    #[test]
    fn a_build_id_of_few_digits_is_no_version() {
        let of_build = |id: &str| rule(DEFAULT_LIST, &[("Build.BuildId", id)]);
        for id in ["7", "168", "999", "1007"] {
            assert_eq!(of_build(id).entry_for(id), None, "{id}");
            assert_eq!(of_build(id).entry_for(&format!("1.{id}")), None, "1.{id}");
        }
        assert_eq!(of_build("1007").entry_for("999"), Some("{major}"), "of another build");
        let changeset = rule(DEFAULT_LIST, &[("Build.SourceVersion", "17")]);
        assert_eq!(changeset.entry_of_origin("17", Distinct::Build), None);
    }

    #[test]
    fn where_a_tag_comes_from_counts_before_its_looks() {
        let usual = rule(DEFAULT_LIST, &[("Build.SourceBranch", "refs/heads/main")]);
        let short = rule("latest", &[]);
        for (tag, distinct, entry) in [
            ("1.412", Distinct::Build, None),
            ("main", Distinct::Build, None),
            ("1.412", Distinct::Number, None),
            ("main", Distinct::Number, Some("main")),
            ("1.412", Distinct::Name, Some("{major}.{minor}")),
            ("web-topic", Distinct::Branch, Some("{branch}")),
            ("2026.11", Distinct::Series, Some("{major}")),
            ("1.4", Distinct::Series, Some("{major}.{minor}")),
        ] {
            assert_eq!(usual.entry_of_origin(tag, distinct), entry, "{tag} {distinct:?}");
            assert_eq!(short.entry_of_origin(tag, distinct), None, "{tag} {distinct:?}");
        }
    }

    #[test]
    fn the_list_can_be_another() {
        let rule = rule("*-snapshot\nrelease-{major}.*, {branch}", &[]);
        for (tag, moves) in [
            ("1.4-snapshot", true),
            ("release-1.x", true),
            ("release-x.1", false),
            ("latest", false),
            ("{branch}", false),
        ] {
            assert_eq!(rule.entry_for(tag).is_some(), moves, "{tag}");
        }
        let refused = MutableTags::read(Policy::Fail, "a, {patch}", Builds::default());
        assert_eq!(refused, Err("{patch}".to_owned()));
    }

    #[test]
    fn no_tag_moves_and_a_digest_does_not() {
        let rule = rule("latest", &[]);
        for (text, reason) in [
            ("app", Some(Reason::NoTag)),
            ("app:latest", Some(Reason::Entry("latest".into()))),
            ("app:4125", None),
            (&format!("app:latest@sha256:{}", "0".repeat(64)), None),
            (&format!("app@sha256:{}", "0".repeat(64)), None),
        ] {
            assert_eq!(rule.reason(&Reference::parse(text).unwrap()), reason, "{text}");
        }
    }
}
