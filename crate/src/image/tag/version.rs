//! Semantic versions (semver.org 2.0.0): where they come from, as tags, and which is older.
//!
//! A tag cannot hold the `+` of build metadata. It is written `_`, which no version can hold, so
//! that the version can be read back from the tag.

use std::cmp::Ordering;

use semver::{Prerelease, Version};

use crate::image::tag::{
    build::{Build, Fact},
    error::TagError,
    pattern::{entries, matches},
};

/// What people put between a name and its version.
const SEPARATORS: [char; 5] = ['/', '-', '_', '@', '.'];
/// The longest part of a branch's name in a prerelease label, in characters.
const LONGEST_LABEL: usize = 60;

/// Where the version comes from, and which branches are released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRule {
    /// The inputs `versionFrom`, `version` and `versionFile`.
    pub from: VersionFrom,
    /// The input `releaseBranches`: names with `*`, parted by commas, spaces or lines.
    pub release_branches: String,
}

/// The input `versionFrom`, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionFrom {
    /// The git tag that the build is of: `refs/tags/v1.4.2`.
    GitTag {
        /// What stands before the version: the input `tagPrefix`, such as `api/`. Without one it
        /// is found.
        prefix: Option<String>,
    },
    /// The build number.
    BuildNumber,
    /// A text, mostly out of a variable: the input `version`.
    Text(String),
    /// A file: plain text whose first line that is not empty is the version, or JSON with a member
    /// `version`.
    File {
        /// Its path, as the input has it.
        path: String,
        /// What it holds.
        content: String,
    },
}

impl VersionRule {
    /// The version of the build, or `None` where there is none to read: the build is not one of a
    /// git tag, or the text is empty.
    ///
    /// On a branch that is not released, a version without a prerelease of its own gets
    /// `-<branch>.<build id>`, so that it sorts before the release that it leads to. The version of
    /// a git tag stays as it is.
    ///
    /// # Errors
    /// What should be a version is none, or the label needs a build id that is not there.
    pub fn version(&self, build: &Build<'_>) -> Result<Option<Version>, TagError> {
        let version = match &self.from {
            VersionFrom::GitTag { prefix } => {
                let Some(tag) = build.git_tag() else { return Ok(None) };
                let version = of_git_tag(tag, prefix.as_deref());
                return version.map(Some).map_err(|cause| TagError::NoVersion {
                    variable: self.place(build),
                    source: Self::git_ref(build),
                    cause: Some(cause),
                });
            }
            VersionFrom::BuildNumber => {
                let Some(number) = build.get(Fact::Number) else { return Ok(None) };
                self.parse(&build.variable(Fact::Number), number)?
            }
            VersionFrom::Text(text) if text.is_empty() => return Ok(None),
            VersionFrom::Text(text) => self.parse("version", text)?,
            VersionFrom::File { path, content } => {
                let text = of_file(content).map_err(|cause| self.bad(path, "", cause))?;
                let Some(text) = text else { return Ok(None) };
                self.parse(path, &text)?
            }
        };
        self.labelled(version, build).map(Some)
    }

    /// The variable, input or file that the version is read from.
    #[must_use]
    pub fn place(&self, build: &Build<'_>) -> String {
        match &self.from {
            VersionFrom::GitTag { .. } if build.get(Fact::Branch).is_none() => {
                let is_release = build.git_tag().is_some();
                build.variable(if is_release { Fact::Number } else { Fact::Branch })
            }
            VersionFrom::GitTag { .. } => build.variable(Fact::Branch),
            VersionFrom::BuildNumber => build.variable(Fact::Number),
            VersionFrom::Text(_) => "version".to_owned(),
            VersionFrom::File { path, .. } => path.clone(),
        }
    }

    /// The same place, as a sentence names it.
    #[must_use]
    pub fn spoken_place(&self, build: &Build<'_>) -> String {
        match &self.from {
            VersionFrom::GitTag { .. } | VersionFrom::BuildNumber => {
                format!("the variable {}", self.place(build))
            }
            VersionFrom::Text(_) => "the input version".to_owned(),
            VersionFrom::File { path, .. } => format!("the version in {path}"),
        }
    }

