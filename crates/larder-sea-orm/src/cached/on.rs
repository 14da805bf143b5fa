//! The columns by which a reader chooses to listen.

use std::collections::BTreeSet;

use larder::KeyBuilder;
use larder_sql::Listened;
use sea_orm::{ColumnTrait, EntityName};

use crate::schema::Schema;

/// Columns as [`Cached::on`](crate::Cached::on) takes them: one, several of one entity in an array or
/// another collection, or a tuple of these, of several entities.
///
/// `How` is for the compiler, which finds it out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no columns to listen to",
    note = "give a column, as in `photo::Column::UserId`, an array of columns of one entity, or a tuple of these"
)]
pub trait OnColumns<How> {
    #[doc(hidden)]
    fn name(self, on: &mut On);
}

/// Of columns: one.
#[derive(Debug)]
pub struct One;

/// Of columns: several of one entity.
#[derive(Debug)]
pub struct Many;

impl<C: ColumnTrait> OnColumns<One> for C {
    fn name(self, on: &mut On) {
        let entity = C::EntityName::default();
        on.0.insert(Named {
            schema: entity.schema_name().map(str::to_owned),
            table: entity.table_name().to_owned(),
            column: self.as_str().to_owned(),
        });
    }
}

impl<C: ColumnTrait, I: IntoIterator<Item = C>> OnColumns<Many> for I {
    fn name(self, on: &mut On) {
        self.into_iter().for_each(|column| column.name(on));
    }
}

/// A column by its name: for SQL text, and for tables that have no entity.
///
/// The table is named as in the text, with its schema before it where it is another than the usual one
/// (`"audit.track"`). What the catalogue does not know widens, as everywhere.
///
/// # Example: a text that listens to the tracks of a genre
/// ```
/// # use larder_sea_orm::sea_orm;
/// use larder::Cache;
/// use larder_sea_orm::{CachedConnection, CachedExt, column};
/// use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sea_orm::DbErr> {
/// # let connection = Database::connect("sqlite::memory:").await?;
/// # connection.execute_unprepared("CREATE TABLE track (id INTEGER PRIMARY KEY, genre_id INTEGER, price INTEGER)").await?;
/// let db = CachedConnection::new(connection, Cache::memory()).await?;
/// let cheap = "SELECT id FROM track WHERE genre_id = 1 AND price = 99";
/// let cheap = Statement::from_string(DbBackend::Sqlite, cheap)
///     .cached()
///     .on(column("track", "genre_id"));
/// assert!(cheap.rows(&db).await?.rows.is_empty());
/// # Ok(())
/// # }
/// ```
pub fn column(table: impl Into<String>, name: impl Into<String>) -> NamedColumn {
    NamedColumn(Named {
        schema: None,
        table: table.into(),
        column: name.into(),
    })
}

/// What [`column()`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedColumn(Named);

/// Of columns: one by its name.
#[derive(Debug)]
pub struct ByName;

/// Of columns: several by their names.
#[derive(Debug)]
pub struct ManyByName;

impl OnColumns<ByName> for NamedColumn {
    fn name(self, on: &mut On) {
        on.0.insert(self.0);
    }
}

impl<I: IntoIterator<Item = NamedColumn>> OnColumns<ManyByName> for I {
    fn name(self, on: &mut On) {
        self.into_iter().for_each(|column| column.name(on));
    }
}

macro_rules! tuples {
    ($($columns:ident $how:ident),+) => {
        impl<$($columns: OnColumns<$how>, $how),+> OnColumns<($($how,)+)> for ($($columns,)+) {
            #[allow(non_snake_case)] // Each is called as its type.
            fn name(self, on: &mut On) {
                let ($($columns,)+) = self;
                $($columns.name(on);)+
            }
        }
    };
}

tuples!(A X, B Y);
tuples!(A X, B Y, C Z);
tuples!(A X, B Y, C Z, D W);

/// The columns that were named, of whatever entities.
#[doc(hidden)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct On(BTreeSet<Named>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    schema: Option<String>,
    table: String,
    column: String,
}

impl On {
    /// The same columns as the catalogue knows them.
    pub(crate) fn listened(&self, schema: &Schema) -> Listened {
        let mut listened = Listened::new();
        for named in &self.0 {
            let table = schema.table(named.schema.as_deref(), &named.table);
            let table = table.map_or(&*named.table, |table| &*table.name);
            listened.add(&schema.catalogue, table, &named.column);
        }
        listened
    }

    /// Part of the identity of a read: what was stored with other tags is another entry.
    pub(crate) fn push_to(&self, key: &mut KeyBuilder) {
        key.push(("on", self.0.len() as u64));
        for named in &self.0 {
            key.push(named.schema.as_deref());
            key.push(named.table.as_str());
            key.push(named.column.as_str());
        }
    }
}
