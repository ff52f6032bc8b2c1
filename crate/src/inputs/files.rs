//! The files that inputs name, which the host reads before the request is complete.

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