    /// The error of a version that is not there.
    #[must_use]
    pub fn nothing(&self, build: &Build<'_>) -> TagError {
        match self.from {
            VersionFrom::GitTag { .. } => TagError::NoVersion {
                variable: self.place(build),
                source: Self::git_ref(build),
                cause: None,
            },
            _ => TagError::EmptyVersion { input: self.from.input(), place: self.place(build) },
        }
    }

    /// What stands where the git tag would be.
    fn git_ref(build: &Build<'_>) -> Option<String> {
        build.get(Fact::Branch).or_else(|| build.git_tag()).map(str::to_owned)
    }

    fn parse(&self, place: &str, text: &str) -> Result<Version, TagError> {
        parse(text).map_err(|cause| self.bad(place, text, cause))
    }

    fn bad(&self, place: &str, text: &str, cause: String) -> TagError {
        let (place, text) = (place.to_owned(), text.to_owned());
        TagError::BadVersion { input: self.from.input(), place, text, cause }
    }

    fn labelled(&self, mut version: Version, build: &Build<'_>) -> Result<Version, TagError> {
        let released = |branch: &String| {
            entries(&self.release_branches).any(|pattern| matches(pattern, branch))
        };
        let names = build.branch_names();
        let Some(branch) = names.first().filter(|_| !names.iter().any(released)) else {
            return Ok(version);
        };
        if version.pre.is_empty() {
            let id = build.need(Fact::Id, "the version of a branch that is not released")?;
            let label = format!("{}.{}", label(branch), label(id));
            version.pre = Prerelease::new(&label).unwrap_or_default();
        }
        Ok(version)
    }
}

impl VersionFrom {
    /// Whether it is read from what is known of the build.
    #[must_use]
    pub const fn is_of_build(&self) -> bool {
        matches!(self, Self::GitTag { .. } | Self::BuildNumber)
    }

    /// The input that says what to read.
    #[must_use]
    pub const fn input(&self) -> &'static str {
        match self {
            Self::GitTag { .. } | Self::BuildNumber => "versionFrom",
            Self::Text(_) => "version",
            Self::File { .. } => "versionFile",
        }
    }
}

/// Parses a version with or without a leading `v`.
pub(crate) fn parse(text: &str) -> Result<Version, String> {
    let text = text.trim();
    Version::parse(text.strip_prefix(['v', 'V']).unwrap_or(text)).map_err(|e| e.to_string())
}

/// The version in a git tag: what stands after the prefix, or else where it begins by itself, as in
/// `api/v1.2.3`, `release-1.2.0` and `web@1.2.3`.
fn of_git_tag(tag: &str, prefix: Option<&str>) -> Result<Version, String> {
    if let Some(prefix) = prefix {
        let prefix = prefix.strip_prefix("refs/tags/").unwrap_or(prefix);
        let Some(rest) = tag.strip_prefix(prefix) else {
            return Err(format!("it does not begin with the tagPrefix {prefix:?}"));
        };
        return parse(rest.strip_prefix(SEPARATORS).unwrap_or(rest));
    }
    let mut starts = version_starts(tag).peekable();
    let first = starts.peek().copied().unwrap_or_default();
    let mut found = starts.filter_map(|at| Some((at, parse(&tag[at..]).ok()?)));
    let Some((at, version)) = found.next() else {
        return parse(&tag[first..]);
    };
    let is_prefixed = !matches!(&tag[..at], "" | "v" | "V");
    match found.find(|(at, _)| tag[..*at].ends_with(SEPARATORS)) {
        Some((_, other)) if is_prefixed => Err(format!(
            "both {version} and {other} are possible. Set tagPrefix to the text before the version"
        )),
        _ => Ok(version),
    }
}

/// The places at which a version may begin: digits that go on no number.
fn version_starts(tag: &str) -> impl Iterator<Item = usize> {
    let is_digit = |at: usize| tag.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    (0..tag.len()).filter(move |at| {
        let goes_on = match at.checked_sub(1) {
            None => false,
            Some(before) if tag.as_bytes()[before] == b'.' => before > 0 && is_digit(before - 1),
            Some(before) => is_digit(before),
        };
        is_digit(*at) && !goes_on
    })
}

/// The version as a tag: `1.4.2+7` becomes `1.4.2_7`.
#[must_use]
pub fn to_tag(version: &Version) -> String {
    version.to_string().replace('+', "_")
}

/// The version that a tag stands for, where it does: `1.4.2_7` is `1.4.2+7`.
#[must_use]
pub fn from_tag(tag: &str) -> Option<Version> {
    parse(&tag.replacen('_', "+", 1)).ok()
}

