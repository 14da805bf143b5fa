//! Request scopes: what one request has read is not asked for again.
//!
//! ```text
//!   read ── kept in the scope? ── hit, no store is asked
//!               │ no
//!           look in the store, together with the scope's other tasks ── found current: kept
//!               │ not there
//!           the load, as without a scope ── stored: kept
//! ```
//!
//! A scope stands between readers and the store and decides nothing: `read.rs` asks it for an entry
//! first and gives it what it has found. It holds entries with the tags that they carry, so that it
//! can tell from this process's [`journal`] whether one has become wrong.
//!
//! What can go wrong, and why it does not:
//! - An entry is kept that was changed while it was on its way (H1): a read notes the journal's
//!   position before the store is asked, and what has changed since is not kept.
//! - A write is not seen, because it runs on a task of its own that knows of no scope: the journal
//!   is the cache's, and no writer needs to know who reads.
//! - A load runs within the scope of whoever began it, and stores for all what one request took
//!   from its own entries: loads run on tasks of their own, which are in no scope.
//! - A task outlives the request and goes on reading from its scope: an ended scope holds nothing
//!   and keeps nothing.
//! - Two requests mix: which scope a task is in is set at each poll and taken back after it, so
//!   that it does not matter which thread polls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use parking_lot::Mutex;
use pin_project_lite::pin_project;

use crate::cache::{Cache, Core};
use crate::entry::Entry;
use crate::key::Key;
use crate::store::{Look, Lookup, Want};

pub(crate) mod journal;
mod look;
mod shelf;

use look::Looks;
use shelf::Shelf;
pub use shelf::{SCOPE_BYTES_MAX, SCOPE_ENTRIES_MAX};

tokio::task_local! {
    static CURRENT: Arc<Link>;
}

/// The scope of one request, to be given to the tasks that it spawns. Cheap to clone.
///
/// A spawned task is in no scope by itself.
///
/// # Example: a task that works for the request
///
/// ```
/// use larder::{Cache, Scope};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::memory();
/// cache.insert(("price", 7), 99).await?;
/// let (inside, task_cache) = (cache.clone(), cache.clone());
/// cache
///     .request_scope(async move {
///         let scope = Scope::current().expect("this is within one");
///         let reading = tokio::spawn(scope.enter(async move {
///             task_cache.get::<i32>(("price", 7)).await
///         }));
///         assert_eq!(reading.await??.as_deref(), Some(&99));
///         // The task's read is this one's as well: it costs nothing more.
///         assert_eq!(inside.get::<i32>(("price", 7)).await?.as_deref(), Some(&99));
///         Ok(())
///     })
///     .await
/// # }
/// ```
#[derive(Clone)]
pub struct Scope(Arc<Link>);

/// A scope, and the one around it.
struct Link {
    inner: Arc<Inner>,
    outer: Option<Arc<Link>>,
}

/// One request's scope.
struct Inner {
    core: Arc<Core>,
    /// Numbers looks, from one.
    tickets: AtomicU64,
    /// Nothing once the scope has ended. Never held across an await.
    state: Mutex<Option<State>>,
}

#[derive(Default)]
struct State {
    shelf: Shelf,
    looks: Looks,
}

/// The beginning of a read within a scope, taken before the store is asked.
#[derive(Clone, Copy, Default)]
struct Begun {
    position: u64,
    ticket: u64,
}

