//! Stores: where entries and tag versions live.

use std::time::Duration;

use smallvec::SmallVec;

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::secret::Secrets;
use crate::shape::{Shape, ShapeList, TagValue};
use crate::tag::Tag;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod lease;
mod list;
mod mark;
#[cfg(feature = "memcached")]
pub mod memcached;
pub mod memory;
pub mod near;
mod push;
#[cfg(feature = "redis")]
pub mod redis;
// What only Redis' topologies and news use stands there without it as well.
#[cfg_attr(not(feature = "redis"), allow(dead_code))]
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) mod remote;
mod reply;
mod through;
mod versions;

/// Where entries and the versions of tags live.
///
/// A store reports facts; what to do about them is decided elsewhere. Every operation takes a
/// batch, so that a store far away can do with one round trip where its server allows it.
///
/// # What callers rely on
///
/// - A version that [`prepare`](Store::prepare) gave for a tag never becomes current again once the
///   tag was bumped, evicted or lost.
/// - When [`bump`](Store::bump) has returned, no [`get`](Store::get) that begins afterwards reports
///   an entry with an older version of one of the tags as [`TagState::Current`].
/// - A shape that `prepare` admitted stands in every list that `bump` or
///   [`shapes`](Store::shapes) reads from then on, for as long as an entry depends on it.
/// - Tags are checked in the order in which they were wanted, coarse ones first.
/// - An entry may disappear at any time. It never appears under another key or namespace.
///
/// # Errors
///
/// A store that cannot be reached answers with an error for which
/// [`is_store`](crate::Error::is_store) holds. Bytes that are no entry are [`Lookup::Absent`].
///
/// # Cancel safety
///
/// Dropping a reply leaves the operation done, or not done, never half.
pub trait Store: Send + Sync + 'static {
    /// What this store can do.
    fn capability(&self) -> Capability;

    /// From now on, what leaves this process is written with these secrets, and what comes back is
    /// believed only if it was. Called before anything is stored.
    ///
    /// # Errors
    ///
    /// The store keeps bytes and cannot authenticate them.
    fn authenticate(&self, _secrets: &Secrets) -> Result<()> {
        if self.capability().typed_values {
            return Ok(());
        }
        Err(Error::config(
            "this store cannot authenticate what it keeps: leave `authenticate` out",
        ))
    }

    /// Looks up entries with the state of their tags, one answer for each look.
    ///
    /// Where each key has a server of its own, a look whose server did not answer is
    /// [`Lookup::Failed`], and the others are answered. A store that can answer none of them may
    /// fail as a whole.
    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>>;

    /// An entry that is at hand, with the state of its tags, without asking anybody: for stores in
    /// memory, on the path of every hit. Nothing does not mean that there is none.
    fn get_now(&self, _namespace: &Namespace, _key: &Key) -> Option<Lookup> {
        None
    }

    /// Whether entries that this store gave are still the ones under their keys, with current tags,
    /// without reading their values again: for a near tier in front of it. One answer for each.
    fn still<'a>(
        &'a self,
        _namespace: &'a Namespace,
        entries: &'a [(&'a Key, Entry)],
    ) -> Reply<'a, Result<Vec<TagState>>> {
        Reply::Ready(Ok(entries.iter().map(|_| TagState::Missing).collect()))
    }

    /// Registers the wanted shapes and gives the current versions of the wanted tags, which it
    /// creates where they are missing. Called before a load.
    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>>;

    /// As [`prepare`](Store::prepare) for many loads at once, each with tags of its own: one answer
    /// for each, in their order. A store far away asks for all of them in one round trip.
    fn prepare_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        sets: &'a [Vec<Want>],
    ) -> Reply<'a, Vec<Result<Versions>>> {
        Reply::Pending(Box::pin(async move {
            let mut versions = Vec::with_capacity(sets.len());
            for wants in sets {
                versions.push(self.prepare(namespace, wants).await);
            }
            versions
        }))
    }

    /// Stores entries, each of which carries the versions that were current before its load
    /// began. One answer for each, in their order.
    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>>;

    /// Deletes entries. Absent ones are fine.
    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>>;

    /// Gives every tag a fresh version, then reports the lists of shapes of the tables in `watch`
    /// as they are after that, in the same order.
    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>>;

    /// Gives each of the tags that can be reached a fresh version: one answer for each. For bumps
    /// that are tried again: what one server does not take is no reason to repeat the others.
    fn bump_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
    ) -> Reply<'a, Vec<Result<()>>> {
        Reply::Pending(Box::pin(async move {
            let bumped = self.bump(namespace, tags, &[]).await.map(|_| ());
            tags.iter().map(|_| bumped.clone()).collect()
        }))
    }

    /// The lists of shapes of these tables, in the same order.
    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>>;

    /// Whether recorded versions are still current.
    fn current<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>>;

    /// A read found the entry at `key` invalid: a store that pays for its tags may let it go, if it
    /// is still there and still invalid. Nothing depends on it.
    fn discard(&self, _namespace: &Namespace, _key: &Key) {}

    /// The marks of this store, if it can keep any.
    fn marks(&self) -> Option<&dyn Marks> {
        None
    }

    /// The leases of this store, if processes share it.
    fn leases(&self) -> Option<&dyn Leases> {
        None
    }

    /// The list of what is in this store, if it can tell.
    fn listing(&self) -> Option<&dyn Listing> {
        None
    }

    /// The news of this store, if its server tells of changes by itself.
    fn push(&self) -> Option<&dyn Push> {
        None
    }
}

