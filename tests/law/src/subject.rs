//! The database under test: a file, a cached connection to it, and one beside it that knows of no
//! cache and tells what is true.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use larder::Cache;
use larder_sea_orm::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
    TransactionTrait,
};
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{CachedConnection, CachedExt, CachedTransaction, raw_rows};
use tempfile::TempDir;

use crate::answer::{Answer, same};
use crate::read::Read;
use crate::schema::Table;
use crate::store;
use crate::write::{Act, Call, End, How, Step};

pub(crate) struct Subject {
    /// The connections whose answers are in question: one, or those of two processes.
    dbs: Vec<CachedConnection>,
    /// SeaORM's own connections to the same pools.
    pools: Vec<DatabaseConnection>,
    /// Reads and writes so far: who makes the next.
    turns: AtomicUsize,
    fresh: DatabaseConnection,
    /// What a write on `fresh` may still cost, in thousands of SQLite's steps.
    steps_left: Arc<AtomicI64>,
    /// Removed when it goes.
    _folder: TempDir,
}

/// What became of a write.
#[derive(Default)]
pub(crate) struct Done {
    /// Statements that the database refused, with its reasons.
    pub(crate) refused: Vec<String>,
    /// Answers of reads while its transaction was open: from the cache, and what was true.
    pub(crate) meanwhile: Vec<(usize, Answer, Answer)>,
}

