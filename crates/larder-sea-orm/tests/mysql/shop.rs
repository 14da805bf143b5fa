//! A shop in a database of its own, and the question every test asks: from where did the answer
//! come?

use std::sync::atomic::{AtomicU32, Ordering};

use larder::Cache;
use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use larder_servers::MariaDb;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, Statement, Value};

pub use crate::asked::read;

pub const SCHEMA: &str = "
    CREATE TABLE genre (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL);
    CREATE TABLE album (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(40) NOT NULL);
    CREATE TABLE track (
        id INT AUTO_INCREMENT PRIMARY KEY,
        name VARCHAR(40) NOT NULL,
        album_id INT,
        genre_id INT NOT NULL,
        unit_price INT NOT NULL,
        FOREIGN KEY (album_id) REFERENCES album (id) ON DELETE SET NULL,
        FOREIGN KEY (genre_id) REFERENCES genre (id));
    CREATE TABLE playlist (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL);
    CREATE TABLE playlist_track (
        playlist_id INT NOT NULL,
        track_id INT NOT NULL,
        PRIMARY KEY (playlist_id, track_id),
        FOREIGN KEY (playlist_id) REFERENCES playlist (id) ON DELETE CASCADE,
        FOREIGN KEY (track_id) REFERENCES track (id) ON DELETE CASCADE);
    INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz'), (3, 'Metal');
    INSERT INTO album VALUES (1, 'Restless'), (2, 'Quiet'), (3, 'Empty');
    INSERT INTO track VALUES
        (1, 'Fast', 1, 1, 99), (2, 'Slow', 1, 1, 99), (3, 'Blue', 2, 2, 199), (4, 'Loud', NULL, 3, 99);
    INSERT INTO playlist VALUES (1, 'Morning'), (2, 'Night');
    INSERT INTO playlist_track VALUES (1, 1), (1, 3), (2, 3);";

pub const BACKEND: DbBackend = DbBackend::MySql;

/// A statement whose parameters are question marks, as this database has them.
pub fn sql(text: &str) -> String {
    text.to_owned()
}

/// A trigger by which a new name of a genre gives all tracks one price.
pub const TRIGGER: &[&str] =
    &["CREATE TRIGGER t AFTER UPDATE ON genre FOR EACH ROW UPDATE track SET unit_price = 3"];

/// What cannot be cached.
pub const VOLATILE: &[&str] = &[
    "SELECT RAND()",
    "SELECT NOW()",
    "SELECT @@autocommit",
    "SELECT LAST_INSERT_ID()",
    "SELECT * FROM track ORDER BY RAND()",
    "SELECT * FROM track FOR UPDATE",
    "SHOW TABLES",
    "SELECT TABLE_NAME FROM information_schema.TABLES",
];

/// Writes in words of its own: upserts, REPLACE.
pub const WRITES: &[&str] = &[
    "INSERT INTO track VALUES (7, 'Again', 2, 1, 1) ON DUPLICATE KEY UPDATE album_id = 2",
    "REPLACE INTO track VALUES (7, 'Replaced', 3, 1, 1)",
];

pub struct Shop {
    pub db: CachedConnection,
    /// Where its database is. Nothing has to be kept: the server ends with the process.
    pub folder: Place,
}

/// A database on the server of this process.
pub struct Place(pub String);

impl Place {
    /// One with the shop in it.
    pub async fn new() -> Place {
        let made = tokio::task::spawn_blocking(|| make(SCHEMA));
        Place(made.await.expect("a database"))
    }

    pub fn options(&self) -> ConnectOptions {
        options(&self.0)
    }
}

impl Shop {
    pub async fn open() -> Shop {
        Shop::of(SCHEMA).await
    }

    /// Any tables and rows.
    pub async fn of(schema: &str) -> Shop {
        let name = make(schema);
        let db = CachedConnection::new(plain(&name).await, Cache::memory())
            .await
            .expect("open");
        Shop {
            db,
            folder: Place(name),
        }
    }

    /// Where its database is.
    pub fn url(&self) -> String {
        MariaDb::shared().url(self.name())
    }

    /// Its database's name on the server.
    pub fn name(&self) -> &str {
        &self.folder.0
    }

    /// Runs SQL where nobody looks.
    pub fn elsewhere(&self, sql: &str) -> String {
        MariaDb::shared().run_sql(self.name(), sql)
    }
}

/// A new database with these tables and rows; its name.
pub fn make(schema: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("shop_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    MariaDb::shared().database(&name);
    MariaDb::shared().run_sql(&name, schema);
    name
}

/// A connection that caches nothing.
pub async fn plain(name: &str) -> DatabaseConnection {
    Database::connect(options(name)).await.expect("a database")
}

fn options(name: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(MariaDb::shared().url(name));
    options.max_connections(4).sqlx_logging(false);
    // sqlx keeps prepared statements with the columns they had before an ALTER TABLE.
    options.map_sqlx_mysql_opts(|options| options.statement_cache_capacity(0));
    options
}

/// A text with values.
pub fn bound<const N: usize>(sql: &str, values: [Value; N]) -> Cached<Statement> {
    Statement::from_sql_and_values(DbBackend::MySql, sql, values).cached()
}

/// A text.
pub fn text(sql: &str) -> Cached<Statement> {
    bound(sql, [])
}
