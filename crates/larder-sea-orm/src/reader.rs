//! What cached reads can be asked of: a connection, which caches, or a transaction, which goes to
//! the database.

use std::sync::Arc;

use sea_orm::{ConnectionTrait as _, DbBackend};

use crate::connection::CachedConnection;
use crate::shared::Shared;
use crate::transaction::CachedTransaction;

/// A connection that cached reads accept.
///
/// On a [`CachedConnection`] they are served from the cache; on a [`CachedTransaction`] they go to
/// the database, so that a transaction sees its own writes and nobody else does.
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
    Cached(&'a Arc<Shared>),
    Direct(&'a CachedTransaction),
}

impl Reader<'_> {
    /// The kind of database that it reads.
    pub(crate) fn backend(&self) -> DbBackend {
        match self.0 {
            Kind::Cached(shared) => shared.engine.backend(),
            Kind::Direct(transaction) => transaction.get_database_backend(),
        }
    }
}

impl CachedRead for CachedConnection {
    fn reader(&self) -> Reader<'_> {
        Reader(Kind::Cached(&self.shared))
    }
}

impl CachedRead for CachedTransaction {
    fn reader(&self) -> Reader<'_> {
        Reader(Kind::Direct(self))
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::CachedConnection {}
    impl Sealed for super::CachedTransaction {}
}
