//! The file by which a build hands its tag over to a release. `docs/images-file.md` describes it.
//!
//! The command `computeTag` writes it and the command `setImage` reads it, perhaps with another
//! version of this task: fields that are not known are passed over, and a file of a newer version
//! is refused.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    host::{Code, Coded, code},
    image::{
        lines::Slip,
        reference::{Reference, ReferenceError, Tag},
        tag::downgrade::Ordered,
    },
};

/// The fewest characters of a commit that a template gives.
const SHORTEST_COMMIT: usize = 4;
/// What the field `format` holds.
const FORMAT: &str = "kubectl-set-image";
/// The only version of the file so far.
const VERSION: u32 = 1;

/// A file that was read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagesFile {
    /// The tag of every image that has no entry of its own.
    pub tag: Tag,
    /// All of it, as it stands there.
    pub content: Content,
    /// The images, each with its tag and, where it is known, its digest.
    pub images: Vec<Reference>,
    /// The place in `images` of every repository.
    places: BTreeMap<String, usize>,
}

/// The fields of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    format: String,
    version: u32,
    /// The tag of every image that has no entry of its own.
    pub tag: String,
    /// The semantic version that the tag stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// The commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch, without `refs/heads/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The build that wrote the file.
    #[serde(default)]
    pub build: BuildContent,
    /// The images.
    pub images: Vec<ImageContent>,
}

/// The build that wrote a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildContent {
    /// `Build.BuildId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `Build.BuildNumber`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// `Build.DefinitionName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

/// One image of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageContent {
    /// Its repository, with the registry.
    pub repository: String,
    /// Its tag, which only an image with a digest can be without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Its digest, such as `sha256:` and 64 hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagesFileError(ErrorKind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    NotJson(String),
    Format(String),
    Version(String),
    Newer(u64),
    Field(String),
    Tag { tag: String, cause: ReferenceError },
    Slip(Slip),
    Image { repository: String, cause: ReferenceError },
    NoTag(String),
    Twice(String),
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: String,
    #[serde(default)]
    version: Value,
}

impl ImagesFile {
    /// Reads what a build wrote.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ImagesFileError> {
        let text = text.trim_start_matches('\u{feff}');
        let head: Head = serde_json::from_slice(text.as_bytes())
            .map_err(|error| ImagesFileError(ErrorKind::NotJson(error.to_string())))?;
        if head.format != FORMAT {
            return Err(ImagesFileError(ErrorKind::Format(head.format)));
        }
        match head.version.as_u64() {
            Some(version) if version == u64::from(VERSION) => {}
            Some(newer @ 1..) => return Err(ImagesFileError(ErrorKind::Newer(newer))),
            _ => return Err(ImagesFileError(ErrorKind::Version(head.version.to_string()))),
        }
        let content: Content = serde_json::from_slice(text.as_bytes())
            .map_err(|error| ImagesFileError(ErrorKind::Field(error.to_string())))?;
        content.checked().map_err(ImagesFileError)
    }

    /// What the file makes of a reference without tag and digest: the entry of its repository, or
    /// the common tag.
    #[must_use]
    pub fn complete(&self, reference: &Reference) -> Reference {
        let Some(place) = self.places.get(&reference.full_repository()) else {
            return reference.with_tag(self.tag.clone());
        };
        reference.like(&self.images[*place])
    }

    /// Whether the repository has an entry.
    #[must_use]
    pub fn has(&self, reference: &Reference) -> bool {
        self.places.contains_key(&reference.full_repository())
    }
}

