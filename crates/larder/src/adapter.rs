//! For adapters: what a bridge between a database library and the cache needs.
//!
//! An adapter turns a statement into a [`Fetch`] (a key, and the tags that cover every row that
//! could change the answer) and a committed write into [`Changes`]. The methods are
//! on [`Cache`](crate::Cache) itself: `lookup`, `lookup_now`, `fetch`, `fetch_many`, `shapes`,
//! `publish`, `publish_now`, `mark`, `emit`, `inspect`, `history`.

use std::fmt;
use std::sync::Arc;

pub use crate::counters::Group;
use crate::key::Key;
use crate::policy::Policy;
pub use crate::store::Want;

pub use crate::cache::Witness;
pub use crate::change::{
    BUMP_TAGS_MAX, Changes, IMAGES_PER_TABLE_MAX, RowImage, RowsChange, Widen,
};
pub use crate::horizon::Horizon;
pub use crate::read::{Examined, Fetched, Hit, Outcome};
pub use crate::value::ValueKind;
pub use crate::write::{MarkGuard, Published};

/// A read through the cache, by an adapter.
#[derive(Clone, Copy)]
pub struct Fetch<'a> {
    /// The identity of the answer: statement, parameters, the type of what comes out.
    pub key: &'a Key,
    /// The tags that the answer depends on, computed on a miss only (or where the store needs them
    /// to look). The tags of namespace, databases and tables need not be among them.
    pub wants: &'a (dyn Fn() -> Vec<Want> + Send + Sync),
    /// Where the read is counted.
    pub group: &'a Arc<Group>,
    /// The times and rules of the entry.
    pub policy: &'a Policy,
}

/// A read of many keys through the cache, by an adapter.
#[derive(Clone, Copy)]
pub struct FetchMany<'a> {
    /// The identities of the answers.
    pub keys: &'a [Key],
    /// The tags that the answer under each key depends on: see [`Fetch::wants`].
    pub wants: &'a (dyn Fn(&Key) -> Vec<Want> + Send + Sync),
    /// Where the reads are counted.
    pub group: &'a Arc<Group>,
    /// The times and rules of the entries.
    pub policy: &'a Policy,
}

impl fmt::Debug for FetchMany<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchMany")
            .field("keys", &self.keys.len())
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Fetch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("key", &self.key)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}
