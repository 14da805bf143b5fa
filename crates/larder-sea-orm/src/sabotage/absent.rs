//! Stands in for `sabotage.rs` in every build but the law test's: nothing is broken on purpose.

use std::borrow::Cow;

use larder::adapter::{Changes, RowsChange};
use larder_sql::{Planned, ReadSet, Table};

pub(crate) fn table(table: Table) -> Table {
    table
}

pub(crate) fn planned(planned: Planned) -> Planned {
    planned
}

pub(crate) fn read(read: &ReadSet) -> Cow<'_, ReadSet> {
    Cow::Borrowed(read)
}

pub(crate) fn heard(read: ReadSet) -> ReadSet {
    read
}

pub(crate) fn rows(change: RowsChange) -> RowsChange {
    change
}

pub(crate) fn pending(changes: Changes, _savepoint: bool) -> Changes {
    changes
}

pub(crate) fn failed(changes: Changes) -> Changes {
    changes
}
