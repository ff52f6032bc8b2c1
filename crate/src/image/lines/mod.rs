//! The input `images`: what to set, a line each, in kubectl's own words.
//!
//! ```text
//! WHERE CONTAINER=IMAGE...    these containers of these workloads
//! WHERE *=IMAGE               every container, init containers too
//! WHERE IMAGE                 the containers that run the image's repository already
//! IMAGE                       the same, of every workload that has such a container
//!
//! WHERE    = RESOURCE... | TYPE[,TYPE] -l SELECTOR | TYPE[,TYPE] --all
//! RESOURCE = [NAMESPACE "/"] TYPE "/" NAME | TYPE NAME...
//! ```
//!
//! Before any of them, `NAMESPACE[,NAMESPACE]:` says where the line applies, and so does
//! `-n NAMESPACE` anywhere in it. `set image` may stand before them with whatever runs it
//! (`kubectl`, `sudo microk8s kubectl`), words may stand in quotes, a line may go on in the next one
//! after `\`, `--record` is passed over, and so are empty lines and what follows `#`: an existing
//! command line can be pasted in.

mod error;
mod flags;
mod slip;
mod words;

use std::collections::BTreeSet;

pub use error::{Instead, LineError, LineWarning};
pub(in crate::image) use slip::Slip;

use crate::{
    host::{
        nearest::nearest,
        variables::{Unresolved, Variables},
    },
    image::{
        lines::{
            error::{ErrorKind, Moving, WarningKind},
            flags::Flags,
            words::{TextLine, Word},
        },
        reference::{Reference, Tag},
        tag::mutable::{MutableTags, Policy},
    },
    kubernetes::{Kind, Selector, WorkloadName, is_label},
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
    /// The flag of kubectl that is passed over.
    ignored: Option<&'static str>,
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
        /// The selector; an empty one fits every workload.
        selector: Selector,
        /// The selector as it was written; [`EVERY`] for every workload.
        written: String,
    },
    /// Those that run the image's repository.
    Running,
}

/// The flag that stands for every workload of a kind, as kubectl has it.
pub const EVERY: &str = "--all";

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

/// What a line has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Workloads and images.
    Images,
    /// Workloads; images are passed over.
    Workloads,
}

