use std::{borrow::Cow, fmt};

/// Why something was widened, is unknown, or cannot be cached; a short phrase for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// Nothing is known of the database: pins follow the text alone.
    pub const NO_SCHEMA: Reason = Reason(Cow::Borrowed("no schema is known"));

    pub(crate) const fn new(text: &'static str) -> Self {
        Reason(Cow::Borrowed(text))
    }

    pub(crate) fn of(text: String) -> Self {
        Reason(Cow::Owned(text))
    }

    /// The phrase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
