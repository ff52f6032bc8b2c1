//! The flags of `kubectl set image` that a line may have, wherever they stand in it.

use crate::{
    host::switch,
    image::lines::{error::ErrorKind, words::Word},
    kubernetes::{Selector, is_label, selector},
};

/// The flags of a line.
#[derive(Debug, Default)]
pub(super) struct Flags {
    /// `-n`, `--namespace`: one namespace; the last one counts, as in kubectl.
    pub(super) namespace: Option<String>,
    /// `-l`, `--selector`, with the selector as it was written.
    pub(super) selector: Option<(String, Selector)>,
    /// `--all`.
    pub(super) all: bool,
    /// `--record`.
    pub(super) record: bool,
}

/// A flag, and what follows it in its own word.
struct Flag<'a> {
    name: &'a str,
    value: Option<&'a str>,
}

impl<'a> Flag<'a> {
    /// Reads `--namespace`, `--namespace=shop`, `-n`, `-n=shop` and `-nshop`.
    fn read(word: &'a Word) -> Option<Self> {
        let text = word.text.as_str();
        if word.quoted || !text.starts_with('-') {
            return None;
        }
        let attached = ["-n", "-l"].into_iter().find_map(|name| {
            let value = text.strip_prefix(name).filter(|value| !value.is_empty())?;
            Some(Self { name, value: Some(value.strip_prefix('=').unwrap_or(value)) })
        });
        Some(attached.unwrap_or_else(|| match text.split_once('=') {
            Some((name, value)) => Self { name, value: Some(value) },
            None => Self { name: text, value: None },
        }))
    }
}

impl Flags {
    /// Takes the flags out of a line; its other words stay in their order.
    pub(super) fn split(words: Vec<Word>) -> Result<(Self, Vec<Word>), ErrorKind> {
        let mut flags = Self::default();
        let mut others = Vec::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let Some(Flag { name, value }) = Flag::read(&word) else {
                others.push(word);
                continue;
            };
            let mut needed = || match value {
                Some(value) => Some(value.to_owned()),
                None => words.next().map(|word| word.text),
            };
            let wrong = || ErrorKind::Flag(word.text.clone());
            match name {
                "-n" | "--namespace" => {
                    let namespace = needed().ok_or_else(|| ErrorKind::NoFlagValue(name.into()))?;
                    if !is_label(&namespace) {
                        return Err(ErrorKind::Namespace(namespace));
                    }
                    flags.namespace = Some(namespace);
                }
                "-l" | "--selector" => {
                    let text = needed().ok_or_else(|| ErrorKind::NoFlagValue(name.into()))?;
                    let selector = selector::parse(&text)
                        .map_err(|cause| ErrorKind::Selector { text: text.clone(), cause })?;
                    flags.selector = Some((text, selector));
                }
                "--all" => flags.all = is_on(value).ok_or_else(wrong)?,
                "--record" => {
                    is_on(value).ok_or_else(wrong)?;
                    flags.record = true;
                }
                _ => return Err(wrong()),
            }
        }
        Ok((flags, others))
    }
}

/// The value of a flag that is on or off: on where nothing follows it.
fn is_on(value: Option<&str>) -> Option<bool> {
    value.map_or(Some(true), switch::read)
}
