//! The cache protocol as explicit-state models.
//!
//! A model is a small world: a few writers, a few readers, one cached read, and a database whose
//! content is the number of writers that have committed. The checker walks through *every*
//! interleaving of their steps and of the faults that a [`Row`] allows, and reports for each
//! [`Promise`] whether some interleaving breaks it.
//!
//! The rows come in two kinds, and both are tests. A row of the protocol as larder runs it must
//! hold. A row with one rule left out (versions read after the load, a mark that overwrites
//! another, a follower that joins an older flight) must fail: a model in which a known race
//! cannot be found proves nothing about the races that it does not find.
//!
//! "Holds" means that no counterexample exists within the row's bounds: so many writers, so many
//! reads, so many faults.
//!
//! | module | what it models |
//! |---|---|
//! | [`protocol`] | versions of one tag: the order of reads, loads and bumps; marks; faults of the store |
//! | [`shapes`] | the list of shapes that a table's writers must bump, and how a shape enters it |
//! | [`memory`] | the memory store: a table tag and a shape tag read one after the other, flights |
//! | [`remote`] | the remote store: cells swapped by their head, bumps in place, lives of a server, marks |
//! | [`lease`] | one load of a key among processes: what may be stored after it |
//! | [`guard`] | guards: what strict reads depend on where marks can be lost |
//!
//! `cargo test -p larder-models` checks every row of the protocol in about a minute. The `w` rows,
//! the same in larger worlds, need more time and memory and run on request:
//! `cargo run --release -p larder-models -- all`.

pub mod checking;
pub mod guard;
pub mod lease;
pub mod memory;
pub mod promise;
pub mod protocol;
pub mod remote;
pub mod renaming;
pub mod row;
pub mod shapes;

pub use promise::{Broken, Promise, Promises, Verdict};
pub use row::{Effort, Report, Row, rows};
