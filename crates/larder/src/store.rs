//! Stores: where entries and tag versions live.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use smallvec::SmallVec;

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::secret::Secrets;
use crate::shape::{Shape, ShapeList, TagValue};
use crate::tag::{Tag, TagKind};
use crate::version::Version;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(feature = "memcached")]
pub mod memcached;
pub mod memory;
pub mod near;
mod push;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) mod remote;

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

    /// The news of this store, if its server tells of changes by itself.
    fn push(&self) -> Option<&dyn Push> {
        None
    }
}

pub use memory::Memory;
pub use push::{Listener, Push};

/// Leases: one load for a key among all processes that share the store.
///
/// A lease is time-limited permission to load a key. It ends with its entry's insertion, with a
/// removal of the key, or when its time is over; whoever holds a [`Permit`] that has ended cannot
/// store anything under it any more.
pub trait Leases: Send + Sync {
    /// Takes leases, one answer for each claim.
    fn take<'a>(
        &'a self,
        namespace: &'a Namespace,
        claims: &'a [Claim<'a>],
    ) -> Reply<'a, Result<Vec<Taken>>>;

    /// Lets a lease last for `hold` from now on. Whether it was still ours.
    fn renew<'a>(
        &'a self,
        namespace: &'a Namespace,
        permit: &'a Permit,
        hold: Duration,
    ) -> Reply<'a, Result<bool>>;

    /// Gives leases back that end without an insertion.
    fn release<'a>(
        &'a self,
        namespace: &'a Namespace,
        permits: &'a [Permit],
    ) -> Reply<'a, Result<()>>;
}

/// A wish for a lease.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The key to be loaded.
    pub key: &'a Key,
    /// The entry that the caller has found under it, which is no longer good enough.
    pub seen: Option<&'a Entry>,
    /// Whether that entry is to stay there during the load, because it may still be served.
    pub keep_seen: bool,
    /// How long the lease lasts unless it is renewed.
    pub hold: Duration,
}

/// What became of a [`Claim`].
#[derive(Clone, Debug)]
pub enum Taken {
    /// The lease is the caller's.
    Led(Permit),
    /// Another process loads this key.
    Busy,
    /// Another entry is there than the caller has seen: look again.
    Changed,
}

/// A lease that was taken, in the store's own form. Cheap to clone.
#[derive(Clone)]
pub struct Permit(Arc<dyn Any + Send + Sync>);

impl Permit {
    /// A permit that only its store can read.
    pub fn new(held: impl Any + Send + Sync) -> Permit {
        Permit(Arc::new(held))
    }

    /// What the store has put in.
    pub fn held<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

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

/// Marks: a writer's notes on tags that it is about to commit.
///
/// While a tag is marked, every look-up of an entry that carries it reports [`TagState::Marked`]
/// (or [`TagState::Changed`]), and versions prepared under it are never current.
pub trait Marks: Send + Sync {
    /// Marks the tags until the mark is dropped.
    fn mark<'a>(&'a self, namespace: &'a Namespace, tags: &'a [Tag]) -> Reply<'a, Result<Mark>>;

    /// Lets entries depend on the new guards among these versions. To be called when every writer
    /// that was about to commit when the versions were prepared has ended: the guard was not there
    /// for it to mark, or its mark was lost with the guard. Whether all of them are confirmed and as
    /// they were prepared.
    ///
    /// A store that never loses a mark has no new guards.
    fn confirm<'a>(
        &'a self,
        _namespace: &'a Namespace,
        _versions: &'a Versions,
    ) -> Reply<'a, Result<bool>> {
        Reply::Ready(Ok(true))
    }
}

/// Tags marked in a store. Dropping it takes the mark away, with a store far away a moment later.
#[must_use = "a dropped mark is no mark"]
pub struct Mark(Box<dyn Marked>);

/// What a store holds for a [`Mark`]. Dropping it takes the mark away.
pub trait Marked: Send + Sync {
    /// Takes the mark away, and waits until it is.
    fn release(self: Box<Self>) -> BoxFuture<'static, ()>;
}

impl Mark {
    /// A mark that lasts until `held` is dropped.
    pub fn new(held: impl Marked + 'static) -> Mark {
        Mark(Box::new(held))
    }

