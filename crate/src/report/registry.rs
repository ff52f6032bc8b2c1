//! The words of the registries: what they say of the images, and of the nodes' platforms.

use crate::{
    protocol::{Effect, Style},
    registry::{Found, Outcome, Platform, Verify, Weight},
    report::log,
};

/// What a registry says of one image, as heavy as the input `verify` makes it.
#[must_use]
pub fn checked(outcome: &Outcome, verify: Verify) -> Effect {
    let style = match outcome.weight(verify) {
        Weight::Told => Style::Plain,
        Weight::Warning => Style::Warning,
        Weight::Error => Style::Error,
    };
    log(style, outcome.to_string())
}

/// Warns of the nodes that an image has nothing for. The nodes come as their platforms, and how many
/// there are of each. An image whose platforms are not known is not warned of.
#[must_use]
pub fn platforms(outcome: &Outcome, nodes: &[(Platform, usize)]) -> Option<Effect> {
    let Found::Exists { platforms: Some(platforms), .. } = &outcome.found else { return None };
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
