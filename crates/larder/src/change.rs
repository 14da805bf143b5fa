//! What a write changed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::causes::Story;
use crate::shape::{Columns, Name, Shape, TagValue};
use crate::tag::Tag;

mod acts;

pub use acts::CAUSE_STATEMENTS_KEPT;
use acts::{Acts, Things};

/// So many tags one write may bump on one table. Beyond, it bumps the table's tag instead.
pub const BUMP_TAGS_MAX: usize = 4096;

/// So many rows' images a transaction keeps of one table. Beyond, it bumps the table's tag instead.
pub const IMAGES_PER_TABLE_MAX: usize = 10_000;

/// What a committed write changed, as an adapter reports it to [`Cache::publish`](crate::Cache::publish).
#[derive(Clone, Debug, Default)]
pub struct Changes {
    acts: Acts,
    transaction: Option<u64>,
    /// Roots and named tags, in the order reported.
    tags: Vec<Tag>,
    /// By table, so that two statements on one table are looked at once. Ordered for readers.
    tables: BTreeMap<(Arc<str>, Arc<str>), TableChange>,
}

#[derive(Clone, Debug)]
enum TableChange {
    /// Anything in the table may have changed, by the adapter's word or for this reason.
    Widened(Option<Widen>),
    Rows {
        all: Vec<RowsChange>,
        /// How many images they hold: [`IMAGES_PER_TABLE_MAX`] at most.
        images: usize,
    },
}

/// Rows of one table that one statement changed.
#[derive(Clone, Debug)]
pub struct RowsChange {
    /// The columns that the images hold, in the order of their values.
    pub columns: Arc<[Name]>,
    /// The columns that may have changed: all for inserts and deletes. The images do not tell:
    /// their values compare as the database's do, and 'rock' set to 'Rock' may be the same value
    /// and another answer.
    pub changed: Columns,
    /// The rows.
    pub rows: Vec<RowImage>,
}

/// A row before and after the write; values stand in the order of [`RowsChange::columns`].
#[derive(Clone, Debug)]
pub struct RowImage {
    /// The row before, unless it was inserted.
    pub old: Option<Vec<TagValue>>,
    /// The row after, unless it was deleted.
    pub new: Option<Vec<TagValue>>,
}

impl Changes {
    /// Nothing changed yet.
    pub fn new() -> Changes {
        Changes::default()
    }

    /// Names what caused the change: the statement's text, without values. The first one stays;
    /// those of other statements come by [`merge`](Changes::merge).
    pub fn cause(&mut self, cause: &str) {
        self.acts.begin(cause);
    }

    /// The number of the transaction in which it was done, which the adapter has given it.
    pub fn transaction(&mut self, number: u64) {
        self.transaction = Some(number);
    }

    /// Everything in a database may have changed.
    pub fn root(&mut self, database: &str) {
        self.tag(Tag::root(database));
    }

    /// Anything in a table may have changed.
    pub fn table(&mut self, database: &str, table: &str) {
        self.widen(database.into(), table.into(), None);
    }

    fn widen(&mut self, database: Arc<str>, table: Arc<str>, why: Option<Widen>) {
        self.tables
            .insert((database, table), TableChange::Widened(why));
    }

    /// These rows of a table have changed. More than [`IMAGES_PER_TABLE_MAX`] of one table are
    /// not kept: then anything in it may have changed.
    pub fn rows(&mut self, database: &str, table: &str, rows: RowsChange) {
        if rows.rows.is_empty() {
            return;
        }
        let change = self
            .tables
            .entry((database.into(), table.into()))
            .or_insert_with(|| TableChange::Rows {
                all: Vec::new(),
                images: 0,
            });
        if let TableChange::Rows { all, images } = change {
            *images += rows.rows.len();
            if *images > IMAGES_PER_TABLE_MAX {
                *change = TableChange::Widened(Some(Widen::TooManyImages));
            } else {
                all.push(rows);
            }
        }
    }

    /// What carries this tag has changed.
    pub fn tag(&mut self, tag: Tag) {
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
    }

    /// Adds what another statement of the same transaction changed.
    pub fn merge(&mut self, other: Changes) {
        let theirs = other.things();
        let mut acts = std::mem::take(&mut self.acts);
        acts.merge(other.acts, || self.things(), &theirs);
        self.acts = acts;
        self.transaction = self.transaction.or(other.transaction);
        for tag in other.tags {
            self.tag(tag);
        }
        for ((database, table), change) in other.tables {
            match change {
                TableChange::Widened(why) => self.widen(database, table, why),
                TableChange::Rows { all, .. } => {
                    for rows in all {
                        self.rows(&database, &table, rows);
                    }
                }
            }
        }
    }

