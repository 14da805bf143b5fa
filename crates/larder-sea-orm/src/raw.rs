//! Rows of any SELECT, as SQLite holds them.

use std::sync::Arc;

use larder::Mode;
use sea_orm::{ConnectionTrait, DbErr, JsonValue, QueryResult, Statement};
use serde::{Deserialize, Serialize};
use sqlx::{Column as _, Row as _};

use crate::cached::{Cached, CachedExt};
use crate::read::{Ask, Rows, fetch};
use crate::reader::CachedRead;
use crate::value::{Stored, stored};

/// Rows whose types nobody declared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RawRows {
    /// Names of the columns; empty when there are no rows.
    pub columns: Vec<String>,
    /// Values, by row.
    pub rows: Vec<Vec<Stored>>,
}

/// Any SELECT in SQL text.
impl CachedExt for Statement {}

impl<M> Cached<Statement, M> {
    /// All rows, as SQLite holds them.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn rows<C: CachedRead>(self, db: &C) -> Result<Arc<RawRows>, DbErr>
    where
        M: Mode<RawRows>,
    {
        let ask = Ask {
            policy: Some(&self.policy),
            ..Ask::plain("rows")
        };
        fetch::<_, M, _>(db.reader(), self.query, ask, Rows(raw)).await
    }

    /// All rows, as JSON objects.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn json<C: CachedRead>(self, db: &C) -> Result<Arc<Vec<JsonValue>>, DbErr>
    where
        M: Mode<Vec<JsonValue>>,
    {
        let ask = Ask {
            policy: Some(&self.policy),
            ..Ask::plain("json")
        };
        let rows = Rows(|rows: Vec<QueryResult>| {
            rows.iter()
                .map(|row| sea_orm::FromQueryResult::from_query_result(row, ""))
                .collect()
        });
        fetch::<_, M, _>(db.reader(), self.query, ask, rows).await
    }
}

/// Runs a statement on any SeaORM connection and gives its rows.
///
/// # Errors
/// Those of the database.
pub async fn raw_rows<C: ConnectionTrait>(
    connection: &C,
    statement: Statement,
) -> Result<RawRows, DbErr> {
    raw(connection.query_all_raw(statement).await?)
}

fn raw(rows: Vec<QueryResult>) -> Result<RawRows, DbErr> {
    let mut all = RawRows::default();
    for row in &rows {
        let Some(row) = row.try_as_sqlite_row() else {
            return Err(DbErr::Type("a row that is not SQLite's".to_owned()));
        };
        if all.columns.is_empty() {
            all.columns = row
                .columns()
                .iter()
                .map(|column| column.name().to_owned())
                .collect();
        }
        let values = (0..row.columns().len()).map(|index| stored(row, index));
        let values = values.collect::<Result<_, _>>();
        all.rows
            .push(values.map_err(|error| DbErr::Type(error.to_string()))?);
    }
    Ok(all)
}
