//! The words of the tag: where it comes from, what became of it, whether an image goes back.

use std::collections::HashSet;

use crate::{
    host::{Effect, Style},
    image::{
        lines::{Image, Line},
        reference::{Reference, Tag},
        tag::{Computed, downgrade::Direction},
    },
    inputs::Request,
    plan::{Backward, DowngradeRule},
    report::{log, output, plain},
};

/// The images, and what became of them on the way from the input.
pub(crate) fn images(request: &Request) -> Vec<Effect> {
    let tag = request.tag.iter().map(computed);
    let lowered = images_of(request).filter_map(|image| {
        let written = image.written.as_ref()?;
        Some(plain(format!(
            "{written} is written {} here: a repository has no capital letters, and Docker pushes \
             it under this name",
            image.reference.repository()
        )))
    });
    let ignored = request.lines.iter().filter_map(Line::ignored);
    tag.chain(lowered).chain(ignored.map(|note| plain(note.to_string()))).collect()
}

fn computed(Computed { tag, origin, note, made_of, .. }: &Computed) -> Effect {
    let note = note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
    match made_of {
        Some(text) => plain(format!(
            "Tag {tag}, from {origin}{note}: {text:?} cannot be a tag as it is, so what is illegal \
             became a dash, what is too long was cut, and a mark was added where the tag would \
             otherwise be the same for another text"
        )),
        None => plain(format!("Tag {tag}, from {origin}{note}")),
    }
}

/// The output variable `image`: every reference once.
pub(crate) fn image_variable(lines: &[Line]) -> Vec<Effect> {
    let images = lines.iter().flat_map(|line| &line.images);
    let references: Vec<String> = images.map(|image| image.reference.to_string()).collect();
    let mut seen = HashSet::with_capacity(references.len());
    let each_once: Vec<&str> =
        references.iter().map(String::as_str).filter(|reference| seen.insert(*reference)).collect();
    let value = each_once.join("\n");
    if value.is_empty() { Vec::new() } else { output::variable("image", value) }
}

/// The output variables `tag` and `image`.
pub(crate) fn tag_variables(request: &Request) -> Vec<Effect> {
    let computed = request.tag.as_ref().map(|computed| computed.tag.to_string());
    let tag = computed.map(|value| Effect::SetVariable { name: "tag", value });
    tag.into_iter().chain(image_variable(&request.lines)).collect()
}

fn images_of(request: &Request) -> impl Iterator<Item = &Image> {
    request.lines.iter().flat_map(|line| &line.images)
}

/// The containers that get an older image, or may.
pub(crate) fn backward(found: &[Backward<'_>], rule: DowngradeRule) -> Vec<Effect> {
    found.iter().filter_map(|backward| direction(backward, rule)).collect()
}

fn direction(backward: &Backward<'_>, rule: DowngradeRule) -> Option<Effect> {
    let Backward { workload, change, direction } = backward;
    let container = &change.container;
    let (new, old) = (version(&change.new), version(&change.old));
    match direction {
        Direction::Back if rule.allowed => Some(plain(format!(
            "{workload} {container}: {new} is older than {old}, which is there now"
        ))),
        Direction::Back => Some(log(
            Style::Error,
            format!(
                "{workload} {container}: {new} is older than {old}, which is there now, and \
                 allowDowngrade is false. Release a newer version, or set allowDowngrade to true to \
                 go back on purpose"
            ),
        )),
        Direction::Unknown if !rule.allowed => Some(log(
            Style::Warning,
            format!(
                "{workload} {container}: nothing tells whether {new} is older than {old}, which is \
                 there now, so allowDowngrade false does not hold it back. Versions and numbers can \
                 be compared"
            ),
        )),
        Direction::Unknown | Direction::Forward => None,
    }
}

/// The tag of an image, or all of it where it has none.
fn version(image: &str) -> String {
    let reference = Reference::parse(image).ok();
    let tag = reference.as_ref().and_then(Reference::tag).map(Tag::as_str);
    tag.unwrap_or(image).to_owned()
}

pub(crate) fn images_file_written(path: &str) -> Effect {
    plain(format!(
        "Wrote {path}. Publish it as an artifact, and give its path to imagesFile in the release"
    ))
}

pub(crate) fn images_file_not_written(path: &str, error: &str) -> Effect {
    log(
        Style::Error,
        format!(
            "imagesFile: {path} cannot be written: {error}. Give a path in \
             $(Build.ArtifactStagingDirectory)"
        ),
    )
}
