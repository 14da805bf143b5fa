//! MySQL and MariaDB.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use larder::TagValue;
use larder::adapter::Horizon;
use larder_sql::{Catalogue, Column, Dialect, split};
use sea_orm::{
    DatabaseConnection, DbBackend, DbErr, QueryResult, RuntimeErr, TransactionOptions, Value,
};
use sqlx::mysql::MySqlDatabaseError;
use sqlx::{Column as _, Row as _};

use super::{Asked, Engine, Returning, Setting, Spelling, alone, not_supported};
use crate::failure;
use crate::shared::Shared;
use crate::value::Stored;
use crate::words;
use crate::write::{Answer, How};

mod catalogue;
mod session;
mod value;

struct MySql;

pub(super) fn engine() -> Result<Arc<dyn Engine>, DbErr> {
    Ok(Arc::new(MySql))
}

const SPELLING: Spelling = Spelling {
    quote: '`',
    numbers: false,
    values: false,
    lock_to_update: " FOR UPDATE",
    lock_to_delete: " FOR UPDATE",
    returning: Returning::Nothing,
    inserted: None,
    // No statement is made to give its rows.
    executed: |_| "DO 0".to_owned(),
};

/// `ER_LOCK_WAIT_TIMEOUT`: by a setting it ends the transaction; and who asks again waits again.
const WAITED_TOO_LONG: u16 = 1205;
/// `ER_LOCK_DEADLOCK`: the transaction was rolled back.
const DEADLOCK: u16 = 1213;

impl Engine for MySql {
    fn backend(&self) -> DbBackend {
        DbBackend::MySql
    }

    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn check<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(session::check(database))
    }

    fn catalogue<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<Catalogue, DbErr>> {
        Box::pin(catalogue::catalogue(database))
    }

    fn version<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<i64, DbErr>> {
        Box::pin(session::version(database))
    }

    fn counts_schema_changes(&self) -> bool {
        false
    }

    fn is_bindable(&self, column: &Column) -> bool {
        value::is_bindable(column)
    }

    fn spelling(&self) -> &'static Spelling {
        &SPELLING
    }

    fn stored(&self, row: &QueryResult, index: usize) -> Option<Stored> {
        value::stored(row.try_as_mysql_row()?, index)
    }

    fn columns(&self, row: &QueryResult) -> Vec<String> {
        let columns = row.try_as_mysql_row().map(|row| row.columns());
        let columns = columns.unwrap_or_default().iter();
        columns.map(|column| column.name().to_owned()).collect()
    }

    fn bound(&self, value: &Value) -> Option<Stored> {
        value::bound(value)
    }

    fn canonical(&self, column: &Column, value: &Stored) -> Option<TagValue> {
        value::canonical(column, value)
    }

    fn bind(&self, column: Option<&Column>, value: &Stored) -> Option<Value> {
        value::bind(column?, value)
    }

    fn writes_alone(&self) -> bool {
        false
    }

    fn commits_by_ddl(&self) -> bool {
        true
    }

    /// Only what ends a transaction does: other errors take back their own statement.
    fn spoils(&self, error: &DbErr) -> bool {
        let (DbErr::Query(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))) = error
        else {
            return true;
        };
        let told = error.as_database_error();
        let told = told.and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
        told.is_none_or(|error| [WAITED_TOO_LONG, DEADLOCK].contains(&error.number()))
    }

    /// SET and USE, and a comment that the database runs.
    fn sets(&self, sql: &str) -> Setting {
        let sets = split(sql, Dialect::MySql).into_iter().any(|range| {
            let text = &sql[range];
            words::begins(text, &["set", "use"]) || text.contains("/*!") || text.contains("/*M!")
        });
        Setting::of_connection(sets)
    }

    /// What InnoDB tells of transactions (`information_schema.innodb_trx`) it tells only to whoever may
    /// look into all connections, and from a copy that is up to a tenth of a second old.
    fn horizon<'a>(&'a self, _: &'a Arc<Shared>) -> BoxFuture<'a, Result<Arc<dyn Horizon>, DbErr>> {
        Box::pin(async {
            Err(failure::carried(larder::Error::config(
                "strict reads need to know when the writers of a database have ended: MySQL and MariaDB tell \
                 that late, and only to an account with the PROCESS privilege. SQLite and PostgreSQL can",
            )))
        })
    }

    fn to_write(&self) -> TransactionOptions {
        TransactionOptions::default()
    }

    fn run_alone<'a>(
        &'a self,
        pool: &'a DatabaseConnection,
        text: String,
        how: How,
    ) -> BoxFuture<'a, Result<Answer, DbErr>> {
        Box::pin(alone::run(pool.get_mysql_connection_pool(), text, how))
    }
}

/// A text in a row of the database's own tables, whatever type of text it has there.
fn text(row: &QueryResult, column: &str) -> Result<Option<String>, DbErr> {
    let missing = || DbErr::Custom(format!("the database did not tell its {column}"));
    let row = row.try_as_mysql_row().ok_or_else(missing)?;
    let value = row.try_get_raw(column).map_err(|_| missing())?;
    // Only NULL has no bytes.
    let Ok(bytes) = <&[u8] as sqlx::Decode<sqlx::MySql>>::decode(value) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(bytes).map_err(|_| missing())?;
    Ok(Some(text.to_owned()))
}

/// A number in such a row, which was asked for as text.
fn number(row: &QueryResult, column: &str) -> Result<i64, DbErr> {
    let text = text(row, column)?.unwrap_or_default();
    let unread = |_| DbErr::Custom(format!("the database's {column} is no number: {text:?}"));
    text.parse().map_err(unread)
}

fn refused(why: String) -> DbErr {
    // The type takes nothing but constants; these are said once, when a connection is opened.
    not_supported(DbBackend::MySql, Box::leak(why.into_boxed_str()))
}
