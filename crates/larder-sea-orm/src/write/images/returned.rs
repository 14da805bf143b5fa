//! The rows that a statement gives back: by a RETURNING of its caller's, or one that was put behind it.

use larder::Name;
use larder_sql::WriteKind;
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};

use super::{Found, IMAGES_MAX, Learn, executed};
use crate::value::Stored;
use crate::write::{Answer, How, send};

impl Learn<'_> {
    /// Runs the statement, and gives the rows that it wrote as they are then.
    pub(super) async fn returning<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Option<Vec<Found>>), DbErr> {
        let backend = statement.db_backend;
        if self.target.returning.is_none() && how.executes() {
            let mut sql = statement.sql;
            sql.insert_str(
                self.target.end,
                &format!(" RETURNING {}{}", self.selected(), self.remark()),
            );
            let returning = Statement { sql, ..statement };
            self.shared.count(1);
            let rows = connection
                .query_all_raw(returning)
                .await
                .map_err(executed)?;
            // The result that the caller was promised.
            let nothing = (self.engine().spelling().executed)(rows.len());
            let nothing = Statement::from_string(backend, nothing);
            let answer = send(self.shared, connection, nothing, How::Execute).await?;
            let few = rows.len() <= IMAGES_MAX;
            return Ok((answer, if few { self.found(&rows) } else { None }));
        }
        // The caller's own RETURNING: all rows are needed here, also when only one is wanted.
        let answer = match how {
            How::QueryOne => {
                let mut rows = send(self.shared, connection, statement, How::QueryAll)
                    .await?
                    .all();
                let images = self.returned(connection, &rows).await?;
                let first = (!rows.is_empty()).then(|| rows.swap_remove(0));
                (Answer::One(first), images)
            }
            How::QueryAll => {
                let rows = send(self.shared, connection, statement, how).await?.all();
                let images = self.returned(connection, &rows).await?;
                (Answer::All(rows), images)
            }
            How::Execute | How::ExecuteText => {
                (send(self.shared, connection, statement, how).await?, None)
            }
        };
        Ok(answer)
    }

    /// The rows that the caller's RETURNING gave, if it names columns enough: those of the images,
    /// or the key by which the rows can be read.
    async fn returned<C: ConnectionTrait>(
        &self,
        connection: &C,
        rows: &[QueryResult],
    ) -> Result<Option<Vec<Found>>, DbErr> {
        if rows.len() > IMAGES_MAX {
            return Ok(None);
        }
        // What was inserted and what was met is told of the rows as they are stored.
        let asks = self.tells_inserted();
        if let Some(found) = self.returned_images(rows).filter(|_| !asks) {
            return Ok(Some(found));
        }
        let Some(named) = self.returned_keys(rows) else {
            return Ok(None);
        };
        if self.target.kind == WriteKind::Delete {
            return Ok(Some(named));
        }
        let found = self.by_key(connection, &named).await?;
        Ok(found.filter(|found| found.len() == named.len()))
    }

    /// The images of rows that the caller's RETURNING gave, if it names their columns; with the keys
    /// if it names those, too.
    fn returned_images(&self, rows: &[QueryResult]) -> Option<Vec<Found>> {
        let info = self.target.returning.as_ref()?;
        let has = |name: &Name| info.all_columns || info.columns.contains(name);
        if !self.fetch.iter().all(has) {
            return None;
        }
        let keys = self.returned_keys(rows);
        let found = rows.iter().enumerate().map(|(at, row)| {
            let key = keys.as_ref().map(|keys| keys[at].key.clone());
            Some(Found {
                image: self.by_name(row, &self.fetch)?,
                ..Found::named(key.unwrap_or_default())
            })
        });
        found.collect()
    }

    /// The keys of rows that the caller's RETURNING gave, if it names them.
    pub(super) fn returned_keys(&self, rows: &[QueryResult]) -> Option<Vec<Found>> {
        let info = self.target.returning.as_ref()?;
        let keys = self.engine().settable_key(self.table);
        let has = |name: &Name| info.all_columns || info.columns.contains(name);
        if keys.is_empty() || !keys.iter().all(has) {
            return None;
        }
        let found = rows
            .iter()
            .map(|row| Some(Found::named(self.by_name(row, &keys)?)));
        found.collect()
    }

    /// The values of these columns, by their names. `None` where two have one name.
    fn by_name(&self, row: &QueryResult, names: &[Name]) -> Option<Vec<Stored>> {
        let columns = self.engine().columns(row);
        let value = |name: &Name| {
            let mut places = (0..columns.len()).filter(|&at| *columns[at] == **name);
            match (places.next(), places.next()) {
                (Some(index), None) => self.engine().stored(row, index),
                _ => None,
            }
        };
        names.iter().map(value).collect()
    }
}
