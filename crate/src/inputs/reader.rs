//! One input at a time: its text, or its choice, with what is wrong put aside.

use std::collections::BTreeMap;

use crate::{
    host::{
        Agent, switch,
        variables::{Unresolved, Variables},
    },
    inputs::{FILE_LIMIT, FileContent, InputError, Note},
    login::kubeconfig::between_quotes,
};

/// The inputs, and the errors found in them so far.
pub(super) struct Reader<'a> {
    pub(super) inputs: &'a BTreeMap<String, String>,
    pub(super) variables: &'a Variables,
    pub(super) agent: &'a Agent,
    pub(super) files: &'a [FileContent],
    pub(super) errors: Vec<InputError>,
    pub(super) notes: Vec<Note>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(
        inputs: &'a BTreeMap<String, String>,
        variables: &'a Variables,
        agent: &'a Agent,
        files: &'a [FileContent],
    ) -> Self {
        Self { inputs, variables, agent, files, errors: Vec::new(), notes: Vec::new() }
    }
}

/// Inputs with a value that means off, and perhaps one that means on.
const SWITCHES: [(&str, &str, Option<&str>); 4] = [
    ("tagStrategy", "none", None),
    ("verifyImage", "off", Some("auto")),
    ("pin", "none", Some("digest")),
    ("dryRun", "none", None),
];

/// An error was found, and is among the others.
pub(super) struct PutAside;

impl Reader<'_> {
    /// A choice's value, in any case and with or without spaces, dashes and underscores, or what
    /// means the same; the first option where the input is empty.
    pub(super) fn choice(
        &mut self,
        input: &'static str,
        options: &'static [&'static str],
    ) -> Option<&'static str> {
        let Some(found) = self.text(input) else { return options.first().copied() };
        let word = plain(&found);
        let meant = meant(input, &word);
        let chosen = options.iter().find(|option| plain(option) == word || meant == Some(**option));
        match chosen {
            Some(chosen) => Some(chosen),
            None => self.fail(InputError::Choice { input, found, options }),
        }
    }

    /// Whether a boolean input is true; the default where it is empty.
    pub(super) fn flag(&mut self, input: &'static str, default: bool) -> Option<bool> {
        let Some(found) = self.text(input) else { return Some(default) };
        match switch::read(&found) {
            Some(on) => Some(on),
            None => self.fail(InputError::Choice { input, found, options: &["true", "false"] }),
        }
    }

    /// Whether an input is filled in.
    pub(super) fn has(&self, input: &str) -> bool {
        self.inputs.get(input).is_some_and(|text| !text.trim().is_empty())
    }

    /// Puts an error aside, so that the next input can be read. Each is told once.
    pub(super) fn fail<T>(&mut self, error: InputError) -> Option<T> {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
        None
    }

    /// The value, or its error put aside.
    pub(super) fn take<T>(&mut self, result: Result<T, InputError>) -> Option<T> {
        result.map_err(|error| self.fail::<()>(error)).ok()
    }

    /// The path of an input, without the double quotes that a shell would need around it.
    pub(super) fn path(&mut self, input: &'static str) -> Option<String> {
        self.text(input).map(|text| unquoted(&text).to_owned()).filter(|path| !path.is_empty())
    }

    /// The path of an input and what the file holds; an error where either is missing.
    pub(super) fn file(&mut self, input: &'static str) -> Option<(String, String)> {
        let path = self.path(input)?;
        let file = self.files.iter().find(|file| file.input == input);
        match file.map(|file| &file.outcome) {
            Some(Ok(content)) if content.len() > FILE_LIMIT as usize => {
                self.fail(InputError::FileTooBig { input, path })
            }
            Some(Ok(content)) => Some((path, content.clone())),
            Some(Err(error)) => {
                let error = error.clone();
                self.fail(InputError::FileNotRead { input, path, error })
            }
            None => {
                let error = String::new();
                self.fail(InputError::FileNotRead { input, path, error })
            }
        }
    }

    /// The text without the space around it; nothing where it is empty, or has an error, which is
    /// put aside.
    pub(super) fn text(&mut self, input: &'static str) -> Option<String> {
        self.given(input).ok().flatten()
    }

    /// The text without the space around it, if it is filled in; an error of it is put aside, and
    /// nothing else is to be said of the same value.
    pub(super) fn given(&mut self, input: &'static str) -> Result<Option<String>, PutAside> {
        let Some(text) = self.inputs.get(input) else { return Ok(None) };
        let text = text.trim();
        if let Some(unresolved) = Unresolved::find(text, self.variables) {
            self.fail::<()>(InputError::Unresolved(input, unresolved));
            return Err(PutAside);
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}

/// The option that another word means for an input.
fn meant(input: &str, word: &str) -> Option<&'static str> {
    if word == "rollback" {
        return Some("undo");
    }
    let (_, off, on) = SWITCHES.into_iter().find(|(switched, ..)| *switched == input)?;
    if switch::read(word)? { on } else { Some(off) }
}

/// A word in small letters, without what may join its parts.
fn plain(word: &str) -> String {
    word.replace([' ', '-', '_'], "").to_ascii_lowercase()
}

/// A path without the double quotes around it.
pub(super) fn unquoted(path: &str) -> &str {
    between_quotes(path).map_or(path, str::trim)
}
