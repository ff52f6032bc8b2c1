//! The words of the registries: what they say of the images, and of the nodes' platforms.

use crate::{
    host::{Effect, Style},
    registry::{Built, CheckResult, Platform, Verify, Weight},
    report::log,
};

/// What a registry says of one image, as heavy as the input `verify` makes it.
#[must_use]
pub fn checked(outcome: &CheckResult, verify: Verify) -> Effect {
    let style = match outcome.weight(verify) {
        Weight::Told => Style::Plain,
        Weight::Warning => Style::Warning,
        Weight::Error => Style::Error,
    };
    log(style, outcome.to_string())
}

/// When and from what an image was built, where it says so.
#[must_use]
pub fn origin(outcome: &CheckResult) -> Option<Effect> {
    let origin = &outcome.stored()?.origin;
    let mut parts = Vec::new();
    if let Some(created) = &origin.created {
        parts.push(format!("built {created}"));
    }
    if let Some(version) = &origin.version {
        parts.push(format!("version {version}"));
    }
    match (&origin.revision, &origin.source) {
        (Some(revision), Some(source)) => parts.push(format!("commit {revision} of {source}")),
        (Some(revision), None) => parts.push(format!("commit {revision}")),
        (None, Some(source)) => parts.push(format!("source {source}")),
        (None, None) => {}
    }
    let text = format!("{}: {}", outcome.reference, parts.join(", "));
    (!parts.is_empty()).then(|| log(Style::Plain, text))
}

/// Warns of an image that says that it is of another commit than the build of whose variables its tag
/// was computed.
#[must_use]
pub fn other_commit(outcome: &CheckResult, built: &Built) -> Option<Effect> {
    let origin = &outcome.stored()?.origin;
    let revision = origin.revision.as_deref().filter(|_| origin.contradicts(built))?;
    let text = format!(
        "{} was built from commit {revision}, and the build of the tag {} is one of commit {}. \
         Another build may have pushed the same tag. Check which build pushes it, and which build \
         this run takes its tag from (artifactAlias)",
        outcome.reference,
        built.tag,
        built.commits.join(" or "),
    );
    Some(log(Style::Warning, text))
}

/// Warns of a registry whose connection says that it is spoken to by plain HTTP.
#[must_use]
pub fn overheard(host: &str) -> Effect {
    log(
        Style::Warning,
        format!(
            "{host} is asked by plain HTTP, since its service connection says http://: the login can \
             be read, and the answers changed, on the way. Give the registry a certificate, and name \
             it with https://"
        ),
    )
}

/// Warns of the nodes that an image has nothing for. The nodes come as their platforms, and how many
/// there are of each. An image whose platforms are not known is not warned of.
#[must_use]
pub fn platforms(outcome: &CheckResult, nodes: &[(Platform, usize)]) -> Option<Effect> {
    let platforms = outcome.stored()?.platforms.as_ref()?;
    let left_out = |node: &Platform| !platforms.iter().any(|platform| platform.is_for(node));
    let mut lacking = String::new();
    for (node, count) in nodes.iter().filter(|(node, _)| left_out(node)) {
        if !lacking.is_empty() {
            lacking.push_str(" and for ");
        }
        lacking.push_str(&node.to_string());
        lacking.push_str(", which ");
        lacking.push_str(&count.to_string());
        lacking.push_str(if *count == 1 { " node" } else { " nodes" });
        lacking.push_str(" of the cluster");
        lacking.push_str(if *count == 1 { " is" } else { " are" });
    }
    (!lacking.is_empty()).then(|| {
        let reference = &outcome.reference;
        log(
            Style::Warning,
            [
                reference,
                " has no image for ",
                &lacking,
                ": a pod that is scheduled there cannot start. Build the image for that platform \
                 too, or keep its pods away from there with a nodeSelector on kubernetes.io/os and \
                 kubernetes.io/arch",
            ]
            .concat(),
        )
    })
}
