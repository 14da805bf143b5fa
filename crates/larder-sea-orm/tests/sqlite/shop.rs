//! A shop on a database file of its own.

use std::path::Path;

use larder::Cache;
use larder_sea_orm::{Builder, CachedConnection};
use sea_orm::{ConnectOptions, Database, DbBackend};
use sqlx::sqlite::SqliteJournalMode;

pub use crate::asked::read;

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

pub const BACKEND: DbBackend = DbBackend::Sqlite;

/// A statement whose parameters are question marks, as this database has them.
pub fn sql(text: &str) -> String {
    text.to_owned()
}

/// A trigger by which a new name of a genre gives all tracks one price.
pub const TRIGGER: &[&str] =
    &["CREATE TRIGGER t AFTER UPDATE ON genre BEGIN UPDATE track SET unit_price = 3; END"];

/// What cannot be cached.
pub const VOLATILE: &[&str] = &[
    "SELECT random()",
    "SELECT datetime('now')",
    "SELECT * FROM track ORDER BY random()",
    "PRAGMA table_list",
];

/// Writes in words of its own: upserts, REPLACE.
pub const WRITES: &[&str] = &[
    "INSERT INTO track VALUES (7, 'Again', 2, 1, 1) ON CONFLICT (id) DO UPDATE SET album_id = 2",
    "REPLACE INTO track VALUES (7, 'Replaced', 3, 1, 1)",
];

/// A database file with the shop in it.
pub struct Place {
    folder: tempfile::TempDir,
    journal: SqliteJournalMode,
}

impl Place {
    pub async fn new() -> Place {
        Place::journalled(SqliteJournalMode::Wal).await
    }

    /// With this kind of journal.
    pub async fn journalled(journal: SqliteJournalMode) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place { folder, journal };
        make(place.options()).await;
        place
    }

    pub fn options(&self) -> ConnectOptions {
        options_of(&self.folder.path().join("shop.db"), 4, self.journal)
    }
}

pub struct Shop {
    pub db: CachedConnection,
    pub folder: tempfile::TempDir,
}

impl Shop {
    /// Where its database is.
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("shop.db").display())
    }

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
