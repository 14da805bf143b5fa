//! Upserts beside other writers, in a database that gives the rows that a statement wrote (PostgreSQL).
//!
//! Which rows were there is asked before the statement, by the values that its text gives to the conflict
//! target, and what is found is locked:
//!
//! ```text
//!   SELECT key, image … WHERE (target) IN (values) FOR NO KEY UPDATE     → there
//!   INSERT … ON CONFLICT (target) DO UPDATE … RETURNING key, image, xmax = 0   → written
//! ```
//!
//! Why this is exact. The statement gives every row that it has inserted or changed, as it is then.
//! - One with `xmax = 0` was inserted: an upsert locks what it meets before it changes it, by writing
//!   its transaction's number there, and a change keeps that number.
//! - One without, whose key is `there`, was changed; and since it was read nobody else could change it,
//!   nor this statement twice. So it was what was read. No upsert that sets a key comes here.
//! - One without, whose key is not `there`, came in after the question (or had its values from somewhere
//!   else than the text): what it was is not known, and the table is widened.
//!
//! So the question decides how exact the images are, never whether they are right: what it misses widens.
//! It burns no numbers of sequences, and locks no row that the statement would not lock.

use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::{Learn, Rows};
use crate::bind;
use crate::write::{Answer, How, send};

impl Learn<'_> {
    pub(super) async fn upsert_by_target<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Rows), DbErr> {
        let lock = self.engine().spelling().lock_to_update;
        let there = match self.given(&statement) {
            Some(given) => self.by_given(connection, &given, lock).await?,
            None => None,
        };
        let Some(there) = there else {
            let answer = send(self.shared, connection, statement, how).await?;
            return Ok((answer, None));
        };
        let (answer, written) = self.returning(connection, statement, how).await?;
        let rows = written.and_then(|written| {
            let set = bind::columns(self.target.event.update.as_ref()?);
            self.upserted(there, written, &set, |row| row.inserted)
        });
        Ok((answer, rows))
    }
}
