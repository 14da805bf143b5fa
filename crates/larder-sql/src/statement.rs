use std::sync::Arc;

use crate::{Name, ReadSet, Reason, Value, WriteSet};

/// A statement's analysis. Texts that differ only in literals and in the length of `IN` lists
/// share one; what is theirs alone is in [`Planned::slots`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// What it reads or writes.
    pub footprint: Footprint,
    /// The statement's text without its values: of several that share the plan that of the first. Long
    /// ones are cut.
    pub text: std::sync::Arc<str>,
    /// Slots that follow those of the text: literals that were left in it, such as `TRUE`, and
    /// those of views.
    pub(crate) constants: Vec<Slot>,
}

/// What a statement reads or writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Footprint {
    /// It reads, and changes nothing (see [`ReadSet::may_write`]).
    Read(ReadSet),
    /// It changes rows.
    Write(WriteSet),
    /// It begins or ends a transaction or savepoint.
    Transaction(TransactionKind),
    /// It changes the schema or maintains the database.
    Ddl(Ddl),
    /// It could read and write anything.
    Unknown(Reason),
}

/// A statement about transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionKind {
    /// `BEGIN`, `START TRANSACTION`.
    Begin {
        /// Its mode.
        mode: BeginMode,
    },
    /// `COMMIT`, `END`.
    Commit,
    /// `ROLLBACK` of the whole transaction.
    Rollback,
    /// `SAVEPOINT name`.
    Savepoint(Name),
    /// `RELEASE name`.
    Release(Name),
    /// `ROLLBACK TO name`.
    RollbackTo(Name),
}

/// How a transaction begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BeginMode {
    /// Nothing was said.
    #[default]
    Plain,
    /// SQLite's `DEFERRED`.
    Deferred,
    /// SQLite's `IMMEDIATE`.
    Immediate,
    /// SQLite's `EXCLUSIVE`.
    Exclusive,
    /// `READ ONLY`, without a stronger isolation level than `READ COMMITTED` asked for.
    ReadOnly,
    /// Other modes.
    Other,
}

/// A statement that changes the schema, or the database as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ddl {
    /// What it is.
    pub kind: DdlKind,
    /// Tables it names, as far as they can be told.
    pub tables: Vec<Name>,
    /// Whether more than the named tables may have changed.
    pub everything: bool,
}

/// What a [`Ddl`] statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DdlKind {
    /// `CREATE`, `ALTER`, `DROP`, `ATTACH`, …: the catalogue must be read again.
    Schema,
    /// `VACUUM`, `ANALYZE`, `REINDEX`, settings of a connection: no row changes, except that
    /// SQLite's `VACUUM` may renumber the rows of the tables listed.
    Maintenance,
}

/// A plan with what stands in its slots for one text.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The shared analysis.
    pub plan: Arc<Plan>,
    /// What the plan's slots hold, by index.
    pub slots: Arc<[Slot]>,
}

/// What stands in a plan's slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The parameter with this index, counted from 0.
    Bind(usize),
    /// A literal of the text.
    Literal(Value),
    /// An `IN` list.
    List(Vec<Slot>),
}
