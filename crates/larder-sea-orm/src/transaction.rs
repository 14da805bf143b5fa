//! A SeaORM transaction whose writes are announced when it commits.

use std::pin::Pin;
use std::sync::Arc;

use larder::adapter::Changes;
use larder_sql::TransactionKind;
use parking_lot::Mutex;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, SqliteTransactionMode, Statement,
    TransactionError, TransactionOptions, TransactionTrait,
};

use crate::fate::Fate;
use crate::hook::Capture;
use crate::sabotage;
use crate::shared::{Sees, Shared};
use crate::snapshot;
use crate::trace::{Outcome, Span};
use crate::write::intent::Script;
use crate::write::{Answer, How, Intent, Need, Write, send};

mod end;
mod faces;

pub(crate) use end::has_ended;

/// A transaction, or a savepoint inside one, of a
/// [`CachedConnection`](crate::CachedConnection).
///
/// Reads in it go to the database and fill nothing: they may see what nobody else may. What its
/// writes changed is invalidated after its commit was acknowledged, and forgotten after a
/// rollback.
///
/// # Cancel safety
/// A commit whose future is dropped runs to its end, and is announced.
#[derive(Debug)]
pub struct CachedTransaction {
    /// Taken by commit and rollback.
    inner: Option<DatabaseTransaction>,
    shared: Arc<Shared>,
    /// Shared with the savepoints inside.
    pending: Arc<Mutex<Pending>>,
    /// How many savepoints deep: 0 is the transaction itself.
    level: usize,
}

/// What a transaction has changed so far.
#[derive(Default)]
pub(crate) struct Pending {
    changes: Changes,
    /// A statement failed or ended the transaction behind our back: more may be committed than
    /// the end of the transaction tells (`INSERT OR ROLLBACK`, a COMMIT sent as text).
    doubtful: bool,
    /// SQLite has ended the transaction by itself; what is open now is not what the caller began.
    ended: bool,
    /// Whether the transaction holds SQLite's write lock.
    locked: bool,
    /// Whether the schema was looked at under that lock.
    looked: bool,
    /// Whether the schema may have changed.
    ddl: bool,
    /// Whether its statements may mean something else than elsewhere (`SET LOCAL`): everything is
    /// dropped when it commits, and nothing that is larder's own is asked in it.
    unlike: bool,
    /// Whether texts that may write are refused.
    only_reads: bool,
    capture: Option<Capture>,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending")
            .field("doubtful", &self.doubtful)
            .finish_non_exhaustive()
    }
}

impl CachedTransaction {
    pub(crate) async fn begin(
        shared: &Arc<Shared>,
        options: TransactionOptions,
    ) -> Result<Self, DbErr> {
        shared.count(1);
        let inner = shared.inner.begin_with_options(options).await?;
        let deferred = matches!(
            options.sqlite_transaction_mode,
            None | Some(SqliteTransactionMode::Deferred)
        );
        let locked = !shared.engine.writes_alone() || !deferred;
        let mut changes = Changes::new();
        changes.transaction(shared.next_transaction());
        let pending = Pending {
            changes,
            locked,
            ..Default::default()
        };
        Ok(CachedTransaction {
            inner: Some(inner),
            shared: shared.clone(),
            pending: Arc::new(Mutex::new(pending)),
            level: 0,
        })
    }

    /// From now on it refuses what may write.
    pub(crate) fn only_reads(self) -> Self {
        self.pending.lock().only_reads = true;
        self
    }

    fn inner(&self) -> &DatabaseTransaction {
        self.inner
            .as_ref()
            .expect("a transaction is there until it ends")
    }

