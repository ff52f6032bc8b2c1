//! The end of `computeTag`: what a build does with its tag, beside the output variables.

use crate::{
    host::{Effect, Event, TaskResult},
    image::tag::Computed,
    inputs::Publication,
    report,
    run::{
        State,
        session::{Effects, finish},
    },
};

/// Waits for the images file.
#[derive(Debug)]
pub(crate) struct Publishing {
    path: String,
}

impl Publishing {
    pub(crate) fn start(
        publication: Publication,
        computed: Option<Computed>,
        effects: &mut Effects,
    ) -> State {
        if let Some(Computed { tag, .. }) = computed {
            if publication.build_tag {
                effects.push(Effect::AddBuildTag { tag: tag.to_string() });
            }
            if publication.build_number {
                effects.push(Effect::UpdateBuildNumber { number: tag.to_string() });
            }
        }
        match publication.images_file {
            Some((path, content)) => {
                effects.push(Effect::SaveFile { path: path.clone(), content });
                State::Publishing(Self { path })
            }
            None => done(effects),
        }
    }

    pub(crate) fn handle(self, event: &Event, effects: &mut Effects) -> State {
        match event {
            Event::Written { .. } => {
                effects.push(report::images_file_written(&self.path));
                done(effects)
            }
            Event::NotWritten { error } => {
                effects.push(report::images_file_not_written(&self.path, error));
                finish(
                    effects,
                    TaskResult::Failed,
                    "The tag is computed, but imagesFile is not written",
                );
                State::Finished
            }
            Event::Canceled => {
                finish(effects, TaskResult::Canceled, report::NOTHING_CHANGED);
                State::Finished
            }
            _ => State::Publishing(self),
        }
    }
}

fn done(effects: &mut Effects) -> State {
    finish(effects, TaskResult::Succeeded, "The tag is computed");
    State::Finished
}