/// How the tag that is to be set stands to the one that is there, where they can be compared: two
/// versions by semver's precedence (build metadata does not count), two numbers, or two rows of as
/// many numbers with dots between them, as build numbers are (`20261124.7`), by their worth.
#[must_use]
pub fn compare(new: &str, old: &str) -> Option<Ordering> {
    match (from_tag(new), from_tag(old)) {
        (Some(new), Some(old)) => Some(new.cmp_precedence(&old)),
        _ => compare_numbers(new, old),
    }
}

fn compare_numbers(new: &str, old: &str) -> Option<Ordering> {
    let mut order = Ordering::Equal;
    let mut olds = old.split('.');
    for new in new.split('.') {
        let (new, old) = (worth(new)?, worth(olds.next()?)?);
        order = order.then_with(|| new.len().cmp(&old.len()).then_with(|| new.cmp(old)));
    }
    olds.next().is_none().then_some(order)
}

/// The digits of a number that count; `None` where it is none.
fn worth(digits: &str) -> Option<&str> {
    let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    number.then(|| digits.trim_start_matches('0'))
}

/// A text as one identifier of a prerelease: letters, digits and dashes, no number that begins
/// with 0.
fn label(text: &str) -> String {
    let mut label = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => label.push(c),
            _ if label.ends_with('-') || label.is_empty() => {}
            _ => label.push('-'),
        }
    }
    label.truncate(LONGEST_LABEL);
    label.truncate(label.trim_end_matches('-').len());
    let number = label.bytes().all(|b| b.is_ascii_digit());
    if number && (label.is_empty() || (label.starts_with('0') && label.len() > 1)) {
        label.insert(0, 'b');
    }
    label
}

