//! The inputs of the group Tag, and the tag that comes of them.

use crate::{
    images::Line,
    inputs::{InputError, reader::Reader},
    reference::Tag,
    tag::Strategy,
};

pub(super) const STRATEGIES: [&str; 3] = ["buildId", "semver", "none"];

impl Reader<'_> {
    pub(super) fn strategy(&mut self) -> Option<Strategy> {
        self.choice("tagStrategy", &STRATEGIES).map(|strategy| match strategy {
            "semver" => Strategy::Semver,
            "none" => Strategy::None,
            _ => Strategy::BuildId,
        })
    }

    /// Computes the tag, where an image needs it or it is asked for, and completes the lines.
    pub(super) fn complete(
        &mut self,
        mut lines: Vec<Line>,
        strategy: Strategy,
        asked: bool,
    ) -> Option<(Option<Tag>, Vec<Line>)> {
        let computed = strategy.tag(self.variables);
        let needed = asked || lines.iter().any(Line::needs_tag);
        let tag = match computed {
            Ok(tag) => tag,
            Err(_) if !needed => None,
            Err(error) => {
                self.errors.push(InputError::Tag(error));
                return None;
            }
        };
        for line in &mut lines {
            if let Err(error) = line.complete(tag.as_ref()) {
                self.errors.push(InputError::Line(error));
            }
        }
        Some((tag.filter(|_| needed), lines))
    }
}
