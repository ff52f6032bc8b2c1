//! The words for on and off.

/// Reads `true`, `yes`, `on` and `1`, or `false`, `no`, `off` and `0`, without regard to case.
pub(crate) fn read(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}