    /// Whether nothing was reported.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.tables.is_empty()
    }

    /// The coarse tags over all that is reported: roots, named tags and tables. What a
    /// linearizable writer marks before its commit.
    pub fn coarse_tags(&self) -> Vec<Tag> {
        let tables = self
            .tables
            .keys()
            .map(|(database, table)| Tag::table(database, table));
        self.tags.iter().cloned().chain(tables).collect()
    }

    fn things(&self) -> Things {
        Things {
            tables: self.tables.keys().cloned().collect(),
            tags: self.tags.clone(),
        }
    }

    /// The statements, for a span.
    pub(crate) fn cause_texts(&self) -> String {
        self.story(&[]).statements.join("; ")
    }

    /// What these tags were bumped by.
    pub(crate) fn story(&self, tags: &[Tag]) -> Story {
        self.acts.story(tags, self.transaction)
    }

    /// The tables whose lists of shapes decide what is bumped.
    pub(crate) fn watched(&self) -> Vec<Tag> {
        self.tables
            .iter()
            .filter(|(_, change)| matches!(change, TableChange::Rows { .. }))
            .map(|((database, table), _)| Tag::table(database, table))
            .collect()
    }

    /// The tags to bump where `shapes_of` gives the shapes in use on a table, and what was widened.
    /// A database whose root is bumped needs nothing finer, nor does a widened table.
    pub(crate) fn tags(
        &self,
        shapes_of: impl Fn(&Tag) -> Arc<[Shape]>,
    ) -> (Vec<Tag>, Vec<(Tag, Widen)>) {
        let mut tags = self.tags.clone();
        let mut widened = Vec::new();
        for ((database, table), change) in &self.tables {
            if self.tags.contains(&Tag::root(database)) {
                continue;
            }
            let table = Tag::table(database, table);
            match change {
                TableChange::Widened(why) => {
                    tags.push(table.clone());
                    widened.extend(why.clone().map(|why| (table, why)));
                }
                TableChange::Rows { all, .. } => {
                    match table_tags(&table, all, &shapes_of(&table)) {
                        Ok(mut fine) => tags.append(&mut fine),
                        Err(why) => {
                            tags.push(table.clone());
                            widened.push((table, why));
                        }
                    }
                }
            }
        }
        (tags, widened)
    }
}

/// Why a write bumps the table's tag instead of tags of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Widen {
    /// A shape in use pins a column that the images do not hold.
    NeedsColumn(Name),
    /// More than [`BUMP_TAGS_MAX`] tags.
    TooManyTags,
    /// More than [`IMAGES_PER_TABLE_MAX`] rows changed in one transaction.
    TooManyImages,
}

impl std::fmt::Display for Widen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Widen::NeedsColumn(name) => write!(f, "the row images do not hold column {name}"),
            Widen::TooManyTags => write!(f, "more than {BUMP_TAGS_MAX} tags"),
            Widen::TooManyImages => write!(f, "more than {IMAGES_PER_TABLE_MAX} changed rows"),
        }
    }
}

fn table_tags(table: &Tag, all: &[RowsChange], shapes: &[Shape]) -> Result<Vec<Tag>, Widen> {
    let mut found = Found::default();
    for rows in all {
        collect(rows, table, shapes, &mut found)?;
    }
    Ok(found.tags)
}

impl RowsChange {
    /// The tags of the rows as they were and as they are, for every shape that the change meets.
    /// Pure. [`Shape::any_row`] need not stand in `shapes`.
    ///
    /// # Errors
    ///
    /// Where this cannot be told from the images, or is too much: bump the table's tag instead.
    pub fn tags(&self, table: &Tag, shapes: &[Shape]) -> Result<Vec<Tag>, Widen> {
        table_tags(table, std::slice::from_ref(self), shapes)
    }
}

#[derive(Default)]
struct Found {
    /// In the order found.
    tags: Vec<Tag>,
    seen: HashSet<Tag>,
}

impl Found {
    fn add(&mut self, tag: Tag) -> Result<(), Widen> {
        if self.seen.insert(tag.clone()) {
            if self.tags.len() >= BUMP_TAGS_MAX {
                return Err(Widen::TooManyTags);
            }
            self.tags.push(tag);
        }
        Ok(())
    }
}

fn collect(
    rows: &RowsChange,
    table: &Tag,
    shapes: &[Shape],
    found: &mut Found,
) -> Result<(), Widen> {
    if rows.rows.is_empty() {
        return Ok(());
    }
    found.add(Tag::shape(table, &Shape::any_row(), &[]))?;
    for shape in shapes.iter().filter(|shape| !shape.is_any_row()) {
        if !shape.meets(&rows.changed) {
            continue;
        }
        let pins = shape
            .pins()
            .iter()
            .map(|pin| position(&rows.columns, pin).ok_or_else(|| Widen::NeedsColumn(pin.clone())))
            .collect::<Result<Vec<usize>, Widen>>()?;
        let mut values = Vec::with_capacity(pins.len());
        for row in &rows.rows {
            for image in [&row.old, &row.new].into_iter().flatten() {
                values.clear();
                for (&at, pin) in pins.iter().zip(shape.pins()) {
                    // A short image holds fewer columns than it says.
                    let value = image
                        .get(at)
                        .ok_or_else(|| Widen::NeedsColumn(pin.clone()))?;
                    values.push(value.clone());
                }
                found.add(Tag::shape(table, shape, &values))?;
            }
        }
    }
    Ok(())
}

fn position(columns: &[Name], name: &Name) -> Option<usize> {
    columns.iter().position(|column| column == name)
}

#[cfg(test)]
mod tests;
