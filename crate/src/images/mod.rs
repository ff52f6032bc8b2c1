//! The input `images`: what to set, a line each, in kubectl's own words.
//!
//! ```text
//! WHERE CONTAINER=IMAGE...    these containers of these workloads
//! WHERE *=IMAGE               every container, init containers too
//! WHERE IMAGE                 the containers that run the image's repository already
//! IMAGE                       the same, of every workload that has such a container
//!
//! WHERE    = RESOURCE... | TYPE[,TYPE] -l SELECTOR
//! RESOURCE = [NAMESPACE "/"] TYPE "/" NAME | TYPE NAME...
//! ```
//!
//! Before any of them, `NAMESPACE[,NAMESPACE]:` says where the line applies. A line may begin with
//! `kubectl set image`, `set image` or `image`, words may stand in quotes, and empty lines and lines
//! that begin with `#` are passed over, so that an existing command line can be pasted in.

mod error;

use std::collections::BTreeMap;

use error::{ErrorKind, Moving, WarningKind};
pub use error::{LineError, LineWarning};

use crate::{
    nearest::nearest,
    reference::{Reference, Tag},
    selector,
    tag::mutable::{MutableTags, Policy},
    variables::{Unresolved, Variables},
    workload::{Kind, Selector, WorkloadName},
};

/// One line of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The namespaces it names; none means those of the input `namespace`.
    pub namespaces: Vec<String>,
    /// The workloads it is about.
    pub which: Which,
    /// Its images, each with the containers it is for.
    pub images: Vec<Image>,
    number: usize,
}

/// The workloads of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Which {
    /// Those of these names.
    Named(Vec<Address>),
    /// Those of these kinds whose labels the selector fits.
    Labelled {
        /// The kinds.
        kinds: Vec<Kind>,
        /// The selector.
        selector: Selector,
        /// The selector as it was written.
        written: String,
    },
    /// Those that run the image's repository.
    Running,
}

/// A workload's name, and its namespace where the line gives it one of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The namespace before the name.
    pub namespace: Option<String>,
    /// The name.
    pub workload: WorkloadName,
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

/// The tag that an image could have instead of one that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// The computed one.
    Computed(Tag),
    /// One that an images file hands over.
    HandedOver,
    /// None: there is no strategy, or it gives no tag.
    Nothing,
}

/// What a line has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Workloads and images.
    Images,
    /// Workloads; images are passed over.
    Workloads,
}

/// Parses the whole input. Every line with an error gives one.
///
/// # Errors
/// The errors of all lines, in their order.
pub fn parse(text: &str, needs: Needs, variables: &Variables) -> Result<Vec<Line>, Vec<LineError>> {
    let mut lines = Vec::new();
    let mut errors = Vec::new();
    for (number, text) in (1..).zip(text.lines()) {
        let words = words(text);
        if words.first().is_none_or(|word| word.text.starts_with('#')) {
            continue;
        }
        let line = match Unresolved::find(text, variables) {
            Some(found) => Err((column(text, found.at), ErrorKind::Unresolved(found))),
            None => parse_line(number, words, needs),
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
        Self { namespaces: Vec::new(), which: Which::Running, images: vec![image], number: 0 }
    }

    /// Completes every image that has neither tag nor digest, by the function given.
    pub fn complete(&mut self, completed: impl Fn(&Reference) -> Reference) {
        for image in self.images.iter_mut().filter(|image| image.needs_tag()) {
            image.reference = completed(&image.reference);
        }
    }

    /// Looks for images whose tag moves, since setting them would change nothing. A tag that was
    /// judged already, for all images that have it, is passed over. The last
    /// argument is what the image could have instead.
    ///
    /// # Errors
    /// The first one, where they are refused.
    pub fn check(
        &self,
        mutable: &MutableTags,
        judged: Option<&Tag>,
        instead: &Instead,
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
                instead: instead.clone(),
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

#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    column: usize,
}

/// Cuts a line at its white space, except for what stands in quotes.
fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut column = 1;
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        let (space, word) = rest.split_at(start);
        column += space.chars().count();
        let (text, quotes, end) = quoted(word).unwrap_or_else(|| {
            let end = word.find(char::is_whitespace).unwrap_or(word.len());
            (&word[..end], 0, end)
        });
        words.push(Word { text, column: column + quotes });
        let (word, after) = word.split_at(end);
        column += word.chars().count();
        rest = after;
    }
    words
}

