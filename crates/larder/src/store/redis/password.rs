//! Passwords, which are never shown.

use std::fmt;

/// A password. It is never part of what is printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(Box<str>);

impl Password {
    pub(super) fn new(text: String) -> Password {
        Password(text.into())
    }

    /// The password itself, for the server.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
