//! The law test: whatever the schema, the read and the write, no cached answer differs from a
//! fresh one.
//!
//! It makes up schemas, rows, reads and writes, runs them on real databases, and after each write
//! compares every cached result with a fresh one. A missed dependency is a difference. One read in four
//! chooses the columns by which it hears of changes, at random: it may be dropped more often for that, and
//! never less.
//!
//! ```text
//! cargo run --release -p larder-law -- --pairs 1000000 --seed 7
//! cargo run --release -p larder-law -- --database postgres --pairs 1000000
//! cargo run --release -p larder-law -- --database mariadb --pairs 1000000
//! ```

mod answer;
mod case;
mod column;
mod condition;
mod database;
mod literal;
mod read;
mod runner;
mod schema;
mod store;
mod subject;
mod tally;
mod text;
mod write;

pub use database::Database;
pub use larder_sea_orm::sabotage::Bug;
pub use runner::{Mismatch, Options, run};
pub use tally::Tally;
