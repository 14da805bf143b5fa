//! When the writers of a SQLite database have ended.
//!
//! A writer holds SQLite's write lock from before its mark to its commit. There is one such lock
//! for all processes. So whoever has held it for a moment knows that every writer that had marked
//! anything before has ended, and that none that comes later has marked yet.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;
use larder::Version;
use larder::adapter::Horizon;
use sea_orm::{DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokio::sync::Mutex;

use crate::horizon::{WAIT_MAX, open};
use crate::shared::Shared;

/// The write lock of a database, taken for a moment. The cache that holds this does not keep the
/// database open.
pub(crate) struct WriteLock(Arc<Inner>);

struct Inner {
    shared: Weak<Shared>,
    /// Rounds begun: in each the lock is taken once, for all who had come before.
    begun: AtomicU64,
    /// Whether the last round got the lock. Held during a round.
    last: Mutex<bool>,
}

impl WriteLock {
    pub(crate) fn new(shared: &Arc<Shared>) -> WriteLock {
        WriteLock(Arc::new(Inner {
            shared: Arc::downgrade(shared),
            begun: AtomicU64::new(0),
            last: Mutex::new(false),
        }))
    }
}

impl Inner {
    /// What a round says that begins after `came` had begun.
    async fn round_after(&self, came: u64) -> bool {
        let mut last = self.last.lock().await;
        if self.begun.load(Ordering::Acquire) > came {
            return *last;
        }
        self.begun.fetch_add(1, Ordering::AcqRel);
        *last = false;
        // An error: busy for longer than the connection waits, so that nobody can tell.
        *last = self.take().await.is_ok();
        *last
    }

    async fn take(&self) -> Result<(), DbErr> {
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let shared = open(&self.shared)?;
        shared.sent(2);
        let transaction = shared.inner.begin_with_options(immediate).await?;
        transaction.rollback().await
    }
}

impl Horizon for WriteLock {
    fn is_gone(&self) -> bool {
        self.0.shared.strong_count() == 0
    }

    /// Of the writers of now, whoever asks: they end soon.
    fn writers_ended<'a>(&'a self, _: &'a [Version]) -> BoxFuture<'a, bool> {
        let inner = self.0.clone();
        let came = inner.begun.load(Ordering::Acquire);
        Box::pin(async move {
            // On a task: the lock is waited for to the end, for whoever has come meanwhile.
            let round = tokio::spawn(async move { inner.round_after(came).await });
            matches!(tokio::time::timeout(WAIT_MAX, round).await, Ok(Ok(true)))
        })
    }
}
