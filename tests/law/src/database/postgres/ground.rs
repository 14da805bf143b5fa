//! A database on PostgreSQL, used by one schema after the other.

use std::sync::Mutex;

use larder_sea_orm::sea_orm::sqlx::Connection;
use larder_sea_orm::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
};
use larder_servers::Postgres;

use crate::database::{Boxed, Ground, Settings};

/// A database until it goes.
pub(super) struct Place {
    number: usize,
    url: String,
}

/// Databases that were made: their address while nobody has them.
static MADE: Mutex<Vec<Option<String>>> = Mutex::new(Vec::new());

/// Leaves of a database what it had in the beginning.
const EMPTY: &str = "\
    SET client_min_messages = warning; \
    DROP SCHEMA IF EXISTS other CASCADE; \
    DO $$ DECLARE it record; BEGIN \
        FOR it IN SELECT c.oid::regclass AS name, c.relkind AS kind FROM pg_class c \
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') \
                AND NOT c.relispartition LOOP \
            IF to_regclass(it.name::text) IS NOT NULL THEN \
                EXECUTE format('DROP %s %s CASCADE', \
                    CASE it.kind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, it.name); \
            END IF; \
        END LOOP; \
        FOR it IN SELECT p.oid::regprocedure AS name FROM pg_proc p \
            WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS \
                (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP \
            EXECUTE format('DROP FUNCTION %s CASCADE', it.name); \
        END LOOP; \
    END $$; \
    CREATE SCHEMA other;";

/// So many statements are kept where a schema's reads are asked again and again.
const STATEMENTS_KEPT: usize = 100;

/// A statement that takes longer never ends. Triggers that fire triggers can.
const PATIENCE: &str = "5s";

impl Place {
    pub(super) fn new() -> Place {
        let mut made = MADE.lock().expect("nobody panics with it");
        let free = made.iter_mut().enumerate().find_map(|(number, url)| {
            let url = url.take()?;
            Some(Place { number, url })
        });
        free.unwrap_or_else(|| {
            let number = made.len();
            made.push(None);
            let (server, name) = (Postgres::shared(), format!("law_{number}"));
            let url = server.icu_database(&name, "en-US");
            server.run_sql(&name, "CREATE EXTENSION citext");
            Place { number, url }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut made) = MADE.lock() {
            made[self.number] = Some(std::mem::take(&mut self.url));
        }
    }
}

impl Ground for Place {
    fn options(&self, _settings: Settings, connections: u32) -> ConnectOptions {
        let mut options = ConnectOptions::new(self.url.clone());
        options.max_connections(connections);
        options.map_sqlx_postgres_opts(|options| {
            // A statement with a `*` that is kept does not survive ADD COLUMN.
            options.statement_cache_capacity(0)
        });
        options
    }

    fn fresh(&self, settings: Settings) -> Boxed<'_, Result<DatabaseConnection, DbErr>> {
        Box::pin(async move {
            let mut limited = crate::subject::usual(self.options(settings, 1));
            limited.map_sqlx_postgres_opts(|options| {
                options
                    .statement_cache_capacity(STATEMENTS_KEPT)
                    .options([("statement_timeout", PATIENCE)])
            });
            let fresh = Database::connect(limited).await?;
            fresh.execute_unprepared(EMPTY).await?;
            Ok(fresh)
        })
    }

    fn orphans(&self) -> [&'static str; 2] {
        [
            "SET session_replication_role = replica",
            "SET session_replication_role = DEFAULT",
        ]
    }

    fn limit(&self, _limited: bool) {}

    fn is_endless(&self, error: &DbErr) -> bool {
        error.to_string().contains("statement timeout")
    }

    /// The connection beside keeps its statements: the same reads are asked again and again.
    fn noticed<'a>(
        &'a self,
        _sql: &'a str,
        _connections: &'a [DatabaseConnection],
        fresh: &'a DatabaseConnection,
    ) -> Boxed<'a, ()> {
        Box::pin(async move {
            if let Ok(mut connection) = fresh.get_postgres_connection_pool().acquire().await {
                let _ = connection.clear_cached_statements().await;
            }
        })
    }
}
