//! The input `images`: what to set, a line each, in kubectl's own words.
//!
//! ```text
//! RESOURCE... CONTAINER=IMAGE...    these containers of these workloads
//! RESOURCE... *=IMAGE               every container, init containers too
//! RESOURCE... IMAGE                 the containers that run the image's repository already
//! IMAGE                             the same, of every workload that has such a container
//!
//! RESOURCE = TYPE "/" NAME | TYPE NAME...
//! ```
//!
//! A line may begin with `kubectl set image`, `set image` or `image`, words may stand in quotes,
//! and empty lines and lines that begin with `#` are passed over, so that an existing command line
//! can be pasted in.

use std::{collections::BTreeMap, fmt};

use crate::{
    nearest::nearest,
    reference::{Reference, ReferenceError, Tag},
    tag::mutable::{MutableTags, Policy, Reason},
    variables::{Unresolved, Variables},
    workload::{Kind, WorkloadName},
};

/// One line of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its workloads; none means every one that runs the image's repository.
    pub workloads: Vec<WorkloadName>,
    /// Its images, each with the containers it is for.
    pub images: Vec<Image>,
    number: usize,
}

/// An image and the containers it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The containers.
    pub containers: Containers,
    /// The image.
    pub reference: Reference,
    /// The reference as it was written, where its capitals had to be lowered.
    pub written: Option<String>,
    column: usize,
}

/// Which containers of a workload an image is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Containers {
    /// The one of this name.
    Named(String),
    /// Every one, init containers too: `*`.
    Every,
    /// Those that run the image's repository already.
    SameRepository,
}

/// Why a line cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    line: usize,
    column: usize,
    kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    Unresolved(Unresolved),
    Flag(String),
    UnknownKind { word: String, similar: Option<&'static str> },
    NoName(String),
    WorkloadName(String),
    ContainerName(String),
    NoWorkload(String),
    NoImage(String),
    Misplaced(String),
    StarNotAlone,
    ContainerTwice(String),
    Reference { text: String, cause: ReferenceError },
    Mutable(Moving),
}

/// What is to be looked at in a line that can be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineWarning {
    line: usize,
    column: usize,
    kind: WarningKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum WarningKind {
    Mutable(Moving),
    OtherBuild { repository: String, aliases: Vec<String> },
    NotInFile { repository: String, tag: Tag },
}

/// A reference whose content changes while its name does not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moving {
    reference: String,
    tag: String,
    reason: Reason,
    instead: Option<Tag>,
}

/// Parses the whole input. Every line with an error gives one.
///
/// # Errors
/// The errors of all lines, in their order.
pub fn parse(text: &str, variables: &Variables) -> Result<Vec<Line>, Vec<LineError>> {
    let mut lines = Vec::new();
    let mut errors = Vec::new();
    for (number, text) in (1..).zip(text.lines()) {
        let words = words(text);
        if words.first().is_none_or(|word| word.text.starts_with('#')) {
            continue;
        }
        let line = match Unresolved::find(text, variables) {
            Some(found) => Err((column(text, found.at), ErrorKind::Unresolved(found))),
            None => parse_line(number, &words),
        };
        match line {
            Ok(line) => lines.push(line),
            Err((column, kind)) => errors.push(LineError { line: number, column, kind }),
        }
    }
    if errors.is_empty() { Ok(lines) } else { Err(errors) }
}

impl Line {
    /// Whether an image of the line takes the computed tag.
    #[must_use]
    pub fn needs_tag(&self) -> bool {
        self.images.iter().any(Image::needs_tag)
    }

    /// A line that sets this image wherever its repository runs, for an image of an images file.
    #[must_use]
    pub fn everywhere(reference: Reference) -> Self {
        let containers = Containers::SameRepository;
        let image = Image { containers, reference, written: None, column: 0 };
        Self { workloads: Vec::new(), images: vec![image], number: 0 }
    }

    /// Completes every image that has neither tag nor digest, by the function given.
    pub fn complete(&mut self, completed: impl Fn(&Reference) -> Reference) {
        for image in self.images.iter_mut().filter(|image| image.needs_tag()) {
            image.reference = completed(&image.reference);
        }
    }

