//! The databases under test: all that differs between them, each in a folder of its own.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use fastrand::Rng;
use larder_sea_orm::sabotage::Bug;
use larder_sea_orm::sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr, Value};

use crate::column::{Column, Kind};
use crate::literal::Literal;
use crate::schema::{Draft, Schema, Trigger};
use crate::text::Gen;
use crate::{read, write};

mod mariadb;
mod postgres;
mod sqlite;
mod words;

pub(crate) use words::{Of, Template, Verb, Words};

/// A database that the law is tried on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Database {
    /// SQLite: a file for each schema.
    #[default]
    Sqlite,
    /// PostgreSQL: the server of this process, a database for each thread.
    Postgres,
    /// MariaDB: likewise.
    MariaDb,
}

impl Database {
    /// Every database.
    pub const ALL: [Database; 3] = [Database::Sqlite, Database::Postgres, Database::MariaDb];

    /// Its name in commands.
    pub fn name(self) -> &'static str {
        match self {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgres",
            Database::MariaDb => "mariadb",
        }
    }

    /// The bugs of the adapter that can make an answer stale here.
    pub fn bugs(self) -> &'static [Bug] {
        self.dialect().bugs()
    }

    pub(crate) fn dialect(self) -> &'static dyn Dialect {
        match self {
            Database::Sqlite => &sqlite::Sqlite,
            Database::Postgres => &postgres::Postgres,
            Database::MariaDb => &mariadb::MariaDb,
        }
    }
}

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How one kind of database is spoken to.
pub(crate) trait Dialect: Debug + Sync {
    fn backend(&self) -> DbBackend;

    /// What is said in other words than elsewhere.
    fn words(&self) -> &'static Words;

    /// The classes of reads.
    fn reads(&self) -> &'static [read::Class];

    /// The classes of writes.
    fn writes(&self) -> &'static [write::Class];

    /// See [`Database::bugs`].
    fn bugs(&self) -> &'static [Bug];

    /// A kind of column.
    fn kind(&self, rng: &mut Rng) -> Kind;

    /// The declaration of a column of this kind, in one of its spellings.
    fn declared(&self, kind: Kind, rng: &mut Rng) -> &'static str;

    /// A value that is not of this kind, but may equal one all the same.
    fn foreign(&self, kind: Kind, rng: &mut Rng) -> Literal;

    /// Whether a column of this kind is one of these.
    fn is(&self, kind: Kind, of: Of) -> bool;

    /// Whether columns of the two kinds rather meet in a comparison.
    fn alike(&self, one: Kind, other: Kind) -> bool;

    /// A value as SQL.
    fn spelled(&self, literal: &Literal) -> String;

    /// The value to bind, if it can be bound where one of `kind` is wanted.
    fn bound(&self, literal: &Literal, kind: Option<Kind>) -> Option<Value>;

    /// Parameter `number`, the last of its statement so far.
    fn parameter(&self, rng: &mut Rng, number: usize, kind: Option<Kind>) -> String;

    /// A name in one of the ways to write it.
    fn name(&self, rng: &mut Rng, name: &str) -> String;

    /// Gives a new table its primary key, and what else is particular about it.
    fn begin_table(&self, rng: &mut Rng, schema: &mut Schema, draft: &mut Draft);

    /// What follows `NOT NULL` or `UNIQUE` in the declaration of a column.
    fn on_conflict(&self, rng: &mut Rng, schema: &mut Schema, unique: bool) -> &'static str;

    /// What a computed column holds, its expression, and how it is kept.
    fn generated(&self, rng: &mut Rng, of: &Column) -> (Kind, String, &'static str);

    /// The statement that makes a trigger.
    fn trigger(&self, rng: &mut Rng, trigger: &Trigger<'_>) -> String;

    /// A step of a trigger that sets a column of its own row, where there are such steps.
    fn own_row(&self, generator: &mut Gen<'_>, trigger: &Trigger<'_>) -> Option<String>;

    /// An empty database that nobody else has.
    fn ground(&self) -> Boxed<'static, Result<Box<dyn Ground>, DbErr>>;
}

/// An empty database of one schema's own.
pub(crate) trait Ground: Send + Sync {
    /// So many of the connections in question.
    fn options(&self, settings: Settings, connections: u32) -> ConnectOptions;

    /// A connection beside them, which knows of no cache.
    fn fresh(&self, settings: Settings) -> Boxed<'_, Result<DatabaseConnection, DbErr>>;

    /// What to say on a connection so that rows may be without their parents, and no more.
    fn orphans(&self) -> [&'static str; 2];

    /// From now on a statement on the connection beside may only take so long, or any time.
    fn limit(&self, limited: bool);

    /// Whether a statement failed as it took too long.
    fn is_endless(&self, error: &DbErr) -> bool;

    /// Has connections notice what a statement has done to the schema, where their driver does not.
    fn noticed<'a>(
        &'a self,
        sql: &'a str,
        connections: &'a [DatabaseConnection],
        fresh: &'a DatabaseConnection,
    ) -> Boxed<'a, ()>;
}

/// How a schema's connections are set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Triggers fire triggers of their own kind.
    pub(crate) recursive_triggers: bool,
    /// More than one process writes.
    pub(crate) shared: bool,
}
