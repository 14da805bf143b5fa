//! What a value holds, as serde sees it: names, kinds and contents, in one number.

use std::fmt;

use serde::ser::{self, Serialize};

use self::walk::Walk;

mod bag;
mod ordered;
mod walk;

/// What a value holds. Equal values of one type have equal content, in every process; values that
/// differ in a name, a kind, an order of fields or in what they contain have different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) hash: u64,
    /// Whether a field was skipped because of what it held.
    pub(super) skips: bool,
}

/// What `value` holds.
///
/// Sequences and maps count as bags: a `HashSet` has another order in every process. That hides
/// nothing, because every element carries what decides its form: a variant its number *and* its
/// name, a field its name.
pub(super) fn content<T: Serialize>(value: &T) -> Result<Content, Refused> {
    let mut walk = Walk::new();
    value.serialize(&mut walk)?;
    Ok(walk.content())
}

/// The value's own `Serialize` gave up, or it is nested too deep.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Refused
    }
}