    /// Looks for images whose tag moves, since setting them would change nothing. A tag that was
    /// judged already, for all images that have it, is passed over. The last tag is one that the
    /// image could have instead.
    ///
    /// # Errors
    /// The first one, where they are refused.
    pub fn check(
        &self,
        mutable: &MutableTags,
        judged: Option<&Tag>,
        instead: Option<&Tag>,
    ) -> Result<Vec<LineWarning>, LineError> {
        let mut warnings = Vec::new();
        if mutable.policy == Policy::Allow {
            return Ok(warnings);
        }
        for image in &self.images {
            if judged.is_some() && image.reference.tag() == judged {
                continue;
            }
            let Some(reason) = mutable.reason(&image.reference) else { continue };
            let moving = Moving {
                reference: image.reference.to_string(),
                tag: image.reference.tag().map(ToString::to_string).unwrap_or_default(),
                reason,
                instead: instead.cloned(),
            };
            let (line, column) = (self.number, image.column);
            if mutable.policy == Policy::Fail {
                return Err(LineError { line, column, kind: ErrorKind::Mutable(moving) });
            }
            warnings.push(LineWarning { line, column, kind: WarningKind::Mutable(moving) });
        }
        Ok(warnings)
    }

    /// A warning for every image that takes the computed tag, but seems to be pushed by another
    /// build; the function gives the aliases of such builds.
    pub fn of_other_builds<'a>(
        &self,
        builds: impl Fn(&Reference) -> Vec<&'a str>,
    ) -> impl Iterator<Item = LineWarning> {
        self.warnings(move |image| {
            let aliases: Vec<String> =
                builds(&image.reference).into_iter().map(str::to_owned).collect();
            let repository = image.reference.repository();
            (!aliases.is_empty()).then_some(WarningKind::OtherBuild { repository, aliases })
        })
    }

    /// A warning for every image that an images file gives only its common tag.
    pub fn not_in_file(
        &self,
        common: &Tag,
        known: impl Fn(&Reference) -> bool,
    ) -> impl Iterator<Item = LineWarning> {
        self.warnings(move |image| {
            let repository = image.reference.repository();
            let tag = common.clone();
            (!known(&image.reference)).then_some(WarningKind::NotInFile { repository, tag })
        })
    }

    fn warnings(
        &self,
        kind: impl Fn(&Image) -> Option<WarningKind>,
    ) -> impl Iterator<Item = LineWarning> {
        let images = self.images.iter().filter(|image| image.needs_tag());
        images.filter_map(move |image| {
            Some(LineWarning { line: self.number, column: image.column, kind: kind(image)? })
        })
    }
}

impl Image {
    /// Whether it has neither tag nor digest.
    #[must_use]
    pub fn needs_tag(&self) -> bool {
        self.reference.tag().is_none() && self.reference.digest().is_none()
    }
}

struct Word<'a> {
    text: &'a str,
    column: usize,
}

fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut column = 1;
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        let (space, word) = rest.split_at(start);
        let (word, after) = word.split_at(word.find(char::is_whitespace).unwrap_or(word.len()));
        column += space.chars().count();
        let (quotes, text) = unquote(word);
        words.push(Word { text, column: column + quotes });
        column += word.chars().count();
        rest = after;
    }
    words
}

fn unquote(word: &str) -> (usize, &str) {
    for quote in ['\'', '"'] {
        let inner = word.strip_prefix(quote).and_then(|word| word.strip_suffix(quote));
        if let Some(inner) = inner {
            return (1, inner);
        }
    }
    (0, word)
}

/// The column of a byte of the line, in characters from 1.
fn column(line: &str, byte: usize) -> usize {
    line[..byte].chars().count() + 1
}

type Failure = (usize, ErrorKind);

