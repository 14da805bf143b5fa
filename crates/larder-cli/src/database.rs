//! Databases that a command is pointed at.

use std::path::Path;
use std::time::Duration;

use larder::Cache;
use larder_sea_orm::sea_orm::{ConnectOptions, DbBackend, DbErr, RuntimeErr, sqlx};
use larder_sea_orm::{Builder, CachedConnection, cache_error};
use larder_sql::Dialect;

use crate::failure::Failure;

/// How long a server may take to let a command in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a MySQL or MariaDB server is told of each connection: nobody waits for a lock for long.
const MYSQL_LOCK_WAIT: &str = "SET SESSION innodb_lock_wait_timeout = 1";

/// The same for PostgreSQL, as a setting.
const POSTGRES_LOCK_WAIT: (&str, &str) = ("lock_timeout", "1s");

/// How the URL of a server begins, how SeaORM writes that, and what speaks there.
const SERVERS: [(&str, &str, Dialect); 4] = [
    ("postgres://", "postgres://", Dialect::Postgres),
    ("postgresql://", "postgres://", Dialect::Postgres),
    ("mysql://", "mysql://", Dialect::MySql),
    ("mariadb://", "mysql://", Dialect::MySql),
];

/// A database that may be there.
pub(crate) struct Target {
    /// Not for people: there may be a password in it.
    url: String,
    dialect: Dialect,
    /// What people call it.
    name: String,
}

impl Target {
    /// The database of a URL, if it is one of a kind that larder knows and not known to be missing.
    pub(crate) fn parse(url: &str) -> Result<Target, Failure> {
        if let Some(rest) = url.strip_prefix("sqlite:") {
            return file(url, rest);
        }
        let server = SERVERS
            .iter()
            .find_map(|(begin, known, dialect)| Some((url.strip_prefix(begin)?, known, *dialect)));
        match server {
            Some((rest, known, dialect)) => Ok(Target {
                url: format!("{known}{rest}"),
                dialect,
                name: format!("the {} database", kind(dialect)),
            }),
            // Nothing of it is repeated but the kind: the rest may hold a password.
            None => Err(Failure::new(format!(
                "--database takes sqlite://, postgres://, mysql:// or mariadb://{}",
                match url.split_once("://") {
                    Some((scheme, _)) => format!(", not {scheme}://"),
                    None => String::new(),
                }
            ))),
        }
    }

