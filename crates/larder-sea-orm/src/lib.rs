//! Cached SeaORM queries that every write through the connection keeps right.
//!
//! [`CachedConnection`] wraps a SeaORM connection. Reads opt in with
//! [`.cached()`](CachedExt::cached); writes need nothing: whatever goes through the connection, by
//! model, in bulk or as text, invalidates the cached answers that it could have changed, and no
//! others where that can be known.
//!
//! See [`CachedConnection`] for an example, and the guide in `docs/` for more.

mod bind;
mod cached;
mod caches;
mod connection;
mod context;
mod engine;
mod excluded;
mod failure;
mod fate;
#[cfg(feature = "sqlite-hook")]
mod hook;
#[cfg(not(feature = "sqlite-hook"))]
#[path = "hook/absent.rs"]
mod hook;
mod horizon;
mod invalidate;
mod probe;
mod raw;
mod read;
mod reader;
mod replica;
mod rows;
#[cfg(feature = "sabotage")]
pub mod sabotage;
#[cfg(not(feature = "sabotage"))]
#[path = "sabotage/absent.rs"]
mod sabotage;
mod sample;
mod schema;
mod shared;
mod snapshot;
mod strict;
pub mod trace;
mod transaction;
mod value;
mod watch;
mod words;
mod write;

pub use cached::{
    Cached, CachedCursor, CachedExt, CachedPaginator, NamedColumn, OnColumns, Query, column,
};
pub use connection::{Builder, CachedConnection, RowStream};
pub use excluded::UNCACHED_TABLES;
pub use failure::cache_error;
pub use larder::{Local, Mode, Serde};
pub use larder_sql::Explanation;
pub use raw::{RawRows, raw_rows};
pub use reader::CachedRead;
pub use rows::{CachedEntity, CachedModel, CachedRelations, CachedRows, CachedSelect, Rows};
pub use sample::{SAMPLE_PAUSE, SAMPLES_PER_SECOND_MAX};
pub use snapshot::Snapshot;
pub use transaction::CachedTransaction;
pub use value::Stored;
#[doc(no_inline)]
pub use {larder, sea_orm};

/// The example in README runs, too.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