pub use lease::{Claim, Leases, Permit, Taken};
pub use list::{ListPlace, Listed, Listing, Told};
pub use mark::{Mark, Marked, Marks};
pub use memory::Memory;
pub use push::{Listener, Push};
pub use reply::Reply;
pub(crate) use versions::tag_weight;
pub use versions::{Guard, Versions};

/// An entry to be stored.
#[derive(Clone, Debug)]
pub struct Insertion<'a> {
    /// Its key.
    pub key: &'a Key,
    /// The entry.
    pub entry: Entry,
    /// How long the store keeps it at most.
    pub keep: Duration,
    /// The lease under which it was loaded: it is stored only if nobody else has written or
    /// removed the key since.
    pub permit: Option<Permit>,
}

impl<'a> Insertion<'a> {
    /// An entry to be stored whatever is there.
    pub fn new(key: &'a Key, entry: Entry, keep: Duration) -> Insertion<'a> {
        Insertion {
            key,
            entry,
            keep,
            permit: None,
        }
    }
}

/// What a store can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capability {
    /// It holds values themselves rather than bytes: local values can be stored.
    pub typed_values: bool,
    /// A look must name the tags that the entry carries.
    pub tags_needed_to_look: bool,
    /// Every look sees marks: reads may be linearizable.
    pub marks: bool,
    /// It can list its keys.
    pub lists_keys: bool,
    /// It is asked over a network: an answer is never there at once.
    pub remote: bool,
    /// How many bytes it holds at most, if it keeps a bound by itself.
    pub bytes_max: Option<u64>,
}

/// One look-up.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The entry's key.
    pub key: &'a Key,
    /// The tags that the entry carries, where the store must be told.
    pub wants: &'a [Want],
}

/// What a look-up found.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Nothing.
    Absent,
    /// The store did not say: what keeps this entry, or one of its tags, has failed. A read takes it
    /// for a miss; nobody takes it for the entry's absence.
    Failed(Error),
    /// An entry.
    Found {
        /// The entry.
        entry: Entry,
        /// The state of its tags at the time of the look-up.
        state: TagState,
    },
}

/// What became of an entry that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Put {
    /// It is stored.
    Stored {
        /// How many entries were dropped to make room.
        evicted: usize,
    },
    /// It is not stored: it is too large.
    TooLarge {
        /// What it weighs.
        weight: usize,
        /// What an entry may weigh.
        max: usize,
    },
    /// It is not stored: a tag has changed since its load began.
    Outdated,
    /// It is not stored: its lease has ended, or somebody else has written or removed the key.
    Fenced,
}

/// A tag that a read depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// This tag.
    Tag(Tag),
    /// The tag of the rows of `table` that hold `values`, by `shape` or by a wider shape if the
    /// table's list does not admit it.
    Shape {
        /// The table's tag.
        table: Tag,
        /// The shape.
        shape: Shape,
        /// One value for each pin.
        values: SmallVec<[TagValue; 2]>,
    },
}
