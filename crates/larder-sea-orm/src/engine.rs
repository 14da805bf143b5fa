//! Databases: what differs between them, each in a folder of its own.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use larder::adapter::Horizon;
use larder::{Name, TagValue};
use larder_sql::{Catalogue, Column, Dialect, Table};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, QueryResult, Statement, TransactionOptions, Value,
};

use crate::shared::Shared;
use crate::value::Stored;
use crate::write::{Answer, How};

mod alone;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(not(feature = "mysql"))]
#[path = "engine/mysql/absent.rs"]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(not(feature = "postgres"))]
#[path = "engine/postgres/absent.rs"]
mod postgres;
pub(crate) mod sqlite;

/// One kind of database.
pub(crate) trait Engine: Send + Sync + 'static {
    /// What SeaORM calls it.
    fn backend(&self) -> DbBackend;

    /// How its statements are read.
    fn dialect(&self) -> Dialect;

    /// Refuses a database whose names or rows do not mean what plans take them to mean.
    ///
    /// # Errors
    /// What is in the way, with what to do.
    fn check<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<(), DbErr>>;

    /// Reads the catalogue.
    fn catalogue<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<Catalogue, DbErr>>;

    /// A number that is another one once the schema, or what else the answers of this connection
    /// depend on, is another.
    fn version<'a>(&'a self, database: &'a dyn Asked) -> BoxFuture<'a, Result<i64, DbErr>>;

    /// Whether [`version`](Self::version) costs next to nothing, so that every write and every load
    /// of a shared store asks. Otherwise changes of the schema that go past larder are noticed now
    /// and then.
    fn counts_schema_changes(&self) -> bool;

    /// The columns by which a row of this table is found again; nothing if there are none that
    /// a statement could name.
    fn key(&self, table: &Table) -> Option<Vec<Name>> {
        let bindable = table.primary_key.iter().all(|name| {
            let column = table.columns.iter().find(|column| column.name == *name);
            column.is_some_and(|column| self.is_bindable(column))
        });
        (bindable && !table.primary_key.is_empty()).then(|| table.primary_key.clone())
    }

    /// Those columns of the key that a statement could set.
    fn settable_key(&self, table: &Table) -> Vec<Name> {
        table.primary_key.clone()
    }

    /// Whether [`bind`](Self::bind) gives a value for what such a column holds.
    fn is_bindable(&self, column: &Column) -> bool;

    /// How rows are found by their keys, as SQL.
    fn spelling(&self) -> &'static Spelling;

    /// The value in a column of a row, as the database holds it; nothing if it is of a type that
    /// is not compared.
    fn stored(&self, row: &QueryResult, index: usize) -> Option<Stored>;

    /// The names of a row's columns.
    fn columns(&self, row: &QueryResult) -> Vec<String>;

    /// What the driver will bind for `value`, where that is known exactly.
    fn bound(&self, value: &Value) -> Option<Stored> {
        Stored::bound(value)
    }

    /// The canonical form of `value` in `column`: equal in the database ⇒ equal here. Nothing
    /// where that cannot be promised.
    fn canonical(&self, column: &Column, value: &Stored) -> Option<TagValue>;

    /// The value to bind where a column of a key is compared with a stored value; nothing if the
    /// driver would bind it as another type than the column's.
    fn bind(&self, column: Option<&Column>, value: &Stored) -> Option<Value>;

    /// Whether a transaction that writes is the only one: others wait for its end. Such a database
    /// may also end a transaction by itself, where a statement in it fails.
    fn writes_alone(&self) -> bool;

    /// Whether a statement that fails in a transaction commits nothing, neither of its own nor of what came
    /// before it, and leaves a transaction open.
    fn fails_whole(&self) -> bool {
        false
    }

    /// Whether a change of the schema commits what the transaction did before it.
    fn commits_by_ddl(&self) -> bool;

    /// Whether a question that fails with this error leaves a transaction in which the statement that it
    /// was asked for cannot be run any more.
    fn spoils(&self, error: &DbErr) -> bool;

    /// What a text sets, and for how long.
    fn sets(&self, sql: &str) -> Setting;

    /// How it is known that the writers of this database have ended, which strict reads over a store
    /// that may lose a mark have to know. Whoever has marked anything had written before, in a
    /// transaction that is one of those writers until its commit is seen by others.
    ///
    /// # Errors
    /// It cannot be known: then nothing may be read strictly.
    fn horizon<'a>(
        &'a self,
        shared: &'a Arc<Shared>,
    ) -> BoxFuture<'a, Result<Arc<dyn Horizon>, DbErr>>;

    /// How its replicas are followed, if loads may go to one.
    fn replicas(&self) -> Option<&'static dyn Follow> {
        None
    }

    /// How a transaction begins that is to write.
    fn to_write(&self) -> TransactionOptions;

    /// How a transaction begins whose reads are all of one instant.
    fn to_read_at_once(&self) -> TransactionOptions {
        TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..Default::default()
        }
    }

    /// Runs a text with a transaction of its own on one connection of the pool. Where it fails,
    /// what its open transaction did is rolled back.
    fn run_alone<'a>(
        &'a self,
        pool: &'a DatabaseConnection,
        text: String,
        how: How,
    ) -> BoxFuture<'a, Result<Answer, DbErr>>;
}

/// How far a replica is behind its primary.
pub(crate) trait Follow: Send + Sync {
    /// Where the primary is: behind every commit that was acknowledged before this was asked.
    fn position<'a>(&'a self, primary: &'a dyn Asked) -> BoxFuture<'a, Result<Position, DbErr>>;

