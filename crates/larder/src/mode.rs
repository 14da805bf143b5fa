//! Which values a call takes: those that any store can hold, or any at all.

use std::sync::Arc;

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
    label = "no store but this process's memory can hold it",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or keep it in this process's memory: with `.local()` on a call, with the option `local` on a cached function"
)]
pub trait Mode<T>: sealed::Sealed + 'static {
    /// How such values are weighed and stored.
    fn kind() -> ValueKind<T>;
}

#[diagnostic::do_not_recommend]
impl<T: CacheValue> Mode<T> for Serde {
    fn kind() -> ValueKind<T> {
        ValueKind::serde()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Mode<T> for Local {
    fn kind() -> ValueKind<T> {
        ValueKind::local()
    }
}

/// For values of type `Arc<T>`, of which any store can hold the inside.
#[derive(Debug)]
pub enum Shared {}

#[diagnostic::do_not_recommend]
impl<T: CacheValue> Mode<Arc<T>> for Shared {
    fn kind() -> ValueKind<Arc<T>> {
        ValueKind::shared()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Serde {}
    impl Sealed for super::Local {}
    impl Sealed for super::Shared {}
}
