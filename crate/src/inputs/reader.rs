//! One input at a time: its text, or its choice, with what is wrong put aside.

use std::collections::BTreeMap;

use crate::{
    inputs::InputError,
    variables::{Unresolved, Variables},
};

/// The inputs, and the errors found in them so far.
pub(super) struct Reader<'a> {
    pub(super) inputs: &'a BTreeMap<String, String>,
    pub(super) variables: &'a Variables,
    pub(super) errors: Vec<InputError>,
}

impl Reader<'_> {
    /// A choice's value; the first option where the input is empty.
    pub(super) fn choice(
        &mut self,
        input: &'static str,
        options: &'static [&'static str],
    ) -> Option<&'static str> {
        let Some(found) = self.text(input) else { return options.first().copied() };
        let chosen = options.iter().find(|option| option.eq_ignore_ascii_case(&found)).copied();
        if chosen.is_none() {
            self.errors.push(InputError::Choice { input, found, options });
        }
        chosen
    }

    /// A boolean, as the agent writes it: `true` or `false`.
    pub(super) fn flag(&mut self, input: &'static str, default: bool) -> Option<bool> {
        const OPTIONS: [&str; 2] = ["true", "false"];
        match self.text(input) {
            Some(_) => self.choice(input, &OPTIONS).map(|chosen| chosen == "true"),
            None => Some(default),
        }
    }

    /// The text without the space around it; nothing where it is empty.
    pub(super) fn text(&mut self, input: &'static str) -> Option<String> {
        let text = self.inputs.get(input)?.trim();
        if let Some(unresolved) = Unresolved::find(text, self.variables) {
            self.errors.push(InputError::Unresolved(input, unresolved));
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }
}
