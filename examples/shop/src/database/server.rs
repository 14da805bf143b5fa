//! The shop in a database on a server: PostgreSQL, MySQL or MariaDB.

use std::{fmt, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, RuntimeErr, Statement,
    TransactionTrait,
};

use super::{CONNECTIONS_MAX, StartError, a_number, reason};
use crate::seed;

/// How long a server may take to let the shop in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The table that only a shop's database has: one row when the shop is whole, with the name that it
/// was given.
const MARK: &str = "shop";

/// A database on a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Not for people: there may be a password in it.
    url: String,
    kind: &'static Kind,
}

/// Without the password.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.kind.name).finish()
    }
}

/// What one kind of server says in other words than the next.
#[derive(PartialEq, Eq)]
struct Kind {
    /// What people call it.
    name: &'static str,
    /// How the URLs of such databases begin; the first is SeaORM's own word.
    schemes: &'static [&'static str],
    /// Makes the tables that are not there yet.
    schema: &'static str,
    /// The names of all tables.
    tables: &'static str,
    /// Gives 1 when no other connection holds this database's lock; then this one does, until it
    /// ends.
    lock: &'static str,
    /// Lets numbers that the database draws go on behind the rows that brought theirs.
    numbers: &'static str,
    /// What a statement that drops a database says so as not to wait for who is still in it.
    by_force: &'static str,
    /// Has the database count its rows, for better plans.
    statistics: &'static str,
}

static POSTGRES: Kind = Kind {
    name: "PostgreSQL",
    schemes: &["postgres", "postgresql"],
    schema: include_str!("../schema/postgres.sql"),
    tables: "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = current_schema()",
    lock: "SELECT CAST(1 AS bigint) FROM pg_advisory_lock(1397247824)",
    numbers: include_str!("../schema/postgres_numbers.sql"),
    by_force: " WITH (FORCE)",
    statistics: "ANALYZE",
};

static MYSQL: Kind = Kind {
    name: "MySQL or MariaDB",
    schemes: &["mysql", "mariadb"],
    schema: include_str!("../schema/mysql.sql"),
    tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
    lock: "SELECT CAST(GET_LOCK(SHA1(CONCAT('shop ', DATABASE())), 600) AS SIGNED)",
    // They do so by themselves.
    numbers: "",
    by_force: "",
    statistics: "ANALYZE TABLE artist, album, genre, media_type, track, playlist, playlist_track, \
                 employee, customer, invoice, invoice_line",
};

impl Server {
    /// The database of a URL, if its scheme is a server's.
    pub(super) fn of(scheme: &str, url: &str) -> Option<Server> {
        let kind = [&POSTGRES, &MYSQL]
            .into_iter()
            .find(|kind| kind.schemes.contains(&scheme))?;
        let rest = url.strip_prefix(scheme)?;
        Some(Server {
            url: format!("{}{rest}", kind.schemes[0]),
            kind,
        })
    }

    /// Opens the database, filled if it was empty, with its name.
    pub(super) async fn open(&self) -> Result<(DatabaseConnection, String), StartError> {
        // One connection, which looks, and holds the lock while it fills the tables.
        let first = self
            .connect(1, CONNECT_TIMEOUT)
            .await
            .map_err(|error| self.cannot("open", &error))?;
        let number = match self.state(&first).await? {
            State::Loaded(number) => number,
            State::Empty => self
                .load(&first)
                .await
                .map_err(|error| self.cannot("load the shop's data into", &error))?,
        };
        let opened = async {
            first.close().await?;
            self.connect(CONNECTIONS_MAX, CONNECT_TIMEOUT).await
        };
        let connection = opened.await.map_err(|error| self.cannot("open", &error))?;
        Ok((connection, format!("{number:08x}")))
    }

    /// Makes an empty database beside this one, on the same server.
    ///
    /// # Errors
    ///
    /// When the server does not let this account do so.
    pub async fn make_another(&self) -> Result<Server, StartError> {
        let made = async {
            // Nothing in it needs quotes.
            let name = format!("shop_tour_{:08x}", a_number()?);
            self.tell(&format!("CREATE DATABASE {name}")).await?;
            Ok(self.beside(&name))
        };
        made.await
            .map_err(|error: DbErr| self.cannot("make another database beside", &error))
    }