    /// A new SQLite database in this file.
    pub(crate) fn scratch(file: &Path) -> Target {
        Target {
            url: format!("sqlite://{}?mode=rwc", file.display()),
            dialect: Dialect::Sqlite,
            name: "a scratch database".to_owned(),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A connection of its own, behind this cache.
    pub(crate) async fn connect(&self, cache: Cache) -> Result<CachedConnection, Failure> {
        self.connect_as(cache, "").await
    }

    /// The same, under the name that a service gives its database.
    pub(crate) async fn connect_as(
        &self,
        cache: Cache,
        name: &str,
    ) -> Result<CachedConnection, Failure> {
        let builder = CachedConnection::builder(cache).database(name);
        self.open(builder).await
    }

    /// A connection whose reads behave as if the database had answered them, where that can be had.
    pub(crate) async fn connect_strictly(&self, cache: Cache) -> Result<CachedConnection, Failure> {
        self.open(CachedConnection::builder(cache).strict()).await
    }

    /// A connection of its own; or why larder does not have a database that answers.
    pub(crate) async fn ask(
        &self,
        cache: Cache,
    ) -> Result<Result<CachedConnection, Failure>, Failure> {
        let builder = CachedConnection::builder(cache);
        match builder.connect(self.options()).await {
            Ok(db) => Ok(Ok(db)),
            Err(error) if is_refusal(&error) => Ok(Err(self.unopened(&error))),
            Err(error) => Err(self.unopened(&error)),
        }
    }

    async fn open(&self, builder: Builder) -> Result<CachedConnection, Failure> {
        let opened = builder.connect(self.options()).await;
        opened.map_err(|error| self.unopened(&error))
    }

    fn unopened(&self, error: &DbErr) -> Failure {
        let why = match error {
            DbErr::Conn(RuntimeErr::SqlxError(error))
                if matches!(**error, sqlx::Error::PoolTimedOut) =>
            {
                "nobody answers there".to_owned()
            }
            // SeaORM repeats a URL that it cannot read.
            _ => error.to_string().replace(&self.url, "its URL"),
        };
        Failure::new(format!("cannot open {}: {why}", self.name))
    }

    /// One connection, so that a transaction stays on it; nobody waits for a lock, or not for long:
    /// who holds it may be another connection of the same script. No prepared statements are kept:
    /// sqlx would keep the columns they had before an ALTER TABLE with them.
    fn options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new(self.url.clone());
        options
            .max_connections(1)
            .connect_timeout(CONNECT_TIMEOUT)
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(|options| {
                options
                    .busy_timeout(Duration::ZERO)
                    .statement_cache_capacity(0)
            })
            .map_sqlx_postgres_opts(|options| {
                options
                    .options([POSTGRES_LOCK_WAIT])
                    .statement_cache_capacity(0)
            })
            .map_sqlx_mysql_opts(|options| options.statement_cache_capacity(0))
            .map_sqlx_mysql_pool_opts(|pool| {
                pool.after_connect(|connection, _| {
                    Box::pin(async move {
                        sqlx::Executor::execute(connection, MYSQL_LOCK_WAIT).await?;
                        Ok(())
                    })
                })
            });
        options
    }
}

/// Whether larder, which has seen the database, does not have it.
fn is_refusal(error: &DbErr) -> bool {
    matches!(error, DbErr::BackendNotSupported { .. })
        || cache_error(error).is_some_and(larder::Error::is_config)
}

/// What SeaORM calls the database of a dialect.
pub(crate) fn backend(dialect: Dialect) -> DbBackend {
    match dialect {
        Dialect::Sqlite => DbBackend::Sqlite,
        Dialect::Postgres => DbBackend::Postgres,
        Dialect::MySql => DbBackend::MySql,
    }
}

/// What people call it.
pub(crate) fn kind(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
        Dialect::MySql => "MySQL or MariaDB",
    }
}

/// An SQLite database that is there, or that the URL wants made.
fn file(url: &str, rest: &str) -> Result<Target, Failure> {
    let path = rest
        .trim_start_matches("//")
        .split('?')
        .next()
        .unwrap_or_default();
    if path == ":memory:" || rest.contains("mode=memory") {
        return Err(Failure::new(
            "a database in memory belongs to one connection; leave --database out for a scratch one",
        ));
    }
    let path = path.replace("%20", " ");
    if !rest.contains("mode=") && !Path::new(&path).is_file() {
        return Err(Failure::new(format!("there is no database file {path}")));
    }
    Ok(Target {
        url: url.replace(' ', "%20"),
        dialect: Dialect::Sqlite,
        name: url.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Dialect) {
        assert_eq!(Target::parse(url).unwrap().dialect(), expected, "{url}");
    }

    #[test]
    fn the_kind_of_database_is_told_by_its_url() {
        check("postgres://me:secret@host/shop", Dialect::Postgres);
        check("postgresql://host/shop", Dialect::Postgres);
        check("mysql://host:3307/shop", Dialect::MySql);
        check("mariadb://host/shop", Dialect::MySql);
        check("sqlite://made.db?mode=rwc", Dialect::Sqlite);
    }

    #[test]
    fn another_kind_is_refused_without_its_password() {
        for url in ["oracle://me:secret@host/db", "secret", "mysql:secret@host"] {
            let error = Target::parse(url).err().unwrap().to_string();
            assert!(error.contains("postgres://"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_url_that_cannot_be_read_is_not_repeated() {
        for url in [
            "postgres://me:secret@host:many/db",
            "mysql://me:secret@[/db",
        ] {
            let target = Target::parse(url).unwrap();
            let error = target.connect(Cache::memory()).await.err().unwrap();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
