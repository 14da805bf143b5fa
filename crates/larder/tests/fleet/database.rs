//! The database of the tests: one counter for each row, and what is known of its writes.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Rows that only ever count up, so that of two values the larger is the newer.
#[derive(Debug)]
pub(crate) struct Database {
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    /// What is in the row now.
    committed: AtomicU64,
    /// The newest write that has returned: committed, and its bump acknowledged.
    returned: AtomicU64,
    /// Writes between their commit and the end of their bump.
    writing: AtomicU64,
    /// How often it was loaded.
    loads: AtomicU64,
}

impl Database {
    pub(crate) fn new(rows: usize) -> Database {
        Database {
            rows: (0..rows).map(|_| Row::default()).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Reads a row, as a load does.
    pub(crate) fn load(&self, row: usize) -> u64 {
        self.rows[row].loads.fetch_add(1, SeqCst);
        self.now(row)
    }

    /// What is in a row.
    pub(crate) fn now(&self, row: usize) -> u64 {
        self.rows[row].committed.load(SeqCst)
    }

    pub(crate) fn loads(&self, row: usize) -> u64 {
        self.rows[row].loads.load(SeqCst)
    }

    /// Writes a row and commits: gives what is in it then.
    pub(crate) fn commit(&self, row: usize) -> u64 {
        self.rows[row].writing.fetch_add(1, SeqCst);
        self.rows[row].committed.fetch_add(1, SeqCst) + 1
    }

    /// The write that committed `value` has returned, with its bump acknowledged or not.
    pub(crate) fn returned(&self, row: usize, value: u64, acknowledged: bool) {
        if acknowledged {
            self.rows[row].returned.fetch_max(value, SeqCst);
        }
        self.rows[row].writing.fetch_sub(1, SeqCst);
    }

    /// The least that a read that begins now may give, in any process.
    pub(crate) fn floor(&self, row: usize) -> u64 {
        self.rows[row].returned.load(SeqCst)
    }

    /// Whether a write of this row is between its commit and the end of its bump.
    pub(crate) fn is_being_written(&self, row: usize) -> bool {
        self.rows[row].writing.load(SeqCst) > 0
    }
}
