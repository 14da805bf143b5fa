//! Rows of any SELECT, as the database holds them.

use std::sync::Arc;

use larder::Mode;
use sea_orm::{ConnectionTrait, DbErr, JsonValue, QueryResult, Statement};
use serde::{Deserialize, Serialize};

use crate::cached::{Cached, CachedExt};
use crate::engine::{self, Engine};
use crate::read::{Ask, Load, Rows, fetch};
use crate::reader::CachedRead;
use crate::value::Stored;

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
    /// All rows, as the database holds them.
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
        fetch::<_, M, _>(db.reader(), self.query, ask, AsStored).await
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

/// Reads rows as the database holds them.
#[derive(Clone)]
struct AsStored;

impl Load<RawRows> for AsStored {
    async fn load<C: ConnectionTrait>(
        self,
        connection: &C,
        statement: Statement,
    ) -> Result<RawRows, DbErr> {
        raw_rows(connection, statement).await
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
    let engine = engine::of(connection.get_database_backend())?;
    raw(&*engine, connection.query_all_raw(statement).await?)
}

fn raw(engine: &dyn Engine, rows: Vec<QueryResult>) -> Result<RawRows, DbErr> {
    let mut all = RawRows::default();
    for row in &rows {
        if all.columns.is_empty() {
            all.columns = engine.columns(row);
        }
        let values = (0..all.columns.len()).map(|index| {
            engine.stored(row, index).ok_or_else(|| {
                DbErr::Type(format!(
                    "column {} of a row cannot be read",
                    all.columns[index]
                ))
            })
        });
        let values = values.collect::<Result<_, _>>()?;
        all.rows.push(values);
    }
    Ok(all)
}
