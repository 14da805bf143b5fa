//! Upserts in a database that is written alone: which rows were there before is known only after the statement has met them. So it is
//! rehearsed: run inside a savepoint, its keys noted, taken back; then the rows are read as they
//! are, and the statement runs in earnest.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

use super::{Found, IMAGES_MAX, Learn, Rows};
use crate::bind;
use crate::write::{Answer, How};

/// Begins and takes back a rehearsal.
const BEGIN: &str = "SAVEPOINT larder_rehearsal";
const TAKE_BACK: &str = "ROLLBACK TO larder_rehearsal";
const END: &str = "RELEASE larder_rehearsal";

impl Learn<'_> {
    pub(super) async fn upsert_rehearsed<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Rows), DbErr> {
        let before = self.rehearse(connection, &statement).await?;
        let (answer, after) = self.returning(connection, statement, how).await?;
        let rows = match (before, after) {
            (Some(before), Some(after)) => self.met(before, after),
            _ => None,
        };
        Ok((answer, rows))
    }

    /// The rows, as they are, that the statement is going to change. `None`: not known.
    ///
    /// # Errors
    /// The statement's own, where it ended the transaction: to run it again would commit it alone.
    async fn rehearse<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: &Statement,
    ) -> Result<Option<Rehearsal>, DbErr> {
        let mut trial = statement.clone();
        let own = self.target.returning.is_none();
        if own {
            let keys = format!(" RETURNING {}", self.selected());
            trial.sql.insert_str(self.target.end, &keys);
        }
        self.shared.count(4);
        connection.execute_unprepared(BEGIN).await?;
        let rows = connection.query_all_raw(trial).await;
        let taken_back = connection.execute_unprepared(TAKE_BACK).await;
        match (rows, taken_back) {
            (Err(error), Err(_)) => Err(error),
            (Ok(_), Err(error)) => Err(error),
            (rows, Ok(_)) => {
                connection.execute_unprepared(END).await?;
                // The statement itself will meet its error again.
                match rows {
                    Ok(rows) => Ok(self.rehearsed(connection, &rows, own).await),
                    Err(_) => Ok(None),
                }
            }
        }
    }

    async fn rehearsed<C: ConnectionTrait>(
        &self,
        connection: &C,
        rows: &[QueryResult],
        own: bool,
    ) -> Option<Rehearsal> {
        if rows.len() > IMAGES_MAX {
            return None;
        }
        let keys = match own {
            true => self.found(rows)?,
            false => self.returned_keys(rows)?,
        };
        // In a database where upserts are rehearsed a question spoils nothing.
        let there = self.by_key(connection, &keys).await.ok()??;
        Some(Rehearsal { keys, there })
    }

    /// What became of the rows: those that were there have changed, the others are new.
    fn met(&self, before: Rehearsal, after: Vec<Found>) -> Rows {
        let Rehearsal { keys, there } = before;
        let rehearsed = |found: &Found| keys.iter().any(|key| key.key == found.key);
        // A statement that does something else each time it runs.
        if keys.len() != after.len() || !after.iter().all(rehearsed) {
            return None;
        }
        let set = bind::columns(self.target.event.update.as_ref()?);
        self.upserted(there, after, &set, |_| true)
    }
}

/// What a rehearsal showed.
struct Rehearsal {
    /// The rows that the statement inserts or changes.
    keys: Vec<Found>,
    /// Those of them that are there, as they are.
    there: Vec<Found>,
}