impl Content {
    /// A file of these images, which all have a tag or digest, each repository once.
    ///
    /// # Errors
    /// The two references of one repository that differ in tag or digest.
    pub fn of<'a>(
        tag: &Tag,
        images: impl Iterator<Item = &'a Reference>,
    ) -> Result<Self, (&'a Reference, &'a Reference)> {
        let mut content = Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            tag: tag.to_string(),
            ..Self::default()
        };
        let mut seen = BTreeMap::new();
        for image in images {
            match seen.insert(image.full_repository(), image) {
                None => content.images.push(ImageContent {
                    repository: image.repository(),
                    tag: image.tag().map(ToString::to_string),
                    digest: image.digest().map(str::to_owned),
                }),
                Some(first) if image.like(first) != *image => return Err((first, image)),
                Some(_) => {}
            }
        }
        Ok(content)
    }

    /// Which tags have an order: those that stand for versions and hold no commit, plain numbers
    /// else.
    #[must_use]
    pub fn ordered(&self) -> Ordered {
        if self.names_commit() {
            Ordered::None
        } else if self.semver.is_some() {
            Ordered::All
        } else {
            Ordered::Numbers
        }
    }

    /// What the tag is of this one build by: its id, its counter, or a commit that is a changeset.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let number = self.build.number.as_deref().unwrap_or_default();
        let counter = &number[number.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
        let counter = Some(counter.to_owned()).filter(|counter| !counter.is_empty());
        [self.build.id.clone(), counter, self.commit.clone()].into_iter().flatten().collect()
    }

    /// Whether the tag holds the beginning of the commit's hash.
    fn names_commit(&self) -> bool {
        let hash = self.commit.as_deref().filter(|commit| commit.len() >= 40);
        let shortest = hash.and_then(|commit| commit.get(..SHORTEST_COMMIT));
        shortest.is_some_and(|commit| self.tag.contains(commit))
    }

    /// The text of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    fn checked(self) -> Result<ImagesFile, ErrorKind> {
        let tag_of = |tag: &str| {
            Tag::parse(tag).map_err(|cause| ErrorKind::Tag { tag: tag.to_owned(), cause })
        };
        let tag = tag_of(&self.tag)?;
        let mut images = Vec::new();
        let mut places = BTreeMap::new();
        for ImageContent { repository, tag, digest } in &self.images {
            if let Some(slip) = Slip::of_reference(repository) {
                return Err(ErrorKind::Slip(slip));
            }
            let wrong = |cause| ErrorKind::Image { repository: repository.clone(), cause };
            let name = Reference::parse_repository(repository).map_err(wrong)?;
            let mut image = match tag {
                Some(tag) => name.with_tag(tag_of(tag)?),
                None if digest.is_none() => return Err(ErrorKind::NoTag(repository.clone())),
                None => name,
            };
            if let Some(digest) = digest {
                image = image.with_digest(digest).map_err(wrong)?;
            }
            if places.insert(image.full_repository(), images.len()).is_some() {
                return Err(ErrorKind::Twice(repository.clone()));
            }
            images.push(image);
        }
        Ok(ImagesFile { tag, images, places, content: self })
    }
}

impl fmt::Display for ImagesFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ErrorKind::NotJson(cause) => write!(
                f,
                "it is not valid JSON ({cause}). Set the path of the file that command: \
                 computeTag wrote in the build"
            ),
            ErrorKind::Format(found) => write!(
                f,
                "its format is {found:?}, not {FORMAT:?}. Set the path of the file that command: \
                 computeTag wrote in the build"
            ),
            ErrorKind::Version(found) => write!(
                f,
                "its version is {found}, not {VERSION}. Set the path of the {FORMAT:?} file that \
                 command: computeTag wrote in the build"
            ),
            ErrorKind::Newer(found) => write!(
                f,
                "its version is {found}, but this step reads version {VERSION}. Update the \
                 extension"
            ),
            ErrorKind::Field(cause) => write!(
                f,
                "a field is missing or has the wrong type ({cause}). Write the file with command: \
                 computeTag"
            ),
            ErrorKind::Tag { tag, cause } => {
                write!(f, "invalid tag {tag:?}: {cause}. Write the file with command: computeTag")
            }
            ErrorKind::Slip(slip) => slip.fmt(f),
            ErrorKind::Image { repository, cause } => write!(
                f,
                "invalid repository {repository:?}: {cause}. Write the file with command: \
                 computeTag"
            ),
            ErrorKind::NoTag(repository) => write!(
                f,
                "the repository {repository} has neither tag nor digest. Write the file with \
                 command: computeTag"
            ),
            ErrorKind::Twice(repository) => write!(
                f,
                "the repository {repository} is listed twice. Write the file with command: \
                 computeTag"
            ),
        }
    }
}