impl Subject {
    /// A database with these definitions and rows. Rows that are refused are left out.
    pub(crate) async fn open<'a>(
        setup: impl Iterator<Item = &'a str>,
        recursive_triggers: bool,
        hook: bool,
        store: Option<&str>,
    ) -> Result<Subject, DbErr> {
        let folder = tempfile::tempdir().map_err(|error| DbErr::Custom(error.to_string()))?;
        let url = format!("sqlite://{}/law.db?mode=rwc", folder.path().display());
        // Two pools: a transaction that was dropped in one ends a moment later.
        let busy = match store {
            None => Duration::ZERO,
            Some(_) => BUSY_TIMEOUT,
        };
        let options = |connections: u32| {
            let mut options = ConnectOptions::new(url.clone());
            options
                .max_connections(connections)
                .min_connections(1)
                .sqlx_logging(false)
                .test_before_acquire(false);
            options.acquire_timeout(ACQUIRE_TIMEOUT);
            options.map_sqlx_sqlite_opts(move |options| {
                options
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "OFF")
                    .pragma(
                        "recursive_triggers",
                        if recursive_triggers { "ON" } else { "OFF" },
                    )
                    .busy_timeout(busy)
                    // A statement with a `*` that is kept does not survive ADD COLUMN (see
                    // `look_at_schema`).
                    .statement_cache_capacity(0)
            });
            options
        };
        let steps_left = Arc::new(AtomicI64::new(i64::MAX));
        let steps = steps_left.clone();
        let mut limited = options(1);
        limited.map_sqlx_sqlite_pool_opts(move |options| {
            let steps = steps.clone();
            options.after_connect(move |connection, _| {
                let steps = steps.clone();
                Box::pin(async move {
                    let mut handle = connection.lock_handle().await?;
                    handle.set_progress_handler(1000, move || {
                        steps.fetch_sub(1, Ordering::Relaxed) > 0
                    });
                    Ok(())
                })
            })
        });
        let fresh = Database::connect(limited).await?;
        // Rows come before their parents.
        fresh
            .execute_unprepared("PRAGMA foreign_keys = OFF")
            .await?;
        for sql in setup {
            let done = fresh.execute_unprepared(sql).await;
            if let (Err(error), true) = (done, sql.starts_with("CREATE")) {
                return Err(DbErr::Custom(format!("{error}: {sql}")));
            }
        }
        fresh.execute_unprepared("PRAGMA foreign_keys = ON").await?;
        let caches = match store {
            None => vec![Cache::memory()],
            Some(address) => store::caches(address)
                .await
                .map_err(|error| DbErr::Custom(error.to_string()))?
                .into(),
        };
        let mut dbs = Vec::new();
        let mut pools = Vec::new();
        for cache in caches {
            // One connection for the transaction, one for reads beside it.
            let db = match hook {
                true => CachedConnection::builder(cache).connect(options(2)).await?,
                false => {
                    let pool = Database::connect(options(2)).await?;
                    pools.push(pool.clone());
                    CachedConnection::new(pool, cache).await?
                }
            };
            dbs.push(db);
        }
        Ok(Subject {
            dbs,
            pools,
            turns: AtomicUsize::new(0),
            fresh,
            steps_left,
            _folder: folder,
        })
    }

    pub(crate) async fn close(self) {
        let _ = self.fresh.close().await;
        for db in self.dbs {
            let _ = db.inner().close().await;
        }
    }

    /// Who reads or writes next.
    fn next(&self) -> &CachedConnection {
        // Each read of a round by another than in the round before, as far as turns can do it.
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        &self.dbs[turn % self.dbs.len()]
    }

    /// Through the cache.
    pub(crate) async fn cached(&self, read: &Read) -> (Answer, Outcome) {
        let (rows, traces) = trace::scope(read.text.statement().cached().rows(self.next())).await;
        let outcome = traces
            .into_iter()
            .next_back()
            .map_or(Outcome::Miss, |trace| trace.outcome);
        (
            rows.map(|rows| rows.as_ref().clone())
                .map_err(|error| error.to_string()),
            outcome,
        )
    }

    /// From the database.
    pub(crate) async fn fresh(&self, read: &Read) -> Answer {
        raw_rows(&self.fresh, read.text.statement())
            .await
            .map_err(|error| error.to_string())
    }

    /// How many of `reads` a write would change; it is undone. Less than nothing: the database
    /// refuses it. `None`: it cannot be tried so.
    pub(crate) async fn trial(
        &self,
        act: &Act,
        reads: &[(&Read, &Answer)],
        tables: &[Table],
    ) -> Option<i32> {
        let calls: Vec<&Call> = match act {
            Act::Call(call) if !call.text.sql.contains("BEGIN") => vec![call],
            Act::Transaction { steps, .. } => steps
                .iter()
                .filter_map(|step| match step {
                    Step::Call(call) => Some(call),
                    Step::Savepoint { .. } => None,
                })
                .collect(),
            _ => return None,
        };
        let transaction = self.fresh.begin().await.ok()?;
        self.steps_left.store(STEPS_MAX, Ordering::Relaxed);
        for call in calls {
            // A refused statement may end the transaction, and is not what is looked for.
            if run(&transaction, call).await.is_err() {
                let endless = self.steps_left.load(Ordering::Relaxed) <= 0;
                self.steps_left.store(i64::MAX, Ordering::Relaxed);
                let _ = transaction.execute_unprepared("BEGIN").await;
                let _ = transaction.rollback().await;
                return Some(if endless { ENDLESS } else { REFUSED });
            }
        }
        self.steps_left.store(i64::MAX, Ordering::Relaxed);
        if too_full(&transaction, tables).await {
            let _ = transaction.rollback().await;
            return Some(REFUSED);
        }
        let mut changed = 0;
        for (read, known) in reads {
            let answer = raw_rows(&transaction, read.text.statement())
                .await
                .map_err(|error| error.to_string());
            changed += i32::from(!same(read, known, &answer));
        }
        let _ = transaction.rollback().await;
        Some(changed)
    }

    /// Whether a table has so many rows that reads of several tables would take for ever.
    pub(crate) async fn is_too_full(&self, tables: &[Table]) -> bool {
        too_full(&self.fresh, tables).await
    }

    /// Carries out a write. While its transaction is open, some of `reads` are read, too.
    pub(crate) async fn write(&self, act: &Act, reads: &[Read]) -> Done {
        let mut done = Done::default();
        match act {
            Act::Call(call) => self.call(call, &mut done).await,
            Act::Calls(calls) => {
                for call in calls {
                    self.call(call, &mut done).await;
                }
            }
            Act::Transaction { steps, end } => match self.next().begin().await {
                Err(error) => done.refused.push(error.to_string()),
                Ok(transaction) => {
                    self.steps(&transaction, steps, &mut done).await;
                    for (place, read) in reads.iter().enumerate().take(READS_MEANWHILE) {
                        let (cached, _) = self.cached(read).await;
                        done.meanwhile.push((place, cached, self.fresh(read).await));
                    }
                    ended(transaction, *end, &mut done).await;
                }
            },
        }
        done
    }

    async fn call(&self, call: &Call, done: &mut Done) {
        if let Err(error) = run(self.next(), call).await {
            done.refused.push(error.to_string());
        }
        if call.text.sql.starts_with("ALTER TABLE") {
            self.look_at_schema().await;
        }
    }

    /// Has every connection notice that a table has one more column. sqlx counts the columns of a
    /// `*` when it prepares the statement; where SQLite prepares it again because another
    /// connection has changed the schema, sqlx's worker panics, and the answer is empty.
    async fn look_at_schema(&self) {
        const LOOK: &str = "SELECT count(*) FROM sqlite_schema";
        let look = || Statement::from_string(DbBackend::Sqlite, LOOK);
        let inner = match self.pools.len() {
            // Without their help: what one process does to the schema the other has to notice.
            2 => self.pools.clone(),
            _ => self.dbs.iter().map(CachedConnection::inner).collect(),
        };
        for inner in inner {
            // A transaction holds one of the two connections, so that the other is asked, too.
            if let Ok(transaction) = inner.begin().await {
                let _ = transaction.query_all_raw(look()).await;
                let _ = inner.query_all_raw(look()).await;
                let _ = transaction.rollback().await;
            }
        }
        let _ = self.fresh.query_all_raw(look()).await;
    }

    async fn steps(&self, transaction: &CachedTransaction, steps: &[Step], done: &mut Done) {
        for step in steps {
            match step {
                Step::Call(call) => {
                    if let Err(error) = run(transaction, call).await {
                        done.refused.push(error.to_string());
                    }
                }
                Step::Savepoint { steps, end } => match transaction.begin().await {
                    Err(error) => done.refused.push(error.to_string()),
                    Ok(savepoint) => {
                        Box::pin(self.steps(&savepoint, steps, done)).await;
                        ended(savepoint, *end, done).await;
                    }
                },
            }
        }
    }
}

