//! A database on MariaDB, used by one schema after the other.

use std::sync::{Mutex, OnceLock};

use larder_sea_orm::sea_orm::sqlx::Connection;
use larder_sea_orm::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
};
use larder_servers::MariaDb;

use crate::database::{Boxed, Ground, Settings};

/// A database until it goes.
pub(super) struct Place {
    number: usize,
}

/// The server of this process. It makes a table for each of a thousand schemas, and need not last.
fn server() -> &'static MariaDb {
    static SERVER: OnceLock<MariaDb> = OnceLock::new();
    SERVER.get_or_init(|| {
        let quick = [
            ("innodb-file-per-table", "0"),
            ("innodb-flush-log-at-trx-commit", "0"),
            ("innodb-buffer-pool-size", "64M"),
        ];
        MariaDb::builder().config(&quick).start()
    })
}

/// Databases that were made: whether they are free.
static MADE: Mutex<Vec<bool>> = Mutex::new(Vec::new());

/// So many statements are kept where a schema's reads are asked again and again.
const STATEMENTS_KEPT: usize = 100;

/// What the connection beside is told of its patience: a statement that takes longer never ends.
const PATIENCE: &str = "SET SESSION max_statement_time = 5, innodb_lock_wait_timeout = 5";

impl Place {
    pub(super) fn new() -> Place {
        let mut made = MADE.lock().expect("nobody panics with it");
        if let Some(number) = made.iter().position(|free| *free) {
            made[number] = false;
            return Place { number };
        }
        made.push(false);
        let place = Place {
            number: made.len() - 1,
        };
        server().database(&place.name());
        place
    }

    fn name(&self) -> String {
        format!("law_{}", self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut made) = MADE.lock() {
            made[self.number] = true;
        }
    }
}

impl Ground for Place {
    fn options(&self, _settings: Settings, connections: u32) -> ConnectOptions {
        let mut options = ConnectOptions::new(server().url(&self.name()));
        options.max_connections(connections);
        options.map_sqlx_mysql_opts(|options| {
            // A statement with a `*` that is kept does not survive ADD COLUMN.
            options.statement_cache_capacity(0)
        });
        options
    }

    fn fresh(&self, settings: Settings) -> Boxed<'_, Result<DatabaseConnection, DbErr>> {
        Box::pin(async move {
            let mut limited = crate::subject::usual(self.options(settings, 1));
            limited
                .map_sqlx_mysql_opts(|options| options.statement_cache_capacity(STATEMENTS_KEPT));
            let fresh = Database::connect(limited).await?;
            let name = self.name();
            let empty = format!("DROP DATABASE {name}; CREATE DATABASE {name}; USE {name}");
            fresh.execute_unprepared(&empty).await?;
            fresh.execute_unprepared(PATIENCE).await?;
            Ok(fresh)
        })
    }

    fn orphans(&self) -> [&'static str; 2] {
        ["SET foreign_key_checks = 0", "SET foreign_key_checks = 1"]
    }

    fn limit(&self, _limited: bool) {}

    fn is_endless(&self, error: &DbErr) -> bool {
        error.to_string().contains("max_statement_time")
    }

    /// The connection beside keeps its statements: the same reads are asked again and again.
    fn noticed<'a>(
        &'a self,
        _sql: &'a str,
        _connections: &'a [DatabaseConnection],
        fresh: &'a DatabaseConnection,
    ) -> Boxed<'a, ()> {
        Box::pin(async move {
            if let Ok(mut connection) = fresh.get_mysql_connection_pool().acquire().await {
                let _ = connection.clear_cached_statements().await;
            }
        })
    }
}
