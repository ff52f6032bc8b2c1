//! The output variables.

use crate::{
    host::{Effect, code},
    report::line,
};

/// The most that an output variable holds, in characters as Windows counts them (UTF-16): every later
/// step of the job has it in its environment, where Windows takes 32,766 characters and Linux 128 KiB.
pub(super) const MOST: usize = 24_000;

/// What the value of a variable is attached as that is too large for one.
const KIND: &str = "kubectl-set-image-output";

/// Sets an output variable. One that a later step could not bear stays empty, and its value is
/// attached to the run.
pub(super) fn variable(name: &'static str, value: String) -> Vec<Effect> {
    let length = value.encode_utf16().count();
    if length <= MOST {
        return vec![Effect::SetVariable { name, value }];
    }
    let file = match name {
        "commands" => "commands.txt",
        "image" => "image.txt",
        "previousImages" => "previousImages.json",
        _ => "result.json",
    };
    let warning = format!(
        "The output variable {name} is empty, since it would have {length} characters and the \
         limit is {MOST}. Read its value from the attachment {file} of the type {KIND}"
    );
    vec![
        line::warning(code::OUTPUT_TOO_LONG, warning),
        Effect::SetVariable { name, value: String::new() },
        Effect::Attach { kind: KIND, name: file, content: value },
    ]
}

#[cfg(test)]
mod tests {
    use super::{MOST, variable};
    use crate::host::Effect;

    #[test]
    fn what_later_steps_cannot_bear_is_attached() {
        let whole = "x".repeat(MOST);
        let set = |value: &str| Effect::SetVariable { name: "commands", value: value.to_owned() };
        assert_eq!(variable("commands", whole.clone()), [set(&whole)]);
        let larger = format!("{whole}y");
        let effects = variable("commands", larger.clone());
        assert_eq!(effects[1], set(""));
        assert!(matches!(
            &effects[2],
            Effect::Attach { name: "commands.txt", content, .. } if *content == larger
        ));
    }
}
