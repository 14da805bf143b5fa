//! A text with a transaction of its own, on one connection of the pool from its first statement to
//! its last.
//!
//! MySQL stops such a text at the first statement that fails, and leaves the transaction open. Given
//! back to the pool like that, the connection would show others what nobody committed, and keep rows
//! locked.

use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};

use crate::write::{Answer, How};

pub(super) async fn run(
    pool: &DatabaseConnection,
    text: String,
    how: How,
) -> Result<Answer, DbErr> {
    let pool = pool.get_mysql_connection_pool();
    let mut connection = pool.acquire().await.map_err(failed)?;
    let text = sqlx::raw_sql(sqlx::AssertSqlSafe(text));
    let answer = match how {
        How::Execute | How::ExecuteText => text
            .execute(&mut *connection)
            .await
            .map(|done| Answer::Executed(done.into())),
        How::QueryOne => text
            .fetch_all(&mut *connection)
            .await
            .map(|rows| Answer::One(rows.into_iter().next().map(Into::into))),
        How::QueryAll => text
            .fetch_all(&mut *connection)
            .await
            .map(|rows| Answer::All(rows.into_iter().map(Into::into).collect())),
    };
    if answer.is_err() {
        // An error says that there is nothing to roll back.
        let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await;
    }
    answer.map_err(failed)
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}