fn parse_line(number: usize, words: &[Word<'_>]) -> Result<Line, Failure> {
    let words = without_command(words);
    if let Some(flag) = words.iter().find(|word| word.text.starts_with('-')) {
        return Err((flag.column, ErrorKind::Flag(flag.text.to_owned())));
    }
    let first_pair = words.iter().position(|word| word.text.contains('='));
    let (resources, images) = match first_pair {
        Some(at) => {
            let (resources, pairs) = words.split_at(at);
            (resources, pairs.iter().map(parse_pair).collect::<Result<Vec<_>, _>>()?)
        }
        None => match words.split_last() {
            Some((last, resources)) if !is_resource(words) => {
                (resources, vec![parse_image(Containers::SameRepository, last.text, last.column)?])
            }
            _ => {
                let last = &words[words.len() - 1];
                return Err((last.column, ErrorKind::NoImage(last.text.to_owned())));
            }
        },
    };
    if let (Some(pair), []) = (first_pair, resources) {
        let pair = &words[pair];
        return Err((pair.column, ErrorKind::NoWorkload(pair.text.to_owned())));
    }
    check_pairs(&images)?;
    Ok(Line { number, workloads: parse_resources(resources)?, images })
}

fn without_command<'a>(words: &'a [Word<'a>]) -> &'a [Word<'a>] {
    let begins = |with: &[&str]| {
        words.len() > with.len() && words.iter().zip(with).all(|(word, with)| word.text == *with)
    };
    let commands: [&[&str]; 3] = [&["kubectl", "set", "image"], &["set", "image"], &["image"]];
    let command = commands.into_iter().find(|command| begins(command)).unwrap_or_default();
    &words[command.len()..]
}

/// Whether the words without a pair end in a workload, where the image should stand.
fn is_resource(words: &[Word<'_>]) -> bool {
    match words {
        [.., last]
            if last.text.split_once('/').is_some_and(|(kind, _)| Kind::parse(kind).is_some()) =>
        {
            true
        }
        [only] => Kind::parse(only.text).is_some(),
        [kind, _] => Kind::parse(kind.text).is_some(),
        _ => false,
    }
}

fn parse_resources(words: &[Word<'_>]) -> Result<Vec<WorkloadName>, Failure> {
    let Some((first, names)) = words.split_first() else { return Ok(Vec::new()) };
    if first.text.contains('/') {
        return words.iter().map(parse_resource).collect();
    }
    let kind = parse_kind(first, first.text)?;
    if names.is_empty() {
        return Err((first.column, ErrorKind::NoName(first.text.to_owned())));
    }
    names.iter().map(|name| workload_name(kind, name, name.text)).collect()
}

fn parse_resource(word: &Word<'_>) -> Result<WorkloadName, Failure> {
    let (kind, name) = word.text.split_once('/').unwrap_or((word.text, ""));
    let kind = parse_kind(word, kind)?;
    workload_name(kind, word, name)
}

fn parse_kind(word: &Word<'_>, kind: &str) -> Result<Kind, Failure> {
    Kind::parse(kind).ok_or_else(|| {
        let similar = nearest(kind, Kind::ALL.into_iter().map(Kind::plural));
        (word.column, ErrorKind::UnknownKind { word: kind.to_owned(), similar })
    })
}

fn workload_name(kind: Kind, word: &Word<'_>, name: &str) -> Result<WorkloadName, Failure> {
    if is_subdomain(name) {
        Ok(WorkloadName { kind, name: name.to_owned() })
    } else {
        Err((word.column, ErrorKind::WorkloadName(name.to_owned())))
    }
}

fn parse_pair(word: &Word<'_>) -> Result<Image, Failure> {
    let Some((container, image)) = word.text.split_once('=') else {
        return Err((word.column, ErrorKind::Misplaced(word.text.to_owned())));
    };
    let containers = match container {
        "*" => Containers::Every,
        name if is_label(name) => Containers::Named(name.to_owned()),
        name => return Err((word.column, ErrorKind::ContainerName(name.to_owned()))),
    };
    parse_image(containers, image, word.column + container.chars().count() + 1)
}

fn parse_image(containers: Containers, text: &str, column: usize) -> Result<Image, Failure> {
    let (reference, lowercased) = Reference::parse_lowercasing(text).map_err(|cause| {
        let at = text.char_indices().take_while(|(byte, _)| *byte < cause.at()).count();
        (column + at, ErrorKind::Reference { text: text.to_owned(), cause })
    })?;
    let written = lowercased.then(|| text.to_owned());
    Ok(Image { containers, reference, written, column })
}

fn check_pairs(images: &[Image]) -> Result<(), Failure> {
    let mut named = BTreeMap::new();
    for image in images {
        match &image.containers {
            Containers::Every if images.len() > 1 => {
                return Err((image.column, ErrorKind::StarNotAlone));
            }
            Containers::Named(name) if named.insert(name.clone(), String::new()).is_some() => {
                return Err((image.column, ErrorKind::ContainerTwice(name.clone())));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A DNS-1123 label, as the API server asks of container names and namespaces.
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A DNS-1123 subdomain, as the API server asks of workload names.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, self.line, self.column)?;
        match &self.kind {
            ErrorKind::Unresolved(unresolved) => unresolved.fmt(f),
            ErrorKind::Flag(flag) => {
                write!(f, "{flag:?} is a flag, and flags have no place here. ")?;
                match flag.split('=').next().unwrap_or_default() {
                    "-n" | "--namespace" => {
                        f.write_str("Put the namespace into the input namespace")
                    }
                    "--context" => f.write_str("Put the context into the input context"),
                    "--kubeconfig" => f.write_str("Put the path into the input kubeconfig"),
                    "--dry-run" => f.write_str("Use the input dryRun"),
                    _ => f.write_str("Name each workload: deployments/NAME CONTAINER=IMAGE"),
                }
            }
            ErrorKind::UnknownKind { word, similar } => {
                write!(f, "{word:?} is no kind of workload whose image can be set. ")?;
                if let Some(similar) = similar {
                    write!(f, "Did you mean {similar}? ")?;
                }
                f.write_str("There are: ")?;
                for (at, kind) in Kind::ALL.into_iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{} ({})", kind.plural(), kind.short_name())?;
                }
                Ok(())
            }
            ErrorKind::NoName(kind) => {
                write!(f, "a name is missing after {kind:?}. Write {kind}/NAME")
            }
            ErrorKind::WorkloadName(name) => write!(
                f,
                "{name:?} cannot be the name of a workload: lower case letters, digits, dashes and \
                 dots, beginning and ending with a letter or digit"
            ),
            ErrorKind::ContainerName(name) => write!(
                f,
                "{name:?} cannot be the name of a container: lower case letters, digits and dashes, \
                 beginning and ending with a letter or digit; * alone means every container"
            ),
            ErrorKind::NoWorkload(pair) => {
                write!(f, "a workload is missing before {pair:?}. Write deployments/NAME {pair}")
            }
            ErrorKind::NoImage(workload) => write!(
                f,
                "an image is missing after {workload:?}. Write {workload} CONTAINER=IMAGE"
            ),
            ErrorKind::Misplaced(word) => {
                write!(f, "{word:?} is no CONTAINER=IMAGE. Workloads stand before the images")
            }
            ErrorKind::StarNotAlone => {
                f.write_str("* means every container, so it must be the only image of its line")
            }
            ErrorKind::ContainerTwice(name) => {
                write!(f, "the container {name} has an image already on this line")
            }
            ErrorKind::Reference { text, cause } => {
                write!(f, "{text:?} is no image reference: {cause}")
            }
            ErrorKind::Mutable(moving) => {
                write!(f, "{} is refused: ", moving.reference)?;
                moving.fmt(f)
            }
        }
    }
}

impl fmt::Display for LineWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(f, self.line, self.column)?;
        match &self.kind {
            WarningKind::Mutable(moving) => {
                write!(f, "{} is set, since mutableTags is warn, but ", moving.reference)?;
                moving.fmt(f)
            }
            WarningKind::OtherBuild { repository, aliases } => write!(
                f,
                "{repository} seems to be pushed by another build, {}, but its tag is that of this \
                 run's own build. If so, set it in a step of its own with artifactAlias {}",
                aliases.join(" or "),
                aliases.join(" or ")
            ),
            WarningKind::NotInFile { repository, tag } => write!(
                f,
                "{repository} is not in the imagesFile, and gets its common tag {tag}. Name it in \
                 the input images of the step that computes the tag, so that a build that does not \
                 push it is noticed"
            ),
        }
    }
}

impl fmt::Display for Moving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::NoTag => f.write_str("it has no tag, which means latest. ")?,
            Reason::Entry(entry) if entry.eq_ignore_ascii_case(&self.tag) => {
                write!(f, "the tag {} moves. ", self.tag)?;
            }
            Reason::Entry(entry) => {
                write!(f, "the tag {} moves ({entry} in mutableTagList). ", self.tag)?;
            }
        }
        f.write_str(
            "To Kubernetes nothing changes when it is pushed again, so no pod would be replaced, and \
             there would be no name to roll back to. ",
        )?;
        match &self.instead {
            Some(tag) => {
                write!(f, "Leave the tag out, and this step adds :{tag}, the tag of this build")
            }
            None => f.write_str(
                "Write the tag of the build, such as :$(Build.BuildId), or leave it out and take \
                 tagStrategy buildId",
            ),
        }
    }
}

