//! Inserts into a database that gives no rows back: the new rows are read by their keys.

use larder_sql::Equality;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::{Found, Learn, Rows};
use crate::value::Stored;
use crate::words;
use crate::write::{Answer, How, send};

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
        let passes_over = words::any(&statement.sql, &["ignore"]);
        // A statement can set what is told; and one that passes over rows may tell the number of one
        // that it passed over.
        let sets = words::any(&statement.sql, &["last_insert_id", "ignore"])
            // Our words end where MySQL's texts go on.
            || statement.sql.contains('\\');
        let answer = send(self.shared, connection, statement, how).await?;
        let all = |rows: usize| match passes_over {
            // Rows that were passed over are there, too, and are taken for new ones.
            true => self.exact(),
            false => answer.rows() == Some(rows as u64),
        };
        if let Some(given) = given.filter(|given| all(given.rows.len())) {
            let found = self.by_given(connection, &given, "").await?;
            if let Some(found) = found.filter(|found| found.len() == given.rows.len()) {
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
        let named = Found::named(vec![Stored::Int(number)]);
        let found = self.by_key(connection, &[named]).await?;
        let one = found.filter(|found| found.len() == 1);
        Ok((answer, one.and_then(|found| self.inserted(&found))))
    }

    /// Whether no two different values of the key are equal, so that a row which was changed on its way
    /// in (`INSERT IGNORE` makes values fit) is not found by what was given.
    fn exact(&self) -> bool {
        let mut columns = self.key.iter().map(|name| self.column(name));
        columns.all(|column| column.is_some_and(|column| column.equality == Equality::Exact))
    }
}
