//! Upserts and REPLACE in a database that gives no rows back (MySQL, MariaDB): the rows are those whose
//! keys the text gives, and the count that the statement tells says whether they are all.
//!
//! ```text
//!   SELECT … WHERE key IN (given)                        → which are there
//!   SELECT … WHERE key IN (those) FOR UPDATE             → before
//!   INSERT … ON DUPLICATE KEY UPDATE …, or REPLACE       → count
//!   SELECT … WHERE key IN (given) [FOR UPDATE]           → after
//! ```
//!
//! Why this is exact. For each of its rows the statement counts one, and one more for each row that was
//! there and that it changed (REPLACE: deleted; the driver asks for rows found, so that one which stays
//! as it was counts one, too). Of the rows in `before` those differ in `after` that the statement changed,
//! for they were locked in between: each of them has been counted. So where the count is that of the rows
//! given and of those that differ, no other row was changed or deleted: none that came in after the
//! question, and none that was met by another unique key. Where it is not, the table is widened.
//!
//! Rows that appeared are all in `after`, if it has every key given. One of another's that came in
//! meanwhile and stayed as it is may be among them, which drops too much and never too little.
//!
//! What is not there is not locked: its place would be, and two writers that lock one place wait for each
//! other for ever. So the last question locks only where one of the rows given was there before. If none was,
//! each that is there afterwards was written by the statement and is seen as it left it, also by a
//! transaction that sees the past; and if one is missing, because the statement met a row by another unique key,
//! no place is locked for it.

use larder::Columns;
use larder_sql::WriteKind;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::given::Given;
use super::{Found, Learn, Rows};
use crate::bind;
use crate::value::Stored;
use crate::write::{Answer, How, send};

impl Learn<'_> {
    pub(super) async fn upsert_by_count<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Rows), DbErr> {
        let given = self.given(&statement);
        let before = match &given {
            Some(given) => self.locked(connection, given).await?,
            None => None,
        };
        let answer = send(self.shared, connection, statement, how).await?;
        let rows = match (given, before, &answer) {
            (Some(given), Some(before), Answer::Executed(done)) => {
                let count = done.rows_affected();
                self.counted(connection, &given, before, count).await?
            }
            _ => None,
        };
        Ok((answer, rows))
    }

    /// The rows given that are there, locked; nothing is locked where there are none.
    async fn locked<C: ConnectionTrait>(
        &self,
        connection: &C,
        given: &Given<'_>,
    ) -> Result<Option<Vec<Found>>, DbErr> {
        let Some(seen) = self.by_given(connection, given, "").await? else {
            return Ok(None);
        };
        let keys: Vec<&[Stored]> = seen.iter().map(|row| row.key.as_slice()).collect();
        let lock = self.engine().spelling().lock_to_update;
        let locked = self.by_values(connection, &self.key, &keys, lock).await?;
        Ok(locked.filter(|locked| locked.len() == seen.len()))
    }

    async fn counted<C: ConnectionTrait>(
        &self,
        connection: &C,
        given: &Given<'_>,
        before: Vec<Found>,
        count: u64,
    ) -> Result<Rows, DbErr> {
        // Locked, so that it is the present also where the transaction sees the past.
        let lock = match before.is_empty() {
            true => "",
            false => self.engine().spelling().lock_to_update,
        };
        let after = self.by_given(connection, given, lock).await?;
        let Some(after) = after.filter(|after| after.len() == given.rows.len()) else {
            return Ok(None);
        };
        let differs = |old: &&Found| {
            let now = after.iter().find(|new| new.key == old.key);
            now.is_some_and(|new| !old.is_same(new))
        };
        let changed = before.iter().filter(differs).count();
        if count != (given.rows.len() + changed) as u64 {
            return Ok(None);
        }
        let set = match (self.target.kind, &self.target.event.update) {
            (WriteKind::Upsert, Some(columns)) => bind::columns(columns),
            _ => Columns::All,
        };
        Ok(self.upserted(before, after, &set, |_| true))
    }
}
