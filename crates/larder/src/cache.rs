//! The handle that users hold.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::causes::Ring;
use crate::clock::Clock;
use crate::codec::Codec;
use crate::counters::{Group, GroupStats, Groups};
use crate::encoding;
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::flight::Flights;
use crate::horizon::Horizons;
use crate::key::{IntoKey, Key};
use crate::model::Named;
use crate::namespace::Namespace;
use crate::policy::Policy;
use crate::scope::journal::Journal;
use crate::store::Store;
use crate::store::memory::Memory;
use crate::tag::Tag;
use crate::throttle::Throttle;
use crate::undelivered::Undelivered;
use crate::{retry, write};

mod adapter;
mod blocking;
mod builder;
mod bypass;
mod check;
mod get;
mod insert;
mod inspect;
mod keys;
mod load;
mod many;
mod resource;
mod state;
mod witness;

pub use blocking::Blocking;
pub use builder::CacheBuilder;
pub use check::{CHECK_DEAD_AFTER, CHECK_SLOW_AFTER, Checkup, Health};
pub use get::{Get, Getting};
pub use insert::Insert;
pub use inspect::{INSPECTED_WEIGHT_MAX, Inspect, Inspected, InspectedTag, ValueForm, ValueText};
pub use keys::{KEYS_LISTED_DEFAULT, KeyInfo, KeyList, Keys};
pub use load::{GetOrLoad, Loading};
pub use many::{GetMany, GetOrLoadMany, InsertMany};
pub(crate) use state::State;
use state::StateWord;
pub use witness::Witness;

/// A cache: what a service has computed or read, kept and kept right. Cheap to clone.
///
/// # Example: two callers, one load
///
/// ```
/// use larder::Cache;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::memory();
/// let greeting = async || Ok::<_, std::io::Error>(String::from("hello"));
/// let first = cache.get_or_load(("greeting", "en"), greeting).await?;
/// let second = cache.get_or_load(("greeting", "en"), greeting).await?;
/// assert_eq!(first, second);
/// assert_eq!(cache.stats()[0].loads, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Concurrent calls
///
/// All methods may be called from any thread at any time. Calls of
/// [`get_or_load`](Cache::get_or_load) with equal keys share one load.
///
/// # Example: several caches by name
///
/// Each cache has its own store, namespace and policy. A struct of the application's own gives them
/// names, and a name that is misspelled does not compile.
///
/// ```
/// use std::time::Duration;
/// use larder::{Cache, Memory, Policy};
///
/// struct Caches {
///     pages: Cache,
///     prices: Cache,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let memory = Memory::bytes_max(64 << 20);
/// let minute = Policy::new().ttl(Duration::from_secs(60));
/// let caches = Caches {
///     pages: Cache::builder().store(memory.clone()).namespace("pages").build()?,
///     prices: Cache::builder().store(memory).namespace("prices").policy(minute).build()?,
/// };
/// caches.pages.insert(7, String::from("a page")).await?;
/// assert_eq!(caches.prices.get::<String>(7).await?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cache {
    core: Arc<Core>,
}

/// What all handles of a cache share.
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tags_needed_to_look: bool,
    pub(crate) remote: bool,
    pub(crate) namespace: Namespace,
    pub(crate) policy: Policy,
    pub(crate) codec: Codec,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) groups: Groups,
    pub(crate) models: Named,
    pub(crate) flights: Flights,
    pub(crate) undelivered: Undelivered,
    pub(crate) throttle: Throttle,
    pub(crate) journal: Journal,
    pub(crate) causes: Ring,
    observers: Box<[Arc<dyn Observer>]>,
    /// Those of them that are told of hits.
    hit_observers: Box<[Arc<dyn Observer>]>,
    resources: resource::Resources,
    state: StateWord,
    bumps: AtomicU64,
    /// Drawn from for jitter.
    chances: AtomicU64,
    pub(crate) horizons: Horizons,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("namespace", &self.namespace.name())
            .finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn state(&self) -> State {
        self.state.get(|| bypass::is_bypassed(self))
    }

    /// Whether anybody listens.
    pub(crate) fn is_observed(&self) -> bool {
        !self.observers.is_empty()
    }

    /// Tells the observers. Costs a branch if there are none.
    pub(crate) fn emit<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if self.is_observed() {
            tell(&self.observers, &event());
        }
    }

    /// Tells those observers that hear of hits. Costs a branch if there are none.
    pub(crate) fn emit_hit<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if !self.hit_observers.is_empty() {
            tell(&self.hit_observers, &event());
        }
    }

    pub(crate) fn count_bumps(&self, tags: usize) {
        self.bumps.fetch_add(tags as u64, Ordering::Relaxed);
    }

    /// A number between 0 and 1 that nobody can foresee.
    pub(crate) fn chance(&self) -> f64 {
        let drawn = self.chances.fetch_add(1, Ordering::Relaxed);
        let bits = encoding::hash(&drawn.to_le_bytes()) >> 11;
        bits as f64 / (1u64 << 53) as f64
    }
}

