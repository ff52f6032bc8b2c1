//! The lines of the log: the one place that makes them, so that no error and no warning has no code.

use crate::host::{Code, Effect, LogText, Style};

pub(super) fn plain(text: impl AsRef<str>) -> Effect {
    line(Style::Plain, text)
}

/// A line that is shown with `System.Debug` alone.
pub(super) fn debug(text: impl AsRef<str>) -> Effect {
    line(Style::Debug, text)
}

pub(super) fn section(title: impl AsRef<str>) -> Effect {
    line(Style::Section, title)
}

pub(super) fn command(command: impl AsRef<str>) -> Effect {
    line(Style::Command, command)
}

/// Lines of the core that the log folds once they are many.
pub(super) fn grouped(title: impl AsRef<str>, lines: Vec<Effect>) -> Vec<Effect> {
    const MOST: usize = 10;
    if lines.len() <= MOST {
        return lines;
    }
    let mut group = vec![line(Style::Group, title)];
    group.extend(lines);
    group.push(line(Style::EndGroup, ""));
    group
}

/// An error: sentences without the last full stop.
pub(super) fn error(code: Code, text: impl AsRef<str>) -> Effect {
    Effect::Log { style: Style::Error, text: coded(code, text.as_ref()) }
}

/// A warning: sentences without the last full stop.
pub(super) fn warning(code: Code, text: impl AsRef<str>) -> Effect {
    Effect::Log { style: Style::Warning, text: coded(code, text.as_ref()) }
}

fn line(style: Style, text: impl AsRef<str>) -> Effect {
    Effect::Log { style, text: text.into() }
}

/// The text with its last full stop and the code, which a text that is too long does not push out.
fn coded(code: Code, text: &str) -> LogText {
    let stop = if text.ends_with(['.', '?', '!', ':', '"']) { "" } else { "." };
    LogText::from(text).and(&format!("{stop} [{code}]"))
}

#[cfg(test)]
mod tests {
    use super::error;
    use crate::host::{Effect, code};

    #[test]
    fn a_code_ends_the_line_once_and_is_never_cut_off() {
        for (text, ends) in [
            ("images: not set", "images: not set. [KSI101]"),
            ("It said \"no\"", "It said \"no\" [KSI101]"),
            ("Done.", "Done. [KSI101]"),
            (&"x".repeat(5000), "x … (1000 more characters). [KSI101]"),
        ] {
            let Effect::Log { text, .. } = error(code::NO_IMAGES, text) else { unreachable!() };
            assert!(text.as_str().ends_with(ends), "{text}");
        }
    }
}
