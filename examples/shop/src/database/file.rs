//! The shop in a file of SQLite.

use std::path::Path;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{BUSY_TIMEOUT, CONNECTIONS_MAX, StartError, a_number, reason};
use crate::seed;

/// `SHOP` in ASCII: the application id that `schema.sql` writes into the file.
const APPLICATION_ID: i64 = 0x5348_4F50;

/// Opens the file, filled if it was not there, with its name if that is wanted.
pub(super) async fn open(
    path: &Path,
    named: bool,
) -> Result<(DatabaseConnection, String), StartError> {
    let shown = path.display();
    let cannot_open = |error: DbErr| {
        StartError(format!(
            "cannot open the database {shown}: {}",
            reason(&error.to_string())
        ))
    };
    let state = inspect(path).await?;
    let connection = connect(path).await.map_err(cannot_open)?;
    if state == State::Empty {
        load(&connection).await.map_err(|error| {
            StartError(format!("cannot load the shop's data into {shown}: {error}"))
        })?;
    }
    let name = match named {
        true => identity(&connection).await.map_err(cannot_open)?,
        false => String::new(),
    };
    Ok((connection, name))
}

/// Makes the tables and fills them, unless another shop has done so meanwhile. Either all of it
/// happens or nothing.
async fn load(connection: &DatabaseConnection) -> Result<(), DbErr> {
    // With the lock from the first statement on: shops that start together load once.
    let transaction = connection.begin_with_options(immediate()).await?;
    let objects = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM sqlite_schema");
    let objects = transaction.query_one_raw(objects).await?;
    if objects.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0))? > 0 {
        return transaction.rollback().await;
    }
    transaction
        .execute_unprepared(include_str!("../schema.sql"))
        .await?;
    seed::fill(&transaction).await?;
    // Without statistics SQLite guesses the order of joins, and guesses badly here.
    transaction.execute_unprepared("ANALYZE").await?;
    transaction.commit().await
}

/// Holds the file's one lock from the beginning on.
fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    }
}

/// The name of this file, wherever it lies: a number that was drawn for it when a shop first opened
/// it, and that no other file has but its copies.
async fn identity(connection: &DatabaseConnection) -> Result<String, DbErr> {
    // Under the lock: two shops that open the file at once find one number.
    let transaction = connection.begin_with_options(immediate()).await?;
    let ask = Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version");
    let row = transaction.query_one_raw(ask).await?;
    let mut number: i32 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if number == 0 {
        number = a_number()?;
        let set = format!("PRAGMA user_version = {number}");
        transaction.execute_unprepared(&set).await?;
    }
    transaction.commit().await?;
    Ok(format!("{number:08x}"))
}

async fn connect(path: &Path) -> Result<DatabaseConnection, DbErr> {
    use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};

    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite:");
    options
        .max_connections(CONNECTIONS_MAX)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .filename(&path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .foreign_keys(true)
                .busy_timeout(BUSY_TIMEOUT)
        });
    Database::connect(options).await
}

#[derive(PartialEq)]
enum State {
    Empty,
    Loaded,
}

/// Looks at the file without changing it: opening a stranger's database for writing would already
/// turn it to write-ahead logging.
async fn inspect(path: &Path) -> Result<State, StartError> {
    let shown = path.display();
    if !path.exists() {
        return Ok(State::Empty);
    }
    if path.is_dir() {
        return Err(StartError(format!(
            "{shown} is a folder, not a database file"
        )));
    }
    let look = async {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let id: i64 = sqlx::query_scalar("PRAGMA application_id")
            .fetch_one(&mut connection)
            .await?;
        let objects: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>((id, objects))
    };
    match look.await {
        Ok((APPLICATION_ID, objects)) if objects > 0 => Ok(State::Loaded),
        Ok((0, 0)) => Ok(State::Empty),
        Ok(_) => Err(StartError(format!(
            "{shown} is not a shop's database but some other one: choose another file with --database"
        ))),
        Err(error) => Err(StartError(format!(
            "cannot read the database {shown}: {}",
            reason(&error.to_string())
        ))),
    }
}
