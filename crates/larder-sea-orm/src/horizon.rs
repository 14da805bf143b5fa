//! When the writers of a SQLite database have ended.
//!
//! A writer holds SQLite's write lock from before its mark to its commit. There is one such lock
//! for all processes. So whoever has held it for a moment knows that every writer that had marked
//! anything before has ended, and that none that comes later has marked yet.

use std::sync::Weak;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use larder::adapter::Horizon;
use sea_orm::{SqliteTransactionMode, TransactionOptions, TransactionTrait};

use crate::shared::Shared;

/// The write lock of a database, taken for a moment. The cache that holds this does not keep the
/// database open.
pub(crate) struct WriteLock(pub(crate) Weak<Shared>);

impl Horizon for WriteLock {
    fn writers_ended(&self) -> BoxFuture<'_, bool> {
        async {
            let immediate = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            };
            let Some(shared) = self.0.upgrade() else {
                return false;
            };
            shared.sent(2);
            match shared.inner.begin_with_options(immediate).await {
                Ok(transaction) => transaction.rollback().await.is_ok(),
                // Busy for longer than the connection waits: nobody can tell.
                Err(_) => false,
            }
        }
        .boxed()
    }
}
