//! Row images by asking: what the rows were before the statement, and what they are after it. Runs
//! inside a write transaction.
//!
//! Where the transaction writes alone (SQLite), what was read before the statement is what it met.
//! Elsewhere the rows are locked as they are read, and then compared with those that the statement
//! says it wrote: one that came in between, or was changed into the condition, makes a difference
//! that is seen, and widens.

use std::collections::BTreeMap;
use std::sync::Arc;

use larder::adapter::{RowImage, RowsChange};
use larder::{Columns, Name, TagValue};
use larder_sql::{Column, Equality, RowsNamed, Slot, Table, TableWrite, WriteKind};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::bind;
use crate::engine::{Engine, Returning};
use crate::shared::Shared;
use crate::value::Stored;
use crate::words;
use crate::write::{Answer, How, send, values};

mod conflict;

/// The most rows whose images are kept for one statement. A larger write widens to its table.
pub(crate) const IMAGES_MAX: usize = 1000;

/// One statement whose changed rows are to be learned.
pub(crate) struct Learn<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) table: &'a Table,
    pub(crate) target: &'a TableWrite,
    /// What stands in the slots of the statement's plan.
    pub(crate) slots: &'a [Slot],
    /// Whether the statement reads nothing but its target's own rows.
    pub(crate) alone: bool,
    /// The columns by which rows are found again.
    pub(crate) key: Vec<Name>,
    /// The columns that images hold.
    pub(crate) fetch: Arc<[Name]>,
    /// The columns that the statement may change.
    pub(crate) changed: &'a Columns,
}

/// A row by its key, with its image.
struct Found {
    key: Vec<Stored>,
    image: Vec<Stored>,
}

/// What happened to the rows. `None`: not known, widen.
type Rows = Option<Vec<RowsChange>>;

