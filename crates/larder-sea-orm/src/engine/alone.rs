//! A text with a transaction of its own, on one connection of the pool from its first statement to
//! its last.
//!
//! Databases stop such a text at the first statement that fails, and leave the transaction open.
//! Given back to the pool like that, the connection would show others what nobody committed, and
//! keep its locks.

use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr};
use sqlx::{Database, Executor, Pool};

use crate::write::{Answer, How};

pub(super) async fn run<DB>(pool: &Pool<DB>, text: String, how: How) -> Result<Answer, DbErr>
where
    DB: Database,
    DB::Row: Into<QueryResult>,
    DB::QueryResult: Into<ExecResult>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let mut connection = pool.acquire().await.map_err(failed)?;
    let text = sqlx::raw_sql(sqlx::AssertSqlSafe(text));
    let answer = match how {
        How::Execute | How::ExecuteText => {
            let done = connection.execute(text).await;
            done.map(|done| Answer::Executed(done.into()))
        }
        How::QueryOne => {
            let rows = connection.fetch_all(text).await;
            rows.map(|rows| Answer::One(rows.into_iter().next().map(Into::into)))
        }
        How::QueryAll => {
            let rows = connection.fetch_all(text).await;
            rows.map(|rows| Answer::All(rows.into_iter().map(Into::into).collect()))
        }
    };
    if answer.is_err() {
        // An error says that there is nothing to roll back.
        let rollback = sqlx::raw_sql(sqlx::AssertSqlSafe("ROLLBACK".to_owned()));
        let _ = connection.execute(rollback).await;
    }
    answer.map_err(failed)
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}
