use std::ops::Range;

use crate::{ColumnSet, Conjunction, Name, Reason, WriteEvent};

/// What a statement writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteSet {
    /// The tables it names. What triggers and foreign keys change further is in
    /// [`Catalogue::closure`](crate::Catalogue::closure).
    pub targets: Vec<TableWrite>,
    /// Whether it answers with rows.
    pub returning: bool,
    /// Tables it reads, views expanded.
    pub reads: Vec<Name>,
    /// What was widened.
    pub widened: Vec<Reason>,
    /// It calls something that could write more: treat it as a write of everything.
    pub may_write_more: bool,
}

/// What a statement writes in one table (or view).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableWrite {
    /// The table.
    pub table: Name,
    /// How.
    pub kind: WriteKind,
    /// The columns that may change: those set, and the generated ones; all of them where rows
    /// appear or vanish.
    pub columns: ColumnSet,
    /// Which rows.
    pub rows: RowsNamed,
    /// What its `WHERE` pins, for an `UPDATE` or `DELETE` of one table; else empty, which says
    /// nothing. Rows that meet none of them before the write are not written.
    pub alternatives: Vec<Conjunction>,
    /// What the table's triggers and foreign keys see of it: argument for
    /// [`Catalogue::closure`](crate::Catalogue::closure).
    pub event: WriteEvent,
    /// The `RETURNING` clause, if there is one.
    pub returning: Option<ReturningInfo>,
    /// Where a `RETURNING` clause could be inserted into the original text (with a blank before
    /// it), if there is none: after the last token, before a trailing semicolon or comment.
    pub end: usize,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// Rows appear; those that conflict are refused or skipped.
    Insert,
    /// Rows change.
    Update,
    /// Rows vanish.
    Delete,
    /// Rows appear or change, and rows that conflict with them vanish: `REPLACE`,
    /// `INSERT OR REPLACE`, `UPDATE OR REPLACE`, or a schema with `ON CONFLICT REPLACE`.
    Replace,
    /// Rows appear, or those that conflict change.
    Upsert,
    /// `MERGE`.
    Merge,
    /// All rows vanish at once.
    Truncate,
}

/// Which rows a write changes. Ranges are bytes of the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsNamed {
    /// `<with> SELECT … FROM <target> <condition>`, run just before the write, selects exactly
    /// the rows that it changes.
    Where {
        /// The table's name with its alias.
        target: Range<usize>,
        /// From `WHERE` to before `RETURNING` or the end.
        condition: Option<Range<usize>>,
        /// The leading `WITH` clause.
        with: Option<Range<usize>>,
        /// Index of the first positional parameter in the condition.
        first_bind: usize,
        /// Number of positional parameters in the condition.
        binds: usize,
        /// Parameters in it are numbered or named: pass all of them.
        numbered: bool,
    },
    /// Rows that appear; known only after the write.
    Inserted,
    /// Rows that appear, and those that they meet, by the values that the text gives to some columns.
    ///
    /// MySQL: to those of the primary key. PostgreSQL: to the conflict target of an upsert.
    Keys {
        /// The columns.
        columns: Vec<Name>,
        /// For each row, in the order of the columns, as [slots](crate::Planned::slots).
        rows: Vec<Vec<usize>>,
    },
    /// They cannot be named.
    Unknown(Reason),
}

/// A `RETURNING` clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturningInfo {
    /// It has `*`.
    pub all_columns: bool,
    /// The plain columns it lists under their own names.
    pub columns: Vec<Name>,
    /// Its bytes in the original text, from the word `RETURNING`.
    pub range: Range<usize>,
}