/// Where a line and column are; an image that no line names is one of the images file.
fn place(f: &mut fmt::Formatter<'_>, line: usize, column: usize) -> fmt::Result {
    if line == 0 {
        return f.write_str("imagesFile: ");
    }
    write!(f, "images, line {line}, column {column}: ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tag::mutable::DEFAULT_LIST;

    fn parsed(text: &str) -> Vec<Line> {
        parse(text, &Variables::default()).unwrap()
    }

    fn refused(text: &str) -> Vec<String> {
        parse(text, &Variables::default()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    fn shown(line: &Line) -> String {
        let mut words: Vec<String> = line.workloads.iter().map(ToString::to_string).collect();
        for image in &line.images {
            words.push(match &image.containers {
                Containers::Named(name) => format!("{name}={}", image.reference),
                Containers::Every => format!("*={}", image.reference),
                Containers::SameRepository => image.reference.to_string(),
            });
        }
        words.join(" ")
    }

    #[test]
    fn reads_what_kubectl_reads_and_more() {
        for (text, meaning) in [
            ("deployments/web app=a.io/app:1", "deployments/web app=a.io/app:1"),
            ("deploy/web sts/db app=x side=y:2", "deployments/web statefulsets/db app=x side=y:2"),
            ("deployment web api app=x", "deployments/web deployments/api app=x"),
            ("cronjobs/cleanup '*=a.io/cleanup'", "cronjobs/cleanup *=a.io/cleanup"),
            ("deployments/web a.io/app", "deployments/web a.io/app"),
            ("deployment web a.io/app", "deployments/web a.io/app"),
            ("a.io/app:1", "a.io/app:1"),
            ("image", "image"),
            ("kubectl set image ds/log agent=x:1", "daemonsets/log agent=x:1"),
            ("image deployments/web app=x:1", "deployments/web app=x:1"),
        ] {
            assert_eq!(parsed(text).iter().map(shown).collect::<Vec<_>>(), [meaning], "{text}");
        }
        assert_eq!(parsed("\n# the web\n  a.io/x\n\n\ta.io/y \n").len(), 2);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, message) in [
            (
                "--all app=x",
                "images, line 1, column 1: \"--all\" is a flag, and flags have no place here. Name \
                 each workload: deployments/NAME CONTAINER=IMAGE",
            ),
            (
                "\ndeployments/web -n kube-system app=x",
                "images, line 2, column 17: \"-n\" is a flag, and flags have no place here. Put the \
                 namespace into the input namespace",
            ),
            (
                "deploymentz/web app=x",
                "images, line 1, column 1: \"deploymentz\" is no kind of workload whose image can \
                 be set. Did you mean deployments? There are: deployments (deploy), statefulsets \
                 (sts), daemonsets (ds), cronjobs (cj), replicasets (rs)",
            ),
            (
                "deployments app=x",
                "images, line 1, column 1: a name is missing after \"deployments\". Write \
                 deployments/NAME",
            ),
            (
                "deployments/Web app=x",
                "images, line 1, column 1: \"Web\" cannot be the name of a workload: lower case \
                 letters, digits, dashes and dots, beginning and ending with a letter or digit",
            ),
            (
                "deployments/web App=x",
                "images, line 1, column 17: \"App\" cannot be the name of a container: lower case \
                 letters, digits and dashes, beginning and ending with a letter or digit; * alone \
                 means every container",
            ),
            (
                "app=x",
                "images, line 1, column 1: a workload is missing before \"app=x\". Write \
                 deployments/NAME app=x",
            ),
            (
                "deployments/web",
                "images, line 1, column 1: an image is missing after \"deployments/web\". Write \
                 deployments/web CONTAINER=IMAGE",
            ),
            (
                "deployments/web app=x deployments/api",
                "images, line 1, column 23: \"deployments/api\" is no CONTAINER=IMAGE. Workloads \
                 stand before the images",
            ),
            (
                "deployments/web *=x app=y",
                "images, line 1, column 19: * means every container, so it must be the only image \
                 of its line",
            ),
            (
                "deployments/web app=x app=y",
                "images, line 1, column 27: the container app has an image already on this line",
            ),
            (
                "deployments/web app=a.io/über",
                "images, line 1, column 26: \"a.io/über\" is no image reference: unexpected \
                 character 'ü' in the repository",
            ),
            (
                "deployments/web app=$(ACR)/app",
                "images, line 1, column 21: $(ACR) was not replaced: no variable ACR is defined \
                 here. Define ACR under variables: of the pipeline (or in Variables of its editor), \
                 or in a variable group that it links",
            ),
        ] {
            assert_eq!(refused(text), [message]);
        }
        assert_eq!(refused("x=y\na.io/ok\n--all").len(), 2);
    }

    #[test]
    fn an_image_without_a_tag_gets_the_computed_one() {
        let tag = Tag::parse("4125").unwrap();
        let mut lines = parsed("deployments/web app=a.io/App side=b.io/side:1");
        lines[0].complete(|reference| reference.with_tag(tag.clone()));
        assert_eq!(shown(&lines[0]), "deployments/web app=a.io/app:4125 side=b.io/side:1");
        assert_eq!(lines[0].images[0].written.as_deref(), Some("a.io/App"));
    }

    #[test]
    fn a_tag_that_moves_is_refused() {
        let tag = Tag::parse("4125").unwrap();
        let mutable =
            |policy| MutableTags::read(policy, DEFAULT_LIST, &Variables::default(), None).unwrap();
        let refusal = |text: &str, tag| {
            parsed(text)[0].check(&mutable(Policy::Fail), None, tag).unwrap_err().to_string()
        };
        assert_eq!(
            refusal("deployments/web app=a.io/app:latest", Some(&tag)),
            "images, line 1, column 21: a.io/app:latest is refused: the tag latest moves. To \
             Kubernetes nothing changes when it is pushed again, so no pod would be replaced, and \
             there would be no name to roll back to. Leave the tag out, and this step adds :4125, \
             the tag of this build"
        );
        assert_eq!(
            refusal("deployments/web app=a.io/app", None),
            "images, line 1, column 21: a.io/app is refused: it has no tag, which means latest. To \
             Kubernetes nothing changes when it is pushed again, so no pod would be replaced, and \
             there would be no name to roll back to. Write the tag of the build, such as \
             :$(Build.BuildId), or leave it out and take tagStrategy buildId"
        );
        assert_eq!(
            refusal("deployments/web app=a.io/app:v1", Some(&tag)),
            "images, line 1, column 21: a.io/app:v1 is refused: the tag v1 moves ({major} in \
             mutableTagList). To Kubernetes nothing changes when it is pushed again, so no pod would \
             be replaced, and there would be no name to roll back to. Leave the tag out, and this \
             step adds :4125, the tag of this build"
        );
        let lines = parsed("deployments/web app=a.io/app:main side=a.io/side:1.4.2");
        let warnings = lines[0].check(&mutable(Policy::Warn), None, None).unwrap();
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "images, line 1, column 21: a.io/app:main is set, since mutableTags is warn, but the \
                 tag main moves. To Kubernetes nothing changes when it is pushed again, so no pod \
                 would be replaced, and there would be no name to roll back to. Write the tag of the \
                 build, such as :$(Build.BuildId), or leave it out and take tagStrategy buildId"
            ]
        );
        assert_eq!(lines[0].check(&mutable(Policy::Allow), None, None), Ok(Vec::new()));
    }
}