impl Cache {
    /// Runs a future in a scope of its own, as a request is: within it a second read of a key costs
    /// no store access, and no network.
    ///
    /// # Example: the second read
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = larder::Cache::memory();
    /// cache.insert(("price", 7), 99).await?;
    /// let price = cache.request_scope(async {
    ///     let first = cache.get::<i32>(("price", 7)).await?;
    ///     // Nobody else is asked.
    ///     let second = cache.get::<i32>(("price", 7)).await?;
    ///     assert_eq!(first, second);
    ///     Ok::<_, larder::Error>(second)
    /// });
    /// assert_eq!(price.await?.as_deref(), Some(&99));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # What is seen
    ///
    /// Every write and invalidation of **this process**, as soon as its call has returned: of the
    /// request itself, of other requests, of an adapter's writes on tasks of their own. What another
    /// process (or another cache, built apart on the same store) changes is seen by the first
    /// read of a key, and maybe not by later ones, until the scope ends.
    ///
    /// That a key is absent is kept, too. Strict reads of adapters are never
    /// taken from a scope. Errors are not kept; neither are
    /// entries past their ttl, nor what no store may keep.
    ///
    /// # Limits
    ///
    /// A scope keeps at most [`SCOPE_ENTRIES_MAX`](crate::SCOPE_ENTRIES_MAX) entries and
    /// [`SCOPE_BYTES_MAX`](crate::SCOPE_BYTES_MAX) bytes. It ends with the future, also if that is
    /// dropped or panics, and nothing outlives it.
    ///
    /// # Tasks
    ///
    /// Whatever the future itself polls is in the scope, `join!` and `select!` included, on any
    /// executor. A spawned task is if it is given the [`Scope`]. Loaders are in no scope: their
    /// value is for all. Reads of one key at the same time cost one look, if that finds what the scope keeps.
    ///
    /// # Nested scopes
    ///
    /// A scope within a scope of the same cache begins empty, and when it has ended the outer one
    /// goes on with what it had. Scopes of different caches do not meet.
    pub fn request_scope<F: Future>(&self, future: F) -> InScope<F> {
        let core = self.core().clone();
        core.journal.open();
        let inner = Arc::new(Inner {
            core,
            tickets: AtomicU64::new(1),
            state: Mutex::new(Some(State::default())),
        });
        InScope {
            future,
            scope: None,
            ends: Some(Ends(inner)),
        }
    }
}

impl Scope {
    /// The scope that the caller is in.
    pub fn current() -> Option<Scope> {
        CURRENT.try_with(|link| Scope(link.clone())).ok()
    }

    /// Runs a future in this scope, which does not end with it. Once the scope has ended the future
    /// reads as if it were in none.
    pub fn enter<F: Future>(&self, future: F) -> InScope<F> {
        InScope {
            future,
            scope: Some(self.clone()),
            ends: None,
        }
    }

    /// Runs a function in this scope, for threads without a runtime: see [`Cache::blocking`].
    pub fn run<R>(&self, function: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self.0.clone(), function)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0.inner;
        f.debug_struct("Scope")
            .field("namespace", &inner.core.namespace.name())
            .field("ended", &inner.state.lock().is_none())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that runs in a scope.
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct InScope<F> {
        #[pin]
        future: F,
        // Known from the first poll: what is around it then is the outer scope, not what was where
        // the future was made.
        scope: Option<Scope>,
        // Dropped after the future.
        ends: Option<Ends>,
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let (None, Some(Ends(inner))) = (&this.scope, &this.ends) {
            *this.scope = Some(Scope(Arc::new(Link {
                inner: inner.clone(),
                outer: CURRENT.try_with(Clone::clone).ok(),
            })));
        }
        let polled = match this.scope {
            Some(scope) => scope.run(|| this.future.poll(context)),
            None => this.future.poll(context),
        };
        if polled.is_ready() {
            drop(this.ends.take());
        }
        polled
    }
}

impl<F> fmt::Debug for InScope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InScope").finish_non_exhaustive()
    }
}

/// Ends the scope when it is dropped.
struct Ends(Arc<Inner>);

impl Drop for Ends {
    fn drop(&mut self) {
        let state = self.0.state.lock().take();
        self.0.core.journal.close();
        // Looks that nobody waits for may call the store when they go.
        drop(state);
    }
}

/// A read that has begun, in a scope of its cache or in none. It begins before the store is asked.
#[derive(Clone)]
pub(crate) struct Reading(Option<(Arc<Inner>, Begun)>);

