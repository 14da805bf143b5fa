//! The shop's database file: found, checked, opened and, the first time, loaded.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use larder_sea_orm::{CachedConnection, larder::CacheBuilder};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, metric::Info,
};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{kept::basket::Shelf, seed};

/// The connection that pages read and write through: SeaORM's own, with a cache before it.
pub type Db = CachedConnection;

/// `SHOP` in ASCII: the application id that `schema.sql` writes into the file.
const APPLICATION_ID: i64 = 0x5348_4F50;

/// How long a statement waits for another writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections read at once.
const CONNECTIONS_MAX: u32 = 8;

/// Why the shop cannot open: one sentence for the person who started it.
#[derive(Clone, Debug)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Finds the file that `--database` names: a path, with or without `sqlite:` before it.
///
/// ```
/// # fn main() -> Result<(), shop::database::StartError> {
/// let path = shop::database::locate("sqlite://records/shop.db")?;
/// assert_eq!(path, std::path::Path::new("records/shop.db"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When it names no SQLite file.
pub fn locate(database: &str) -> Result<PathBuf, StartError> {
    let path = match database.strip_prefix("sqlite:") {
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
        None => match database.split_once("://") {
            // Only the scheme: the rest may hold a password.
            Some((scheme, _)) => {
                return Err(StartError(format!(
                    "the shop keeps its data in SQLite: --database takes a file or sqlite://FILE, not {scheme}://"
                )));
            }
            None => database,
        },
    };
    if path.is_empty() || path == ":memory:" || path.contains('?') {
        return Err(StartError(format!(
            "--database takes a file or sqlite://FILE, without parameters, not \"{database}\""
        )));
    }
    Ok(PathBuf::from(path))
}

/// Opens the shop's database behind a cache, and loads the data if the file is new.
///
/// # Errors
///
/// When the file cannot be read or written, or holds something else than a shop.
pub async fn open(path: &Path, cache: CacheBuilder) -> Result<Db, StartError> {
    let (db, _) = open_watched(path, cache, |_| {}).await?;
    Ok(db)
}

/// Like [`open`], with a watcher that sees every statement that reaches the database, and with
/// SeaORM's own connection beside the shop's.
///
/// # Errors
///
/// Those of [`open`].
pub async fn open_watched(
    path: &Path,
    cache: CacheBuilder,
    watch: impl Fn(&Info<'_>) + Send + Sync + 'static,
) -> Result<(Db, DatabaseConnection), StartError> {
    let shown = path.display();
    let cannot_open = |error: DbErr| {
        StartError(format!(
            "cannot open the database {shown}: {}",
            reason(&error.to_string())
        ))
    };
    // A store that cannot be is refused before anything is made.
    let cache = cache
        .resource(Shelf::default())
        .build()
        .map_err(|error| StartError(format!("cannot open the store: {error}")))?;
    let state = inspect(path).await?;
    let mut connection = connect(path).await.map_err(cannot_open)?;
    if state == State::Empty {
        seed::load(&connection).await.map_err(|error| {
            StartError(format!("cannot load the shop's data into {shown}: {error}"))
        })?;
    }
    // Shops with different files may share a store: what they keep is told apart by this.
    let name = match cache.is_remote() {
        true => identity(&connection).await.map_err(cannot_open)?,
        false => String::new(),
    };
    connection.set_metric_callback(watch);
    if let Some(shelf) = cache.resource::<Shelf>() {
        shelf.open(connection.clone());
    }
    // This is all that it takes: from here on `.cached()` reads are cached, and writes through `db`
    // invalidate what they change.
    let db = CachedConnection::builder(cache)
        .database(&name)
        .wrap(connection.clone())
        .await
        .map_err(cannot_open)?;
    Ok((db, connection))
}

/// The name of this file, wherever it lies: a number that was drawn for it when a shop first opened
/// it, and that no other file has but its copies.
async fn identity(connection: &DatabaseConnection) -> Result<String, DbErr> {
    // Under the lock: two shops that open the file at once find one number.
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let transaction = connection.begin_with_options(immediate).await?;
    let ask = Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version");
    let row = transaction.query_one_raw(ask).await?;
    let mut number: i32 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    while number == 0 {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes)
            .map_err(|error| DbErr::Custom(format!("no random number for the file: {error}")))?;
        number = i32::from_le_bytes(bytes);
        let set = format!("PRAGMA user_version = {number}");
        transaction.execute_unprepared(&set).await?;
    }
    transaction.commit().await?;
    Ok(format!("{number:08x}"))
}

/// Closes the database; a file that was written to is whole again without its log.
pub async fn close(db: Db) {
    if let Err(error) = db.inner().close().await {
        eprintln!("shop: the database did not close cleanly: {error}");
    }
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

/// The part of a driver's message that helps: what comes after its own prefixes.
fn reason(message: &str) -> &str {
    message
        .rsplit(": ")
        .next()
        .unwrap_or(message)
        .trim_start_matches("(code: ")
        .trim_end_matches(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_be_written_as_a_url() {
        for text in ["shop.db", "sqlite:shop.db", "sqlite://shop.db"] {
            assert_eq!(locate(text).unwrap(), Path::new("shop.db"));
        }
        assert_eq!(
            locate("sqlite:///tmp/shop.db").unwrap(),
            Path::new("/tmp/shop.db")
        );
    }

    #[test]
    fn another_kind_of_database_is_refused_without_showing_its_password() {
        let error = locate("postgres://me:secret@host/db")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("postgres") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn no_file_at_all_is_refused() {
        for text in [
            "",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "shop.db?mode=ro",
        ] {
            assert!(locate(text).is_err(), "{text}");
        }
    }
}
