//! How a transaction, or a savepoint in it, ends, and is announced.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, TransactionSession};

use super::{CachedTransaction, Pending};
use crate::fate::Fate;
use crate::shared::Shared;
use crate::trace::{self, Outcome, Span};

/// After a statement has failed: whether SQLite has ended the transaction by itself, as
/// `INSERT OR ROLLBACK` makes it. If so there is an empty one now, with as many savepoints: sqlx
/// counts them, and would take the next transaction on this connection for a savepoint.
pub(crate) async fn has_ended(
    shared: &Shared,
    transaction: &DatabaseTransaction,
    level: usize,
) -> bool {
    // Elsewhere a BEGIN would end what is open.
    if !shared.engine.writes_alone() {
        return false;
    }
    if transaction.execute_unprepared("BEGIN").await.is_err() {
        return false;
    }
    for savepoint in 1..=level {
        // sqlx's names.
        let text = format!("SAVEPOINT _sqlx_savepoint_{savepoint}");
        let _ = transaction.execute_unprepared(&text).await;
    }
    true
}

/// What is said of the end of a transaction that had ended before.
fn ended() -> DbErr {
    DbErr::Custom(
        "the transaction had ended before, by a statement that failed or by text".to_owned(),
    )
}

/// Commits, then announces. On a task of its own, so that no commit goes unannounced.
async fn commit(
    shared: Arc<Shared>,
    inner: DatabaseTransaction,
    pending: Arc<Mutex<Pending>>,
) -> Result<(), DbErr> {
    let (mut changes, ddl, capture, doubtful, ended_before) = {
        let mut pending = pending.lock();
        (
            std::mem::take(&mut pending.changes),
            pending.ddl,
            pending.capture.take(),
            pending.doubtful,
            pending.ended,
        )
    };
    if let Some(mut capture) = capture {
        capture.add_to(&shared, &shared.schema(), &mut changes);
    }
    let fate = Fate::new(&shared, changes);
    let marks = shared.mark(fate.changes()).await?;
    shared.count(1);
    // An error here tells nothing: the commit may have happened. It counts as if it had.
    let committed = match ended_before || (doubtful && has_ended(&shared, &inner, 0).await) {
        true => inner.rollback().await.and(Err(ended())),
        false => inner.commit().await,
    };
    fate.publish().await;
    if ddl {
        // A catalogue that cannot be read now is read by the next who asks: the root was bumped.
        // The commit is done, and must not be repeated.
        let _ = shared.reload_schema(&shared.inner).await;
    }
    drop(marks);
    committed
}

/// Ends a savepoint. Its tags stay with the transaction: to bump too much is safe.
async fn end_savepoint(
    shared: &Shared,
    inner: DatabaseTransaction,
    pending: &Mutex<Pending>,
    level: usize,
    keep: bool,
) -> Result<(), DbErr> {
    let doubtful = pending.lock().doubtful;
    if doubtful && has_ended(shared, &inner, level).await {
        pending.lock().ended = true;
        return inner.rollback().await.and(Err(ended()));
    }
    match keep {
        true => inner.commit().await,
        false => inner.rollback().await,
    }
}

#[async_trait]
impl TransactionSession for CachedTransaction {
    async fn commit(mut self) -> Result<(), DbErr> {
        let span = Span::begin("COMMIT");
        let inner = self
            .inner
            .take()
            .expect("a transaction is there until it ends");
        let result = match self.level {
            0 => trace::carried(commit(self.shared.clone(), inner, self.pending.clone())).await,
            level => {
                self.shared.count(1);
                end_savepoint(&self.shared, inner, &self.pending, level, true).await
            }
        };
        span.end(|| Outcome::Write);
        result
    }

    async fn rollback(mut self) -> Result<(), DbErr> {
        let span = Span::begin("ROLLBACK");
        let inner = self
            .inner
            .take()
            .expect("a transaction is there until it ends");
        self.shared.count(1);
        if self.level > 0 {
            let result = end_savepoint(&self.shared, inner, &self.pending, self.level, false).await;
            span.end(|| Outcome::Write);
            return result;
        }
        let doubtful = self.pending.lock().doubtful;
        if doubtful {
            has_ended(&self.shared, &inner, 0).await;
        }
        let result = inner.rollback().await;
        if doubtful || result.is_err() {
            self.shared.publish(self.changes_so_far()).await;
        }
        span.end(|| Outcome::Write);
        result
    }
}

impl CachedTransaction {
    /// Commits, and invalidates what the transaction changed.
    ///
    /// # Errors
    /// Those of the commit. What the transaction changed is invalidated all the same: a commit
    /// whose outcome is unknown counts as done.
    pub async fn commit(self) -> Result<(), DbErr> {
        TransactionSession::commit(self).await
    }

    /// Rolls back. Nothing is invalidated, unless a statement in it failed on another database than
    /// PostgreSQL: then more may have been committed than one thinks (`INSERT OR ROLLBACK`, a deadlock).
    ///
    /// # Errors
    /// Those of the rollback.
    pub async fn rollback(self) -> Result<(), DbErr> {
        TransactionSession::rollback(self).await
    }
}