impl Coded for ImagesFileError {
    fn code(&self) -> Code {
        match &self.0 {
            ErrorKind::Newer(_) => code::NEWER_IMAGES_FILE,
            ErrorKind::Slip(slip) => slip.code(),
            _ => code::INVALID_IMAGES_FILE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> Reference {
        Reference::parse(text).unwrap()
    }

    #[test]
    fn a_release_reads_what_a_build_wrote() {
        let images = [
            reference("contoso.azurecr.io/web:4125"),
            reference(&format!("nginx:1.27.0@sha256:{}", "0".repeat(64))),
            reference(&format!("a.io/db@sha256:{}", "1".repeat(64))),
            reference(&format!("docker.io/library/nginx:1.27.0@sha256:{}", "0".repeat(64))),
        ];
        let mut content = Content::of(&Tag::parse("4125").unwrap(), images.iter()).unwrap();
        content.semver = Some("1.4.2+7".to_owned());
        content.build.id = Some("4125".to_owned());
        let json = content.to_json();
        assert_eq!(
            json,
            format!(
                "{{\"format\":\"kubectl-set-image\",\"version\":1,\"tag\":\"4125\",\
                 \"semver\":\"1.4.2+7\",\"build\":{{\"id\":\"4125\"}},\"images\":[\
                 {{\"repository\":\"contoso.azurecr.io/web\",\"tag\":\"4125\"}},\
                 {{\"repository\":\"nginx\",\"tag\":\"1.27.0\",\"digest\":\"sha256:{}\"}},\
                 {{\"repository\":\"a.io/db\",\"digest\":\"sha256:{}\"}}]}}\n",
                "0".repeat(64),
                "1".repeat(64)
            )
        );
        let file = ImagesFile::parse(&json).unwrap();
        assert_eq!(file.images, images[..3]);
        for (image, completed) in [
            ("Contoso.azurecr.io/web", "Contoso.azurecr.io/web:4125".to_owned()),
            ("library/nginx", format!("library/nginx:1.27.0@sha256:{}", "0".repeat(64))),
            ("a.io/db", format!("a.io/db@sha256:{}", "1".repeat(64))),
            ("contoso.azurecr.io/other", "contoso.azurecr.io/other:4125".to_owned()),
        ] {
            assert_eq!(file.complete(&reference(image)).to_string(), completed);
        }
        assert!(file.has(&reference("nginx")) && !file.has(&reference("web")));
    }

    #[test]
    fn a_repository_has_one_tag() {
        let tag = Tag::parse("4125").unwrap();
        for (one, other, fits) in [
            ("nginx:1", "docker.io/library/nginx:1", true),
            ("a.io/app:1", "a.io/app:2", false),
            ("a.io/app:1", &format!("a.io/app:1@sha256:{}", "0".repeat(64)), false),
        ] {
            let images = [reference(one), reference(other)];
            let made = Content::of(&tag, images.iter());
            let expected = if fits { None } else { Some((&images[0], &images[1])) };
            assert_eq!(made.err(), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_the_whole_number_1_is_the_version() {
        let read = |version: &str| {
            let text = format!(
                "{{\"format\": \"kubectl-set-image\", \"tag\": \"x\", \"images\": []{version}}}"
            );
            ImagesFile::parse(&text).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(read(", \"version\": 1"), Ok(()));
        for newer in ["2", "4294967296", "18446744073709551615"] {
            let message = format!(
                "its version is {newer}, but this step reads version 1. Update the extension"
            );
            assert_eq!(read(&format!(", \"version\": {newer}")), Err(message));
        }
        for (version, found) in [
            ("", "null"),
            (", \"version\": 0", "0"),
            (", \"version\": -1", "-1"),
            (", \"version\": 1.0", "1.0"),
            (", \"version\": 1.5", "1.5"),
            (", \"version\": \"1\"", "\"1\""),
            (", \"version\": [1]", "[1]"),
        ] {
            let message = format!(
                "its version is {found}, not 1. Set the path of the \"kubectl-set-image\" file \
                 that command: computeTag wrote in the build"
            );
            assert_eq!(read(version), Err(message));
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let file = |version: u32, tag: &str, image: &str| {
            format!(
                "{{\"format\": \"kubectl-set-image\", \"version\": {version}, \"tag\": \"{tag}\", \
                 \"more\": 1, \"images\": [{image}]}}"
            )
        };
        let image =
            |repository: &str| format!("{{\"repository\": \"{repository}\", \"tag\": \"1.0.0\"}}");
        assert!(ImagesFile::parse(&file(1, "x", &image("a.io/app"))).is_ok());
        for (text, message) in [
            (
                "kind: Deployment".to_owned(),
                "it is not valid JSON (expected value at line 1 column 1). Set the path of the \
                 file that command: computeTag wrote in the build",
            ),
            (
                "{\"version\": 1}".to_owned(),
                "its format is \"\", not \"kubectl-set-image\". Set the path of the file that \
                 command: computeTag wrote in the build",
            ),
            (
                file(2, "x", "{\"name\": 1}"),
                "its version is 2, but this step reads version 1. Update the extension",
            ),
            (
                "{\"format\": \"kubectl-set-image\", \"version\": 1, \"images\": []}".to_owned(),
                "a field is missing or has the wrong type (missing field `tag` at line 1 column \
                 59). Write the file with command: computeTag",
            ),
            (
                file(1, "a+b", ""),
                "invalid tag \"a+b\": unexpected character '+' in the tag. Write the file with \
                 command: computeTag",
            ),
            (
                file(1, "x", &image("a.io/app:2")),
                "invalid repository \"a.io/app:2\": unexpected character ':' in the repository. \
                 Write the file with command: computeTag",
            ),
            (
                file(1, "x", &image("contoso.azurecr.io")),
                "\"contoso.azurecr.io\" names a registry without a repository. Write \
                 contoso.azurecr.io/REPOSITORY",
            ),
            (
                file(1, "x", &image("localhost:5000")),
                "\"localhost:5000\" names a registry without a repository. Write \
                 localhost:5000/REPOSITORY",
            ),
            (
                file(1, "x", &image("https://contoso.azurecr.io/web")),
                "\"https://contoso.azurecr.io/web\" has the scheme https://, which is not part of \
                 an image reference. Write contoso.azurecr.io/web",
            ),
            (
                file(1, "x", "{\"repository\": \"a.io/app\"}"),
                "the repository a.io/app has neither tag nor digest. Write the file with command: \
                 computeTag",
            ),
            (
                file(1, "x", &(image("nginx") + "," + &image("docker.io/nginx"))),
                "the repository docker.io/nginx is listed twice. Write the file with command: \
                 computeTag",
            ),
        ] {
            assert_eq!(ImagesFile::parse(&text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