/// Parses the whole input. What is wrong in several lines in the same way gives one error.
///
/// # Errors
/// Everything that is wrong, in the order of the lines.
pub fn parse(text: &str, needs: Needs, variables: &Variables) -> Result<Vec<Line>, Vec<LineError>> {
    let mut lines = Vec::new();
    let mut errors: Vec<LineError> = Vec::new();
    for TextLine { number, text, words } in words::lines(text) {
        let unresolved = Unresolved::find_all(&text, variables);
        let wrong = if unresolved.is_empty() {
            match parse_line(number, words, needs) {
                Ok(line) => {
                    lines.push(line);
                    continue;
                }
                Err(kind) => vec![kind],
            }
        } else {
            unresolved.into_iter().map(|found| ErrorKind::Unresolved(Box::new(found))).collect()
        };
        for kind in wrong {
            match errors.iter_mut().find(|error| error.kind == kind) {
                Some(error) => error.lines.push(number),
                None => errors.push(LineError { lines: vec![number], kind }),
            }
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
        let image = Image { containers, reference, written: None };
        Self {
            namespaces: Vec::new(),
            which: Which::Running,
            images: vec![image],
            number: 0,
            ignored: None,
        }
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
            let moving = Box::new(Moving {
                reference: image.reference.to_string(),
                tag: image.reference.tag().map(ToString::to_string).unwrap_or_default(),
                reason,
                instead: instead.clone(),
            });
            if mutable.policy == Policy::Fail {
                let kind = ErrorKind::Mutable(moving);
                return Err(LineError { lines: vec![self.number], kind });
            }
            warnings.push(LineWarning { line: self.number, kind: WarningKind::Mutable(moving) });
        }
        Ok(warnings)
    }

    /// A warning for every image that takes the computed tag, but seems to be pushed by another
    /// build than the run's own, or than that of the resource which triggered it; the function gives
    /// the aliases of such builds.
    pub fn of_other_builds<'a>(
        &self,
        trigger: Option<&str>,
        builds: impl Fn(&Reference) -> Vec<&'a str>,
    ) -> impl Iterator<Item = LineWarning> {
        let trigger = trigger.map(str::to_owned);
        self.warnings(move |image| {
            let aliases: Vec<String> =
                builds(&image.reference).into_iter().map(str::to_owned).collect();
            let repository = image.reference.repository();
            let trigger = trigger.clone();
            (!aliases.is_empty()).then_some(WarningKind::OtherBuild {
                repository,
                aliases,
                trigger,
            })
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

    /// What the line has that is passed over.
    #[must_use]
    pub fn ignored(&self) -> Option<LineWarning> {
        self.ignored.map(|flag| LineWarning { line: self.number, kind: WarningKind::Ignored(flag) })
    }

    fn warnings(
        &self,
        kind: impl Fn(&Image) -> Option<WarningKind>,
    ) -> impl Iterator<Item = LineWarning> {
        let images = self.images.iter().filter(|image| image.needs_tag());
        images.filter_map(move |image| Some(LineWarning { line: self.number, kind: kind(image)? }))
    }
}

impl Image {
    /// Whether it has neither tag nor digest.
    #[must_use]
    pub fn needs_tag(&self) -> bool {
        self.reference.tag().is_none() && self.reference.digest().is_none()
    }
}

fn parse_line(number: usize, words: Vec<Word>, needs: Needs) -> Result<Line, ErrorKind> {
    if let Some(slip) = Slip::of_line(&words) {
        return Err(ErrorKind::Slip(slip));
    }
    let (flags, words) = Flags::split(words)?;
    let (mut namespaces, words) = split_namespaces(&words)?;
    if let Some(namespace) = flags.namespace {
        if namespaces.iter().any(|known| *known != namespace) {
            return Err(ErrorKind::TwoNamespaces(namespaces.join(","), namespace));
        }
        namespaces = vec![namespace];
    }
    let words = without_command(words);
    if let Some(slip) = Slip::of_words(words) {
        return Err(ErrorKind::Slip(slip));
    }
    let selected = match (flags.selector, flags.all) {
        (Some(_), true) => return Err(ErrorKind::AllWithSelector),
        (None, true) => Some((EVERY.to_owned(), Selector::default())),
        (selector, false) => selector,
    };
    let first_pair = words.iter().position(|word| word.text.contains('='));
    let (resources, images) = match (first_pair, words.split_last()) {
        (Some(at), _) => {
            let (resources, pairs) = words.split_at(at);
            let pairs = pairs.iter().map(|pair| parse_pair(&pair.text));
            (resources, pairs.collect::<Result<Vec<_>, _>>()?)
        }
        (None, Some((last, resources))) if !is_resource(words, selected.is_some()) => {
            (resources, vec![parse_image(Containers::SameRepository, &last.text)?])
        }
        (None, Some(_)) if needs == Needs::Workloads => (words, Vec::new()),
        (None, last) => {
            return Err(ErrorKind::NoImage(
                last.map_or(String::new(), |(last, _)| last.text.clone()),
            ));
        }
    };
    if let (Some(pair), [], None) = (first_pair, resources, &selected) {
        return Err(ErrorKind::NoWorkload(words[pair].text.clone()));
    }
    check_pairs(&images)?;
    let which = match selected {
        Some((written, selector)) => {
            Which::Labelled { kinds: parse_kinds(resources, &written)?, selector, written }
        }
        None if resources.is_empty() => Which::Running,
        None => Which::Named(parse_resources(resources)?),
    };
    let ignored = flags.record.then_some("--record");
    Ok(Line { namespaces, which, images, number, ignored })
}

/// Takes `shop:`, `shop,billing:` or `shop, billing:` from the front of a line.
fn split_namespaces(words: &[Word]) -> Result<(Vec<String>, &[Word]), ErrorKind> {
    let listed = words.iter().take_while(|word| word.text.ends_with(',')).count();
    let last = words.get(listed).and_then(|word| word.text.strip_suffix(':'));
    let (Some(last), [_, ..]) = (last, words.get(listed + 1..).unwrap_or_default()) else {
        return Ok((Vec::new(), words));
    };
    if listed == 0
        && (last.is_empty() || last.contains('/') && is_resource(&[Word::plain(last)], true))
    {
        return Ok((Vec::new(), words));
    }
    let before = words[..listed].iter().map(|word| word.text.trim_end_matches(','));
    let names = before.chain([last]).flat_map(|word| word.split(','));
    let checked = names.map(checked_namespace).collect::<Result<_, _>>()?;
    Ok((checked, &words[listed + 1..]))
}

fn checked_namespace(namespace: &str) -> Result<String, ErrorKind> {
    if is_label(namespace) {
        Ok(namespace.to_owned())
    } else {
        Err(ErrorKind::Namespace(namespace.to_owned()))
    }
}

/// The words after `set image`, or `image` at the very front.
fn without_command(words: &[Word]) -> &[Word] {
    let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.text == text);
    let runner = words.iter().take_while(|word| {
        word.text != "set" && !word.text.contains(['/', '=']) && Kind::parse(&word.text).is_none()
    });
    let set = runner.count();
    let rest = if is(set, "set") && is(set + 1, "image") {
        &words[set + 2..]
    } else if is(0, "image") {
        &words[1..]
    } else {
        return words;
    };
    if rest.is_empty() { words } else { rest }
}

fn parse_kinds(words: &[Word], written: &str) -> Result<Vec<Kind>, ErrorKind> {
    let wrong = |word: &str| match written {
        EVERY => ErrorKind::AllWithName(word.to_owned()),
        _ => ErrorKind::SelectorWithName(word.to_owned()),
    };
    match words {
        [word] if !word.text.contains('/') => word.text.split(',').map(parse_kind).collect(),
        [word] | [_, word, ..] => Err(wrong(&word.text)),
        [] => Err(wrong("")),
    }
}

/// Whether the words without a pair end in a workload, where the image should stand.
fn is_resource(words: &[Word], selected: bool) -> bool {
    let is_kind = |word: &str| word.split(',').all(|kind| Kind::parse(kind).is_some());
    let is_address = |word: &str| match word.split('/').collect::<Vec<_>>().as_slice() {
        [kind, _] | [_, kind, _] => is_kind(kind),
        _ => false,
    };
    match words {
        [.., last] if is_address(&last.text) => true,
        [kind] => is_kind(&kind.text),
        [kind, _] => !selected && is_kind(&kind.text),
        _ => false,
    }
}

fn parse_resources(words: &[Word]) -> Result<Vec<Address>, ErrorKind> {
    let Some((first, names)) = words.split_first() else { return Ok(Vec::new()) };
    if first.text.contains('/') {
        return words.iter().map(|word| parse_address(&word.text)).collect();
    }
    let kind = parse_kind(&first.text)?;
    if names.is_empty() {
        return Err(ErrorKind::NoName(first.text.clone()));
    }
    let address =
        |name: &Word| Ok(Address { namespace: None, workload: workload_name(kind, &name.text)? });
    names.iter().map(address).collect()
}

fn parse_address(word: &str) -> Result<Address, ErrorKind> {
    let (rest, name) = word.rsplit_once('/').unwrap_or((word, ""));
    let (namespace, kind) = match rest.split_once('/') {
        Some((namespace, kind)) => (Some(checked_namespace(namespace)?), kind),
        None => (None, rest),
    };
    Ok(Address { namespace, workload: workload_name(parse_kind(kind)?, name)? })
}

fn parse_kind(word: &str) -> Result<Kind, ErrorKind> {
    Kind::parse(word).ok_or_else(|| {
        let similar = nearest(word, Kind::ALL.into_iter().map(Kind::plural));
        ErrorKind::UnknownKind { word: word.to_owned(), similar }
    })
}

fn workload_name(kind: Kind, name: &str) -> Result<WorkloadName, ErrorKind> {
    if is_subdomain(name) {
        Ok(WorkloadName { kind, name: name.to_owned() })
    } else {
        Err(ErrorKind::WorkloadName(name.to_owned()))
    }
}

fn parse_pair(word: &str) -> Result<Image, ErrorKind> {
    let Some((container, image)) = word.split_once('=') else {
        return Err(ErrorKind::Misplaced(word.to_owned()));
    };
    let containers = match container {
        "*" => Containers::Every,
        name if is_label(name) => Containers::Named(name.to_owned()),
        name => return Err(ErrorKind::ContainerName(name.to_owned())),
    };
    parse_image(containers, image)
}

fn parse_image(containers: Containers, text: &str) -> Result<Image, ErrorKind> {
    if let Some(slip) = Slip::of_reference(text) {
        return Err(ErrorKind::Slip(slip));
    }
    let (reference, lowercased) = Reference::parse_lowercasing(text)
        .map_err(|cause| ErrorKind::Reference { text: text.to_owned(), cause })?;
    let written = lowercased.then(|| text.to_owned());
    Ok(Image { containers, reference, written })
}

fn check_pairs(images: &[Image]) -> Result<(), ErrorKind> {
    let mut named = BTreeSet::new();
    for image in images {
        match &image.containers {
            Containers::Every if images.len() > 1 => return Err(ErrorKind::StarNotAlone),
            Containers::Named(name) if !named.insert(name) => {
                return Err(ErrorKind::ContainerTwice(name.clone()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A DNS-1123 subdomain, as the API server asks of workload names.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::image::tag::mutable::{Builds, DEFAULT_LIST};

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
            ("deploy/web a=x b=a.io/deploy/b:1 c=y", "deployments/web a=x b=a.io/deploy/b:1 c=y"),
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
            ("deploy -lapp=web app=x", "deployments app In [\"web\"] app=x"),
            ("deploy --all app=x", "deployments  app=x"),
            ("kubectl set image deploy,ds --all=true *=x", "deployments,daemonsets  *=x"),
            ("--all=false deploy/web app=x", "deployments/web app=x"),
            ("deploy/web app=x -n shop", "shop: deployments/web app=x"),
            ("kubectl -nshop set image deploy/web app=x", "shop: deployments/web app=x"),
            ("kubectl --namespace=shop set image deploy/web app=x", "shop: deployments/web app=x"),
            ("kubectl set image --namespace shop deploy web app=x", "shop: deployments/web app=x"),
            ("shop: deploy/web app=x -n shop", "shop: deployments/web app=x"),
            ("shop, pay: deploy/web app=x", "shop,pay: deployments/web app=x"),
            ("sudo microk8s kubectl set image deploy/web app=x", "deployments/web app=x"),
            ("deploy/web app=x --record", "deployments/web app=x"),
            ("deploy/web app=\"a.io/app:1\" # the shop", "deployments/web app=a.io/app:1"),
            ("deploy/web 'app=a.io/app:1' #", "deployments/web app=a.io/app:1"),
            ("kubectl set image deploy/web \\\r\n  app=x", "deployments/web app=x"),
            ("\u{feff}deploy/web\u{a0}app=x\r", "deployments/web app=x"),
            ("a.io/app:1 # $(undefined)", "a.io/app:1"),
            ("localhost:5000/app", "localhost:5000/app"),
            ("docker.io/library/my.app:1", "docker.io/library/my.app:1"),
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
                "images, line 1: --all needs a kind. Write deployments --all CONTAINER=IMAGE",
            ),
            (
                "deploy/web --all app=x",
                "images, line 1: --all cannot be combined with \"deploy/web\". Write deployments \
                 --all CONTAINER=IMAGE, or remove --all",
            ),
            (
                "deploy --all -l app=web app=x",
                "images, line 1: --all selects every workload, and -l only some of them. Keep one \
                 of them",
            ),
            (
                "\nshop: deployments/web -n kube-system app=x",
                "images, line 2: the line has two namespaces, shop before the colon and \
                 kube-system after -n. Keep one of them",
            ),
            (
                "deployments/web app=x -n",
                "images, line 1: -n has no value. Write -n VALUE, or remove it",
            ),
            (
                "deployments/web app=x --dry-run=client",
                "images, line 1: unsupported flag \"--dry-run=client\". Set the input dryRun",
            ),
            (
                "Shop: deployments/web app=x",
                "images, line 1: invalid namespace \"Shop\". Use up to 63 lower case letters, \
                 digits and dashes, beginning and ending with a letter or digit",
            ),
        ] {
            assert_eq!(refused(text), [message]);
        }
        assert_eq!(refused("x=y\na.io/ok\n--all").len(), 2);
    }

    #[test]
    fn says_what_is_wrong_with_workloads_and_images() {
        for (text, message) in [
            (
                "deployments -l app=(web app=x",
                "images, line 1: invalid label selector \"app=(web\": expected KEY in (VALUE, \
                 VALUE), found \"app=(web\". Write deployments -l app=web CONTAINER=IMAGE, with \
                 quotes around a selector that has spaces",
            ),
            (
                "deployments/web -l app=web app=x",
                "images, line 1: -l cannot be combined with \"deployments/web\". Write \
                 deployments -l app=web CONTAINER=IMAGE",
            ),
            (
                "deploymentz/web app=x",
                "images, line 1: unknown kind of workload \"deploymentz\". Did you mean \
                 deployments? Use deployments (deploy), statefulsets (sts), daemonsets (ds), \
                 cronjobs (cj), replicasets (rs), replicationcontrollers (rc), pods (po)",
            ),
            (
                "deployments app=x",
                "images, line 1: \"deployments\" has no name after it. Write deployments/NAME",
            ),
            (
                "deployments/Web app=x",
                "images, line 1: invalid workload name \"Web\". Use lower case letters, digits, \
                 dashes and dots, beginning and ending with a letter or digit",
            ),
            (
                "deployments/web App=x",
                "images, line 1: invalid container name \"App\". Use lower case letters, digits \
                 and dashes, beginning and ending with a letter or digit, or * for every container",
            ),
            (
                "app=x",
                "images, line 1: \"app=x\" has no workload before it. Write deployments/NAME app=x",
            ),
            (
                "deployments/web",
                "images, line 1: \"deployments/web\" has no image after it. Write deployments/web \
                 CONTAINER=IMAGE",
            ),
            (
                "deployments/web app=x deployments/api",
                "images, line 1: expected CONTAINER=IMAGE, found \"deployments/api\". Write the \
                 workloads before the images",
            ),
            (
                "deployments/web *=x app=y",
                "images, line 1: *=IMAGE sets every container of the line. Remove the other \
                 images of the line",
            ),
            (
                "deployments/web app=x app=y",
                "images, line 1: the container app has two images on this line. Keep one of them",
            ),
            (
                "deployments/web app=a.io/über",
                "images, line 1: invalid image reference \"a.io/über\": unexpected character 'ü' \
                 in the repository",
            ),
            (
                "deployments/web app=$(ACR)/app",
                "images, line 1: $(ACR) was not replaced, since the variable ACR is not defined. \
                 Define ACR under variables: of the pipeline (or in Variables of its editor), or \
                 in a variable group that it links",
            ),
        ] {
            assert_eq!(refused(text), [message]);
        }
    }

    #[test]
    fn one_wrong_value_gives_one_error() {
        let undefined = "$(ACR) was not replaced, since the variable ACR is not defined. Define \
                         ACR under variables: of the pipeline (or in Variables of its editor), or \
                         in a variable group that it links";
        let text =
            "deploy/web app=$(ACR)/web side=$(ACR)/side\n\n$(ACR)/api\ndeploy/b x=$(ACR)/$(B)";
        let refused = refused(text);
        assert_eq!(refused[0], format!("images, lines 1, 3 and 4: {undefined}"));
        assert!(refused[1].starts_with("images, line 4: $(B) was not replaced"));
        assert_eq!(refused.len(), 2);
    }

    #[test]
    fn a_slip_in_a_reference_is_named() {
        for (text, message) in [
            (
                "contoso.azurecr.io:4125",
                "\"contoso.azurecr.io:4125\" names a registry without a repository. Write \
                 contoso.azurecr.io/REPOSITORY:4125",
            ),
            (
                "deploy/web app=contoso.azurecr.io/:4125",
                "\"contoso.azurecr.io/:4125\" names a registry without a repository. Write \
                 contoso.azurecr.io/REPOSITORY:4125",
            ),
            (
                "deploy/web app=localhost:5000",
                "\"localhost:5000\" names a registry without a repository. Write \
                 localhost:5000/REPOSITORY",
            ),
            (
                "deploy/web app=10.0.0.7:5000",
                "\"10.0.0.7:5000\" names a registry without a repository. Write \
                 10.0.0.7:5000/REPOSITORY",
            ),
            (
                "deploy/web app=https://contoso.azurecr.io/web",
                "\"https://contoso.azurecr.io/web\" has the scheme https://, which is not part of \
                 an image reference. Write contoso.azurecr.io/web",
            ),
            (
                "docker://contoso.azurecr.io/web:7",
                "\"docker://contoso.azurecr.io/web:7\" has the scheme docker://, which is not \
                 part of an image reference. Write contoso.azurecr.io/web:7",
            ),
            (
                "web:feature/x",
                "invalid tag \"feature/x\": a tag has only letters, digits, \"_\", \".\" and \
                 \"-\". Write feature-x, or remove the tag and set tagStrategy: template with \
                 tagTemplate: {branch}-{buildId}",
            ),
            (
                "deploy/web app=localhost:5000/team/web:refs/heads/main",
                "invalid tag \"refs/heads/main\": a tag has only letters, digits, \"_\", \".\" \
                 and \"-\". Write main, or remove the tag and set tagStrategy: template with \
                 tagTemplate: {branch}-{buildId}",
            ),
            (
                "deploy/web app=a.io/web:1.4.2+7",
                "invalid tag \"1.4.2+7\": a tag cannot have a \"+\". Write 1.4.2_7, or remove the \
                 tag and set tagStrategy: semver, which does the same",
            ),
            (
                "deploy/web app=a.io/web:4124:4125",
                "\"a.io/web:4124:4125\" has two tags, \"4124\" and \"4125\". Keep one; a variable \
                 before the colon may already have a tag",
            ),
            (
                "deploy/web app=http://10.0.0.7:30000/minions:1",
                "\"http://10.0.0.7:30000/minions:1\" has the scheme http://, which is not part of \
                 an image reference. Write 10.0.0.7:30000/minions:1",
            ),
            (
                "deploy/web app=oci://contoso.azurecr.io/charts/web",
                "\"oci://contoso.azurecr.io/charts/web\" has the scheme oci://, which is not part \
                 of an image reference. Write contoso.azurecr.io/charts/web",
            ),
            (
                "deploy/web app=a.io/web:dependabot/npm_and_yarn/next-15.1.2",
                "invalid tag \"dependabot/npm_and_yarn/next-15.1.2\": a tag has only letters, \
                 digits, \"_\", \".\" and \"-\". Write dependabot-npm_and_yarn-next-15.1.2, or \
                 remove the tag and set tagStrategy: template with tagTemplate: \
                 {branch}-{buildId}",
            ),
            (
                "registry.contoso.test:5000:4125",
                "\"registry.contoso.test:5000:4125\" names a registry without a repository. Write \
                 registry.contoso.test:5000/REPOSITORY:4125",
            ),
        ] {
            assert_eq!(refused(text), [format!("images, line 1: {message}")], "{text}");
        }
    }

    #[test]
    fn what_is_empty_or_not_replaced_in_a_reference_is_named() {
        for (text, message) in [
            (
                "deploy/web app=a.io/web:",
                "\"a.io/web:\" has an empty tag. Write a.io/web for the computed tag; if the tag \
                 is a variable, its value is empty",
            ),
            (
                "deploy/web app=${ACR}/web",
                "${ACR} is not replaced, since inputs replace only macros. Write $(ACR)",
            ),
            (
                "deploy/web app=$env:ACR/web",
                "$env:ACR is not replaced, since inputs replace only macros. Write $(ACR)",
            ),
            (
                "deploy/web app=#{Build.BuildId}#/web",
                "#{Build.BuildId}# is not replaced, since inputs replace only macros. Write \
                 $(Build.BuildId)",
            ),
            (
                "#{ACR}/web:1",
                "#{ACR} is not replaced, since inputs replace only macros. Write $(ACR)",
            ),
            (
                "deploy/web app=a.io/web:{{IMAGE_TAG}}",
                "{{IMAGE_TAG}} is not replaced, since inputs replace only macros. Write \
                 $(IMAGE_TAG)",
            ),
            (
                "deploy/web app=/web:4125",
                "\"/web:4125\" has nothing before its slash. Write REGISTRY/web:4125; if that is a \
                 variable, its value is empty",
            ),
            (
                "deploy/web app=:4125",
                "\":4125\" has nothing before its colon. Write REPOSITORY:4125; if that is a \
                 variable, its value is empty",
            ),
            (
                "deploy/web app=%ACR%/web",
                "%ACR% is not replaced, since inputs replace only macros. Write $(ACR)",
            ),
        ] {
            assert_eq!(refused(text), [format!("images, line 1: {message}")], "{text}");
        }
    }

    #[test]
    fn a_slip_between_words_is_named() {
        for (text, message) in [
            (
                "deploy/web a=x, b=y",
                "\"a=x,\" has a comma, but words are separated by spaces. Write a=x",
            ),
            (
                "deploy/web a=x,b=y",
                "\"a=x,b=y\" has a comma, but words are separated by spaces. Write a=x b=y",
            ),
            (
                "deploy/web,api app=x",
                "\"deploy/web,api\" has a comma, but words are separated by spaces. Write \
                 deploy/web deploy/api",
            ),
            (
                "deployments/web: app=x",
                "unexpected colon after deployments/web. Write deployments/web CONTAINER=IMAGE",
            ),
            (
                "deployments/web : app=x",
                "unexpected colon after deployments/web. Write deployments/web CONTAINER=IMAGE",
            ),
            (
                "deployments/web app: a.io/web:7",
                "unexpected colon between container and image. Write app=a.io/web:7",
            ),
            (
                "deployments/web app:a.io/web:7",
                "unexpected colon between container and image. Write app=a.io/web:7",
            ),
            ("deployments/web app = x", "unexpected space beside \"=\". Write app=x"),
            ("deployments/web app= x", "unexpected space beside \"=\". Write app=x"),
            ("deployments/web app =x", "unexpected space beside \"=\". Write app=x"),
            (
                "deployments/web app=",
                "\"app=\" has no image after it. Write app=IMAGE; if it is a variable, its value \
                 is empty",
            ),
            (
                "- deployments/web app=x",
                "the line begins with \"-\", like an item of a list. Remove it",
            ),
            (
                "\"deployments/web app=x\"",
                "the whole line is quoted and so read as one word. Remove the quotes: \
                 deployments/web app=x",
            ),
            (
                "deploy/web app=a.io/web:7 deploy/api app=a.io/api:7",
                "the line goes on with deploy/api after an image. Begin a new line with it; in \
                 YAML, images: > joins lines, and images: | keeps them",
            ),
            (
                "kubectl set image deployment web app=a.io/web:7 kubectl set image sts db \
                 app=a.io/db:7",
                "the line goes on with sts after an image. Begin a new line with it; in YAML, \
                 images: > joins lines, and images: | keeps them",
            ),
            (
                "* deployments/web app=x",
                "the line begins with \"*\", like an item of a list. Remove it",
            ),
            (
                "'deployments/web app=x side=y'",
                "the whole line is quoted and so read as one word. Remove the quotes: \
                 deployments/web app=x side=y",
            ),
            (
                "deploy/web ‘app=x’",
                "‘app=x’ has typographic quotes or dashes. Type ' or \" and - instead",
            ),
            (
                "deployments/web: app: a.io/web:7",
                "unexpected colon after deployments/web. Write deployments/web CONTAINER=IMAGE",
            ),
            ("deployments/web app='x", "the quote in app='x is not closed. Close it, or remove it"),
            (
                "deployments/web app=“x”",
                "app=“x” has typographic quotes or dashes. Type ' or \" and - instead",
            ),
            (
                "deployments –-all app=x",
                "–-all has typographic quotes or dashes. Type ' or \" and - instead",
            ),
            (
                "kubectl set image deploy/web app=x && kubectl rollout status deploy/web",
                "&& is shell syntax, and this line does not run in a shell. Write one kubectl set \
                 image per line; this step waits for the rollout itself",
            ),
        ] {
            assert_eq!(refused(text), [format!("images, line 1: {message}")], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_lines_or_errors(text in "(.|\\n|[a-z/=:,#'\" -]){0,80}") {
            match parse(&text, Needs::Images, &Variables::default()) {
                Ok(lines) => prop_assert!(lines.iter().all(|line| !line.images.is_empty())),
                Err(errors) => prop_assert!(errors.iter().all(|e| e.to_string().contains(": "))),
            }
        }

        #[test]
        fn the_same_line_means_the_same_however_it_is_written(
            namespace in "[a-z]{1,8}",
            name in "[a-z]{1,8}",
            tag in "[a-z0-9]{1,8}",
            end in "\r|\r\n|\n| # [a-z=:/-]{0,9}",
            blanks in "[ \t\u{a0}]{1,3}",
            quote in "|'|\"",
        ) {
            let pair = format!("app={quote}a.io/app:{tag}{quote}");
            let plain = parsed(&format!("{namespace}: deployments/{name} app=a.io/app:{tag}"));
            for words in [
                vec![format!("{namespace}:"), format!("deploy/{name}"), pair.clone()],
                vec![format!("deployment/{name}"), pair.clone(), "-n".into(), namespace.clone()],
                vec!["kubectl".into(), format!("--namespace={namespace}"), "set".into(), "image".into(),
                     format!("deploy/{name}"), pair.clone()],
                vec![format!("-n{namespace}"), "deployments".into(), name.clone(), pair],
            ] {
                let text = format!("{}{end}", words.join(&blanks));
                prop_assert_eq!(&parsed(&text), &plain, "{}", text);
            }
        }
    }

    #[test]
    fn a_flag_that_does_nothing_is_told() {
        let lines = parsed("deploy/web app=x\nkubectl set image deploy/api app=x --record");
        let told = lines.iter().filter_map(Line::ignored).map(|note| note.to_string());
        assert_eq!(
            told.collect::<Vec<_>>(),
            ["images, line 2: --record is ignored: this step always records the cause of a \
                 change for kubectl rollout history"]
        );
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
            "images, line 1: a.io/app:latest uses a mutable tag, so Kubernetes would not start a \
             rollout and there would be nothing to roll back to. Remove \":latest\" to use this \
             build's tag (:4125), or set mutableTags: allow"
        );
        assert_eq!(
            refusal("deployments/web app=a.io/app", &Instead::Nothing),
            "images, line 1: a.io/app has no tag, which means the mutable tag latest, so \
             Kubernetes would not start a rollout and there would be nothing to roll back to. Use \
             a unique tag such as :$(Build.BuildId), or remove the tag and set tagStrategy: buildId"
        );
        assert_eq!(
            refusal("deployments/web app=a.io/app:v1", &computed),
            "images, line 1: a.io/app:v1 uses a mutable tag ({major} in mutableTagList), so \
             Kubernetes would not start a rollout and there would be nothing to roll back to. \
             Remove \":v1\" to use this build's tag (:4125), or set mutableTags: allow"
        );
        let lines = parsed("deployments/web app=a.io/app:main side=a.io/side:1.4.2");
        let warnings = lines[0].check(&mutable(Policy::Warn), None, &Instead::Nothing).unwrap();
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            ["images, line 1: a.io/app:main uses a mutable tag, so Kubernetes would not start a \
              rollout and there would be nothing to roll back to. Use a unique tag such as \
              :$(Build.BuildId), or remove the tag and set tagStrategy: buildId"]
        );
        assert_eq!(
            lines[0].check(&mutable(Policy::Allow), None, &Instead::Nothing),
            Ok(Vec::new())
        );
    }
}
