use std::{collections::BTreeSet, fmt};

use crate::{Name, Reason};

/// What a statement reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSet {
    /// One per table alias, those of subqueries, CTEs and views included.
    pub tables: Vec<TableRead>,
    /// Why its answer must not be kept, if it must not.
    pub uncacheable: Option<Reason>,
    /// What was widened.
    pub widened: Vec<Reason>,
    /// It calls something that could write: treat it as a write of everything.
    pub may_write: bool,
}

/// What a statement reads of one alias of a table.
///
/// A row that satisfies none of the `alternatives` cannot change the answer; neither can a change
/// of columns outside `columns` in a row that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRead {
    /// The table.
    pub table: Name,
    /// Its alias in the statement; the table's name if it has none.
    pub alias: Name,
    /// The condition in disjunctive normal form. One empty conjunction is any row.
    pub alternatives: Vec<Conjunction>,
    /// Columns read, filtered, sorted or joined on, pins included.
    pub columns: ColumnSet,
}

impl TableRead {
    /// Whether any row of the table can change the answer.
    pub fn is_any_row(&self) -> bool {
        self.alternatives
            .iter()
            .any(|conjunction| conjunction.pins.is_empty())
    }
}

impl fmt::Display for TableRead {
    /// The shapes, as in `track(genre_id; name)`, pinned columns first, joined by `or`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, conjunction) in self.alternatives.iter().enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
            }
            f.write_str(&crate::explain::shape(self, conjunction))?;
        }
        Ok(())
    }
}

/// Pins that hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conjunction {
    /// Sorted by column, each column once.
    pub pins: Vec<Pin>,
}

/// A column that must equal a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pin {
    /// The column.
    pub column: Name,
    /// What it equals.
    pub value: PinValue,
}

/// What a pinned column equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PinValue {
    /// What stands in this slot of [`Planned::slots`](crate::Planned::slots): `=`, or `IN` where
    /// the slot is a list. A `NULL` there equals nothing.
    Slot(usize),
    /// `IS NULL`.
    Null,
}

/// Some columns of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnSet {
    /// Every column, those not yet known included.
    All,
    /// These.
    Set(BTreeSet<Name>),
}

impl ColumnSet {
    /// No column.
    pub fn none() -> Self {
        ColumnSet::Set(BTreeSet::new())
    }

    /// Adds one column.
    pub fn insert(&mut self, column: Name) {
        if let ColumnSet::Set(set) = self {
            set.insert(column);
        }
    }

    /// Adds all columns of `other`.
    pub fn extend(&mut self, other: &ColumnSet) {
        match (&mut *self, other) {
            (ColumnSet::Set(set), ColumnSet::Set(other)) => set.extend(other.iter().cloned()),
            (_, ColumnSet::All) => *self = ColumnSet::All,
            (ColumnSet::All, _) => {}
        }
    }

    /// Whether `column` is in it.
    pub fn contains(&self, column: &str) -> bool {
        match self {
            ColumnSet::All => true,
            ColumnSet::Set(set) => set.contains(column),
        }
    }

    /// Whether some column is in both. `All` meets even the empty set: where rows come or go, a
    /// count that looks at no column changes.
    pub fn meets(&self, other: &ColumnSet) -> bool {
        match (self, other) {
            (ColumnSet::All, _) | (_, ColumnSet::All) => true,
            (ColumnSet::Set(left), ColumnSet::Set(right)) => !left.is_disjoint(right),
        }
    }
}

impl fmt::Display for ColumnSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnSet::All => f.write_str("*"),
            ColumnSet::Set(set) => {
                for (i, column) in set.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    f.write_str(column)?;
                }
                Ok(())
            }
        }
    }
}