    /// Takes the mark away, and waits until it is.
    pub async fn release(self) {
        self.0.release().await;
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mark")
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
    /// It keeps marks.
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

/// The versions that a load's tags had before it began. Cheap to clone.
#[derive(Clone)]
pub struct Versions {
    held: Held,
    marked: bool,
    unconfirmed: bool,
}

#[derive(Clone)]
enum Held {
    Recorded(Arc<[(Tag, Version)]>),
    Guarded(Arc<dyn Guard>),
}

/// A store's own way of recording versions, where they are more than stamps.
pub trait Guard: Any + Send + Sync {
    /// Whether the versions are still current.
    fn state(&self) -> TagState;

    /// The tags, in the order in which they are checked.
    fn tags(&self) -> Vec<Tag>;

    /// The stamps behind it, where it stands before a store that compares stamps.
    fn stamps(&self) -> Option<&[(Tag, Version)]> {
        None
    }

    /// The estimated bytes that the record takes.
    fn weight(&self) -> usize {
        self.tags().iter().map(tag_weight).sum()
    }
}

/// What a tag adds to the weight of an entry that carries it.
pub(crate) fn tag_weight(tag: &Tag) -> usize {
    match tag.kind() {
        TagKind::Guard | TagKind::Namespace | TagKind::Root | TagKind::Table => Entry::TAG_OVERHEAD,
        TagKind::Shape | TagKind::Named => {
            Entry::TAG_OVERHEAD + Entry::FINE_TAG_OVERHEAD + tag.as_bytes().len()
        }
    }
}

impl Versions {
    /// Versions as stamps, for stores that compare them far away. `marked` says that a tag was
    /// marked: such versions are never current.
    pub fn recorded(stamps: impl Into<Arc<[(Tag, Version)]>>, marked: bool) -> Versions {
        Versions {
            held: Held::Recorded(stamps.into()),
            marked,
            unconfirmed: false,
        }
    }

    /// Versions that the store keeps in its own form.
    pub fn guarded(guard: Arc<dyn Guard>, marked: bool) -> Versions {
        Versions {
            held: Held::Guarded(guard),
            marked,
            unconfirmed: false,
        }
    }

    /// These versions, with a guard among them that is new: see [`Marks::confirm`].
    #[must_use]
    pub fn unconfirmed(mut self) -> Versions {
        self.unconfirmed = true;
        self
    }

    /// These versions, once their guards are confirmed.
    #[must_use]
    pub fn confirmed(mut self) -> Versions {
        self.unconfirmed = false;
        self
    }

    /// Whether a guard among them is new, and nothing may be stored under them before it is
    /// confirmed.
    pub fn is_unconfirmed(&self) -> bool {
        self.unconfirmed
    }

    /// Whether a tag was marked when they were read: then nothing may be stored under them.
    pub fn is_marked(&self) -> bool {
        self.marked
    }

    /// The stamps, if they are recorded as such.
    pub fn stamps(&self) -> Option<&[(Tag, Version)]> {
        match &self.held {
            Held::Recorded(stamps) => Some(stamps),
            Held::Guarded(guard) => guard.stamps(),
        }
    }

    /// The store's own form, if they are recorded so.
    pub fn guard(&self) -> Option<&dyn Guard> {
        match &self.held {
            Held::Recorded(_) => None,
            Held::Guarded(guard) => Some(&**guard),
        }
    }

    /// The tags, in the order in which they are checked.
    pub fn tags(&self) -> Vec<Tag> {
        match &self.held {
            Held::Recorded(stamps) => stamps.iter().map(|(tag, _)| tag.clone()).collect(),
            Held::Guarded(guard) => guard.tags(),
        }
    }

    /// The estimated bytes that they take.
    pub fn weight(&self) -> usize {
        match &self.held {
            Held::Recorded(stamps) => stamps.iter().map(|(tag, _)| tag_weight(tag)).sum(),
            Held::Guarded(guard) => guard.weight(),
        }
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versions")
            .field("tags", &self.tags())
            .field("marked", &self.marked)
            .finish()
    }
}

/// A store's answer: there already, or on its way. A store in memory is always ready, so that a
/// hit allocates nothing and never waits.
#[must_use = "a reply does nothing unless it is awaited"]
pub enum Reply<'a, T> {
    /// The answer.
    Ready(T),
    /// The answer on its way.
    Pending(BoxFuture<'a, T>),
    /// The answer was there and has been taken.
    #[doc(hidden)]
    Taken,
}

impl<'a, T> Reply<'a, T> {
    /// The answer, if it is there.
    ///
    /// # Errors
    ///
    /// The reply itself, if the answer is on its way.
    pub fn now(self) -> std::result::Result<T, Self> {
        match self {
            Reply::Ready(answer) => Ok(answer),
            pending => Err(pending),
        }
    }

    /// The answer turned into another.
    pub fn map<U>(self, map: impl FnOnce(T) -> U + Send + 'a) -> Reply<'a, U>
    where
        T: Send + 'a,
    {
        match self {
            Reply::Ready(answer) => Reply::Ready(map(answer)),
            Reply::Pending(future) => Reply::Pending(Box::pin(async move { map(future.await) })),
            Reply::Taken => Reply::Taken,
        }
    }
}

// The answer is not pinned itself: a ready one is moved out.
impl<T> Unpin for Reply<'_, T> {}

impl<T> Future for Reply<'_, T> {
    type Output = T;

    /// # Panics
    ///
    /// If polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Reply::Pending(future) = &mut *self {
            return future.as_mut().poll(context);
        }
        match std::mem::replace(&mut *self, Reply::Taken) {
            Reply::Ready(answer) => Poll::Ready(answer),
            _ => panic!("a reply was polled after it was ready"),
        }
    }
}

impl<S: Store + ?Sized> Store for Arc<S> {
    fn capability(&self) -> Capability {
        (**self).capability()
    }

    fn authenticate(&self, secrets: &Secrets) -> Result<()> {
        (**self).authenticate(secrets)
    }

    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>> {
        (**self).get(namespace, looks)
    }

    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>> {
        (**self).prepare(namespace, wants)
    }

    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>> {
        (**self).insert(namespace, items)
    }

    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>> {
        (**self).remove(namespace, keys)
    }

    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        (**self).bump(namespace, tags, watch)
    }

    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        (**self).shapes(namespace, tables)
    }

    fn current<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>> {
        (**self).current(namespace, versions)
    }

    fn discard(&self, namespace: &Namespace, key: &Key) {
        (**self).discard(namespace, key);
    }

    fn marks(&self) -> Option<&dyn Marks> {
        (**self).marks()
    }

    fn leases(&self) -> Option<&dyn Leases> {
        (**self).leases()
    }

    fn push(&self) -> Option<&dyn Push> {
        (**self).push()
    }

    fn get_now(&self, namespace: &Namespace, key: &Key) -> Option<Lookup> {
        (**self).get_now(namespace, key)
    }

    fn still<'a>(
        &'a self,
        namespace: &'a Namespace,
        entries: &'a [(&'a Key, Entry)],
    ) -> Reply<'a, Result<Vec<TagState>>> {
        (**self).still(namespace, entries)
    }
}
