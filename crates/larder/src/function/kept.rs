//! What a function's callers get: values, and errors. Each is vouched for in one place, so that a type
//! that will not do is told of once.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::mode::Mode;
use crate::value::ValueKind;

/// A value that a cached function can return: every caller gets a clone.
#[diagnostic::on_unimplemented(
    message = "a cached function cannot give `{Self}` to all its callers",
    label = "every caller gets a clone of it",
    note = "derive `Clone` for `{Self}`, or return an `Arc<{Self}>`; it must be `Send`, `Sync` and `'static`"
)]
pub trait Answer: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<V: Clone + Send + Sync + 'static> Answer for V {}

/// An error that reaches all callers who wait for one run.
#[diagnostic::on_unimplemented(
    message = "the error `{Self}` cannot reach all callers of a cached function",
    label = "every caller that waits for the run gets a clone of it",
    note = "derive `Clone` for `{Self}`, or return `Result<…, Arc<{Self}>>` (`?` makes the `Arc`); it must be `Send`, `Sync` and `'static`"
)]
pub trait FailsForAll: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Clone + Send + Sync + 'static> FailsForAll for E {}

/// An error that can say that a caller has waited too long.
#[diagnostic::on_unimplemented(
    message = "the error `{Self}` cannot say that a caller has waited too long",
    label = "needs `From<larder::Error>`",
    note = "implement `From<larder::Error>` for `{Self}`, or leave `wait` out"
)]
pub trait SaysTooLong: From<Error> {}

#[diagnostic::do_not_recommend]
impl<E: From<Error>> SaysTooLong for E {}

/// How values of a function are kept and given.
pub struct Kept<V> {
    pub(super) kind: ValueKind<V>,
    pub(super) clone: fn(&V) -> V,
    /// Which values say that there is nothing.
    pub(super) negative: Option<fn(&V) -> bool>,
}

impl<V> Kept<V> {
    /// Values that say that there is nothing live by the policy's own time for them.
    #[must_use]
    pub fn negative_if(mut self, negative: fn(&V) -> bool) -> Kept<V> {
        self.negative = Some(negative);
        self
    }

    pub(super) fn give(self, value: Arc<V>) -> V {
        Arc::try_unwrap(value).unwrap_or_else(|shared| (self.clone)(&shared))
    }
}

impl<V> Clone for Kept<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Kept<V> {}

impl<V> fmt::Debug for Kept<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

/// Vouches for the values of a function.
pub fn kept<M: Mode<V>, V: Answer>() -> Kept<V> {
    Kept {
        kind: M::kind(),
        clone: V::clone,
        negative: None,
    }
}

/// How errors of a function are given.
pub struct Fails<E> {
    clone: fn(&E) -> E,
    /// How an error says that a caller has waited too long; without it nobody waits too long.
    pub(super) late: Option<fn(Error) -> E>,
}

impl<E> Fails<E> {
    pub(super) fn give(self, error: Arc<E>) -> E {
        Arc::try_unwrap(error).unwrap_or_else(|shared| (self.clone)(&shared))
    }
}

impl<E> Clone for Fails<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Fails<E> {}

impl<E> fmt::Debug for Fails<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fails")
    }
}

/// Vouches for the errors of a function.
pub fn fails<E: FailsForAll>() -> Fails<E> {
    Fails {
        clone: E::clone,
        late: None,
    }
}

/// Vouches for the errors of a function whose callers wait for a limited time.
pub fn fails_or_is_late<E: FailsForAll + SaysTooLong>() -> Fails<E> {
    Fails {
        clone: E::clone,
        late: Some(E::from),
    }
}
