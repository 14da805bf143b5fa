//! PostgreSQL.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use larder::TagValue;
use larder::adapter::Horizon;
use larder_sql::{Catalogue, Column, Dialect};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, QueryResult, TransactionOptions, Value};
use sqlx::{Column as _, Row as _};

use super::{Asked, Engine, Follow, Returning, Setting, Spelling, alone, not_supported};
use crate::shared::Shared;
use crate::value::Stored;
use crate::write::{Answer, How};

mod catalogue;
mod follow;
mod horizon;
mod setting;
mod value;

use horizon::Oldest;

struct Postgres;

pub(super) fn engine() -> Result<Arc<dyn Engine>, DbErr> {
    Ok(Arc::new(Postgres))
}

const SPELLING: Spelling = Spelling {
    quote: '"',
    numbers: true,
    values: false,
    // A key that is set is not looked for: so it may go with checks of foreign keys to these rows.
    lock_to_update: " FOR NO KEY UPDATE",
    lock_to_delete: " FOR UPDATE",
    returning: Returning::Any,
    inserted: Some("xmax = 0"),
    // The number of rows that a select gives is told as the number of rows that a write changed is.
    executed: |rows| format!("SELECT FROM generate_series(1, {rows})"),
};

/// What decides which tables the names in statements mean, and whether what is read is the present.
const PLACE: &str = "SELECT array_to_string(current_schemas(false), ', '), pg_is_in_recovery(), \
    current_setting('standard_conforming_strings')";

/// A number for all that a statement's meaning depends on: tables, columns, keys, triggers, rules,
/// the functions of triggers, and what is set for this session.
///
/// Every row of a catalogue carries the number of the transaction that wrote it last.
const VERSION: &str = "\
    SELECT hashtextextended(concat_ws('|', \
        (SELECT string_agg(concat(c.oid, '.', c.xmin), ',' ORDER BY c.oid) FROM pg_class c \
            WHERE c.relnamespace IN (SELECT oid FROM spaces) AND c.relkind IN ('r','p','v','m','f')), \
        (SELECT string_agg(concat(a.attrelid, '.', a.attnum, '.', a.xmin), ',' \
                ORDER BY a.attrelid, a.attnum) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
            WHERE c.relnamespace IN (SELECT oid FROM spaces) AND c.relkind IN ('r','p','v','m','f') \
                AND a.attnum > 0), \
        (SELECT string_agg(concat(k.oid, '.', k.xmin), ',' ORDER BY k.oid) FROM pg_constraint k \
            WHERE k.connamespace IN (SELECT oid FROM spaces)), \
        (SELECT string_agg(concat(t.oid, '.', t.xmin, '.', p.xmin), ',' ORDER BY t.oid) \
            FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal), \
        (SELECT string_agg(concat(r.oid, '.', r.xmin), ',' ORDER BY r.oid) FROM pg_rewrite r \
            WHERE r.oid >= 16384), \
        (SELECT string_agg(concat(i.inhrelid, '.', i.inhparent), ',' \
                ORDER BY i.inhrelid, i.inhseqno) FROM pg_inherits i), \
        current_user, current_setting('TimeZone'), current_setting('DateStyle'), \
        current_setting('IntervalStyle'), current_setting('extra_float_digits'), \
        current_setting('bytea_output'), current_setting('search_path'), \
        array_to_string(current_schemas(false), ',')), 0)";

/// The schemas that are not the database's own.
const SPACES: &str = "WITH spaces AS (SELECT oid FROM pg_namespace \
    WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%') ";

impl Engine for Postgres {
    fn backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    /// Names without a schema must be those of `public`: a second schema on the path would give one
    /// table two names. A standby shows the past.
    fn check<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async {
            let rows = database.ask(PLACE).await?;
            let Some(row) = rows.first() else {
                return Ok(());
            };
            let schemas: Option<String> = row.try_get_by_index(0)?;
            let standby: bool = row.try_get_by_index(1)?;
            if standby {
                return Err(not_supported(
                    DbBackend::Postgres,
                    "this server is a standby, which shows what its primary was a while ago: give larder a \
                     connection to the primary",
                ));
            }
            let strings: String = row.try_get_by_index(2)?;
            if strings != "on" {
                return Err(not_supported(
                    DbBackend::Postgres,
                    "standard_conforming_strings is off: larder would read texts in statements otherwise than \
                     this server. Turn it on",
                ));
            }
            match schemas.as_deref() {
                Some("public") => Ok(()),
                _ => Err(not_supported(
                    DbBackend::Postgres,
                    "the search_path of this connection has other schemas than \"public\" on it: larder would \
                     not know which table a name means. Set it to public, and write the schema before names \
                     of other schemas",
                )),
            }
        })
    }

    fn catalogue<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<Catalogue, DbErr>> {
        Box::pin(catalogue::catalogue(database))
    }

    fn version<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<i64, DbErr>> {
        Box::pin(async {
            let sql = format!("{SPACES}{VERSION}");
            match database.ask(&sql).await?.first() {
                Some(row) => row.try_get_by_index(0),
                None => Ok(0),
            }
        })
    }

    fn counts_schema_changes(&self) -> bool {
        false
    }

    fn is_bindable(&self, column: &Column) -> bool {
        value::is_bindable(column)
    }

    fn spelling(&self) -> &'static Spelling {
        &SPELLING
    }

    fn stored(&self, row: &QueryResult, index: usize) -> Option<Stored> {
        value::stored(row.try_as_pg_row()?, index)
    }

    fn columns(&self, row: &QueryResult) -> Vec<String> {
        let columns = row.try_as_pg_row().map(|row| row.columns());
        let columns = columns.unwrap_or_default().iter();
        columns.map(|column| column.name().to_owned()).collect()
    }

    fn canonical(&self, column: &Column, value: &Stored) -> Option<TagValue> {
        value::canonical(column, value)
    }

    fn bind(&self, column: Option<&Column>, value: &Stored) -> Option<Value> {
        value::bind(column?, value)
    }

    fn writes_alone(&self) -> bool {
        false
    }

    /// Its transaction can be rolled back then, and nothing else, or be taken back to a savepoint.
    fn fails_whole(&self) -> bool {
        true
    }

    fn commits_by_ddl(&self) -> bool {
        false
    }

    fn spoils(&self, _: &DbErr) -> bool {
        true
    }

    fn sets(&self, sql: &str) -> Setting {
        setting::of(sql)
    }

    fn horizon<'a>(
        &'a self,
        shared: &'a Arc<Shared>,
    ) -> BoxFuture<'a, Result<Arc<dyn Horizon>, DbErr>> {
        Box::pin(async {
            let oldest: Arc<dyn Horizon> = Arc::new(Oldest::new(shared).await?);
            Ok(oldest)
        })
    }

    fn replicas(&self) -> Option<&'static dyn Follow> {
        Some(&follow::Streaming)
    }

    fn to_write(&self) -> TransactionOptions {
        TransactionOptions::default()
    }

    fn run_alone<'a>(
        &'a self,
        pool: &'a DatabaseConnection,
        text: String,
        how: How,
    ) -> BoxFuture<'a, Result<Answer, DbErr>> {
        Box::pin(alone::run(pool.get_postgres_connection_pool(), text, how))
    }
}
