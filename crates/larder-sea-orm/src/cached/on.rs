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
