//! What adapters use of a cache: reads by shapes, publication of writes, marks.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};

use tokio::runtime::Handle;

use super::Cache;
use crate::adapter::{Fetch, FetchMany};
use crate::causes::Cause;
use crate::change::Changes;
use crate::entry::Entry;
use crate::error::{Error, LoadError, Result};
use crate::event::Event;
use crate::horizon::Horizon;
use crate::key::Key;
use crate::many::{self, Plan, Wants};
use crate::read::{self, Ask, Examined, Fetched, GroupOf, Hit};
use crate::shape::ShapeList;
use crate::tag::Tag;
use crate::trace;
use crate::value::ValueKind;
use crate::write::{self, MarkGuard, Published};

impl Fetch<'_> {
    fn ask<T>(&self, kind: ValueKind<T>, negative: Option<fn(&T) -> bool>) -> Ask<'_, T> {
        Ask {
            key: self.key,
            wants: self.wants,
            group: GroupOf::This(self.group),
            policy: self.policy,
            kind,
            negative,
            refused: None,
            unanswered: None,
        }
    }
}

impl Cache {
    /// For adapters: whether other processes share what this cache keeps. What they have done is
    /// known only by asking the store: a [`Witness`](crate::adapter::Witness) may not be able to
    /// tell at once.
    pub fn is_remote(&self) -> bool {
        let core = self.core();
        core.remote || core.store.leases().is_some()
    }

