//! SQLite.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use larder::adapter::Horizon;
use larder::{Name, TagValue};
use larder_sql::{Catalogue, Column, Dialect, Table};
use sea_orm::{
    DatabaseConnection, DbBackend, DbErr, QueryResult, SqliteTransactionMode, TransactionOptions,
    Value,
};
use sqlx::{Column as _, Row as _};

use super::{Asked, Engine, Returning, Setting, Spelling, alone};
use crate::shared::Shared;
use crate::value::Stored;
use crate::words;
use crate::write::{Answer, How};

mod catalogue;
mod horizon;
pub(crate) mod value;

use horizon::WriteLock;

pub(super) struct Sqlite;

const SPELLING: Spelling = Spelling {
    quote: '"',
    numbers: false,
    values: true,
    // Its transactions that write are alone.
    lock_to_update: "",
    lock_to_delete: "",
    returning: Returning::AloneInserts,
    inserted: None,
    // SQLite keeps the number of changes and the last row id of an insert until the next write, and a
    // statement that writes nothing reports them.
    executed: |_| "SELECT 0 WHERE 0".to_owned(),
};

/// What a PRAGMA can set that answers depend on.
const SETTINGS: [&str; 6] = [
    "case_sensitive_like",
    "reverse_unordered_selects",
    "writable_schema",
    "encoding",
    "short_column_names",
    "full_column_names",
];

impl Engine for Sqlite {
    fn backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn check<'a>(&'a self, _: &'a dyn Asked) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async { Ok(()) })
    }

    fn catalogue<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<Catalogue, DbErr>> {
        Box::pin(catalogue::catalogue(database))
    }

    /// SQLite's own counter of schema changes, as this connection sees it.
    fn version<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<i64, DbErr>> {
        Box::pin(async {
            match database.ask("PRAGMA schema_version").await?.first() {
                Some(row) => row.try_get_by_index(0),
                None => Ok(0),
            }
        })
    }

    fn counts_schema_changes(&self) -> bool {
        true
    }

    fn key(&self, table: &Table) -> Option<Vec<Name>> {
        match table.without_rowid {
            true => Some(table.primary_key.clone()),
            // A column may hide the number by which rows are found again.
            false => table
                .column("rowid")
                .is_none()
                .then(|| vec!["rowid".into()]),
        }
    }

    fn settable_key(&self, table: &Table) -> Vec<Name> {
        match table.without_rowid {
            true => table.primary_key.clone(),
            false => table.rowid_alias.iter().cloned().collect(),
        }
    }

    fn is_bindable(&self, _: &Column) -> bool {
        true
    }

    fn spelling(&self) -> &'static Spelling {
        &SPELLING
    }

    fn stored(&self, row: &QueryResult, index: usize) -> Option<Stored> {
        value::stored(row.try_as_sqlite_row()?, index).ok()
    }

    fn columns(&self, row: &QueryResult) -> Vec<String> {
        let columns = row.try_as_sqlite_row().map(|row| row.columns());
        let columns = columns.unwrap_or_default().iter();
        columns.map(|column| column.name().to_owned()).collect()
    }

    fn bound(&self, value: &Value) -> Option<Stored> {
        value::bound(value)
    }

    fn canonical(&self, column: &Column, value: &Stored) -> Option<TagValue> {
        value::canonical(column, value)
    }

    fn bind(&self, _: Option<&Column>, value: &Stored) -> Option<Value> {
        match value {
            Stored::Null => Some(Value::BigInt(None)),
            Stored::Int(number) => Some(Value::from(*number)),
            Stored::Real(number) => Some(Value::from(*number)),
            Stored::Text(text) => Some(Value::from(text.clone())),
            Stored::Blob(bytes) => Some(Value::from(bytes.clone())),
            Stored::Other(..) => None,
        }
    }

    fn writes_alone(&self) -> bool {
        true
    }

    fn commits_by_ddl(&self) -> bool {
        false
    }

    fn spoils(&self, _: &DbErr) -> bool {
        false
    }

    fn sets(&self, sql: &str) -> Setting {
        let sets = words::follow(sql, &["pragma"]) && words::any(sql, &SETTINGS);
        Setting::of_connection(sets)
    }

    fn horizon<'a>(
        &'a self,
        shared: &'a Arc<Shared>,
    ) -> BoxFuture<'a, Result<Arc<dyn Horizon>, DbErr>> {
        Box::pin(async {
            let lock: Arc<dyn Horizon> = Arc::new(WriteLock::new(shared));
            Ok(lock)
        })
    }

    /// With the write lock from its first statement: what is read before and after a write is what it
    /// found and left.
    fn to_write(&self) -> TransactionOptions {
        TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        }
    }

    fn to_read_at_once(&self) -> TransactionOptions {
        // It has one level of isolation, and this is it.
        TransactionOptions::default()
    }

    fn run_alone<'a>(
        &'a self,
        pool: &'a DatabaseConnection,
        text: String,
        how: How,
    ) -> BoxFuture<'a, Result<Answer, DbErr>> {
        Box::pin(alone::run(pool.get_sqlite_connection_pool(), text, how))
    }
}
