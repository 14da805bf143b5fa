//! Which values a call takes: those that any store can hold, or any at all.

use crate::value::{CacheValue, ValueKind};

/// Values that any store can hold: see [`CacheValue`].
#[derive(Debug)]
pub enum Serde {}

/// Values of any type, kept in this process's memory.
#[derive(Debug)]
pub enum Local {}

/// Whether values of type `T` can be cached in this way. Sealed: there are [`Serde`] and [`Local`].
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be cached on every store",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or add `.local()` to the call to keep it in this process's memory"
)]
pub trait Mode<T>: sealed::Sealed + 'static {
    /// How such values are weighed and stored.
    fn kind() -> ValueKind<T>;
}

impl<T: CacheValue> Mode<T> for Serde {
    fn kind() -> ValueKind<T> {
        ValueKind::serde()
    }
}

impl<T: Send + Sync + 'static> Mode<T> for Local {
    fn kind() -> ValueKind<T> {
        ValueKind::local()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Serde {}
    impl Sealed for super::Local {}
}
