//! How long a command line is, and how long it can be.

use crate::kubectl::CommandLine;

/// `CreateProcessW` takes 32,767 UTF-16 units, one of which is the zero at the end.
const WINDOWS: usize = 32_766;
/// Room for the path of the program (`MAX_PATH` and its quotes), and for a flag more.
const ROOM: usize = 300;

/// A command line that the operating system does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Its characters.
    pub length: usize,
    /// The most that it can have.
    pub limit: usize,
}

impl CommandLine {
    /// Whether it is too long for an operating system, as Node names it.
    ///
    /// Windows hands a program one text, in which arguments with spaces or quotes are quoted; others
    /// hand it a list, and take more than any workload has.
    #[must_use]
    pub fn too_long(&self, os: &str) -> Option<TooLong> {
        let length = ROOM + self.args().iter().map(|arg| 1 + quoted(arg)).sum::<usize>();
        (os == "win32" && length > WINDOWS).then_some(TooLong { length, limit: WINDOWS })
    }
}

/// The UTF-16 units of an argument, at most, once it is quoted for Windows.
fn quoted(arg: &str) -> usize {
    let units = arg.encode_utf16().count();
    if arg.is_empty() || arg.contains([' ', '\t', '"']) {
        units + 2 + arg.matches(['"', '\\']).count()
    } else {
        units
    }
}

#[cfg(test)]
mod tests {
    use crate::kubectl::Target;

    use super::{ROOM, TooLong, WINDOWS};

    #[test]
    fn windows_counts_all_arguments_as_it_quotes_them() {
        let of = |pairs: &[String]| Target::default().set_image(&[], pairs);
        let begun = "set image ".len() + 1 + ROOM;
        let room = WINDOWS - begun;
        for (argument, fits) in [
            ("x".repeat(room), true),
            ("x".repeat(room + 1), false),
            ("日".repeat(room), true),
            (format!("{} ", "x".repeat(room - 3)), true),
            (format!("{} ", "x".repeat(room - 2)), false),
            ("\"".repeat(room / 2), false),
        ] {
            let line = of(&[argument]);
            assert_eq!(line.too_long("win32").is_none(), fits);
            assert_eq!(line.too_long("linux"), None);
        }
        let length = WINDOWS + 1;
        let too_long = TooLong { length, limit: WINDOWS };
        assert_eq!(of(&["x".repeat(room + 1)]).too_long("win32"), Some(too_long));
    }
}