impl Reading {
    pub(crate) fn begin(core: &Core) -> Reading {
        if !core.journal.is_watched() {
            return Reading(None);
        }
        Reading::begin_within(core)
    }

    #[cold]
    fn begin_within(core: &Core) -> Reading {
        let find = |innermost: &Arc<Link>| {
            let mut link = innermost;
            while !std::ptr::eq(&*link.inner.core, core) {
                link = link.outer.as_ref()?;
            }
            Some(link.inner.clone())
        };
        let inner = CURRENT.try_with(find).ok().flatten();
        Reading(inner.map(|inner| {
            let begun = inner.begin();
            (inner, begun)
        }))
    }

    /// A read that is in none, wherever the caller is.
    pub(crate) fn in_no_scope() -> Reading {
        Reading(None)
    }

    /// Whether it is in a scope.
    pub(crate) fn is_scoped(&self) -> bool {
        self.0.is_some()
    }

    /// The entry under `key`, if the scope keeps it and it is still good: as if found in the store,
    /// current and fresh.
    pub(crate) fn kept(&self, key: &Key) -> Option<Entry> {
        let (scope, _) = self.0.as_ref()?;
        let now = scope.core.clock.now();
        scope.with(|state| state.shelf.get(&scope.core.journal, key, now))?
    }

    /// Whether the scope has found nothing under `key`, and nobody of this process has stored it
    /// since.
    pub(crate) fn is_absent(&self, key: &Key) -> bool {
        let Some((scope, _)) = &self.0 else {
            return false;
        };
        let mut state = scope.state.lock();
        let absent = |state: &mut State| state.shelf.is_absent(&scope.core.journal, key);
        state.as_mut().is_some_and(absent)
    }

    /// Keeps an entry for the scope that this read has found current, or that its load has stored.
    pub(crate) fn keep(&self, key: &Key, entry: &Entry) {
        if let Some((scope, begun)) = &self.0 {
            scope.keep(key, entry, *begun);
        }
    }

    /// Keeps in mind for the scope that this read has found nothing.
    pub(crate) fn keep_absent(&self, key: &Key) {
        if let Some((scope, begun)) = &self.0 {
            scope.keep_absent(key, *begun);
        }
    }

    /// Looks for a key in the store, and keeps what is found.
    pub(crate) async fn look(
        &self,
        core: &Core,
        key: &Key,
        wants: &(dyn Fn() -> Vec<Want> + Send + Sync),
    ) -> Lookup {
        match &self.0 {
            Some((scope, begun)) => scope.look(key, wants, *begun).await,
            None => {
                let wants = wants();
                let looks = [Look { key, wants: &wants }];
                core.look(&looks).await.pop().unwrap_or(Lookup::Absent)
            }
        }
    }
}

impl Inner {
    fn begin(&self) -> Begun {
        Begun {
            ticket: self.tickets.fetch_add(1, Ordering::SeqCst),
            position: self.core.journal.position(),
        }
    }

    /// Does something with what the scope has, unless it has ended. Entries that go by it are dropped
    /// without the lock: a value's `Drop` is its owner's code.
    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> Option<R> {
        let mut guard = self.state.lock();
        let state = guard.as_mut()?;
        let done = act(state);
        let gone = state.shelf.take_gone();
        drop(guard);
        drop(gone);
        Some(done)
    }

    fn next_ticket(&self) -> u64 {
        self.tickets.load(Ordering::SeqCst)
    }

    fn keep(&self, key: &Key, entry: &Entry, begun: Begun) {
        self.with(|state| {
            let next = self.next_ticket();
            state.shelf.put(&self.core.journal, key, entry, begun, next);
        });
    }

    fn keep_absent(&self, key: &Key, begun: Begun) {
        if let Some(state) = self.state.lock().as_mut() {
            let next = self.next_ticket();
            state.shelf.put_absent(&self.core.journal, key, begun, next);
        }
    }
}
