//! The rows that the text of an insert names, by the values that it gives to some columns: those of the
//! primary key, or of an upsert's conflict target.

use larder::Name;
use larder_sql::RowsNamed;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::{Found, IMAGES_MAX, Learn};
use crate::bind;
use crate::value::Stored;
use crate::write::values;

/// The values of some columns, row by row.
pub(super) struct Given<'a> {
    columns: &'a [Name],
    pub(super) rows: Vec<Vec<Stored>>,
}

impl Learn<'_> {
    /// The rows that the statement names. `None` where it does not say them all in plain values, or
    /// they are too many.
    pub(super) fn given(&self, statement: &Statement) -> Option<Given<'_>> {
        let RowsNamed::Keys { columns, rows } = &self.target.rows else {
            return None;
        };
        if rows.len() > IMAGES_MAX {
            return None;
        }
        let value = |(name, slot): (&Name, &usize)| {
            let slot = self.slots.get(*slot)?;
            match bind::slot_values(self.engine(), slot, values(statement))?.as_slice() {
                // Asks for a number.
                [Stored::Int(0)] if self.table.numbered.as_ref() == Some(name) => None,
                [one] => Some(one.clone()),
                _ => None,
            }
        };
        let row = |slots: &Vec<usize>| columns.iter().zip(slots).map(value).collect();
        Some(Given {
            columns,
            rows: rows.iter().map(row).collect::<Option<_>>()?,
        })
    }

    /// Those of the rows that are there, locked as `lock` says.
    ///
    /// # Errors
    /// Those of [`by_values`](Self::by_values).
    pub(super) async fn by_given<C: ConnectionTrait>(
        &self,
        connection: &C,
        given: &Given<'_>,
        lock: &str,
    ) -> Result<Option<Vec<Found>>, DbErr> {
        let rows: Vec<&[Stored]> = given.rows.iter().map(Vec::as_slice).collect();
        self.by_values(connection, given.columns, &rows, lock).await
    }
}
