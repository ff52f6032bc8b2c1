//! The files that inputs name, which the host reads before the request is complete.

use crate::inputs::{InputError, reader::Reader};

/// The most that is read of a file, in bytes.
pub const FILE_LIMIT: u32 = 1024 * 1024;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The input that names it.
    pub input: &'static str,
    /// Its path, as the input has it.
    pub path: String,
}

/// A file that was read, or why it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent {
    /// The input that names it.
    pub input: &'static str,
    /// What it holds, or what the system said.
    pub outcome: Result<String, String>,
}

impl Reader<'_> {
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
}