    /// Whether what the statements of this session see from now on holds all that the primary did up
    /// to that position.
    fn has_reached<'a>(
        &'a self,
        replica: &'a DatabaseTransaction,
        position: &'a Position,
    ) -> BoxFuture<'a, Result<Reached, DbErr>>;

    /// Whether the server of this session has been nothing but a replica until now.
    fn still_follows<'a>(
        &'a self,
        replica: &'a DatabaseTransaction,
    ) -> BoxFuture<'a, Result<bool, DbErr>>;
}

/// Where a primary is, in words that its engine alone understands.
#[cfg_attr(
    not(feature = "postgres"),
    allow(
        dead_code,
        reason = "a build may be without an engine that has replicas"
    )
)]
pub(crate) struct Position(pub(crate) Vec<Value>);

/// What a replica says of a position.
#[cfg_attr(
    not(feature = "postgres"),
    allow(
        dead_code,
        reason = "a build may be without an engine that has replicas"
    )
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Yes,
    NotYet,
    /// It follows another primary or none, or answers otherwise than this one.
    Elsewhere,
}

/// What a text sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Nothing, as far as its words tell.
    Nothing,
    /// Something that changes no answer and no meaning, and does nothing else.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "only PostgreSQL has such settings")
    )]
    Harmless,
    /// What later statements of its transaction mean or do.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "only PostgreSQL has such settings")
    )]
    Transaction,
    /// What makes one connection answer otherwise than the next.
    Connection,
}

impl Setting {
    /// The setting of a connection, if the text sets one.
    pub(crate) fn of_connection(sets: bool) -> Setting {
        match sets {
            true => Setting::Connection,
            false => Setting::Nothing,
        }
    }
}

/// How an engine says what the others say in other words.
pub(crate) struct Spelling {
    /// What stands around a name, and is doubled in it.
    pub(crate) quote: char,
    /// Whether parameters are `$1`, `$2`; else `?`.
    pub(crate) numbers: bool,
    /// Whether a list of row values is written `(VALUES (…), (…))`; else `((…), (…))`.
    pub(crate) values: bool,
    /// What a select says to keep others from writing its rows before an update of them ends: no
    /// more than the update itself would say, for else writers that pass one another would not.
    pub(crate) lock_to_update: &'static str,
    /// The same before they are deleted.
    pub(crate) lock_to_delete: &'static str,
    /// Which writes can give the rows that they wrote.
    pub(crate) returning: Returning,
    /// What is true of a row that the transaction has inserted, and not of one that an upsert met: a
    /// condition, where there is one.
    pub(crate) inserted: Option<&'static str>,
    /// A statement that changes nothing and is executed with the result of one that changed so many
    /// rows: what a caller is given whose statement was made to give its rows.
    pub(crate) executed: fn(usize) -> String,
}

/// Which writes can give the rows that they wrote.
#[cfg_attr(
    not(all(feature = "mysql", feature = "postgres")),
    allow(
        dead_code,
        reason = "each is one engine's, and a build may be without it"
    )
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returning {
    /// Inserts do, in a transaction that nobody else writes beside: what was read before an update
    /// is what it met, and upserts can be rehearsed.
    AloneInserts,
    /// All do, beside other writers: what an update met is told by its own rows.
    Any,
    /// None do.
    Nothing,
}

impl Spelling {
    /// A name as SQL text.
    pub(crate) fn quoted(&self, name: &str) -> String {
        let quote = self.quote;
        let doubled = format!("{quote}{quote}");
        format!("{quote}{}{quote}", name.replace(quote, &doubled))
    }

    /// A table's name as SQL text: the catalogue's, which may begin with its schema.
    pub(crate) fn table(&self, name: &str) -> String {
        name.splitn(2, '.')
            .map(|part| self.quoted(part))
            .collect::<Vec<_>>()
            .join(".")
    }

    /// A condition that holds for so many keys of these columns.
    pub(crate) fn among(&self, columns: &[String], keys: usize) -> String {
        let mut next = 0;
        let mut parameter = || {
            next += 1;
            match self.numbers {
                true => format!("${next}"),
                false => "?".to_owned(),
            }
        };
        let mut key = || {
            let parts: Vec<String> = columns.iter().map(|_| parameter()).collect();
            format!("({})", parts.join(", "))
        };
        let list: Vec<String> = (0..keys).map(|_| key()).collect();
        let list = list.join(", ");
        match (columns, self.values) {
            ([column], false) => format!("{column} IN ({list})"),
            (columns, true) => format!("({}) IN (VALUES {list})", columns.join(", ")),
            (columns, false) => format!("({}) IN ({list})", columns.join(", ")),
        }
    }
}

/// A connection, of whatever type, that is asked questions without parameters.
pub(crate) trait Asked: Sync {
    fn ask<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Vec<QueryResult>, DbErr>>;
}

impl<C: ConnectionTrait> Asked for C {
    fn ask<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Vec<QueryResult>, DbErr>> {
        let statement = Statement::from_string(self.get_database_backend(), sql);
        Box::pin(self.query_all_raw(statement))
    }
}

/// The engine behind a connection.
///
/// # Errors
/// When larder does not know it, or was built without it.
pub(crate) fn of(backend: DbBackend) -> Result<Arc<dyn Engine>, DbErr> {
    match backend {
        DbBackend::Sqlite => Ok(Arc::new(sqlite::Sqlite)),
        DbBackend::Postgres => postgres::engine(),
        DbBackend::MySql => mysql::engine(),
        other => Err(not_supported(
            other,
            "larder-sea-orm does not know this database",
        )),
    }
}

fn not_supported(backend: DbBackend, why: &'static str) -> DbErr {
    DbErr::BackendNotSupported {
        db: backend.as_str(),
        ctx: why,
    }
}