/// The text between the quotes at the front, their width, and where the rest begins.
fn quoted(word: &str) -> Option<(&str, usize, usize)> {
    let quote = word.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (inner, rest) = word[1..].split_once(quote)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some((
        inner,
        1,
        word.len() - rest.len(),
    ))
}

/// The column of a byte of the line, in characters from 1.
fn column(line: &str, byte: usize) -> usize {
    line[..byte].chars().count() + 1
}

type Failure = (usize, ErrorKind);

fn parse_line(number: usize, words: Vec<Word<'_>>, needs: Needs) -> Result<Line, Failure> {
    let (namespaces, words) = split_namespaces(words)?;
    let (selector, words) = split_selector(without_command(&words))?;
    let first_pair = words.iter().position(|word| word.text.contains('='));
    let (resources, images) = match (first_pair, words.split_last()) {
        (Some(at), _) => {
            let (resources, pairs) = words.split_at(at);
            (resources, pairs.iter().map(parse_pair).collect::<Result<Vec<_>, _>>()?)
        }
        (None, Some((last, resources))) if !is_resource(&words, selector.is_some()) => {
            (resources, vec![parse_image(Containers::SameRepository, last.text, last.column)?])
        }
        (None, Some(_)) if needs == Needs::Workloads => (words.as_slice(), Vec::new()),
        (None, last) => {
            let (text, column) = last.map_or(("", 1), |(last, _)| (last.text, last.column));
            return Err((column, ErrorKind::NoImage(text.to_owned())));
        }
    };
    if let (Some(pair), [], None) = (first_pair, resources, &selector) {
        let pair = &words[pair];
        return Err((pair.column, ErrorKind::NoWorkload(pair.text.to_owned())));
    }
    check_pairs(&images)?;
    let which = match selector {
        Some((word, selector)) => Which::Labelled {
            kinds: parse_kinds(resources, &word)?,
            selector,
            written: word.text.to_owned(),
        },
        None if resources.is_empty() => Which::Running,
        None => Which::Named(parse_resources(resources)?),
    };
    Ok(Line { namespaces, which, images, number })
}

/// Takes `shop:` or `shop,billing:` from the front of a line.
fn split_namespaces(mut words: Vec<Word<'_>>) -> Result<(Vec<String>, Vec<Word<'_>>), Failure> {
    let prefix = words.first().and_then(|first| first.text.strip_suffix(':'));
    let Some(prefix) = prefix.filter(|_| words.len() > 1) else { return Ok((Vec::new(), words)) };
    let first = words.remove(0);
    let namespaces = prefix.split(',').map(|namespace| checked_namespace(&first, namespace));
    Ok((namespaces.collect::<Result<_, _>>()?, words))
}

fn checked_namespace(word: &Word<'_>, namespace: &str) -> Result<String, Failure> {
    if is_label(namespace) {
        Ok(namespace.to_owned())
    } else {
        Err((word.column, ErrorKind::Namespace(namespace.to_owned())))
    }
}

type Split<'a> = (Option<(Word<'a>, Selector)>, Vec<Word<'a>>);

/// Takes `-l SELECTOR` out of a line, the only flag that it may have.
fn split_selector<'a>(words: &[Word<'a>]) -> Result<Split<'a>, Failure> {
    let mut selector = None;
    let mut others = Vec::new();
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if !word.text.starts_with('-') {
            others.push(word);
            continue;
        }
        let (flag, value) = match word.text.split_once('=') {
            Some((flag, value)) => {
                let column = word.column + flag.len() + 1;
                (flag, Some(Word { text: value, column }))
            }
            None => (word.text, None),
        };
        if !matches!(flag, "-l" | "--selector") {
            return Err((word.column, ErrorKind::Flag(word.text.to_owned())));
        }
        let value = value.or_else(|| words.next());
        let value = value.unwrap_or(Word { text: "", column: word.column });
        let parsed = selector::parse(value.text).map_err(|cause| {
            (value.column, ErrorKind::Selector { text: value.text.to_owned(), cause })
        })?;
        selector = Some((value, parsed));
    }
    Ok((selector, others))
}

