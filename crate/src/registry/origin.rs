//! When and from what an image was built, as its manifest and its configuration say it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::host::http::Url;

/// Annotations of a manifest, or labels of a configuration. A value may be `null`.
pub(super) type Annotations = BTreeMap<String, Option<String>>;

/// The longest value that is taken, in bytes.
const LONGEST: usize = 300;
/// The fewest digits of a hash that stand for a commit.
const SHORTEST_HASH: usize = 7;

/// Where an image comes from: what its manifest or its configuration says, as far as it is well
/// formed. Whoever pushed the image wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// When it was built, as RFC 3339 writes it.
    pub created: Option<String>,
    /// The commit that it was built from.
    pub revision: Option<String>,
    /// The URL of the repository that the commit is of.
    pub source: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// The build of whose variables the tag was computed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Built {
    /// The tag.
    pub tag: String,
    /// The commits that the image of the build can be of: the one that was built and, in a build of
    /// a pull request, the newest one of its branch.
    pub commits: Vec<String>,
    /// The URL of its repository, where it is known.
    pub repository: Option<String>,
}

/// Who names what by which name, in the order of trust. The first are annotations of
/// github.com/opencontainers/image-spec, annotations.md, and labels that go by the same names. The
/// second are the labels that the task Docker@2 gives every image (its input addPipelineData): a
/// build never has those of its base image, as it may have all the others. The third are those of
/// label-schema.org, which came before.
const NAMES: [[&str; 4]; 3] = [
    ["", "com.azure.dev.image.build.sourceversion", "com.azure.dev.image.build.repository.uri", ""],
    [
        "org.opencontainers.image.created",
        "org.opencontainers.image.revision",
        "org.opencontainers.image.source",
        "org.opencontainers.image.version",
    ],
    [
        "org.label-schema.build-date",
        "org.label-schema.vcs-ref",
        "org.label-schema.vcs-url",
        "org.label-schema.version",
    ],
];

#[derive(Deserialize, Default)]
#[serde(default)]
struct Configuration {
    created: Option<String>,
    config: Option<Execution>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Execution {
    labels: Option<Annotations>,
}

impl Origin {
    /// What annotations or labels say. Commit and repository are taken of one who names them.
    pub(super) fn of_annotations(annotations: &Annotations) -> Self {
        let said = |name: &str| annotations.get(name).and_then(Option::as_deref).map(str::trim);
        let mut origin = Self::default();
        for [created, revision, source, version] in NAMES {
            if origin.created.is_none() {
                origin.created = said(created).filter(|text| is_time(text)).map(str::to_owned);
            }
            if origin.version.is_none() {
                origin.version = said(version).filter(|text| is_word(text)).map(str::to_owned);
            }
            if origin.revision.is_none() {
                origin.revision = said(revision).filter(|text| is_word(text)).map(str::to_owned);
                origin.source = said(source).and_then(url);
            }
        }
        origin
    }

    /// What the configuration of an image says: by its labels, and when it was made.
    pub(super) fn of_config(body: &[u8]) -> Self {
        let configuration: Configuration = serde_json::from_slice(body).unwrap_or_default();
        let labels = configuration.config.and_then(|config| config.labels);
        let origin = labels.as_ref().map(Self::of_annotations).unwrap_or_default();
        let made = configuration.created.filter(|text| is_time(text));
        // The label may be that of the base image; the field never is.
        Self { created: made.or(origin.created), ..origin }
    }

    /// The same, with what another one knows beyond it.
    pub(super) fn or(self, other: Self) -> Self {
        let (revision, source) = match self.revision {
            Some(revision) => (Some(revision), self.source),
            None => (other.revision, other.source.or(self.source)),
        };
        Self {
            created: self.created.or(other.created),
            revision,
            source,
            version: self.version.or(other.version),
        }
    }

    /// Whether it says when and from what.
    pub(super) fn is_complete(&self) -> bool {
        self.created.is_some() && self.revision.is_some()
    }

    /// Whether the image is certainly of another commit than the build: both are hashes of one
    /// repository, and neither begins with the other. An image of another repository has commits of
    /// its own, as has a base image whose labels were left in.
    #[must_use]
    pub fn contradicts(&self, built: &Built) -> bool {
        let Some(revision) = self.revision.as_deref().filter(|text| is_hash(text)) else {
            return false;
        };
        let of_another = match (&self.source, &built.repository) {
            (Some(source), Some(repository)) => plain(source) != plain(repository),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let mut commits = built.commits.iter().filter(|commit| is_hash(commit)).peekable();
        !of_another
            && commits.peek().is_some()
            && commits.all(|commit| !begins_alike(commit, revision))
    }
}

/// A date and a time of this century: builds that are to be the same twice name 1970 or the year 1.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.len() <= 40
        && text.starts_with("20")
        && bytes.len() >= 19
        && (bytes[4], bytes[7], bytes[10], bytes[13]) == (b'-', b'-', b'T', b':')
        && bytes.iter().all(|b| b.is_ascii_digit() || b"-T:.+Zz".contains(b))
}

/// A commit, a version: what such a thing is written with and nothing else.
fn is_word(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._+-/:@~^".contains(&b);
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(fits)
}

fn url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    // Azure Repos names the organisation before an @, which is no secret; whatever is there goes.
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    let url = format!("{scheme}://{}", &rest[host..]);
    (url.len() <= LONGEST && Url::parse(&url).is_some()).then_some(url)
}