    /// For adapters: looks, and never loads.
    pub async fn lookup<T: Send + Sync + 'static>(
        &self,
        fetch: &Fetch<'_>,
        kind: ValueKind<T>,
    ) -> Option<Hit<T>> {
        read::look_only(self.core(), &fetch.ask(kind, None)).await
    }

    /// For adapters: a hit, if the store answers at once and there is nothing to do beside serving
    /// it. Allocates nothing. A miss is neither counted nor reported: [`fetch`](Cache::fetch) does.
    pub fn lookup_now<T: Send + Sync + 'static>(
        &self,
        fetch: &Fetch<'_>,
        kind: ValueKind<T>,
    ) -> Option<Hit<T>> {
        read::hit_now(self.core(), &fetch.ask(kind, None))
    }

    /// For adapters: the entry that reads are served from, if it is fresh: looked at without serving
    /// it. Nothing is counted or reported, and nothing is taken from a scope.
    pub async fn examine<T: Send + Sync + 'static>(
        &self,
        fetch: &Fetch<'_>,
        kind: ValueKind<T>,
    ) -> Option<Examined<T>> {
        read::examine(self.core(), &fetch.ask(kind, None)).await
    }

    /// For adapters: all [causes](Cache::causes) that bumped one of these tags, the newest first.
    pub fn history(&self, tags: &[Tag]) -> Vec<Arc<Cause>> {
        self.core().history(tags)
    }

    /// For adapters: looks, else loads once for all who ask at the same time, and stores the value.
    ///
    /// # Errors
    ///
    /// As [`get_or_load`](Cache::get_or_load).
    ///
    /// # Panics
    ///
    /// If the load panics, with its message.
    pub async fn fetch<T, E, L, F>(
        &self,
        fetch: Fetch<'_>,
        load: L,
        negative: Option<fn(&T) -> bool>,
        kind: ValueKind<T>,
    ) -> Result<Fetched<T>, LoadError<E>>
    where
        T: Send + Sync + 'static,
        E: Send + Sync + 'static,
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        read::read_through(self.core(), fetch.ask(kind, negative), load).await
    }

    /// For adapters: looks for many keys in one batch, and loads what is missing by one call of
    /// `load`, as [`get_or_load_many`](Cache::get_or_load_many) does. Keys for which `load` gives
    /// nothing are not in the answer.
    ///
    /// # Errors
    ///
    /// As [`get_or_load`](Cache::get_or_load).
    ///
    /// # Panics
    ///
    /// If the load panics, with its message.
    pub async fn fetch_many<T, E, L, F, V>(
        &self,
        fetch: FetchMany<'_>,
        load: L,
        negative: Option<fn(&T) -> bool>,
        kind: ValueKind<T>,
    ) -> Result<HashMap<Key, Arc<T>>, LoadError<E>>
    where
        T: Send + Sync + 'static,
        E: Send + Sync + 'static,
        L: FnOnce(Vec<Key>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: IntoIterator<Item = (Key, T)> + Send + 'static,
    {
        let plan = Plan {
            policy: *fetch.policy,
            wants: Wants::Own(fetch.wants),
            group: Some(fetch.group),
            negative,
        };
        many::get_or_load(self.core(), fetch.keys.to_vec(), plan, kind, load).await
    }

    /// For adapters: whether the tags of all these entries are as they were before each was loaded, and none
    /// is marked. One round trip where the store is far away.
    ///
    /// If they are, all the values held when this was called: no write that was announced
    /// between the first load and now has changed one of them. Where every read carried
    /// [guards](Tag::guard), no write that was committed has.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn all_current(&self, entries: &[Entry]) -> Result<bool> {
        self.core().all_current(entries).await
    }

    /// For adapters: whether reads and writes go through the cache for the caller, or why not.
    pub fn passed_by(&self) -> Option<&'static str> {
        self.core().state().passed_by()
    }

    /// For adapters: whether both are handles of one cache.
    pub fn is_same(&self, other: &Cache) -> bool {
        Arc::ptr_eq(self.core(), other.core())
    }

    /// For adapters: the lists of shapes in use on these tables, in the same order.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn shapes(&self, tables: &[Tag]) -> Result<Vec<ShapeList>> {
        let core = self.core();
        core.store.shapes(&core.namespace, tables).await
    }

    /// For adapters: bumps what a write changed. Call it after the commit was acknowledged, or its
    /// outcome is unknown; never before.
    ///
    /// # Cancel safety
    ///
    /// A dropped publication goes on in the background, widened to whole tables, like one that the
    /// store did not take.
    pub async fn publish(&self, changes: Changes) -> Published {
        let cause = || changes.cause_texts();
        trace::publish(cause, write::publish(self.core(), &changes)).await
    }

    /// For adapters: as [`publish`](Cache::publish) where nothing can be awaited, as in a `Drop`.
    /// Done when it returns if the store answers at once; else goes on as a task. Where there is no
    /// tokio runtime it waits, widened to whole tables, for the next call that is made within one.
    pub fn publish_now(&self, changes: Changes) {
        let core = self.core();
        let runtime = Handle::try_current();
        if core.remote && runtime.is_err() {
            let error = Error::runtime("a publication to a store far away needs a tokio runtime");
            return write::publish_later(core, &changes, &error);
        }
        let cache = self.clone();
        let mut publication = Box::pin(async move { cache.publish(changes).await });
        let mut context = Context::from_waker(Waker::noop());
        if publication.as_mut().poll(&mut context).is_pending()
            && let Ok(runtime) = runtime
        {
            runtime.spawn(publication);
        }
    }

    /// For adapters: says how it is known that the writers of a database have ended. Linearizable
    /// reads over a store that may lose marks are cached only where that is said: those that carry
    /// [`Tag::guard`]s of the database.
    pub fn set_horizon(&self, database: &str, horizon: Arc<dyn Horizon>) {
        self.core().horizons.set(database, horizon);
    }

    /// For adapters: whether reads over this cache's store can be linearizable.
    pub fn can_be_strict(&self) -> bool {
        self.core().store.capability().marks
    }

    /// For adapters: asks which of these guards stand, for [`mark`](Cache::mark) to know without a round
    /// trip a moment later. To be called before the database's lock is taken, if there is a time
    /// before it.
    pub async fn look_for_guards(&self, guards: &[Tag]) {
        let core = self.core();
        if let Some(marks) = core.store.marks() {
            let _known_now = marks.standing(&core.namespace, guards).await;
        }
    }

    /// For adapters: marks tags ([`Tag::guard`]s) before a commit that linearizable reads must not
    /// miss: those in `tags`, and those in `perhaps` that somebody reads strictly. To be called
    /// inside the transaction, after its first write. While the guard lives, entries that carry one
    /// of the marked tags are neither served nor stored. Drop it after the publication.
    ///
    /// # Errors
    ///
    /// The store keeps no marks, or failed: then do not commit. A store that cannot say whether
    /// somebody reads strictly, and never said that somebody does, is no error.
    pub async fn mark(&self, tags: &[Tag], perhaps: &[Tag]) -> Result<MarkGuard> {
        write::mark(self.core(), tags, perhaps).await
    }

    /// For adapters: tells the observers of an event of the adapter's own.
    pub fn emit(&self, event: &Event<'_>) {
        super::tell(&self.core().observers, event);
    }
}