impl Learn<'_> {
    pub(crate) async fn run<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Rows), DbErr> {
        let returning = self.engine().spelling().returning;
        match (self.target.kind, returning) {
            (WriteKind::Insert, Returning::Nothing) => {
                self.numbered(connection, statement, how).await
            }
            (WriteKind::Insert, _) => {
                let (answer, found) = self.returning(connection, statement, how).await?;
                Ok((answer, found.and_then(|found| self.inserted(&found))))
            }
            (WriteKind::Upsert, Returning::AloneInserts) => {
                self.upsert(connection, statement, how).await
            }
            (WriteKind::Upsert, _) => {
                let answer = send(self.shared, connection, statement, how).await?;
                Ok((answer, None))
            }
            (_, Returning::Any) => self.told(connection, statement, how).await,
            (_, Returning::AloneInserts) => {
                let before = self.before(connection, &statement).await?;
                let answer = send(self.shared, connection, statement, how).await?;
                let rows = self.became(connection, before).await?;
                Ok((answer, rows))
            }
            (_, Returning::Nothing) => {
                let before = self.before(connection, &statement).await?;
                let answer = send(self.shared, connection, statement, how).await?;
                // The rows are locked, and still meet the condition: as many are the same.
                let all =
                    |found: &Vec<Found>| self.alone && answer.rows() == Some(found.len() as u64);
                let rows = self.became(connection, before.filter(all)).await?;
                Ok((answer, rows))
            }
        }
    }

    fn engine(&self) -> &dyn Engine {
        &*self.shared.engine
    }

    /// An update or a delete of a database that says which rows it wrote.
    async fn told<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: Statement,
        how: How,
    ) -> Result<(Answer, Rows), DbErr> {
        let Some(before) = self.before(connection, &statement).await? else {
            let answer = send(self.shared, connection, statement, how).await?;
            return Ok((answer, None));
        };
        let (answer, after) = self.returning(connection, statement, how).await?;
        let pairs = after.and_then(|after| self.pairs(before, after));
        let rows = pairs.and_then(|pairs| match self.target.kind {
            WriteKind::Delete => self.deleted(pairs.iter().map(|(old, _)| old)),
            _ => self.differing(pairs.into_iter(), self.changed),
        });
        Ok((answer, rows))
    }

    /// The same rows before and after. `None` where they are not the same.
    fn pairs(&self, before: Vec<Found>, after: Vec<Found>) -> Option<Vec<(Found, Found)>> {
        if before.len() != after.len() {
            return None;
        }
        let name = |found: &Found| format!("{:?}", found.key);
        let mut after: BTreeMap<String, Found> = after
            .into_iter()
            .map(|found| (name(&found), found))
            .collect();
        let pair = |old: Found| after.remove(&name(&old)).map(|new| (old, new));
        before.into_iter().map(pair).collect()
    }

    /// What has become of the rows that were there before.
    async fn became<C: ConnectionTrait>(
        &self,
        connection: &C,
        before: Option<Vec<Found>>,
    ) -> Result<Rows, DbErr> {
        match (self.target.kind, before) {
            (_, None) => Ok(None),
            (WriteKind::Delete, Some(before)) => Ok(self.deleted(before.iter())),
            (_, Some(before)) => self.updated(connection, before).await,
        }
    }

    fn deleted<'f>(&self, found: impl Iterator<Item = &'f Found>) -> Rows {
        let images = found.map(|found| {
            Some(RowImage {
                old: Some(self.canonical(&found.image)?),
                new: None,
            })
        });
        Some(vec![
            self.rows(Columns::All, images.collect::<Option<_>>()?),
        ])
    }

    /// An insert into a database that only tells the number that it gave to the new row. What its
    /// text gives to keys is believed where as many rows appeared, and are found.
    async fn numbered<C: ConnectionTrait>(
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

    /// The rows that the statement's own condition names, before it runs. `None` where they
    /// cannot be asked for, or are too many.
    ///
    /// # Errors
    /// That of asking, where it spoils the transaction. Else the statement itself will tell what is
    /// wrong with it.
    async fn before<C: ConnectionTrait>(
        &self,
        connection: &C,
        statement: &Statement,
    ) -> Result<Option<Vec<Found>>, DbErr> {
        let Some(query) = self.question(statement) else {
            return Ok(None);
        };
        self.shared.count(1);
        match connection.query_all_raw(query).await {
            Ok(rows) if rows.len() > IMAGES_MAX => Ok(None),
            Ok(rows) => Ok(self.found(&rows)),
            Err(error) if self.engine().spoils(&error) => Err(executed(error)),
            Err(_) => Ok(None),
        }
    }

    /// What is asked before the statement runs.
    fn question(&self, statement: &Statement) -> Option<Statement> {
        let RowsNamed::Where {
            target,
            condition,
            with,
            first_bind,
            binds,
            numbered,
        } = &self.target.rows
        else {
            return None;
        };
        if with.is_some() {
            return None;
        }
        let text = &statement.sql;
        let condition_text = match condition {
            Some(range) => text.get(range.clone())?,
            None => "",
        };
        let sql = format!(
            "SELECT {} FROM {} {} ORDER BY {} LIMIT {}{}{}",
            self.selected(),
            text.get(target.clone())?,
            condition_text,
            self.keys().join(", "),
            IMAGES_MAX + 1,
            match self.target.kind {
                WriteKind::Delete => self.engine().spelling().lock_to_delete,
                _ => self.engine().spelling().lock_to_update,
            },
            self.remark()
        );
        let bound = match numbered {
            true => values(statement),
            false => values(statement).get(*first_bind..first_bind + binds)?,
        };
        let bound = bound.to_vec();
        Some(Statement::from_sql_and_values(
            statement.db_backend,
            sql,
            bound,
        ))
    }

    /// The images of rows before and after an update, by the columns that really changed: the
    /// comparison is exact, where tags compare as the column does ('rock' set to 'Rock' in a
    /// NOCASE column is the same tag and another answer).
    async fn updated<C: ConnectionTrait>(
        &self,
        connection: &C,
        before: Vec<Found>,
    ) -> Result<Rows, DbErr> {
        let Some(after) = self.by_key(connection, &before).await? else {
            return Ok(None);
        };
        if after.len() != before.len() {
            return Ok(None);
        }
        // Both in the order of their keys. An UPDATE OR IGNORE leaves rows as they were; none
        // can vanish.
        let pairs = before.into_iter().zip(after);
        Ok(self.differing(pairs, self.changed))
    }

    /// Pairs of rows before and after, by the columns that differ. `None` where a pair is none.
    fn differing(&self, pairs: impl Iterator<Item = (Found, Found)>, set: &Columns) -> Rows {
        let mut by_columns: BTreeMap<Vec<usize>, Vec<RowImage>> = BTreeMap::new();
        for (old, new) in pairs {
            if old.key != new.key {
                return None;
            }
            let differ: Vec<usize> = (0..self.fetch.len())
                .filter(|&i| !old.image[i].same(&new.image[i]))
                .collect();
            if !differ.is_empty() {
                let image = RowImage {
                    old: Some(self.canonical(&old.image)?),
                    new: Some(self.canonical(&new.image)?),
                };
                by_columns.entry(differ).or_default().push(image);
            }
        }
        let held =
            matches!(set, Columns::Set(names) if names.iter().all(|n| self.fetch.contains(n)));
        let changes = by_columns.into_iter().map(|(differ, images)| {
            let changed = match held {
                true => Columns::set(differ.into_iter().map(|i| self.fetch[i].clone())),
                false => set.clone(),
            };
            self.rows(changed, images)
        });
        Some(changes.collect())
    }

    fn rows(&self, changed: Columns, rows: Vec<RowImage>) -> RowsChange {
        RowsChange {
            columns: self.fetch.clone(),
            changed,
            rows,
        }
    }

    fn inserted(&self, found: &[Found]) -> Rows {
        let images = found.iter().map(|f| {
            Some(RowImage {
                old: None,
                new: Some(self.canonical(&f.image)?),
            })
        });
        Some(vec![
            self.rows(Columns::All, images.collect::<Option<_>>()?),
        ])
    }

    /// Runs the statement, and gives the rows that it wrote as they are then.
    async fn returning<C: ConnectionTrait>(
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
        if let Some(found) = self.returned_images(rows) {
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
                key: key.unwrap_or_default(),
                image: self.by_name(row, &self.fetch)?,
            })
        });
        found.collect()
    }

    /// The keys of rows that the caller's RETURNING gave, if it names them.
    fn returned_keys(&self, rows: &[QueryResult]) -> Option<Vec<Found>> {
        let info = self.target.returning.as_ref()?;
        let keys = self.engine().settable_key(self.table);
        let has = |name: &Name| info.all_columns || info.columns.contains(name);
        if keys.is_empty() || !keys.iter().all(has) {
            return None;
        }
        let found = rows.iter().map(|row| {
            Some(Found {
                key: self.by_name(row, &keys)?,
                image: Vec::new(),
            })
        });
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

    /// Reads rows by their keys.
    ///
    /// # Errors
    /// Where it spoils the transaction: a commit would then be none, and nobody would say so.
    async fn by_key<C: ConnectionTrait>(
        &self,
        connection: &C,
        rows: &[Found],
    ) -> Result<Option<Vec<Found>>, DbErr> {
        if rows.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let keys = self.keys();
        let spelling = self.engine().spelling();
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {}{}",
            self.selected(),
            spelling.table(&self.table.name),
            spelling.among(&keys, rows.len()),
            keys.join(", "),
            self.remark()
        );
        let bind = |(name, value): (&Name, &Stored)| self.engine().bind(self.column(name), value);
        let values = rows
            .iter()
            .flat_map(|row| self.key.iter().zip(&row.key).map(bind));
        let Some(values) = values.collect::<Option<Vec<Value>>>() else {
            return Ok(None);
        };
        let backend = connection.get_database_backend();
        self.shared.count(1);
        let query = Statement::from_sql_and_values(backend, sql, values);
        match connection.query_all_raw(query).await {
            Ok(rows) => Ok(self.found(&rows)),
            Err(error) if self.engine().spoils(&error) => Err(executed(error)),
            Err(_) => Ok(None),
        }
    }

    /// What stands behind our own questions: with another schema they are other statements, so that no
    /// connection answers one that it has prepared by the columns as they were.
    fn remark(&self) -> String {
        format!(" /* {} */", self.shared.schema().version)
    }

    /// Key, then image, as a select list.
    fn selected(&self) -> String {
        let image = self.fetch.iter().map(|name| self.spelled(name));
        self.keys()
            .into_iter()
            .chain(image)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The columns that name a row, as SQL.
    fn keys(&self) -> Vec<String> {
        self.key.iter().map(|name| self.spelled(name)).collect()
    }

    /// A column as SQL. SQLite's hidden number of a row is none, and quoted it might be a text.
    fn spelled(&self, name: &Name) -> String {
        match self.column(name) {
            Some(_) => self.engine().spelling().quoted(name),
            None => name.to_string(),
        }
    }

    fn column(&self, name: &str) -> Option<&Column> {
        let columns = &self.table.columns;
        columns.iter().find(|column| &*column.name == name)
    }

    fn found(&self, rows: &[QueryResult]) -> Option<Vec<Found>> {
        let keys = self.key.len();
        let values = |row, from, to| -> Option<Vec<Stored>> {
            (from..to).map(|i| self.engine().stored(row, i)).collect()
        };
        rows.iter()
            .map(|row| {
                Some(Found {
                    key: values(row, 0, keys)?,
                    image: values(row, keys, keys + self.fetch.len())?,
                })
            })
            .collect()
    }

    /// The image as tags compare it. A column whose equality is not ours to know can be in no
    /// pin, so its place only has to hold something.
    fn canonical(&self, image: &[Stored]) -> Option<Vec<TagValue>> {
        let value = |(name, value): (&Name, &Stored)| match self.column(name) {
            Some(column) if column.equality == Equality::Unknown => Some(TagValue::Null),
            Some(column) => self.engine().canonical(column, value),
            None => match value {
                Stored::Int(i) => Some(TagValue::Int(*i)),
                _ => None,
            },
        };
        self.fetch.iter().zip(image).map(value).collect()
    }
}

/// The error that the caller's own way of running the statement would have given.
fn executed(error: DbErr) -> DbErr {
    match error {
        DbErr::Query(error) => DbErr::Exec(error),
        other => other,
    }
}
