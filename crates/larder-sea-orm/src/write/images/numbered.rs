//! Inserts into a database that gives no rows back: the new rows are read by their keys.

use larder::Name;
use larder_sql::RowsNamed;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::{Found, Learn, Rows};
use crate::bind;
use crate::value::Stored;
use crate::words;
use crate::write::{Answer, How, send, values};

impl Learn<'_> {
    /// An insert into a database that only tells the number that it gave to the new row. What its
    /// text gives to keys is believed where as many rows appeared, and are found.
    pub(super) async fn numbered<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Rows), DbErr> {
        let given = self.given(&statement);
        // A statement can set what is told; and one that passes over rows may tell the number of one
        // that it passed over.
        let sets = words::any(&statement.sql, &["last_insert_id", "ignore"])
            // Our words end where MySQL's texts go on.
            || statement.sql.contains('\\');
        let answer = send(self.shared, connection, statement, how).await?;
        if given
            .as_ref()
            .is_some_and(|given| answer.rows() == Some(given.len() as u64))
        {
            let given = given.unwrap_or_default();
            let found = self.by_key(connection, &given).await?;
            let all = found.filter(|found| found.len() == given.len());
            if let Some(found) = all {
                return Ok((answer, self.inserted(&found)));
            }
        }
        let number = match &answer {
            Answer::Executed(done) if done.rows_affected() == 1 && !sets => {
                i64::try_from(done.last_insert_id()).unwrap_or(0)
            }
            _ => 0,
        };
        let numbered = self
            .table
            .numbered
            .as_ref()
            .is_some_and(|name| self.key == [name.clone()]);
        if number == 0 || !numbered {
            return Ok((answer, None));
        }
        let named = Found {
            key: vec![Stored::Int(number)],
            image: Vec::new(),
        };
        let found = self.by_key(connection, &[named]).await?;
        let one = found.filter(|found| found.len() == 1);
        Ok((answer, one.and_then(|found| self.inserted(&found))))
    }

    /// The rows that the statement names by their keys.
    fn given(&self, statement: &Statement) -> Option<Vec<Found>> {
        let RowsNamed::Keys(rows) = &self.target.rows else {
            return None;
        };
        let value = |(name, slot): (&Name, &usize)| {
            let slot = self.slots.get(*slot)?;
            match bind::slot_values(self.engine(), slot, values(statement))?.as_slice() {
                // Asks for a number.
                [Stored::Int(0)] if self.table.numbered.as_ref() == Some(name) => None,
                [one] => Some(one.clone()),
                _ => None,
            }
        };
        let row = |key: &Vec<usize>| {
            Some(Found {
                key: self.key.iter().zip(key).map(value).collect::<Option<_>>()?,
                image: Vec::new(),
            })
        };
        rows.iter().map(row).collect()
    }
}