    async fn run(&self, statement: Statement, how: How) -> Result<Answer, DbErr> {
        let span = Span::begin(&statement.sql);
        let mut outcome = Outcome::Write;
        let schema = self.shared.schema();
        let intent = Intent::of(&self.shared, &schema, &statement.sql);
        if self.pending.lock().only_reads && !matches!(intent, Intent::Read) {
            return Err(snapshot::refused());
        }
        let answer = match intent {
            Intent::Read => {
                outcome = Outcome::Uncached("inside a transaction".to_owned());
                let answer = send(&self.shared, self.inner(), statement, how).await;
                self.read_failed(answer.is_err());
                answer
            }
            Intent::Write(_) => self.write(statement, how).await,
            // Savepoints by hand keep their tags, which is safe. The end of the whole transaction
            // by hand is seen only here.
            Intent::Transaction(TransactionKind::Commit | TransactionKind::Rollback) => {
                self.end_by_text(statement, how).await
            }
            // Elsewhere it fails where a transaction is open.
            Intent::Transaction(TransactionKind::Begin { .. })
                if self.shared.engine.commits_by_ddl() =>
            {
                self.end_by_text(statement, how).await
            }
            Intent::Transaction(_) => {
                let answer = send(&self.shared, self.inner(), statement, how).await;
                if self.pending.lock().doubtful {
                    // Perhaps there is no transaction any more, and a savepoint is one.
                    self.shared.publish(self.changes_so_far()).await;
                }
                answer
            }
            Intent::Script(script) => self.script(script, statement, how).await,
        };
        span.end(|| outcome);
        answer
    }

    /// A read may end the transaction: that of a deadlock that locks what it reads. What comes then
    /// commits by itself.
    fn read_failed(&self, failed: bool) {
        let engine = &self.shared.engine;
        if failed && !engine.writes_alone() && !engine.fails_whole() {
            self.pending.lock().doubtful = true;
        }
    }

    /// COMMIT or ROLLBACK sent as text, or a BEGIN that commits what is open.
    async fn end_by_text(&self, statement: Statement, how: How) -> Result<Answer, DbErr> {
        self.pending.lock().doubtful = true;
        let fate = Fate::new(&self.shared, self.changes_so_far());
        let marks = self.shared.mark(fate.changes()).await?;
        let answer = send(&self.shared, self.inner(), statement, how).await;
        fate.publish().await;
        drop(marks);
        answer
    }

    async fn script(
        &self,
        script: Script,
        statement: Statement,
        how: How,
    ) -> Result<Answer, DbErr> {
        {
            let mut pending = self.pending.lock();
            pending.changes.merge(script.changes);
            pending.ddl |= script.ddl;
            pending.unlike |= script.sets;
            pending.doubtful |= script.ends_outer || script.left_open;
        }
        let engine = &self.shared.engine;
        if script.ends_outer || (script.begins && engine.commits_by_ddl()) {
            return self.end_by_text(statement, how).await;
        }
        let answer = send(&self.shared, self.inner(), statement, how).await;
        self.pending.lock().doubtful |= answer.is_err() && !engine.fails_whole();
        if script.commits && engine.commits_by_ddl() {
            // What came before is committed by now, and what comes is perhaps no transaction.
            self.pending.lock().doubtful = true;
            self.shared.publish(self.changes_so_far()).await;
        }
        // After the text: a schema that is the plans' now was the plans' then.
        let looked = self.look().await;
        let answer = answer?;
        looked?;
        Ok(answer)
    }

    async fn write(&self, statement: Statement, how: How) -> Result<Answer, DbErr> {
        self.lock_writes(&statement).await?;
        let schema = self.shared.schema();
        let planned = schema.plan(&statement.sql);
        let Some(write) = Write::new(&self.shared, &schema, &planned) else {
            return Err(DbErr::Custom(
                "the schema changed while this statement was planned; run it again".to_owned(),
            ));
        };
        // If the caller goes away in the middle, nobody knows what the statement did.
        let mut doubt = Doubt {
            pending: &self.pending,
            widened: Some(write.widened()),
        };
        let mut changes = Changes::new();
        let unlike = self.pending.lock().unlike;
        let need = match unlike {
            true => Need::Widen,
            false => write.need().await,
        };
        let mut answer = write
            .run(self.inner(), statement, how, need, &mut changes)
            .await;
        if answer.is_ok() && !unlike && !self.pending.lock().ddl {
            let looked = self.shared.look_after(self.inner(), &mut changes).await;
            answer = looked.and(answer);
        }
        doubt.widened = None;
        let doubtful = {
            let mut pending = self.pending.lock();
            pending
                .changes
                .merge(sabotage::pending(changes, self.level > 0));
            let engine = &self.shared.engine;
            let commits = write.commits() && engine.commits_by_ddl();
            pending.doubtful |= commits || answer.is_err() && !engine.fails_whole();
            if pending.doubtful || answer.is_err() {
                // It may have failed here and not there.
                pending.changes.merge(write.widened());
            }
            pending.doubtful
        };
        if doubtful {
            // Perhaps there is no transaction any more, and this write is committed already; or what
            // came before it is, too.
            self.shared.publish(self.changes_so_far()).await;
        }
        answer
    }

