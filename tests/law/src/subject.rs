//! The database under test: a file, a cached connection to it, and one beside it that knows of no
//! cache and tells what is true.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use larder::Cache;
use larder_sea_orm::sea_orm::{
    ConnectOptions, ConnectionTrait, Database as SeaOrm, DatabaseConnection, DbErr, Statement,
    TransactionTrait,
};
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{CachedConnection, CachedExt, CachedTransaction, column, raw_rows};

use crate::answer::{Answer, same};
use crate::database::{Database, Dialect, Ground, Settings};
use crate::read::Read;
use crate::schema::Table;
use crate::store;
use crate::write::{Act, Call, End, How, Step};

pub(crate) struct Subject {
    /// The connections whose answers are in question: one, or those of two processes.
    dbs: Vec<CachedConnection>,
    /// SeaORM's own connections to the same pools, where they were there before.
    pools: Vec<DatabaseConnection>,
    /// Reads and writes so far: who makes the next.
    turns: AtomicUsize,
    fresh: DatabaseConnection,
    dialect: &'static dyn Dialect,
    ground: Box<dyn Ground>,
}

/// How a subject is set up.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) database: Database,
    pub(crate) recursive_triggers: bool,
    /// With SQLite's pre-update hook.
    pub(crate) hook: bool,
    /// The address of a store that two processes share.
    pub(crate) store: Option<String>,
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
    /// A database with these definitions and rows. Rows and views that are refused are left out.
    pub(crate) async fn open<'a>(
        setup: impl Iterator<Item = &'a str>,
        setting: &Setting,
    ) -> Result<Subject, DbErr> {
        let dialect = setting.database.dialect();
        let ground = dialect.ground().await?;
        let settings = Settings {
            recursive_triggers: setting.recursive_triggers,
            shared: setting.store.is_some(),
        };
        let fresh = ground.fresh(settings).await?;
        // Rows come before their parents.
        let [allow, forbid] = ground.orphans();
        fresh.execute_unprepared(allow).await?;
        for sql in setup {
            let done = fresh.execute_unprepared(sql).await;
            // A view may compare what MariaDB refuses to: then there is none.
            let needed = sql.starts_with("CREATE") && !sql.starts_with("CREATE VIEW");
            if let (Err(error), true) = (done, needed) {
                return Err(DbErr::Custom(format!("{error}: {sql}")));
            }
        }
        fresh.execute_unprepared(forbid).await?;
        let caches = match setting.store.as_deref() {
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
            let options = usual(ground.options(settings, 2));
            let db = match setting.hook {
                true => CachedConnection::builder(cache).connect(options).await?,
                false => {
                    let pool = SeaOrm::connect(options).await?;
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
            dialect,
            ground,
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
        let mut cached = read.text.statement(self.dialect.backend()).cached();
        if !read.on.is_empty() {
            let columns = read.on.iter();
            cached = cached.on(columns.map(|(table, name)| column(table, name)));
        }
        let (rows, traces) = trace::scope(cached.rows(self.next())).await;
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
        raw_rows(&self.fresh, read.text.statement(self.dialect.backend()))
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
        if calls.iter().any(|call| call.is_definition()) {
            return None;
        }
        let transaction = self.fresh.begin().await.ok()?;
        self.ground.limit(true);
        for call in calls {
            // A refused statement may end the transaction, and is not what is looked for.
            if let Err(error) = self.run(&transaction, call).await {
                let endless = self.ground.is_endless(&error);
                self.ground.limit(false);
                // Where it did, there has to be one for the driver to end; elsewhere this would commit.
                if self.dialect.words().errors_end_transactions {
                    let _ = transaction.execute_unprepared("BEGIN").await;
                }
                let _ = transaction.rollback().await;
                return Some(if endless { ENDLESS } else { REFUSED });
            }
        }
        self.ground.limit(false);
        if too_full(self.dialect, &transaction, tables).await {
            let _ = transaction.rollback().await;
            return Some(REFUSED);
        }
        let mut changed = 0;
        for (read, known) in reads.iter().filter(|(_, known)| known.is_ok()) {
            let answer = raw_rows(&transaction, read.text.statement(self.dialect.backend()))
                .await
                .map_err(|error| error.to_string());
            changed += i32::from(!same(read, known, &answer));
        }
        let _ = transaction.rollback().await;
        Some(changed)
    }

    /// Whether a table has so many rows that reads of several tables would take for ever.
    pub(crate) async fn is_too_full(&self, tables: &[Table]) -> bool {
        too_full(self.dialect, &self.fresh, tables).await
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
                    let meanwhile = match act.locks_readers_out() {
                        true => 0,
                        false => READS_MEANWHILE,
                    };
                    for (place, read) in reads.iter().enumerate().take(meanwhile) {
                        let (cached, _) = self.cached(read).await;
                        done.meanwhile.push((place, cached, self.fresh(read).await));
                    }
                    ended(transaction, *end, &mut done).await;
                    for step in steps {
                        if let Step::Call(call) = step {
                            self.noticed(call).await;
                        }
                    }
                }
            },
        }
        done
    }

    async fn call(&self, call: &Call, done: &mut Done) {
        if let Err(error) = self.run(self.next(), call).await {
            done.refused.push(error.to_string());
        }
        self.noticed(call).await;
    }

    /// Has every connection notice what a statement has done to the schema, if anything.
    async fn noticed(&self, call: &Call) {
        if !call.is_definition() {
            return;
        }
        let connections: Vec<DatabaseConnection> = match self.pools.len() {
            // Without larder's help: what one process does to the schema the other has to notice.
            2 => self.pools.clone(),
            _ => self.dbs.iter().map(CachedConnection::inner).collect(),
        };
        let sql = &call.text.sql;
        self.ground.noticed(sql, &connections, &self.fresh).await;
    }

    async fn steps(&self, transaction: &CachedTransaction, steps: &[Step], done: &mut Done) {
        for step in steps {
            match step {
                Step::Call(call) => {
                    if let Err(error) = self.run(transaction, call).await {
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

    async fn run<C: ConnectionTrait>(&self, connection: &C, call: &Call) -> Result<(), DbErr> {
        let statement = || call.text.statement(self.dialect.backend());
        match call.how {
            How::Unprepared => connection
                .execute_unprepared(&call.text.sql)
                .await
                .map(drop),
            How::Execute => connection.execute_raw(statement()).await.map(drop),
            How::QueryAll => connection.query_all_raw(statement()).await.map(drop),
            How::QueryOne => connection.query_one_raw(statement()).await.map(drop),
        }
    }
}

/// What a trial says of a write that the database refuses.
const REFUSED: i32 = -1;
/// What it says of one that takes for ever.
pub(crate) const ENDLESS: i32 = -2;

/// Triggers that add rows for rows can fill a table without end.
const ROWS_MAX: i64 = 30;

async fn too_full<C: ConnectionTrait>(
    dialect: &dyn Dialect,
    connection: &C,
    tables: &[Table],
) -> bool {
    let counts: Vec<String> = tables
        .iter()
        .map(|table| format!("SELECT count(*) AS n FROM {}", table.quoted()))
        .collect();
    let sql = format!(
        "SELECT max(n) FROM ({}) AS counts",
        counts.join(" UNION ALL ")
    );
    let counted = Statement::from_string(dialect.backend(), dialect.words().own_quotes(sql));
    match connection.query_one_raw(counted).await {
        Ok(Some(row)) => row
            .try_get_by_index::<i64>(0)
            .is_ok_and(|rows| rows > ROWS_MAX),
        _ => false,
    }
}

/// A connection that cannot be had in this time never will be.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// So many reads are read while a transaction is open.
const READS_MEANWHILE: usize = 2;

/// What all connections have in common.
pub(crate) fn usual(mut options: ConnectOptions) -> ConnectOptions {
    options
        .min_connections(1)
        .sqlx_logging(false)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT);
    options
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
