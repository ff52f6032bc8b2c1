//! The words of the tag: where it comes from, what became of it, whether an image goes back.

use std::collections::HashSet;

use crate::{
    host::{Effect, code},
    image::{
        lines::{Image, Line},
        reference::{Reference, Tag},
        tag::{Computed, downgrade::Direction},
    },
    inputs::Request,
    plan::{Backward, DowngradeRule},
    report::{
        line::{self, plain},
        output,
    },
};

/// The images, and what became of them on the way from the input.
pub(crate) fn images(request: &Request) -> Vec<Effect> {
    let tag = request.tag.iter().flat_map(computed);
    let lowered = images_of(request).filter_map(|image| {
        let written = image.written.as_ref()?;
        Some(plain(format!(
            "{written} is read as {}, since a repository has no capital letters and Docker pushes \
             it under this name",
            image.reference.repository()
        )))
    });
    let ignored = request.lines.iter().filter_map(Line::ignored);
    tag.chain(lowered).chain(ignored.map(|note| plain(note.to_string()))).collect()
}

fn computed(Computed { tag, origin, note, made_of, .. }: &Computed) -> Vec<Effect> {
    let from = match note {
        Some(note) if note.starts_with(origin.as_str()) => note.clone(),
        Some(note) => format!("{origin}, {note}"),
        None => origin.clone(),
    };
    let made = made_of.as_ref().map(|text| {
        plain(format!(
            "          {text:?} is not valid as a tag: invalid characters became dashes, a long text \
             is cut, and a suffix keeps different texts apart"
        ))
    });
    [plain(format!("Tag       {tag} ({from})"))].into_iter().chain(made).collect()
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
        Direction::Back if rule.allowed => {
            Some(plain(format!("{workload} {container}: {new} is older than the current {old}")))
        }
        Direction::Back => Some(line::error(
            code::DOWNGRADE,
            format!(
                "{workload} {container}: {new} is older than the current {old}, and \
                 allowDowngrade is false. Release a newer version, or set allowDowngrade: true"
            ),
        )),
        Direction::Unknown if !rule.allowed => Some(line::warning(
            code::ORDER_UNKNOWN,
            format!(
                "{workload} {container}: {new} and the current {old} cannot be compared, so \
                 allowDowngrade: false has no effect. Use versions or numbers as tags"
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
        "Wrote {path}. Publish it as an artifact, and set imagesFile to its path in the release"
    ))
}

pub(crate) fn images_file_not_written(path: &str, error: &str) -> Effect {
    line::error(
        code::IMAGES_FILE_NOT_WRITTEN,
        format!(
            "imagesFile: {path} cannot be written: {error}. Use a path in \
             $(Build.ArtifactStagingDirectory)"
        ),
    )
}