    /// What has changed so far, with what a hook collected.
    fn changes_so_far(&self) -> Changes {
        let mut pending = self.pending.lock();
        let mut changes = pending.changes.clone();
        if let Some(capture) = pending.capture.as_mut() {
            capture.add_to(&self.shared, &self.shared.schema(), &mut changes);
        }
        pending.changes = changes.clone();
        changes
    }

    /// Before the first write: takes SQLite's write lock, so that the images read before the
    /// write cannot be overtaken, and looks whether our plans fit the schema.
    ///
    /// A deferred transaction that read first and wrote then would fail where the write alone
    /// would have waited.
    async fn lock_writes(&self, statement: &Statement) -> Result<(), DbErr> {
        if self.shared.hooks.is_some() && self.pending.lock().capture.is_none() {
            let capture = self.shared.capture(self.inner()).await?;
            self.pending.lock().capture = Some(capture);
        }
        if !self.pending.lock().locked {
            let schema = self.shared.schema();
            let planned = schema.plan(&statement.sql);
            let Some(write) = Write::new(&self.shared, &schema, &planned) else {
                return Ok(());
            };
            if let Some(table) = write.plain_target() {
                let table = self.shared.engine.spelling().table(table);
                self.shared.count(1);
                self.inner()
                    .execute_unprepared(&format!("DELETE FROM {table} WHERE 0"))
                    .await?;
            }
            self.pending.lock().locked = true;
        }
        self.look().await
    }

    /// Looks once whether our plans fit the schema. Not after DDL of this transaction: that schema
    /// is nobody else's yet, and its commit bumps the root; as it does after `SET LOCAL`.
    async fn look(&self) -> Result<(), DbErr> {
        {
            let mut pending = self.pending.lock();
            if pending.looked || pending.ddl || pending.unlike {
                return Ok(());
            }
            pending.looked = true;
        }
        match self
            .shared
            .notice_schema(self.inner(), Sees::Snapshot)
            .await
        {
            Ok(false) => Ok(()),
            Ok(true) => {
                // What was read here may be nobody else's schema: the next read looks. And what
                // was planned by the old one goes, also if this is rolled back.
                self.shared.schema().witnessed(None);
                let mut pending = self.pending.lock();
                pending.changes.root(&self.shared.database);
                pending.doubtful |= !self.shared.engine.writes_alone();
                Ok(())
            }
            Err(error) => {
                self.pending.lock().looked = false;
                Err(error)
            }
        }
    }

    pub(crate) async fn run_callback<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c CachedTransaction,
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        match callback(&self).await {
            Ok(value) => {
                self.commit().await.map_err(TransactionError::Connection)?;
                Ok(value)
            }
            Err(error) => {
                self.rollback()
                    .await
                    .map_err(TransactionError::Connection)?;
                Err(TransactionError::Transaction(error))
            }
        }
    }
}

/// Held while a statement runs: what it may have changed if it is never heard of again.
struct Doubt<'a> {
    pending: &'a Mutex<Pending>,
    widened: Option<Changes>,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(widened) = self.widened.take() {
            let mut pending = self.pending.lock();
            pending.changes.merge(widened);
            pending.doubtful = true;
        }
    }
}

impl Drop for CachedTransaction {
    fn drop(&mut self) {
        // Dropped without an end: SeaORM rolls back, and there is nothing to announce, unless
        // the transaction had ended before.
        if self.level > 0 || !self.pending.lock().doubtful {
            return;
        }
        if let Some(inner) = self.inner.take() {
            self.shared.cache.publish_now(self.changes_so_far());
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                let shared = self.shared.clone();
                runtime.spawn(async move {
                    has_ended(&shared, &inner, 0).await;
                    // Nobody is left to tell.
                    let _ = inner.rollback().await;
                });
            }
        }
    }
}
