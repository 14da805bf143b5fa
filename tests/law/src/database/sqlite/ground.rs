//! A file of SQLite's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use larder_sea_orm::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
    TransactionTrait,
};
use tempfile::TempDir;

use crate::database::{Boxed, Ground, Settings};

pub(super) struct File {
    /// Removed when it goes.
    folder: TempDir,
    /// What a statement on the connection beside may still cost, in thousands of SQLite's steps.
    steps_left: Arc<AtomicI64>,
}

/// Triggers that fire triggers for each of their rows can take for ever. In thousands of SQLite's
/// steps.
const STEPS_MAX: i64 = 200;

/// How long a write waits for the lock that another process's pool may still have.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

impl File {
    pub(super) fn new() -> Result<File, DbErr> {
        Ok(File {
            folder: tempfile::tempdir().map_err(|error| DbErr::Custom(error.to_string()))?,
            steps_left: Arc::new(AtomicI64::new(i64::MAX)),
        })
    }
}

impl Ground for File {
    fn options(&self, settings: Settings, connections: u32) -> ConnectOptions {
        let url = format!("sqlite://{}/law.db?mode=rwc", self.folder.path().display());
        // Two pools: a transaction that was dropped in one ends a moment later.
        let busy = match settings.shared {
            false => Duration::ZERO,
            true => BUSY_TIMEOUT,
        };
        let recursive = if settings.recursive_triggers {
            "ON"
        } else {
            "OFF"
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(connections);
        options.map_sqlx_sqlite_opts(move |options| {
            options
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "OFF")
                .pragma("recursive_triggers", recursive)
                .busy_timeout(busy)
                // A statement with a `*` that is kept does not survive ADD COLUMN (see
                // `look_at_schema`).
                .statement_cache_capacity(0)
        });
        options
    }

    fn fresh(&self, settings: Settings) -> Boxed<'_, Result<DatabaseConnection, DbErr>> {
        Box::pin(async move {
            let mut limited = crate::subject::usual(self.options(settings, 1));
            let steps = self.steps_left.clone();
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
            Database::connect(limited).await
        })
    }

    fn orphans(&self) -> [&'static str; 2] {
        ["PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"]
    }

    fn limit(&self, limited: bool) {
        let steps = if limited { STEPS_MAX } else { i64::MAX };
        self.steps_left.store(steps, Ordering::Relaxed);
    }

    fn is_endless(&self, _error: &DbErr) -> bool {
        self.steps_left.load(Ordering::Relaxed) <= 0
    }

    /// sqlx counts the columns of a `*` when it prepares the statement; where SQLite prepares it again
    /// because another connection has added one, sqlx's worker panics, and the answer is empty.
    fn noticed<'a>(
        &'a self,
        sql: &'a str,
        connections: &'a [DatabaseConnection],
        fresh: &'a DatabaseConnection,
    ) -> Boxed<'a, ()> {
        const LOOK: &str = "SELECT count(*) FROM sqlite_schema";
        let look = || Statement::from_string(DbBackend::Sqlite, LOOK);
        Box::pin(async move {
            if !sql.starts_with("ALTER TABLE") {
                return;
            }
            for pool in connections {
                // A transaction holds one of the two connections, so that the other is asked, too.
                if let Ok(transaction) = pool.begin().await {
                    let _ = transaction.query_all_raw(look()).await;
                    let _ = pool.query_all_raw(look()).await;
                    let _ = transaction.rollback().await;
                }
            }
            let _ = fresh.query_all_raw(look()).await;
        })
    }
}
