//! Bugs on purpose, for the law test: each makes the adapter forget something, on the thread that
//! asked for it, and the test must notice.
//!
//! Only in a build with the feature `sabotage`; in any other build `sabotage/absent.rs` stands
//! here, and everything passes through unchanged.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use larder::TagValue;
use larder::adapter::{Changes, RowsChange};
use larder_sql::{
    Affinity, Collation, ColumnSet, Footprint, Planned, ReadSet, RowsNamed, Slot, Table,
    WriteEvent, WriteKind, WriteSet,
};

/// Something that the adapter forgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// What a row was before the write.
    OldImage,
    /// What a row is after the write.
    NewImage,
    /// All rows of a write but the first.
    OtherRows,
    /// What foreign keys do.
    Cascade,
    /// What triggers do.
    Trigger,
    /// That REPLACE and upserts change rows that were there.
    Replace,
    /// That generated columns change with others.
    Generated,
    /// All alternatives of an OR but the first.
    OtherAlternatives,
    /// All values of an IN list but the first.
    OtherValues,
    /// All tables of a read but the first.
    JoinedTables,
    /// The columns that a read has beyond its pins.
    ColumnsRead,
    /// That NOCASE columns call 'a' and 'A' equal.
    NoCase,
    /// That columns turn values into their own type.
    Affinity,
    /// What was written in a savepoint that was kept.
    Savepoint,
    /// That a statement that failed may have changed rows.
    Failure,
    /// That a read which chooses its columns depends on all others of their rows, too.
    Unheard,
}

impl Bug {
    /// Every bug.
    pub const ALL: [Bug; 16] = [
        Bug::OldImage,
        Bug::NewImage,
        Bug::OtherRows,
        Bug::Cascade,
        Bug::Trigger,
        Bug::Replace,
        Bug::Generated,
        Bug::OtherAlternatives,
        Bug::OtherValues,
        Bug::JoinedTables,
        Bug::ColumnsRead,
        Bug::NoCase,
        Bug::Affinity,
        Bug::Savepoint,
        Bug::Failure,
        Bug::Unheard,
    ];
}

thread_local! {
    static BUG: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Gives all connections used on this thread a bug, or none.
pub fn seed(bug: Option<Bug>) {
    BUG.set(bug);
}

fn has(bug: Bug) -> bool {
    BUG.get() == Some(bug)
}

/// What is known of a table.
pub(crate) fn table(mut table: Table) -> Table {
    match BUG.get() {
        Some(Bug::Cascade) => table.foreign_keys.clear(),
        Some(Bug::Trigger) => table.triggers.clear(),
        Some(Bug::Replace) => table.replaces_on_conflict = false,
        Some(Bug::Generated) => table
            .columns
            .iter_mut()
            .for_each(|column| column.generated = false),
        Some(Bug::NoCase) => {
            let folded = table
                .columns
                .iter_mut()
                .filter(|column| column.collation == Collation::NoCase);
            folded.for_each(|column| column.collation = Collation::Binary);
        }
        Some(Bug::Affinity) => table
            .columns
            .iter_mut()
            .for_each(|column| column.affinity = Affinity::Blob),
        _ => {}
    }
    table
}

/// What a statement means.
pub(crate) fn planned(mut planned: Planned) -> Planned {
    if has(Bug::OtherValues) {
        let mut slots = planned.slots.to_vec();
        for slot in &mut slots {
            if let Slot::List(items) = slot {
                items.truncate(1);
            }
        }
        planned.slots = slots.into();
    }
    if has(Bug::Replace)
        && let Footprint::Write(set) = &planned.plan.footprint
    {
        let mut plan = planned.plan.as_ref().clone();
        plan.footprint = Footprint::Write(inserted(set.clone()));
        planned.plan = Arc::new(plan);
    }
    planned
}

fn inserted(mut set: WriteSet) -> WriteSet {
    for target in &mut set.targets {
        if matches!(target.kind, WriteKind::Replace | WriteKind::Upsert) {
            target.kind = WriteKind::Insert;
            target.rows = RowsNamed::Inserted;
            target.event = WriteEvent::inserts();
        }
    }
    set
}

/// What a statement reads.
pub(crate) fn read(read: &ReadSet) -> Cow<'_, ReadSet> {
    let mut read = Cow::Borrowed(read);
    match BUG.get() {
        Some(Bug::OtherAlternatives) => {
            read.to_mut()
                .tables
                .iter_mut()
                .for_each(|table| table.alternatives.truncate(1));
        }
        Some(Bug::JoinedTables) => read.to_mut().tables.truncate(1),
        Some(Bug::ColumnsRead) => only_pins(read.to_mut()),
        _ => {}
    }
    read
}

/// A read whose reader has chosen the columns by which it hears of changes.
pub(crate) fn heard(mut read: ReadSet) -> ReadSet {
    if has(Bug::Unheard) {
        only_pins(&mut read);
    }
    read
}

/// Forgets the columns that a read has beyond its pins.
fn only_pins(read: &mut ReadSet) {
    for table in &mut read.tables {
        let conjunctions = table.alternatives.iter();
        let pins = conjunctions.flat_map(|conjunction| &conjunction.pins);
        table.columns = ColumnSet::Set(pins.map(|pin| pin.column.clone()).collect());
    }
}

/// What a write did to rows.
pub(crate) fn rows(mut change: RowsChange) -> RowsChange {
    let known =
        |image: &Option<Vec<TagValue>>| image.as_ref().is_some_and(|values| !values.is_empty());
    match BUG.get() {
        Some(Bug::OldImage) => {
            change
                .rows
                .iter_mut()
                .filter(|row| known(&row.old))
                .for_each(|row| row.old = None);
        }
        Some(Bug::NewImage) => {
            change
                .rows
                .iter_mut()
                .filter(|row| known(&row.new))
                .for_each(|row| row.new = None);
        }
        Some(Bug::OtherRows) => change.rows.truncate(1),
        _ => {}
    }
    change
}

/// What a statement inside a transaction changed.
pub(crate) fn pending(changes: Changes, savepoint: bool) -> Changes {
    match savepoint && has(Bug::Savepoint) {
        true => Changes::new(),
        false => changes,
    }
}

/// What a statement that failed may have changed.
pub(crate) fn failed(changes: Changes) -> Changes {
    match has(Bug::Failure) {
        true => Changes::new(),
        false => changes,
    }
}
