//! A store that fails, or is slow, when it is told to.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::secret::Secrets;
use crate::shape::ShapeList;
use crate::store::{
    Capability, Insertion, Leases, Listing, Look, Lookup, Marks, Push, Put, Reply, Store, Versions,
    Want,
};
use crate::tag::Tag;

/// What a store is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// To look entries up.
    Get,
    /// To give the versions of tags before a load.
    Prepare,
    /// To store entries.
    Insert,
    /// To delete entries.
    Remove,
    /// To give tags fresh versions.
    Bump,
    /// To give the shapes in use.
    Shapes,
    /// To say whether versions are still current.
    Current,
}

const OPERATIONS: [Operation; 7] = [
    Operation::Get,
    Operation::Prepare,
    Operation::Insert,
    Operation::Remove,
    Operation::Bump,
    Operation::Shapes,
    Operation::Current,
];

/// What is wrong with a [`Faulty`] store. Clones are about the same one.
///
/// ```
/// use larder::testing::{Operation, TestCache};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let cache = TestCache::new();
/// cache.faults().fail(Operation::Insert);
/// assert!(cache.insert("a", 1).await.is_err_and(|error| error.is_store()));
/// cache.faults().heal();
/// cache.insert("a", 1).await?;
/// assert_eq!(cache.get::<i32>("a").await?.as_deref(), Some(&1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<HashMap<Operation, Fault>>>);

#[derive(Clone, Copy, Debug, Default)]
struct Fault {
    delay: Duration,
    /// How many times it fails.
    failures: usize,
}

impl Faults {
    /// Every operation of this kind fails from now on.
    pub fn fail(&self, operation: Operation) {
        self.fail_times(operation, usize::MAX);
    }

    /// The next operations of this kind fail, so many of them.
    pub fn fail_times(&self, operation: Operation, times: usize) {
        self.0.lock().entry(operation).or_default().failures = times;
    }

    /// Everything fails from now on.
    pub fn fail_all(&self) {
        OPERATIONS.into_iter().for_each(|one| self.fail(one));
    }

    /// Every operation of this kind takes so much longer: by tokio's clock, which tests can pause.
    pub fn delay(&self, operation: Operation, by: Duration) {
        self.0.lock().entry(operation).or_default().delay = by;
    }

    /// Nothing is wrong any more.
    pub fn heal(&self) {
        self.0.lock().clear();
    }

    /// What goes wrong now, if anything does.
    fn next(&self, operation: Operation) -> Option<Fault> {
        let mut faults = self.0.lock();
        let fault = faults.get_mut(&operation)?;
        let now = *fault;
        if now.failures != usize::MAX {
            fault.failures = now.failures.saturating_sub(1);
        }
        (now.failures > 0 || !now.delay.is_zero()).then_some(now)
    }

    fn is_wrong(&self, operation: Operation) -> bool {
        self.0.lock().contains_key(&operation)
    }
}

impl Fault {
    async fn happen(self, operation: Operation) -> Result<()> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.failures {
            0 => Ok(()),
            _ => Err(Error::store(format!(
                "{operation:?} fails, as the test wants it"
            ))),
        }
    }
}

/// A store that does what another does, unless its [`Faults`] say otherwise. Marks, leases, lists and
/// news are the other's.
pub struct Faulty {
    inner: Arc<dyn Store>,
    faults: Faults,
}

impl Faulty {
    /// `store`, with these faults.
    pub fn new(store: impl Store, faults: &Faults) -> Faulty {
        Faulty {
            inner: Arc::new(store),
            faults: faults.clone(),
        }
    }

    /// The answer of the store, unless something is wrong with it now.
    fn reply<'a, T: Send + 'a>(
        &'a self,
        operation: Operation,
        failed: impl FnOnce(Error) -> T + Send + 'a,
        ask: impl FnOnce(&'a dyn Store) -> Reply<'a, T> + Send + 'a,
    ) -> Reply<'a, T> {
        let Some(fault) = self.faults.next(operation) else {
            return ask(&*self.inner);
        };
        Reply::Pending(Box::pin(async move {
            match fault.happen(operation).await {
                Ok(()) => ask(&*self.inner).await,
                Err(error) => failed(error),
            }
        }))
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl Store for Faulty {
    fn capability(&self) -> Capability {
        self.inner.capability()
    }

    fn authenticate(&self, secrets: &Secrets) -> Result<()> {
        self.inner.authenticate(secrets)
    }

    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>> {
        self.reply(Operation::Get, Err, move |store| {
            store.get(namespace, looks)
        })
    }

    fn get_now(&self, namespace: &Namespace, key: &Key) -> Option<Lookup> {
        match self.faults.is_wrong(Operation::Get) {
            true => None,
            false => self.inner.get_now(namespace, key),
        }
    }

    fn still<'a>(
        &'a self,
        namespace: &'a Namespace,
        entries: &'a [(&'a Key, Entry)],
    ) -> Reply<'a, Result<Vec<TagState>>> {
        self.reply(Operation::Get, Err, move |store| {
            store.still(namespace, entries)
        })
    }

    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>> {
        self.reply(Operation::Prepare, Err, move |store| {
            store.prepare(namespace, wants)
        })
    }

    fn prepare_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        sets: &'a [Vec<Want>],
    ) -> Reply<'a, Vec<Result<Versions>>> {
        let failed = move |error: Error| sets.iter().map(|_| Err(error.clone())).collect();
        self.reply(Operation::Prepare, failed, move |store| {
            store.prepare_each(namespace, sets)
        })
    }

    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>> {
        self.reply(Operation::Insert, Err, move |store| {
            store.insert(namespace, items)
        })
    }

    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>> {
        self.reply(Operation::Remove, Err, move |store| {
            store.remove(namespace, keys)
        })
    }

    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        self.reply(Operation::Bump, Err, move |store| {
            store.bump(namespace, tags, watch)
        })
    }

    fn bump_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
    ) -> Reply<'a, Vec<Result<()>>> {
        let failed = move |error: Error| tags.iter().map(|_| Err(error.clone())).collect();
        self.reply(Operation::Bump, failed, move |store| {
            store.bump_each(namespace, tags)
        })
    }

    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        self.reply(Operation::Shapes, Err, move |store| {
            store.shapes(namespace, tables)
        })
    }

    fn current<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>> {
        self.reply(Operation::Current, Err, move |store| {
            store.current(namespace, versions)
        })
    }

    fn discard(&self, namespace: &Namespace, key: &Key) {
        self.inner.discard(namespace, key);
    }

    fn marks(&self) -> Option<&dyn Marks> {
        self.inner.marks()
    }

    fn leases(&self) -> Option<&dyn Leases> {
        self.inner.leases()
    }

    fn listing(&self) -> Option<&dyn Listing> {
        self.inner.listing()
    }

    fn push(&self) -> Option<&dyn Push> {
        self.inner.push()
    }
}
