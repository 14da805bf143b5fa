//! Why a command could not be carried out, in one sentence.

use std::fmt;
use std::path::Path;

/// One sentence for the person who typed the command. Exit status 2.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Failure {
        Failure(sentence.into())
    }

    /// The text of a file that the user named.
    pub(crate) fn read(path: &Path) -> Result<String, Failure> {
        std::fs::read_to_string(path).map_err(|error| Failure::unread(path, &error))
    }

    /// The bytes of a file that the user named.
    pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
        std::fs::read(path).map_err(|error| Failure::unread(path, &error))
    }

    fn unread(path: &Path, error: &std::io::Error) -> Failure {
        Failure(format!("cannot read {}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
