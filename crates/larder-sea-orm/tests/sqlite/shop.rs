//! A shop on a database file of its own, and the question every test asks: from where did the
//! answer come?

use std::path::Path;

use larder::Cache;
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{Builder, CachedConnection};
use sea_orm::{ConnectOptions, Database, DbErr};
use sqlx::sqlite::SqliteJournalMode;

pub const SCHEMA: &str = "
    CREATE TABLE genre (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE album (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
    CREATE TABLE track (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        album_id INTEGER REFERENCES album (id) ON DELETE SET NULL,
        genre_id INTEGER NOT NULL REFERENCES genre (id),
        unit_price INTEGER NOT NULL);
    CREATE TABLE playlist (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE playlist_track (
        playlist_id INTEGER NOT NULL REFERENCES playlist (id) ON DELETE CASCADE,
        track_id INTEGER NOT NULL REFERENCES track (id) ON DELETE CASCADE,
        PRIMARY KEY (playlist_id, track_id));
    INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz'), (3, 'Metal');
    INSERT INTO album VALUES (1, 'Restless'), (2, 'Quiet'), (3, 'Empty');
    INSERT INTO track VALUES
        (1, 'Fast', 1, 1, 99), (2, 'Slow', 1, 1, 99), (3, 'Blue', 2, 2, 199), (4, 'Loud', NULL, 3, 99);
    INSERT INTO playlist VALUES (1, 'Morning'), (2, 'Night');
    INSERT INTO playlist_track VALUES (1, 1), (1, 3), (2, 3);";

pub struct Shop {
    pub db: CachedConnection,
    pub folder: tempfile::TempDir,
}

impl Shop {
    pub async fn open() -> Shop {
        Shop::built(|builder| builder).await
    }

    /// A pool of one connection: sqlx reads `SELECT *` wrongly on a connection that has not heard
    /// of a change of the schema made on another.
    pub async fn open_single() -> Shop {
        Shop::pooled(1, |builder| builder).await
    }

    pub async fn built(build: impl FnOnce(Builder) -> Builder) -> Shop {
        Shop::pooled(4, build).await
    }

    async fn pooled(connections: u32, build: impl FnOnce(Builder) -> Builder) -> Shop {
        let folder = tempfile::tempdir().expect("a folder");
        let options = options(&folder.path().join("shop.db"), connections);
        make(options.clone()).await;
        let db = build(CachedConnection::builder(Cache::memory()))
            .connect(options)
            .await
            .expect("open");
        Shop { db, folder }
    }
}

/// How the file is opened.
pub fn options(file: &Path, connections: u32) -> ConnectOptions {
    options_of(file, connections, SqliteJournalMode::Wal)
}

/// How the file is opened, with this kind of journal.
pub fn options_of(file: &Path, connections: u32, journal: SqliteJournalMode) -> ConnectOptions {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options.max_connections(connections).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .journal_mode(journal)
            .busy_timeout(std::time::Duration::from_secs(10))
            // sqlx keeps prepared statements with the columns they had before an ALTER TABLE.
            .statement_cache_capacity(0)
    });
    options
}

/// Makes the shop's tables and rows.
pub async fn make(options: ConnectOptions) {
    let plain = Database::connect(options).await.expect("a database");
    sea_orm::ConnectionTrait::execute_unprepared(&plain, SCHEMA)
        .await
        .expect("the schema");
    plain.close().await.expect("closed");
}

/// Runs one cached read; its value and from where it came.
pub async fn read<T>(query: impl Future<Output = Result<T, DbErr>>) -> (T, Outcome) {
    let (value, queries) = trace::scope(query).await;
    let value = value.expect("the read works");
    assert_eq!(queries.len(), 1, "one query: {queries:?}");
    let query = &queries[0];
    match query.outcome {
        Outcome::Hit => assert_eq!(query.statements, 0, "{query:?}"),
        // Over a shared store a load asks first whether the schema is the one of its plan.
        _ => assert!((1..=2).contains(&query.statements), "{query:?}"),
    }
    (value, query.outcome.clone())
}

/// Checks that a read is a hit now.
#[macro_export]
macro_rules! hit {
    ($query:expr) => {{
        let (value, outcome) = $crate::shop::read($query).await;
        assert_eq!(
            outcome,
            larder_sea_orm::trace::Outcome::Hit,
            "{}",
            stringify!($query)
        );
        value
    }};
}

/// Checks that a read asks the database now, and is a hit afterwards.
#[macro_export]
macro_rules! miss {
    ($query:expr) => {{
        let (value, outcome) = $crate::shop::read($query).await;
        assert_eq!(
            outcome,
            larder_sea_orm::trace::Outcome::Miss,
            "{}",
            stringify!($query)
        );
        let (again, outcome) = $crate::shop::read($query).await;
        assert_eq!(
            outcome,
            larder_sea_orm::trace::Outcome::Hit,
            "{}",
            stringify!($query)
        );
        assert_eq!(value, again);
        value
    }};
}
