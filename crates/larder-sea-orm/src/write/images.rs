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
use larder_sql::{Equality, Slot, Table, TableWrite, WriteKind};
use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::engine::{Engine, Returning};
use crate::shared::Shared;
use crate::value::Stored;
use crate::write::{Answer, How, send};

mod conflict;
mod duplicate;
mod given;
mod numbered;
mod question;
mod returned;
mod target;

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
    /// Whether the statement has surely inserted it, and not met it.
    inserted: bool,
}

impl Found {
    /// A row of which nothing is known but its name.
    fn named(key: Vec<Stored>) -> Found {
        Found {
            key,
            image: Vec::new(),
            inserted: false,
        }
    }

    /// Whether it holds what `other` holds, exactly.
    fn is_same(&self, other: &Found) -> bool {
        let mut pairs = self.image.iter().zip(&other.image);
        pairs.all(|(one, other)| one.same(other))
    }
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
                self.upsert_rehearsed(connection, statement, how).await
            }
            (WriteKind::Upsert, Returning::Any) => {
                self.upsert_by_target(connection, statement, how).await
            }
            (WriteKind::Upsert | WriteKind::Replace, Returning::Nothing) => {
                self.upsert_by_count(connection, statement, how).await
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
                // The rows are locked, and still meet the condition: as many are the same. Rows that
                // are given back are counted only where they are asked for.
                let counted = how.executes() != self.target.returning.is_some();
                let all = |found: &Vec<Found>| {
                    self.alone && counted && answer.rows() == Some(found.len() as u64)
                };
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

    /// What an upsert did, by the rows that were `there` and those that it has written: those that were
    /// there have changed in some of the columns `set`, the others are new if they have `appeared`.
    /// `None` where one is neither.
    fn upserted(
        &self,
        mut there: Vec<Found>,
        written: Vec<Found>,
        set: &Columns,
        appeared: impl Fn(&Found) -> bool,
    ) -> Rows {
        let (mut pairs, mut new) = (Vec::new(), Vec::new());
        for row in written {
            match there.iter().position(|found| found.key == row.key) {
                Some(_) if row.inserted => return None,
                Some(at) => pairs.push((there.swap_remove(at), row)),
                None if appeared(&row) => new.push(row),
                None => return None,
            }
        }
        let mut rows = self.differing(pairs.into_iter(), set)?;
        if !new.is_empty() {
            rows.extend(self.inserted(&new)?);
        }
        Some(rows)
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