fn is_hash(text: &str) -> bool {
    text.len() >= SHORTEST_HASH && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn begins_alike(one: &str, other: &str) -> bool {
    let length = one.len().min(other.len());
    one[..length].eq_ignore_ascii_case(&other[..length])
}

/// The URL of a repository without what may differ in it.
fn plain(repository: &str) -> String {
    let repository = repository.to_ascii_lowercase();
    let rest = repository.split_once("://").map_or(repository.as_str(), |(_, rest)| rest);
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    let rest = rest[host..].trim_end_matches('/');
    rest.strip_suffix(".git").unwrap_or(rest).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Built, Origin};

    const COMMIT: &str = "3f1c9d2e4b5a69788766554433221100ffeeddcc";

    fn of_labels(labels: &serde_json::Value) -> Origin {
        let body = json!({ "created": "2026-11-24T03:12:00Z", "config": { "Labels": labels } });
        Origin::of_config(body.to_string().as_bytes())
    }

    #[test]
    fn labels_say_when_and_from_what() {
        let origin = of_labels(&json!({
            "org.opencontainers.image.created": "2020-01-01T00:00:00Z",
            "org.opencontainers.image.revision": COMMIT,
            "org.opencontainers.image.source": "https://contoso@dev.azure.com/contoso/shop/_git/web",
            "org.opencontainers.image.version": "1.4.2",
        }));
        assert_eq!(
            origin,
            Origin {
                created: Some("2026-11-24T03:12:00Z".into()),
                revision: Some(COMMIT.into()),
                source: Some("https://dev.azure.com/contoso/shop/_git/web".into()),
                version: Some("1.4.2".into()),
            }
        );
    }

    #[test]
    fn the_labels_of_the_pipeline_go_before_those_of_a_base_image() {
        let origin = of_labels(&json!({
            "org.opencontainers.image.revision": "0000000000",
            "org.opencontainers.image.source": "https://github.com/base/image",
            "com.azure.dev.image.build.sourceversion": COMMIT,
            "com.azure.dev.image.build.repository.uri": "https://dev.azure.com/c/s/_git/web",
        }));
        assert_eq!(origin.revision.as_deref(), Some(COMMIT));
        assert_eq!(origin.source.as_deref(), Some("https://dev.azure.com/c/s/_git/web"));
    }

    #[test]
    fn what_is_not_well_formed_is_not_said() {
        for labels in [
            json!({ "org.opencontainers.image.revision": "##vso[task.complete]\n" }),
            json!({ "org.opencontainers.image.revision": "x".repeat(301) }),
            json!({ "org.opencontainers.image.revision": null }),
            json!({ "org.opencontainers.image.revision": "" }),
            json!({ "org.opencontainers.image.source": "git@github.com:contoso/web.git" }),
            json!({ "org.label-schema.version": "ü" }),
            json!(null),
        ] {
            let origin = of_labels(&labels);
            let nothing = Origin { created: origin.created.clone(), ..Origin::default() };
            assert_eq!(origin, nothing, "{labels}");
        }
        for created in ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "yesterday", "2026-11-24"] {
            let body = json!({ "created": created }).to_string();
            assert_eq!(Origin::of_config(body.as_bytes()).created, None, "{created}");
        }
        assert_eq!(Origin::of_config(b"\xff"), Origin::default());
    }

    #[test]
    fn another_commit_is_one_of_the_same_repository() {
        let uri = "https://contoso@dev.azure.com/contoso/shop/_git/web";
        let other = "aaaaaaaaaaaaaaaa";
        for (revision, source, repository, contradicts) in [
            (COMMIT, None, None, false),
            (&COMMIT[..7], None, None, false),
            (&COMMIT.to_uppercase(), None, None, false),
            ("bbbbbbbb", None, None, false), // the head of the pull request
            (other, None, None, true),
            (other, Some("https://dev.azure.com/contoso/shop/_git/web.git/"), Some(uri), true),
            (other, Some("https://github.com/base/image"), Some(uri), false),
            (other, Some("https://github.com/base/image"), None, false),
            ("1234", None, None, false),
            ("v1.4.2", None, None, false),
            ("abcdef1-dirty", None, None, false),
        ] {
            let origin = Origin {
                revision: Some(revision.into()),
                source: source.map(str::to_owned),
                ..Origin::default()
            };
            let built = Built {
                tag: "4125".into(),
                commits: vec![COMMIT.into(), "bbbbbbbbbbbb".into()],
                repository: repository.map(str::to_owned),
            };
            assert_eq!(origin.contradicts(&built), contradicts, "{revision} {source:?}");
        }
        let origin = Origin { revision: Some(other.into()), ..Origin::default() };
        assert!(!origin.contradicts(&Built::default()), "no commit is known");
    }
}