/// An observer's panic ends here: the read or write that it was told of has nothing to do with
/// it, and may run in a `Drop`, where a second panic would end the process.
#[cold]
fn tell(observers: &[Arc<dyn Observer>], event: &Event<'_>) {
    for observer in observers {
        let told = catch_unwind(AssertUnwindSafe(|| observer.event(event)));
        // What it said has been printed by the panic hook.
        drop(told);
    }
}

impl Cache {
    /// A cache in this process's memory, with all defaults.
    pub fn memory() -> Cache {
        Cache::builder()
            .store(Memory::new())
            .build()
            .expect("the defaults are valid")
    }

    /// Starts a cache with settings of one's own.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }

    /// Looks for the value under `key`; never loads.
    ///
    /// The value's type is the one that is asked for: an entry of another type is a miss.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = larder::Cache::memory();
    /// cache.insert(("answer", 1), 42).await?;
    /// assert_eq!(cache.get::<i32>(("answer", 1)).await?.as_deref(), Some(&42));
    /// assert_eq!(cache.get::<i32>(("answer", 2)).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// None from the memory store. A store that cannot be reached is a miss, with an event.
    pub fn get<'a, T>(&'a self, key: impl IntoKey + 'a) -> Get<'a, T> {
        Get::new(self, key.into_key())
    }