    /// Drops a database that [`make_another`](Self::make_another) has made.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn drop_another(&self, another: &Server) -> Result<(), StartError> {
        let (_, name, _) = another.parts();
        self.tell(&format!("DROP DATABASE {name}{}", self.kind.by_force))
            .await
            .map_err(|error| self.cannot("drop a database beside", &error))
    }

    /// The database of this name on the same server.
    fn beside(&self, name: &str) -> Server {
        let (server, _, settings) = self.parts();
        Server {
            url: format!("{server}/{name}{settings}"),
            kind: self.kind,
        }
    }

    /// The URL before the name of the database, the name, and what stands behind it.
    fn parts(&self) -> (&str, &str, &str) {
        let end = self.url.find('?').unwrap_or(self.url.len());
        let (url, settings) = self.url.split_at(end);
        let host = url.find("://").map_or(0, |at| at + "://".len());
        match url[host..].find('/') {
            Some(slash) => (&url[..host + slash], &url[host + slash + 1..], settings),
            None => (url, "", settings),
        }
    }

    /// Runs a text on a connection of its own.
    async fn tell(&self, sql: &str) -> Result<(), DbErr> {
        let connection = self.connect(1, CONNECT_TIMEOUT).await?;
        connection.execute_unprepared(sql).await?;
        connection.close().await
    }

    async fn connect(&self, most: u32, timeout: Duration) -> Result<DatabaseConnection, DbErr> {
        let mut options = ConnectOptions::new(self.url.clone());
        options
            .max_connections(most)
            .connect_timeout(timeout)
            .sqlx_logging(false);
        Database::connect(options).await
    }

    /// Looks at the database without changing it.
    async fn state(&self, connection: &DatabaseConnection) -> Result<State, StartError> {
        match self.found(connection).await {
            Ok(Some(state)) => Ok(state),
            Ok(None) => Err(StartError(format!(
                "the {} database is not a shop's but some other one: choose another with --database",
                self.kind.name
            ))),
            Err(error) => Err(self.cannot("read", &error)),
        }
    }

    /// Nothing, where others have tables.
    async fn found(&self, connection: &DatabaseConnection) -> Result<Option<State>, DbErr> {
        let backend = connection.get_database_backend();
        let ask = |sql: &str| Statement::from_string(backend, sql);
        let rows = connection.query_all_raw(ask(self.kind.tables)).await?;
        let tables = rows.iter().map(|row| row.try_get_by_index::<String>(0));
        let tables = tables.collect::<Result<Vec<_>, _>>()?;
        if tables.is_empty() {
            return Ok(Some(State::Empty));
        }
        if !tables.iter().any(|table| table == MARK) {
            return Ok(None);
        }
        let mark = ask("SELECT identity FROM shop");
        Ok(Some(match connection.query_one_raw(mark).await? {
            Some(row) => State::Loaded(row.try_get_by_index(0)?),
            // Somebody is filling it, or went away while doing so: what is there already stays.
            None => State::Empty,
        }))
    }

    /// Makes the tables and fills them, unless another shop has done so meanwhile, and gives the
    /// number that the database is known by. Rows come all together or not at all.
    async fn load(&self, connection: &DatabaseConnection) -> Result<i32, DbErr> {
        let backend = connection.get_database_backend();
        let lock = Statement::from_string(backend, self.kind.lock);
        let locked = connection.query_one_raw(lock).await?;
        if locked.map_or(Ok(None), |row| row.try_get_by_index::<Option<i64>>(0))? != Some(1) {
            let why = "another shop is filling it, and does not come to an end";
            return Err(DbErr::Custom(why.to_owned()));
        }
        if let Some(State::Loaded(number)) = self.found(connection).await? {
            return Ok(number);
        }
        connection.execute_unprepared(self.kind.schema).await?;
        let transaction = connection.begin().await?;
        seed::fill(&transaction).await?;
        if !self.kind.numbers.is_empty() {
            transaction.execute_unprepared(self.kind.numbers).await?;
        }
        let number = a_number()?;
        let mark = format!("INSERT INTO shop (identity) VALUES ({number})");
        transaction.execute_unprepared(&mark).await?;
        transaction.commit().await?;
        connection.execute_unprepared(self.kind.statistics).await?;
        Ok(number)
    }

    /// A sentence that says what could not be done, and why; nothing of the URL.
    fn cannot(&self, what: &str, error: &DbErr) -> StartError {
        let why = error.to_string();
        let why = match error {
            DbErr::Conn(RuntimeErr::SqlxError(error))
                if matches!(**error, sqlx::Error::PoolTimedOut) =>
            {
                "nobody answers there"
            }
            // SeaORM repeats a URL that it cannot read.
            _ if why.contains(&self.url) => "--database names none in words that can be read",
            // The server's own words, as they are.
            _ => match why.split_once("error returned from database: ") {
                Some((_, said)) => said,
                None => reason(&why),
            },
        };
        StartError(format!(
            "cannot {what} the {} database: {why}",
            self.kind.name
        ))
    }
}

/// What a database holds that is a shop's or may become one.
enum State {
    /// Nothing, or what somebody has begun to fill.
    Empty,
    /// A whole shop, known by this number.
    Loaded(i32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: &str) {
        let (scheme, _) = url.split_once("://").unwrap();
        let server = Server::of(scheme, url).unwrap();
        assert_eq!(server.beside("other").url, expected, "{url}");
    }

    #[test]
    fn another_database_is_on_the_same_server() {
        check("postgresql://me:a@host/shop", "postgres://me:a@host/other");
        check("postgres://host", "postgres://host/other");
        check("postgres://host/?a=b/c", "postgres://host/other?a=b/c");
        check("mariadb://host:1/a?b=c", "mysql://host:1/other?b=c");
    }
}