fn parse_kinds(words: &[Word<'_>], selector: &Word<'_>) -> Result<Vec<Kind>, Failure> {
    let [word] = words else {
        let (text, column) =
            words.get(1).map_or(("", selector.column), |word| (word.text, word.column));
        return Err((column, ErrorKind::SelectorWithName(text.to_owned())));
    };
    if word.text.contains('/') {
        return Err((word.column, ErrorKind::SelectorWithName(word.text.to_owned())));
    }
    word.text.split(',').map(|kind| parse_kind(word, kind)).collect()
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
fn is_resource(words: &[Word<'_>], selected: bool) -> bool {
    let is_kind = |word: &str| word.split(',').all(|kind| Kind::parse(kind).is_some());
    let is_address = |word: &str| match word.split('/').collect::<Vec<_>>().as_slice() {
        [kind, _] | [_, kind, _] => is_kind(kind),
        _ => false,
    };
    match words {
        [.., last] if is_address(last.text) => true,
        [kind] => is_kind(kind.text),
        [kind, _] => !selected && is_kind(kind.text),
        _ => false,
    }
}

fn parse_resources(words: &[Word<'_>]) -> Result<Vec<Address>, Failure> {
    let Some((first, names)) = words.split_first() else { return Ok(Vec::new()) };
    if first.text.contains('/') {
        return words.iter().map(parse_address).collect();
    }
    let kind = parse_kind(first, first.text)?;
    if names.is_empty() {
        return Err((first.column, ErrorKind::NoName(first.text.to_owned())));
    }
    let address = |name: &Word<'_>| {
        Ok(Address { namespace: None, workload: workload_name(kind, name, name.text)? })
    };
    names.iter().map(address).collect()
}

fn parse_address(word: &Word<'_>) -> Result<Address, Failure> {
    let (rest, name) = word.text.rsplit_once('/').unwrap_or((word.text, ""));
    let (namespace, kind) = match rest.split_once('/') {
        Some((namespace, kind)) => (Some(checked_namespace(word, namespace)?), kind),
        None => (None, rest),
    };
    let kind = parse_kind(word, kind)?;
    Ok(Address { namespace, workload: workload_name(kind, word, name)? })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tag::mutable::{Builds, DEFAULT_LIST};

    fn parsed(text: &str) -> Vec<Line> {
        parse(text, Needs::Images, &Variables::default()).unwrap()
    }

    fn refused(text: &str) -> Vec<String> {
        let parsed = parse(text, Needs::Images, &Variables::default());
        parsed.unwrap_err().iter().map(ToString::to_string).collect()
    }

    fn shown(line: &Line) -> String {
        let mut words: Vec<String> = match &line.which {
            Which::Named(addresses) => addresses.iter().map(shown_address).collect(),
            Which::Labelled { kinds, selector, .. } => {
                let rules = selector.match_expressions.iter();
                let rules = rules.map(|r| format!("{} {} {:?}", r.key, r.operator, r.values));
                let kinds = kinds.iter().map(|kind| kind.plural());
                vec![kinds.collect::<Vec<_>>().join(","), rules.collect::<Vec<_>>().join(",")]
            }
            Which::Running => Vec::new(),
        };
        if !line.namespaces.is_empty() {
            words.insert(0, format!("{}:", line.namespaces.join(",")));
        }
        for image in &line.images {
            words.push(match &image.containers {
                Containers::Named(name) => format!("{name}={}", image.reference),
                Containers::Every => format!("*={}", image.reference),
                Containers::SameRepository => image.reference.to_string(),
            });
        }
        words.join(" ")
    }

    fn shown_address(address: &Address) -> String {
        let Address { namespace, workload } = address;
        namespace.as_ref().map_or(workload.to_string(), |ns| format!("{ns}/{workload}"))
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
            ("shop/deploy/web app=x", "shop/deployments/web app=x"),
            ("shop: deploy/web b/sts/db app=x", "shop: deployments/web b/statefulsets/db app=x"),
            ("shop,pay: a.io/app", "shop,pay: a.io/app"),
            ("deploy -l app=web app=x", "deployments app In [\"web\"] app=x"),
            (
                "set image deploy,sts --selector=a!=b *=x",
                "deployments,statefulsets a NotIn [\"b\"] *=x",
            ),
            ("deploy -l 'app in (a, b)' a.io/app", "deployments app In [\"a\", \"b\"] a.io/app"),
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
                 namespace into the input namespace, or before the line: kube-system: \
                 deployments/NAME CONTAINER=IMAGE",
            ),
            (
                "Shop: deployments/web app=x",
                "images, line 1, column 1: \"Shop\" cannot be a namespace: up to 63 lower case \
                 letters, digits and dashes, beginning and ending with a letter or digit",
            ),
            (
                "deployments -l app=(web app=x",
                "images, line 1, column 16: \"app=(web\" is no label selector: \"app=(web\" is not \
                 of the form KEY in (VALUE, VALUE). Write deployments -l app=web CONTAINER=IMAGE, \
                 with quotes around a selector that has spaces",
            ),
            (
                "deployments/web -l app=web app=x",
                "images, line 1, column 1: a selector goes with kinds alone, not with \
                 \"deployments/web\". Write deployments -l app=web CONTAINER=IMAGE",
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
    fn workloads_alone_are_enough_where_no_image_is_needed() {
        let parse = |text| parse(text, Needs::Workloads, &Variables::default()).unwrap();
        for text in ["deployments/web", "shop: deployments/web", "deployments -l app=web"] {
            assert_eq!(parse(text)[0].images, [], "{text}");
        }
        assert_eq!(parse("a.io/app")[0].which, Which::Running);
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
        let computed = Instead::Computed(Tag::parse("4125").unwrap());
        let mutable = |policy| MutableTags::read(policy, DEFAULT_LIST, Builds::default()).unwrap();
        let refusal = |text: &str, instead: &Instead| {
            parsed(text)[0].check(&mutable(Policy::Fail), None, instead).unwrap_err().to_string()
        };
        assert_eq!(
            refusal("deployments/web app=a.io/app:latest", &computed),
            "images, line 1, column 21: a.io/app:latest is refused: the tag latest moves. To \
             Kubernetes nothing changes when it is pushed again, so no pod would be replaced, and \
             there would be no name to roll back to. Leave the tag out, and this step adds :4125, \
             the tag of this build"
        );
        assert_eq!(
            refusal("deployments/web app=a.io/app", &Instead::Nothing),
            "images, line 1, column 21: a.io/app is refused: it has no tag, which means latest. To \
             Kubernetes nothing changes when it is pushed again, so no pod would be replaced, and \
             there would be no name to roll back to. Write the tag of the build, such as \
             :$(Build.BuildId), or leave it out and take tagStrategy buildId"
        );
        assert_eq!(
            refusal("deployments/web app=a.io/app:v1", &computed),
            "images, line 1, column 21: a.io/app:v1 is refused: the tag v1 moves ({major} in \
             mutableTagList). To Kubernetes nothing changes when it is pushed again, so no pod would \
             be replaced, and there would be no name to roll back to. Leave the tag out, and this \
             step adds :4125, the tag of this build"
        );
        let lines = parsed("deployments/web app=a.io/app:main side=a.io/side:1.4.2");
        let warnings = lines[0].check(&mutable(Policy::Warn), None, &Instead::Nothing).unwrap();
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
        assert_eq!(
            lines[0].check(&mutable(Policy::Allow), None, &Instead::Nothing),
            Ok(Vec::new())
        );
    }
}