/// What a trial says of a write that the database refuses.
const REFUSED: i32 = -1;
/// What it says of one that takes for ever.
pub(crate) const ENDLESS: i32 = -2;

/// Triggers that fire triggers for each of their rows can take for ever: such a write is not
/// used. In thousands of SQLite's steps.
const STEPS_MAX: i64 = 200;

/// Triggers that add rows for rows can fill a table without end.
const ROWS_MAX: i64 = 30;

async fn too_full<C: ConnectionTrait>(connection: &C, tables: &[Table]) -> bool {
    let counts: Vec<String> = tables
        .iter()
        .map(|table| format!("SELECT count(*) AS n FROM \"{}\"", table.name))
        .collect();
    let sql = format!("SELECT max(n) FROM ({})", counts.join(" UNION ALL "));
    match connection
        .query_one_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await
    {
        Ok(Some(row)) => row
            .try_get_by_index::<i64>(0)
            .is_ok_and(|rows| rows > ROWS_MAX),
        _ => false,
    }
}

/// A connection that cannot be had in this time never will be.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a write waits for the lock that the other pool may still have.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// So many reads are read while a transaction is open.
const READS_MEANWHILE: usize = 2;

async fn run<C: ConnectionTrait>(connection: &C, call: &Call) -> Result<(), DbErr> {
    match call.how {
        How::Unprepared => connection
            .execute_unprepared(&call.text.sql)
            .await
            .map(drop),
        How::Execute => connection
            .execute_raw(call.text.statement())
            .await
            .map(drop),
        How::QueryAll => connection
            .query_all_raw(call.text.statement())
            .await
            .map(drop),
        How::QueryOne => connection
            .query_one_raw(call.text.statement())
            .await
            .map(drop),
    }
}

async fn ended(transaction: CachedTransaction, end: End, done: &mut Done) {
    let ended = match end {
        End::Commit => transaction.commit().await,
        End::Rollback => transaction.rollback().await,
        End::Drop => {
            drop(transaction);
            Ok(())
        }
    };
    if let Err(error) = ended {
        done.refused.push(error.to_string());
    }
}
