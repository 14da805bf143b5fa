//! What an SQL statement reads and writes: never less than the truth, often more.
//!
//! The analysis is pure. Text and what is known of the database go in, plain data comes out;
//! nothing is ever executed, and no input makes it panic.
//!
//! ```
//! use std::sync::Arc;
//! use larder_sql::{Catalogue, Dialect, Footprint, Planner};
//!
//! let catalogue = Catalogue::from_ddl(
//!     Dialect::Sqlite,
//!     "CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT, genre_id INTEGER)",
//! )?;
//! let planner = Planner::new(Dialect::Sqlite, Arc::new(catalogue));
//! let planned = planner.plan("SELECT name FROM track WHERE genre_id = ?");
//! let Footprint::Read(read) = &planned.plan.footprint else { panic!("a read") };
//! assert_eq!(read.tables[0].to_string(), "track(genre_id; name)");
//! # Ok::<(), larder_sql::Error>(())
//! ```
//!
//! # What it promises
//!
//! A table, row or column that could change the answer of a read is in its [`ReadSet`]; whatever
//! a statement could change is in its [`WriteSet`] or in the [`Closure`] of its tables. What
//! cannot be proven is *widened*: any row, all columns, or [`Footprint::Unknown`].

mod analyse;
mod catalogue;
mod dialect;
mod error;
mod explain;
mod keyword;
mod limit;
mod listened;
mod name;
mod normalise;
mod parse;
mod planner;
mod read;
mod reason;
mod redact;
mod split;
mod statement;
mod token;
mod value;
mod write;

pub use catalogue::{
    Action, Affinity, Catalogue, Closure, Collation, Column, Equality, ForeignKey, Table,
    TableKind, Trigger, TriggerEvent, TriggerTiming, WriteEvent,
};
pub use dialect::Dialect;
pub use error::Error;
pub use explain::{Explanation, Meeting, explain, meets};
pub use keyword::{FirstKeyword, first_keyword};
pub use limit::{
    ALTERNATIVES_MAX, OPERATORS_MAX, PINS_MAX, PLANS_BYTES_MAX, PLANS_MAX, QUERIES_DEPTH_MAX,
    RECURSION_MAX, SQL_BYTES_MAX,
};
pub use listened::Listened;
pub use name::Name;
pub use planner::Planner;
pub use read::{ColumnSet, Conjunction, Pin, PinValue, ReadSet, TableRead};
pub use reason::Reason;
pub use split::split;
pub use statement::{BeginMode, Ddl, DdlKind, Footprint, Plan, Planned, Slot, TransactionKind};
pub use value::Value;
pub use write::{ReturningInfo, RowsNamed, TableWrite, WriteKind, WriteSet};
