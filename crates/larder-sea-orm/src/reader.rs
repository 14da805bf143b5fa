//! What cached reads can be asked of: a connection, which caches, or a transaction, which goes to
//! the database.

use std::sync::Arc;

use sea_orm::{ConnectionTrait as _, DbBackend};

use crate::connection::CachedConnection;
use crate::shared::Shared;
use crate::snapshot::{Snapshot, Unit, Way};
use crate::transaction::CachedTransaction;

/// A connection that cached reads accept.
///
/// On a [`CachedConnection`] they are served from the cache; on a [`CachedTransaction`] they go to
/// the database, so that a transaction sees its own writes and nobody else does. On a [`Snapshot`] all
/// answers are of one instant.
#[diagnostic::on_unimplemented(
    message = "a cached read needs a `CachedConnection`, not a `{Self}`",
    note = "wrap the connection once: `CachedConnection::new(connection, cache).await?`"
)]
pub trait CachedRead: sealed::Sealed + Sync {
    #[doc(hidden)]
    fn reader(&self) -> Reader<'_>;
}

/// Where a read goes.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Reader<'a>(pub(crate) Kind<'a>);

#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    Cached(&'a CachedConnection),
    /// The same, noting from which entries answers came.
    Noted(&'a Unit),
    Direct(&'a CachedTransaction),
}

impl Reader<'_> {
    /// The kind of database that it reads.
    pub(crate) fn backend(&self) -> DbBackend {
        match self.0 {
            Kind::Cached(connection) => connection.shared.engine.backend(),
            Kind::Noted(unit) => unit.connection.shared.engine.backend(),
            Kind::Direct(transaction) => transaction.get_database_backend(),
        }
    }

    /// What is known of the database, where answers are kept.
    pub(crate) fn shared(&self) -> Option<&Arc<Shared>> {
        match self.0 {
            Kind::Cached(connection) => Some(&connection.shared),
            Kind::Noted(unit) => Some(&unit.connection.shared),
            Kind::Direct(_) => None,
        }
    }
}

impl CachedRead for CachedConnection {
    fn reader(&self) -> Reader<'_> {
        Reader(Kind::Cached(self))
    }
}

impl CachedRead for CachedTransaction {
    fn reader(&self) -> Reader<'_> {
        Reader(Kind::Direct(self))
    }
}

impl CachedRead for Snapshot {
    fn reader(&self) -> Reader<'_> {
        Reader(match &self.0 {
            Way::Noted(unit) => Kind::Noted(unit),
            Way::Alone(transaction) => Kind::Direct(transaction),
        })
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Snapshot {}
    impl Sealed for super::CachedConnection {}
    impl Sealed for super::CachedTransaction {}
}
