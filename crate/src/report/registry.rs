//! The words of the registries: what they say of the images, and of the nodes' platforms.

use crate::{
    host::{Coded, Effect, code},
    registry::{Built, CheckResult, Platform, Verify, Weight},
    report::line,
};

/// What a registry says of one image, as heavy as the input `verify` makes it.
#[must_use]
pub fn checked(outcome: &CheckResult, verify: Verify) -> Effect {
    let text = outcome.to_string();
    match outcome.weight(verify) {
        Weight::Told => line::plain(text),
        Weight::Warning => line::warning(outcome.code(), text),
        Weight::Error => line::error(outcome.code(), text),
    }
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
    (!parts.is_empty()).then(|| line::plain(text))
}

/// Warns of an image that says that it is of another commit than the build of whose variables its tag
/// was computed.
#[must_use]
pub fn other_commit(outcome: &CheckResult, built: &Built) -> Option<Effect> {
    let origin = &outcome.stored()?.origin;
    let revision = origin.revision.as_deref().filter(|_| origin.contradicts(built))?;
    let text = format!(
        "{} was built from commit {revision}, but its tag {} is from a build of commit {}. \
         Another build may push the same tag. Check which build pushes it, and artifactAlias",
        outcome.reference,
        built.tag,
        built.commits.join(" or "),
    );
    Some(line::warning(code::OTHER_COMMIT, text))
}

/// Warns of a registry whose connection says that it is spoken to by plain HTTP.
#[must_use]
pub fn overheard(host: &str) -> Effect {
    line::warning(
        code::REGISTRY_WITHOUT_TLS,
        format!(
            "{host} is checked over plain HTTP, since its service connection has http://. \
             Credentials can be read and answers changed on the way. Set up TLS, and use https:// \
             in the service connection"
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
        line::warning(
            code::PLATFORM_MISSING,
            [
                reference,
                " has no image for ",
                &lacking,
                ". A pod on such a node cannot start. Build the image for that platform too, or \
                 set a nodeSelector on kubernetes.io/os and kubernetes.io/arch",
            ]
            .concat(),
        )
    })
}
