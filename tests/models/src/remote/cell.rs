//! What a server holds: the table's cell, the tag of the rows, the entry.

use super::state::{Noted, Value, WriterSet};

/// What a server holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Server {
    pub(super) table: Option<Cell>,
    pub(super) fine: Option<Fine>,
    pub(super) entry: Option<Entry>,
}

impl Server {
    /// The table's cell, if it is one of this life and no void.
    pub(super) fn table_of(&self, life: u8) -> Option<Cell> {
        self.table.filter(|cell| cell.is_of(life))
    }

    /// The version of the table's cell, if entries may be served under it.
    pub(super) fn table_to_serve(&self, life: u8) -> Option<u8> {
        let cell = self.table_of(life)?;
        cell.is_usable().then_some(cell.version)
    }

    /// The tag of the rows, if it is one of this life.
    pub(super) fn fine_of(&self, life: u8) -> Option<Fine> {
        self.fine.filter(|fine| fine.life == life)
    }
}

/// What a cell is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// Left by a bump of what was not there.
    Void,
    /// There for its marks, or until its maker has had the write lock.
    Held,
    /// Entries may depend on it.
    Live,
}

/// The table's cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Cell {
    pub(super) kind: Kind,
    pub(super) version: u8,
    /// Changes with every change that leaves the version. Versions and revisions are of one kind
    /// here.
    pub(super) revision: u8,
    /// The life of the server in which it was written.
    pub(super) life: u8,
    /// The writers that are about to commit.
    pub(super) marks: WriterSet,
    /// Whether the list of shapes has the shape.
    pub(super) knows_shape: bool,
}

impl Cell {
    pub(super) fn new(kind: Kind, version: u8, life: u8) -> Cell {
        Cell {
            kind,
            version,
            revision: 0,
            life,
            marks: 0,
            knows_shape: false,
        }
    }

    fn is_of(self, life: u8) -> bool {
        self.kind != Kind::Void && self.life == life
    }

    /// Whether entries may be served and filled under it.
    pub(super) fn is_usable(self) -> bool {
        self.kind == Kind::Live && self.marks == 0
    }

    /// What a swap compares.
    fn head(self) -> (Kind, u8, u8, u8) {
        (self.kind, self.version, self.revision, self.life)
    }
}

/// Whether a swap that has seen the one finds it in the other.
pub(super) fn is_same(seen: Option<Cell>, there: Option<Cell>) -> bool {
    seen.map(Cell::head) == there.map(Cell::head)
}

/// The tag of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fine {
    pub(super) version: u8,
    pub(super) life: u8,
}

/// The cached value, with the versions of its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) noted: Noted,
}
