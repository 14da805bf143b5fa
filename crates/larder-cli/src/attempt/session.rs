//! One named connection of a script, with the transaction it may be in.

use larder_sea_orm::sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use larder_sea_orm::{CachedConnection, CachedExt, CachedTransaction, RawRows, raw_rows};
use larder_sql::{BeginMode, Name, TransactionKind};

pub(crate) struct Session {
    db: CachedConnection,
    transaction: Option<CachedTransaction>,
    /// The savepoint that began the transaction, where no BEGIN did: its release commits.
    outermost: Option<Name>,
}

impl Session {
    pub(crate) fn new(db: CachedConnection) -> Session {
        Session {
            db,
            transaction: None,
            outermost: None,
        }
    }

    /// Statements sent to the database so far.
    pub(crate) fn statements(&self) -> u64 {
        self.db.statements()
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// A read through the cache.
    pub(crate) async fn read(
        &self,
        statement: Statement,
    ) -> Result<std::sync::Arc<RawRows>, DbErr> {
        match &self.transaction {
            Some(transaction) => statement.cached().rows(transaction).await,
            None => statement.cached().rows(&self.db).await,
        }
    }

    /// The same read, past the cache, on the same connection.
    pub(crate) async fn direct(&self, statement: Statement) -> Result<RawRows, DbErr> {
        match &self.transaction {
            Some(transaction) => raw_rows(transaction, statement).await,
            None => raw_rows(&self.db, statement).await,
        }
    }

    /// A statement that gives no rows; how many it changed.
    pub(crate) async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        // Text without values runs unprepared, as a shell would.
        let result = match (&self.transaction, &statement.values) {
            (Some(transaction), None) => transaction.execute_unprepared(&statement.sql).await,
            (Some(transaction), Some(_)) => transaction.execute_raw(statement).await,
            (None, None) => self.db.execute_unprepared(&statement.sql).await,
            (None, Some(_)) => self.db.execute_raw(statement).await,
        };
        Ok(result?.rows_affected())
    }

    /// The beginning or end of a transaction or savepoint.
    pub(crate) async fn control(&mut self, kind: &TransactionKind, sql: &str) -> Result<(), DbErr> {
        if matches!(kind, TransactionKind::Commit | TransactionKind::Rollback) {
            self.outermost = None;
        }
        match (kind, self.transaction.take()) {
            (TransactionKind::Begin { mode }, None) => {
                let options = begun(*mode, sql);
                self.transaction = Some(self.db.begin_with_options(options).await?);
                Ok(())
            }
            (TransactionKind::Commit, Some(transaction)) => transaction.commit().await,
            (TransactionKind::Rollback, Some(transaction)) => transaction.rollback().await,
            (TransactionKind::Release(name), Some(transaction))
                if self.outermost.as_ref() == Some(name) =>
            {
                self.outermost = None;
                transaction.commit().await
            }
            // Savepoints are the transaction's own affair; outside of one, a savepoint is one to
            // SQLite, and nothing to others.
            (TransactionKind::Savepoint(name), None)
                if self.db.get_database_backend() == DbBackend::Sqlite =>
            {
                let transaction = self.db.begin().await?;
                self.outermost = Some(name.clone());
                let statement = Statement::from_string(DbBackend::Sqlite, sql);
                let result = transaction.execute_raw(statement).await;
                self.transaction = Some(transaction);
                result.map(drop)
            }
            (_, Some(transaction)) => {
                let result = transaction.execute_unprepared(sql).await;
                self.transaction = Some(transaction);
                result.map(drop)
            }
            (_, None) => Err(DbErr::Custom("no transaction is active".to_owned())),
        }
    }
}

/// How a transaction begins that begins with this text.
fn begun(mode: BeginMode, sql: &str) -> TransactionOptions {
    let sql = sql.to_ascii_uppercase();
    let words: Vec<&str> = sql.split([' ', '\t', '\r', '\n', ',']).collect();
    let says = |wanted: &[&str]| words.windows(wanted.len()).any(|words| words == wanted);
    let levels = [
        (
            &["READ", "UNCOMMITTED"][..],
            IsolationLevel::ReadUncommitted,
        ),
        (&["READ", "COMMITTED"], IsolationLevel::ReadCommitted),
        (&["REPEATABLE", "READ"], IsolationLevel::RepeatableRead),
        (&["SERIALIZABLE"], IsolationLevel::Serializable),
    ];
    let level = levels.into_iter().find(|(words, _)| says(words));
    TransactionOptions {
        isolation_level: level.map(|(_, level)| level),
        access_mode: says(&["READ", "ONLY"]).then_some(AccessMode::ReadOnly),
        sqlite_transaction_mode: match mode {
            BeginMode::Immediate => Some(SqliteTransactionMode::Immediate),
            BeginMode::Exclusive => Some(SqliteTransactionMode::Exclusive),
            _ => None,
        },
    }
}
