use super::{Affinity, Column};
use crate::{ColumnSet, Dialect, Name};

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name as declared, with its schema if that is not the default one.
    pub name: Name,
    /// Table or view.
    pub kind: TableKind,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// The columns of its primary key.
    pub primary_key: Vec<Name>,
    /// SQLite: it has no rowid.
    pub without_rowid: bool,
    /// SQLite: it is `STRICT`.
    pub strict: bool,
    /// SQLite: the `INTEGER PRIMARY KEY` column, which is the rowid by another name.
    pub rowid_alias: Option<Name>,
    /// MySQL: the column whose numbers the database gives to new rows (`AUTO_INCREMENT`).
    pub numbered: Option<Name>,
    /// Its references to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// A constraint of it says `ON CONFLICT REPLACE`: an insert or update may delete rows.
    pub replaces_on_conflict: bool,
    /// A virtual table's other tables: reading it reads them (an FTS5 table's `content`).
    pub reads_through: Vec<Name>,
    /// PostgreSQL: the tables that share rows with it, by partitions or inheritance. What is written
    /// to one of them may be read from any.
    pub kin: Vec<Name>,
}

impl Table {
    /// A table without columns.
    pub fn new(name: impl Into<Name>) -> Self {
        Table {
            name: name.into(),
            kind: TableKind::Table,
            columns: Vec::new(),
            primary_key: Vec::new(),
            without_rowid: false,
            strict: false,
            rowid_alias: None,
            numbered: None,
            foreign_keys: Vec::new(),
            triggers: Vec::new(),
            replaces_on_conflict: false,
            reads_through: Vec::new(),
            kin: Vec::new(),
        }
    }

    /// The column with this name: exactly, or else but for upper and lower case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| *column.name == *name)
            .or_else(|| {
                self.columns
                    .iter()
                    .find(|column| column.name.eq_ignore_ascii_case(name))
            })
            .or_else(|| {
                // MySQL folds all letters, SQLite only those of ASCII: there no statement names a
                // column in such a way.
                let folded = (!name.is_ascii()).then(|| name.to_lowercase())?;
                let mut columns = self.columns.iter();
                columns.find(|column| column.name.to_lowercase() == folded)
            })
    }

    /// The one name of a column in pins and shapes, or `None` if the table has no such column.
    ///
    /// In SQLite `rowid`, `oid`, `_rowid_` and the `INTEGER PRIMARY KEY` are one column: named as
    /// the latter, or `rowid` if there is none.
    pub fn canonical(&self, dialect: Dialect, name: &str) -> Option<Name> {
        let known = match dialect {
            Dialect::Postgres => self.columns.iter().find(|column| *column.name == *name),
            Dialect::Sqlite | Dialect::MySql => self.column(name),
        };
        if let Some(column) = known {
            return Some(column.name.clone());
        }
        let rowid = dialect == Dialect::Sqlite
            && !matches!(self.kind, TableKind::View { .. })
            && !self.without_rowid
            && is_rowid(name);
        rowid.then(|| {
            self.rowid_alias
                .clone()
                .unwrap_or_else(|| Name::from("rowid"))
        })
    }

    /// What an `UPDATE` that sets `columns` changes: with the columns computed from them.
    pub fn widened(&self, columns: &ColumnSet) -> ColumnSet {
        let mut columns = columns.clone();
        if columns != ColumnSet::none() {
            for column in self.columns.iter().filter(|column| column.generated) {
                columns.insert(column.name.clone());
            }
        }
        columns
    }

    /// Whether rows have a number that no column names.
    pub fn has_hidden_rowid(&self) -> bool {
        self.kind == TableKind::Table && !self.without_rowid && self.rowid_alias.is_none()
    }

    /// The rowid as a column, where no column names it.
    pub(crate) fn rowid_column() -> Column {
        let mut column = Column::new(Dialect::Sqlite, "rowid", "INTEGER");
        column.affinity = Affinity::Integer;
        column.not_null = true;
        column.hidden = true;
        column
    }
}

/// Whether SQLite takes this name for a row's number.
pub(crate) fn is_rowid(name: &str) -> bool {
    ["rowid", "oid", "_rowid_"]
        .iter()
        .any(|rowid| name.eq_ignore_ascii_case(rowid))
}

/// What a [`Table`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// A view.
    View {
        /// Its query, or its whole `CREATE VIEW`.
        sql: String,
    },
    /// A virtual table: its rows come from a module.
    Virtual,
}

/// A reference to another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The referring columns.
    pub columns: Vec<Name>,
    /// The table referred to.
    pub parent: Name,
    /// Its columns; empty for its primary key.
    pub parent_columns: Vec<Name>,
    /// What happens to a row when its parent vanishes.
    pub on_delete: Action,
    /// What happens to a row when its parent's key changes.
    pub on_update: Action,
}

/// What a foreign key does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing, or refuse: no row changes.
    #[default]
    None,
    /// The row follows: it vanishes, or its columns change.
    Cascade,
    /// The referring columns become `NULL`.
    SetNull,
    /// The referring columns take their default.
    SetDefault,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: Name,
    /// What fires it.
    pub event: TriggerEvent,
    /// When.
    pub timing: TriggerTiming,
    /// The statements between `BEGIN` and `END`, or the whole `CREATE TRIGGER`.
    pub body: String,
}

/// What fires a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerEvent {
    /// A row appears.
    Insert,
    /// A row changes; with columns, only if one of them is set.
    Update(Option<Vec<Name>>),
    /// A row vanishes.
    Delete,
}

/// When a trigger fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TriggerTiming {
    /// Before the change.
    Before,
    /// After it.
    After,
    /// In its place (views).
    InsteadOf,
}
