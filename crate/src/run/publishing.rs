//! The end of `computeTag`: what a build does with its tag, beside the output variables.

use crate::{
    host::{Effect, Event, Millis, TaskResult},
    image::tag::Computed,
    inputs::Publication,
    report,
    run::{
        phase::{Next, Phase, finish},
        session::Effects,
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
    ) -> Next {
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
                Some(Box::new(Self { path }))
            }
            None => done(effects),
        }
    }
}

impl Phase for Publishing {
    fn handle(self: Box<Self>, _: Millis, event: &Event, effects: &mut Effects) -> Next {
        match event {
            Event::Written { .. } => {
                effects.push(report::images_file_written(&self.path));
                done(effects)
            }
            Event::NotWritten { error } => {
                effects.push(report::images_file_not_written(&self.path, error));
                let message = "The tag is computed, but imagesFile is not written";
                finish(effects, TaskResult::Failed, message)
            }
            Event::Canceled => finish(effects, TaskResult::Canceled, report::NOTHING_CHANGED),
            _ => Some(self),
        }
    }
}

fn done(effects: &mut Effects) -> Next {
    finish(effects, TaskResult::Succeeded, "The tag is computed")
}