    /// Looks for the value under `key`, else loads it once for all who ask at the same time, and
    /// stores it.
    ///
    /// # Example: invalidated by a tag
    ///
    /// ```
    /// use std::time::Duration;
    /// use larder::{Cache, Tag};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = Cache::memory();
    /// let price = cache
    ///     .get_or_load(("price", 7), async || Ok::<_, std::io::Error>(99))
    ///     .ttl(Duration::from_secs(60))
    ///     .tags([Tag::named("prices")])
    ///     .await?;
    /// assert_eq!(*price, 99);
    /// cache.invalidate([Tag::named("prices")]).await?;
    /// assert_eq!(cache.get::<i32>(("price", 7)).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Concurrent calls
    ///
    /// One load runs for one key at a time. It runs on a task of its own. A call that comes after
    /// an invalidation does not get the value of a load that began before it.
    ///
    /// # Cancel safety
    ///
    /// A caller that goes away stops nothing: the load goes on for the others and for the store.
    ///
    /// # Errors
    ///
    /// The load's own error, shared by all who waited for it; a timeout of the policy; or no tokio
    /// runtime.
    ///
    /// # Panics
    ///
    /// If the load panics, every caller that waits for it panics with the same message.
    pub fn get_or_load<'a, T, E, L, F>(
        &'a self,
        key: impl IntoKey + 'a,
        load: L,
    ) -> GetOrLoad<'a, T, E, L, F>
    where
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        GetOrLoad::new(self, key.into_key(), load)
    }

    /// Puts a value under `key`. It wins over loads of the key that are running. If one of its tags
    /// is invalidated or marked meanwhile, or the value is too large, nothing stays under the key.
    ///
    /// The value depends on its tags from now on: an invalidation between the caller's own reading
    /// and this call is not noticed. Prefer [`get_or_load`](Cache::get_or_load) for what is read
    /// from a database.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn insert<'a, T>(&'a self, key: impl IntoKey + 'a, value: T) -> Insert<'a, T> {
        Insert::new(self, key.into_key(), value)
    }

    /// Deletes the entry under `key`. Absent is fine. It wins over loads of the key that are running.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn remove(&self, key: impl IntoKey) -> Result<()> {
        let key = key.into_key().into_owned();
        write::remove(&self.core, &[key]).await
    }

    /// Removes the entry under `key` and everything below it: all entries whose keys begin with the
    /// same parts and go on. Costs the same however many there are, on every store, and reaches
    /// them in every process. It wins over loads that are running.
    ///
    /// Parts are compared, not their text: below `("product", 123)` is `("product", 123, "reviews")`,
    /// and neither `("product", 1234)` nor `("product", "123")`.
    ///
    /// Of a key with more than [`TREE_DEPTH_MAX`](crate::TREE_DEPTH_MAX) parts everything below its
    /// first so many parts goes, which an event [`Widened`](Event::Widened) tells. Below the key
    /// without parts is everything: as [`clear`](Cache::clear).
    ///
    /// Entries of adapters are in no tree, unless they carry [`Tag::tree`].
    ///
    /// # Example: a product and all that is known of it
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = larder::Cache::memory();
    /// cache.insert(("product", 123), String::from("a record")).await?;
    /// cache.insert(("product", 123, "reviews"), 4).await?;
    /// cache.insert(("product", 1234), String::from("another")).await?;
    ///
    /// cache.remove_tree(("product", 123)).await?;
    /// assert_eq!(cache.get::<String>(("product", 123)).await?, None);
    /// assert_eq!(cache.get::<i32>(("product", 123, "reviews")).await?, None);
    /// assert!(cache.get::<String>(("product", 1234)).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The store failed. What lies below the key is treated as
    /// [`invalidate`](Cache::invalidate) treats it: this process no longer serves it, and goes on
    /// trying. The entry itself may be there still, as after a failed [`remove`](Cache::remove).
    pub async fn remove_tree(&self, key: impl IntoKey) -> Result<()> {
        let key = key.into_key();
        write::remove_tree(&self.core, &key, &[]).await
    }

    /// Lists the keys of this cache's namespace that begin with the parts of `prefix`, itself
    /// included; `()` begins them all. For people and their tools.
    ///
    /// Entries that no read would be given are left out: those that are invalidated, and those past
    /// their ttl. The list is no snapshot of one moment. It shows values of keys, which may be
    /// personal data.
    ///
    /// # Cost
    ///
    /// It grows with the whole store, whatever the prefix. Memory walks through all its entries.
    /// Redis is asked for its names a thousand at a time (`SCAN`, never `KEYS`), and then for the
    /// beginning of each entry in this namespace, where its key stands, and for the versions of
    /// its tags; after a million names on one server the list ends and is not
    /// [`complete`](KeyList::complete). A near tier lists what is behind it. It may be told to end
    /// earlier ([`within`](Keys::within), [`enough`](Keys::enough)), and says then how many entries were
    /// looked at and where another list goes on.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = larder::Cache::memory();
    /// cache.insert(("product", 1), 10).await?;
    /// cache.insert(("product", 2), 20).await?;
    /// cache.insert(("user", 1), 30).await?;
    ///
    /// let list = cache.keys("product").limit(100).await?;
    /// let shown: Vec<String> = list.keys.iter().map(|info| info.key.readable()).collect();
    /// assert_eq!(shown, ["('product', 1)", "('product', 2)"]);
    /// assert!(list.complete);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The store failed, or cannot list its keys ([`is_unsupported`](crate::Error::is_unsupported)):
    /// memcached cannot.
    pub fn keys(&self, prefix: impl IntoKey) -> Keys<'_> {
        Keys::new(self, prefix.into_key().into_owned())
    }

    /// Declares everything that carries one of these tags wrong, because data changed. When it has
    /// returned, no read that begins afterwards gets what was loaded before.
    ///
    /// # Errors
    ///
    /// The store failed. This process no longer serves what carries the tags, and goes on trying;
    /// other processes may serve it until the store has learned of it, or its ttl ends.
    pub async fn invalidate(&self, tags: impl IntoIterator<Item = Tag>) -> Result<()> {
        let tags: Vec<Tag> = tags.into_iter().collect();
        write::invalidate(&self.core, &tags, Some("invalidate")).await
    }

    /// Invalidates everything in this cache's namespace, and nothing beside it.
    ///
    /// # Errors
    ///
    /// As [`invalidate`](Cache::invalidate).
    pub async fn clear(&self) -> Result<()> {
        write::invalidate(&self.core, &[Tag::namespace()], Some("clear")).await
    }

    /// Waits for the loads that are running, and keeps nothing from now on: later reads compute
    /// without caching. For all handles. Bumps that have not reached the store are tried once more.
    ///
    /// # Errors
    ///
    /// Bumps are lost, because the store cannot be reached: other processes may serve what carries
    /// their tags until its ttl ends. An event [`BumpLost`](Event::BumpLost) names the tags.
    pub async fn close(&self) -> Result<()> {
        self.core.state.close();
        self.core.flights.idle().await;
        retry::deliver_or_lose(&self.core).await
    }

    /// Switches the cache on or off, for all handles. While it is off, look-ups miss, loads run
    /// uncached, inserts only remove, and invalidations go on, so that nothing wrong is served
    /// when it is on again. Does nothing to a closed cache.
    pub fn set_enabled(&self, enabled: bool) {
        self.core.state.switch(enabled);
    }

    /// Whether the cache is neither switched off nor closed, for all tasks: see
    /// [`bypass`](Cache::bypass).
    pub fn is_enabled(&self) -> bool {
        self.core.state.is_on()
    }

    /// What has happened, by group of keys, in the order of their names.
    pub fn stats(&self) -> Vec<GroupStats> {
        self.core.groups.stats()
    }

    /// How many tags were bumped since the cache was built.
    pub fn bumps(&self) -> u64 {
        self.core.bumps.load(Ordering::Relaxed)
    }

    /// How many keys are being loaded or written at this moment.
    pub fn loads_running(&self) -> usize {
        self.core.flights.len()
    }

    /// The group with this name, to be kept by whoever counts in it often.
    pub fn group(&self, name: &str) -> Arc<Group> {
        self.core.groups.named(name)
    }

    /// The cache's own policy.
    pub fn policy(&self) -> &Policy {
        &self.core.policy
    }

    /// The cache's namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.core.namespace
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("namespace", &self.core.namespace.name())
            .field("enabled", &self.is_enabled())
            .finish_non_exhaustive()
    }
}

/// A key that may be borrowed.
type AnyKey<'a> = Cow<'a, Key>;
