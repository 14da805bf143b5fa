use std::collections::BTreeSet;

use crate::{
    Catalogue, Column, ColumnSet, Dialect, Equality, Name, Table, TableKind, TableRead,
    catalogue::is_rowid,
};

/// The names that one query's `FROM` makes visible.
#[derive(Default)]
pub(super) struct Scope<'a> {
    pub(super) sources: Vec<Source<'a>>,
    /// Names given to results of the `SELECT` list, which may hide columns.
    pub(super) results: BTreeSet<Name>,
}

/// One thing in a `FROM`.
pub(super) struct Source<'a> {
    pub(super) alias: Name,
    pub(super) kind: SourceKind<'a>,
}

/// What a [`Source`] is.
#[derive(Clone, Copy)]
pub(super) enum SourceKind<'a> {
    /// A table, with the index of its [`TableRead`].
    Table {
        read: usize,
        known: Option<&'a Table>,
    },
    /// A subquery, view, CTE or table function: analysed on its own.
    Derived,
}

/// A source's place in its scope.
pub(super) type SourceIndex = usize;

/// Whether a table has a column.
pub(super) enum Owns {
    Yes(Name),
    Perhaps(Name),
    No,
}

impl<'a> Source<'a> {
    pub(super) fn owns(&self, dialect: Dialect, column: &str) -> Owns {
        match self.kind {
            SourceKind::Derived => Owns::No,
            SourceKind::Table { known: None, .. } => Owns::Perhaps(Name::from(column)),
            SourceKind::Table {
                known: Some(table), ..
            } => match table.canonical(dialect, column) {
                Some(name) => Owns::Yes(name),
                // A table whose columns could not be read may have any.
                None if table.columns.is_empty() => Owns::Perhaps(Name::from(column)),
                None => Owns::No,
            },
        }
    }

    pub(super) fn read(&self) -> Option<usize> {
        match self.kind {
            SourceKind::Table { read, .. } => Some(read),
            SourceKind::Derived => None,
        }
    }

    /// The column, if its equality can be relied on.
    pub(super) fn pinnable(&self, catalogue: &Catalogue, column: &Name) -> Option<Option<Column>> {
        match self.kind {
            SourceKind::Derived => None,
            SourceKind::Table { known: None, .. } => catalogue.is_empty().then_some(None),
            SourceKind::Table {
                known: Some(table), ..
            } => {
                let column = match table.column(column) {
                    Some(column) => column.clone(),
                    None if is_rowid(column) => Table::rowid_column(),
                    None => return None,
                };
                let sure = column.equality != Equality::Unknown && table.kind == TableKind::Table;
                sure.then_some(Some(column))
            }
        }
    }
}

/// Adds a column to what is read of a table.
pub(super) fn add_column(read: &mut TableRead, column: Name) {
    read.columns.insert(column);
}

pub(super) fn add_all(read: &mut TableRead) {
    read.columns = ColumnSet::All;
}
