//! The shop's database: found, checked, opened and, the first time, filled.

mod file;
mod server;

use std::{fmt, path::PathBuf, time::Duration};

use larder_sea_orm::{CachedConnection, larder::CacheBuilder};
use sea_orm::{DatabaseConnection, DbErr, metric::Info};

use crate::kept::basket::Shelf;
pub use server::Server;

/// The connection that pages read and write through: SeaORM's own, with a cache before it.
pub type Db = CachedConnection;

/// How long a statement waits for another writer of the same file.
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

/// Where the shop's data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// In a file of SQLite.
    File(PathBuf),
    /// In a database on a server.
    Server(Server),
}

impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Address {
        Address::File(path)
    }
}

/// Finds the database that `--database` names: a path, with or without `sqlite:` before it, or the
/// URL of a database on a server.
///
/// ```
/// # fn main() -> Result<(), shop::database::StartError> {
/// use shop::database::{Address, locate};
///
/// let file = locate("sqlite://records/shop.db")?;
/// assert_eq!(file, Address::File("records/shop.db".into()));
/// let server = locate("postgres://me:secret@localhost/records")?;
/// assert_eq!(format!("{server:?}"), "Server(Server(\"PostgreSQL\"))");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When it names neither.
pub fn locate(database: &str) -> Result<Address, StartError> {
    let path = match (database.strip_prefix("sqlite:"), database.split_once("://")) {
        (Some(rest), _) => rest.strip_prefix("//").unwrap_or(rest),
        (None, Some((scheme, _))) => {
            return match Server::of(scheme, database) {
                Some(server) => Ok(Address::Server(server)),
                // Only the scheme: the rest may hold a password.
                None => Err(StartError(format!(
                    "--database takes a file, sqlite://FILE, postgres://…, mysql://… or mariadb://…, not {scheme}://"
                ))),
            };
        }
        (None, None) => database,
    };
    if path.is_empty() || path == ":memory:" || path.contains('?') {
        return Err(StartError(format!(
            "--database takes a file or sqlite://FILE, without parameters, not \"{database}\""
        )));
    }
    Ok(Address::File(path.into()))
}

/// Opens the shop's database behind a cache, and loads the data if it is new.
///
/// # Errors
///
/// When it cannot be read or written, or holds something else than a shop.
pub async fn open(address: &Address, cache: CacheBuilder) -> Result<Db, StartError> {
    let (db, _) = open_watched(address, cache, |_| {}).await?;
    Ok(db)
}

/// Like [`open`], with a watcher that sees every statement that reaches the database, and with
/// SeaORM's own connection beside the shop's.
///
/// # Errors
///
/// Those of [`open`].
pub async fn open_watched(
    address: &Address,
    cache: CacheBuilder,
    watch: impl Fn(&Info<'_>) + Send + Sync + 'static,
) -> Result<(Db, DatabaseConnection), StartError> {
    // A store that cannot be is refused before anything is made.
    let cache = cache
        .resource(Shelf::default())
        .build()
        .map_err(|error| StartError(format!("cannot open the store: {error}")))?;
    // Shops with different databases may share a store: what they keep is told apart by a name.
    let (mut connection, name) = match address {
        Address::File(path) => Box::pin(file::open(path, cache.is_remote())).await?,
        Address::Server(server) => Box::pin(server.open()).await?,
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
        .map_err(|error| {
            let why = error.to_string();
            StartError(format!("cannot open the database: {}", reason(&why)))
        })?;
    Ok((db, connection))
}

/// Closes the database; a file that was written to is whole again without its log.
pub async fn close(db: Db) {
    if let Err(error) = db.inner().close().await {
        eprintln!("shop: the database did not close cleanly: {error}");
    }
}

/// A number that was drawn for a database when a shop first needed one, and that no other has but
/// its copies: the name of the database, wherever it lies.
fn a_number() -> Result<i32, DbErr> {
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).map_err(|error| {
            DbErr::Custom(format!("no random number for the database: {error}"))
        })?;
        match i32::from_le_bytes(bytes) {
            // Where none was drawn yet.
            0 => {}
            number => return Ok(number),
        }
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
            assert_eq!(locate(text).unwrap(), Address::File("shop.db".into()));
        }
        assert_eq!(
            locate("sqlite:///tmp/shop.db").unwrap(),
            Address::File("/tmp/shop.db".into())
        );
    }

    #[test]
    fn another_kind_of_database_is_refused_without_showing_its_password() {
        let error = locate("oracle://me:secret@host/db")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("not oracle://") && !error.contains("secret"),
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