/// The version's text in a file; `None` in an empty one.
fn of_file(content: &str) -> Result<Option<String>, String> {
    #[derive(serde::Deserialize)]
    struct Json {
        version: String,
    }
    let content = content.trim_start_matches('\u{feff}');
    let Some(line) = content.split(['\n', '\r']).map(str::trim).find(|line| !line.is_empty())
    else {
        return Ok(None);
    };
    if line.starts_with('{') {
        let json: Json =
            serde_json::from_slice(content.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Some(json.version))
    } else {
        Ok(Some(line.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use semver::BuildMetadata;

    use super::*;
    use crate::host::variables::Variables;

    fn version(from: VersionFrom, variables: &[(&str, &str)]) -> Result<String, String> {
        let owned = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let variables = Variables::new(owned);
        let rule = VersionRule { from, release_branches: "main, release/*".to_owned() };
        let build = Build::find(&variables, None).unwrap();
        match rule.version(&build) {
            Ok(version) => Ok(version.map_or_else(|| "none".to_owned(), |v| v.to_string())),
            Err(error) => Err(error.to_string()),
        }
    }

    fn git_tag(prefix: Option<&str>) -> VersionFrom {
        VersionFrom::GitTag { prefix: prefix.map(str::to_owned) }
    }

    #[test]
    fn a_git_tag_may_have_a_prefix() {
        for (tag, prefix, expected) in [
            ("api/v1.2.3", None, Ok("1.2.3")),
            ("release-1.2.0", None, Ok("1.2.0")),
            ("release/1.2.0-rc.1+7", None, Ok("1.2.0-rc.1+7")),
            ("@contoso/web@1.2.3", None, Ok("1.2.3")),
            ("web_2.0_v1.2.3", None, Ok("1.2.3")),
            ("web2-1.2.3", None, Ok("1.2.3")),
            ("ver1.2.3", None, Ok("1.2.3")),
            ("rel.1.2.3", None, Ok("1.2.3")),
            ("2026.11.24", None, Ok("2026.11.24")),
            ("docker-xfce-v0.1.3", None, Ok("0.1.3")),
            ("release/v1.2.3", None, Ok("1.2.3")),
            ("reloader/v0.1.0", Some("reloader/"), Ok("0.1.0")),
            ("reloader/v0.1.0", Some("bar/"), Err("it does not begin with the tagPrefix \"bar/\"")),
            ("5.2.2-211115", None, Ok("5.2.2-211115")),
            ("v0.29", None, Err("unexpected end of input while parsing minor version number")),
            ("1.2.3-4.5.6", None, Ok("1.2.3-4.5.6")),
            ("api/v1.2.3", Some("api/"), Ok("1.2.3")),
            ("api/v1.2.3", Some("api/v"), Ok("1.2.3")),
            ("api/v1.2.3", Some("refs/tags/api"), Ok("1.2.3")),
            ("k8s-1.30.2-web-1.4.0", Some("k8s-1.30.2-web-"), Ok("1.4.0")),
            (
                "k8s-1.30.2-web-1.4.0",
                None,
                Err("both 1.30.2-web-1.4.0 and 1.4.0 are possible. Set tagPrefix to the text \
                     before the version"),
            ),
            ("api/v1.2.3", Some("web/"), Err("it does not begin with the tagPrefix \"web/\"")),
            (
                "api-gateway/v1.2.3",
                Some("api"),
                Err("unexpected character 'g' while parsing major"),
            ),
            ("api/v1.2", None, Err("unexpected end of input while parsing minor version number")),
            ("nightly", None, Err("unexpected character 'n' while parsing major version number")),
            ("release-1.2.0.4", None, Err("unexpected character '.' after patch version number")),
        ] {
            let source = format!("refs/tags/{tag}");
            let made = version(git_tag(prefix), &[("Build.SourceBranch", &source)]);
            match (made, expected) {
                (Ok(made), Ok(expected)) => assert_eq!(made, expected, "{tag}"),
                (Err(error), Err(cause)) => assert!(error.contains(cause), "{tag}: {error}"),
                (made, _) => panic!("{tag}: {made:?}"),
            }
        }
    }

    #[test]
    fn a_branch_that_is_not_released_gives_a_prerelease() {
        for (branch, text, expected) in [
            ("refs/heads/main", "1.4.2", "1.4.2"),
            ("refs/heads/release/1.4", "v1.4.2", "1.4.2"),
            ("refs/heads/feature/Log_in!", "1.4.2", "1.4.2-feature-Log-in.4125"),
            ("refs/heads/feature/x", "1.4.2-rc.1", "1.4.2-rc.1"),
            ("refs/heads/feature/x", "1.4.2+7", "1.4.2-feature-x.4125+7"),
            ("refs/heads/007", "1.4.2", "1.4.2-b007.4125"),
            ("refs/heads/日本", "1.4.2", "1.4.2-b.4125"),
            ("refs/pull/12/merge", "1.4.2", "1.4.2-pr-12.4125"),
            ("refs/tags/anything", "1.4.2", "1.4.2"),
            ("$/Shop/main", "1.4.2", "1.4.2"),
            ("$/Shop/topic", "1.4.2", "1.4.2-Shop-topic.4125"),
            ("", "1.4.2", "1.4.2"),
        ] {
            let variables = [("Build.SourceBranch", branch), ("Build.BuildId", "4125")];
            let made = version(VersionFrom::Text(text.to_owned()), &variables);
            assert_eq!(made.unwrap(), expected, "{branch} {text}");
        }
        let long = format!("refs/heads/{}", "x".repeat(300));
        let variables = [("Build.SourceBranch", long.as_str()), ("Build.BuildId", "4125")];
        let made = version(VersionFrom::Text("1.4.2".to_owned()), &variables).unwrap();
        assert_eq!(made, format!("1.4.2-{}.4125", "x".repeat(60)));
        assert_eq!(
            version(VersionFrom::Text("1.4.2".to_owned()), &[("Build.SourceBranch", "topic")]),
            Err("the version of a branch that is not released needs Build.BuildId, which is not \
                 set in this run. Run this step where the pipeline sets it, or pass the tag on \
                 from the build with imagesFile"
                .to_owned())
        );
    }

    #[test]
    fn a_version_is_read_from_four_places() {
        let file = |content: &str| VersionFrom::File {
            path: "drop/VERSION".to_owned(),
            content: content.to_owned(),
        };
        for (from, variable, expected) in [
            (git_tag(None), ("Build.SourceBranch", "refs/tags/v1.4.2"), "1.4.2"),
            (git_tag(None), ("Build.SourceBranch", "refs/heads/main"), "none"),
            (VersionFrom::BuildNumber, ("Build.BuildNumber", "v1.4.2"), "1.4.2"),
            (VersionFrom::BuildNumber, ("Build.BuildNumber", ""), "none"),
            (VersionFrom::Text(String::new()), ("", ""), "none"),
            (file("\u{feff}\n 1.4.2 \nmore"), ("", ""), "1.4.2"),
            (file("{\"name\": \"web\", \"version\": \"1.4.2\"}"), ("", ""), "1.4.2"),
            (file("\r1.4.2\rmore"), ("", ""), "1.4.2"),
            (file("\n"), ("", ""), "none"),
        ] {
            assert_eq!(version(from, &[variable]).unwrap(), expected);
        }
        for (from, message) in [
            (
                VersionFrom::Text("1.4".to_owned()),
                "version: invalid version \"1.4\" in version (unexpected end of input while \
                 parsing minor version number). Use three numbers such as 1.4.2, as semver.org \
                 defines",
            ),
            (
                file("{\"name\": \"web\"}"),
                "versionFile: invalid version \"\" in drop/VERSION (missing field `version` at \
                 line 1 column 15). Use three numbers such as 1.4.2, as semver.org defines",
            ),
        ] {
            assert_eq!(version(from, &[]).unwrap_err(), message);
        }
    }

    #[test]
    fn older_and_newer() {
        use Ordering::{Equal, Greater, Less};
        for (new, old, order) in [
            ("1.4.1", "1.4.2", Some(Less)),
            ("1.4.10", "1.4.9", Some(Greater)),
            ("1.4.2-rc.1", "1.4.2", Some(Less)),
            ("1.4.2-rc.10", "1.4.2-rc.9", Some(Greater)),
            ("v1.4.2", "1.4.2", Some(Equal)),
            ("1.4.2_7", "1.4.2_6", Some(Equal)),
            ("4125", "4124", Some(Greater)),
            ("999", "4124", Some(Less)),
            ("1007", "999", Some(Greater)),
            ("168", "1.43.3", None),
            ("04125", "4125", Some(Equal)),
            ("20261124.2", "20261124.10", Some(Less)),
            ("20261124.2", "20261124", None),
            ("1.4.2", "4125", None),
            ("main", "main", None),
            ("", "", None),
        ] {
            assert_eq!(compare(new, old), order, "{new} {old}");
        }
    }

    prop_compose! {
        fn versions()(
            numbers in (0u64..4, 0u64..4, 0u64..20),
            pre in "|(0|[1-9][0-9]{0,2}|[a-z-]{1,4})(\\.(0|[1-9][0-9]|rc)){0,2}",
            build in "|[0-9A-Za-z-]{1,6}(\\.[0-9A-Za-z-]{1,4})?",
        ) -> Version {
            Version {
                major: numbers.0,
                minor: numbers.1,
                patch: numbers.2,
                pre: Prerelease::new(&pre).unwrap(),
                build: BuildMetadata::new(&build).unwrap(),
            }
        }
    }

    proptest! {
        #[test]
        fn any_git_tag_is_a_version_or_an_error(tag in "(.|\\n){0,40}", prefix in "[a-z/-]{0,4}") {
            let _ = of_git_tag(&tag, Some(&prefix));
            if let Ok(version) = of_git_tag(&tag, None) {
                let text = version.to_string();
                prop_assert!(tag.trim_end().ends_with(&text), "{} in {}", text, tag);
            }
        }

        #[test]
        fn a_prefix_changes_no_version(
            version in versions(),
            prefix in "([a-z]{1,8}[/@_-]){1,2}v?",
        ) {
            prop_assume!(version.pre.is_empty() && version.build.is_empty());
            let tag = format!("{prefix}{version}");
            prop_assert_eq!(of_git_tag(&tag, None), Ok(version.clone()));
            prop_assert_eq!(of_git_tag(&tag, Some(&prefix)), Ok(version));
        }

        #[test]
        fn a_tag_gives_its_version_back(version in versions()) {
            prop_assert_eq!(from_tag(&to_tag(&version)), Some(version));
        }

        #[test]
        fn the_order_is_that_of_semver(a in versions(), b in versions()) {
            prop_assert_eq!(compare(&to_tag(&a), &to_tag(&b)), Some(a.cmp_precedence(&b)));
        }

        #[test]
        fn numbers_are_ordered_by_their_worth(a: u64, b: u64) {
            prop_assert_eq!(compare(&a.to_string(), &b.to_string()), Some(a.cmp(&b)));
        }
    }
}
