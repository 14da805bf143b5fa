//! A store that several processes share, as far as the cache can tell: memory behind a network that
//! counts its round trips, fails on request, and keeps leases.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::BoxFuture;
use larder::adapter::Changes;
use larder::store::{
    Capability, Claim, Insertion, Leases, Look, Lookup, Mark, Marked, Marks, Permit, Put, Reply,
    Taken,
};
use larder::{
    Cache, Entry, Error, Key, Memory, Namespace, Policy, Result, ShapeList, Store, Tag, TagState,
    Versions, Want,
};
use smallvec::SmallVec;
use tokio::time::Instant;

use crate::support::{Bench, Events};

#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Default)]
struct Inner {
    memory: Memory,
    leases: Mutex<HashMap<Place, Held>>,
    leases_taken: AtomicU64,
    failing: Mutex<HashSet<&'static str>>,
    trips: Mutex<Vec<&'static str>>,
    marks: Arc<AtomicU64>,
    never_gives_a_lease: AtomicBool,
    hangs: AtomicBool,
    /// What passes during each round trip.
    passes: Mutex<Option<Box<dyn Fn() + Send>>>,
    /// What happens when a round trip that hangs is given up.
    given_up: Mutex<Option<Box<dyn Fn() + Send>>>,
    /// How long an answer is on its way.
    delay: Mutex<Option<fn() -> usize>>,
}

/// A key, and whether the lease stands beside its entry.
type Place = (Key, bool);

#[derive(Clone)]
struct Held {
    place: Place,
    token: u64,
    until: Instant,
    seen: Option<Entry>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds this")
}

impl Shared {
    /// A process that shares this store.
    pub(crate) fn process(&self, policy: Policy) -> Bench {
        let clock = Arc::new(larder::ManualClock::default());
        let events = Arc::new(Events::default());
        let cache = Cache::builder()
            .store(self.clone())
            .policy(policy)
            .clock(clock.clone())
            .observer(events.clone())
            .build()
            .expect("the settings are valid");
        Bench {
            cache,
            clock,
            memory: self.0.memory.clone(),
            events,
            loads: Arc::default(),
        }
    }

    /// From now on these operations fail.
    pub(crate) fn fails(&self, operations: impl IntoIterator<Item = &'static str>) {
        lock(&self.0.failing).extend(operations);
    }

    /// From now on nothing answers.
    pub(crate) fn is_down(&self) {
        self.fails([
            "get", "prepare", "insert", "remove", "bump", "shapes", "current", "take", "renew",
            "release",
        ]);
    }

    pub(crate) fn is_back(&self) {
        lock(&self.0.failing).clear();
    }

    /// From now on this happens during each round trip.
    pub(crate) fn takes(&self, passes: impl Fn() + Send + 'static) {
        *lock(&self.0.passes) = Some(Box::new(passes));
    }

    /// From now on nothing answers, and nothing says so.
    pub(crate) fn hangs(&self) {
        self.0.hangs.store(true, Ordering::SeqCst);
    }

    /// From now on this happens when somebody gives a round trip up that hangs.
    pub(crate) fn is_given_up(&self, happens: impl Fn() + Send + 'static) {
        *lock(&self.0.given_up) = Some(Box::new(happens));
    }

    /// From now on somebody has always stored another entry when a lease is asked for.
    pub(crate) fn never_gives_a_lease(&self) {
        self.0.never_gives_a_lease.store(true, Ordering::SeqCst);
    }

    /// From now on so many others run while an answer is on its way.
    pub(crate) fn delays(&self, steps: fn() -> usize) {
        *lock(&self.0.delay) = Some(steps);
    }

    /// The operations so far, in their order.
    pub(crate) fn trips(&self) -> Vec<&'static str> {
        std::mem::take(&mut *lock(&self.0.trips))
    }

    pub(crate) fn marks_set(&self) -> u64 {
        self.0.marks.load(Ordering::SeqCst)
    }

    /// A process that takes the lease of `key` and dies.
    pub(crate) async fn die_loading(&self, namespace: &Namespace, key: &Key, hold: Duration) {
        let claim = Claim {
            key,
            seen: None,
            keep_seen: false,
            hold,
        };
        let taken = self.take(namespace, &[claim]).await;
        let taken = taken.expect("the store answers").pop();
        assert!(matches!(taken, Some(Taken::Led(_))), "{taken:?}");
    }

    pub(crate) fn leases_held(&self) -> usize {
        let now = Instant::now();
        let leases = lock(&self.0.leases);
        leases.values().filter(|held| held.until > now).count()
    }

    /// One round trip: takes note of it, and answers when others have run.
    fn trip<'a, T: Send + 'a>(
        &'a self,
        operation: &'static str,
        act: impl FnOnce(&'a Inner) -> T + Send + 'a,
    ) -> Reply<'a, Result<T>> {
        Reply::Pending(Box::pin(async move {
            lock(&self.0.trips).push(operation);
            tokio::task::yield_now().await;
            if self.0.hangs.load(Ordering::SeqCst) {
                let _waiting = GivenUp(&self.0);
                std::future::pending::<()>().await;
            }
            if let Some(passes) = &*lock(&self.0.passes) {
                passes();
            }
            if lock(&self.0.failing).contains(operation) {
                return Err(Error::store("the store does not answer"));
            }
            let answer = act(&self.0);
            let delay = *lock(&self.0.delay);
            for _ in 0..delay.map_or(1, |steps| steps()) {
                tokio::task::yield_now().await;
            }
            Ok(answer)
        }))
    }
}

/// A round trip that hangs, until it is given up.
struct GivenUp<'a>(&'a Inner);

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if let Some(happens) = &*lock(&self.0.given_up) {
            happens();
        }
    }
}

fn now<T>(reply: Reply<'_, Result<T>>) -> T {
    match reply.now() {
        Ok(answer) => answer.expect("memory answers"),
        Err(_) => panic!("memory answers at once"),
    }
}

impl Inner {
    fn entry(&self, namespace: &Namespace, key: &Key) -> Option<Entry> {
        match now(self.memory.get(namespace, &[Look { key, wants: &[] }])).pop() {
            Some(Lookup::Found { entry, .. }) => Some(entry),
            _ => None,
        }
    }

    fn claim(&self, namespace: &Namespace, claim: &Claim<'_>) -> Taken {
        if self.never_gives_a_lease.load(Ordering::SeqCst) {
            return Taken::Changed;
        }
        let beside = claim.keep_seen && claim.seen.is_some();
        let place = (claim.key.clone(), beside);
        let mut leases = lock(&self.leases);
        if leases
            .get(&place)
            .is_some_and(|held| held.until > Instant::now())
        {
            return Taken::Busy;
        }
        if !beside {
            if let Some(entry) = self.entry(namespace, claim.key)
                && !claim.seen.is_some_and(|seen| seen.is(&entry))
            {
                return Taken::Changed;
            }
            now(self
                .memory
                .remove(namespace, std::slice::from_ref(claim.key)));
        }
        let held = Held {
            place: place.clone(),
            token: self.leases_taken.fetch_add(1, Ordering::SeqCst),
            until: Instant::now() + claim.hold,
            seen: claim.seen.cloned(),
        };
        leases.insert(place, held.clone());
        Taken::Led(Permit::new(held))
    }

    fn is_ours(&self, held: &Held) -> bool {
        lock(&self.leases)
            .get(&held.place)
            .is_some_and(|there| there.token == held.token && there.until > Instant::now())
    }

    fn end(&self, held: &Held) {
        let mut leases = lock(&self.leases);
        if leases
            .get(&held.place)
            .is_some_and(|there| there.token == held.token)
        {
            leases.remove(&held.place);
        }
    }

    fn put(&self, namespace: &Namespace, item: Insertion<'_>) -> Put {
        let permit = item.permit.clone();
        if let Some(held) = permit.as_ref().and_then(Permit::held::<Held>) {
            let there = self.entry(namespace, item.key);
            let still = match (&held.seen, held.place.1) {
                (Some(seen), true) => there.is_some_and(|entry| entry.is(seen)),
                _ => self.is_ours(held),
            };
            self.end(held);
            if !still {
                return Put::Fenced;
            }
        } else {
            lock(&self.leases).remove(&(item.key.clone(), false));
        }
        let items = std::iter::once(item).collect();
        now(self.memory.insert(namespace, items))
            .pop()
            .expect("one answer for one item")
    }
}

impl Store for Shared {
    fn capability(&self) -> Capability {
        let mut capability = self.0.memory.capability();
        capability.remote = true;
        capability.lists_keys = false;
        capability
    }

    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>> {
        self.trip("get", move |inner| now(inner.memory.get(namespace, looks)))
    }

    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>> {
        self.trip("prepare", move |inner| {
            now(inner.memory.prepare(namespace, wants))
        })
    }

    fn prepare_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        sets: &'a [Vec<Want>],
    ) -> Reply<'a, Vec<Result<Versions>>> {
        let all = self.trip("prepare", move |inner| {
            let versions = sets
                .iter()
                .map(|wants| now(inner.memory.prepare(namespace, wants)));
            versions.collect::<Vec<_>>()
        });
        all.map(|all| match all {
            Ok(versions) => versions.into_iter().map(Ok).collect(),
            Err(error) => sets.iter().map(|_| Err(error.clone())).collect(),
        })
    }

    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>> {
        self.trip("insert", move |inner| {
            let puts = items.into_iter().map(|item| inner.put(namespace, item));
            puts.collect()
        })
    }

    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>> {
        self.trip("remove", move |inner| {
            for key in keys {
                lock(&inner.leases).remove(&(key.clone(), false));
            }
            now(inner.memory.remove(namespace, keys));
        })
    }

    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        self.trip("bump", move |inner| {
            now(inner.memory.bump(namespace, tags, watch))
        })
    }

    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        // From a copy of the process's own.
        self.0.memory.shapes(namespace, tables)
    }

    fn current<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>> {
        self.trip("current", move |inner| {
            now(inner.memory.current(namespace, versions))
        })
    }

    fn marks(&self) -> Option<&dyn Marks> {
        Some(self)
    }

    fn leases(&self) -> Option<&dyn Leases> {
        Some(self)
    }
}

impl Leases for Shared {
    fn take<'a>(
        &'a self,
        namespace: &'a Namespace,
        claims: &'a [Claim<'a>],
    ) -> Reply<'a, Result<Vec<Taken>>> {
        self.trip("take", move |inner| {
            let taken = claims.iter().map(|claim| inner.claim(namespace, claim));
            taken.collect()
        })
    }

    fn renew<'a>(
        &'a self,
        _namespace: &'a Namespace,
        permit: &'a Permit,
        hold: Duration,
    ) -> Reply<'a, Result<bool>> {
        self.trip("renew", move |inner| {
            let held = permit.held::<Held>().expect("one of ours");
            let ours = inner.is_ours(held);
            if let Some(there) = lock(&inner.leases).get_mut(&held.place)
                && ours
            {
                there.until = Instant::now() + hold;
            }
            ours
        })
    }

    fn release<'a>(
        &'a self,
        _namespace: &'a Namespace,
        permits: &'a [Permit],
    ) -> Reply<'a, Result<()>> {
        self.trip("release", move |inner| {
            for held in permits.iter().filter_map(Permit::held::<Held>) {
                inner.end(held);
            }
        })
    }
}

/// Counts itself away.
struct Counted {
    _mark: Mark,
    marks: Arc<AtomicU64>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.marks.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Marked for Counted {
    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(async {})
    }

    fn abandon(self: Box<Self>) {
        std::mem::forget(self);
    }
}

impl Marks for Shared {
    fn mark<'a>(&'a self, namespace: &'a Namespace, tags: &'a [Tag]) -> Reply<'a, Result<Mark>> {
        self.trip("mark", move |inner| {
            let marks = inner.memory.marks().expect("memory marks");
            inner.marks.fetch_add(1, Ordering::SeqCst);
            Mark::new(Counted {
                _mark: now(marks.mark(namespace, tags)),
                marks: inner.marks.clone(),
            })
        })
    }
}

/// A write of anything in this table.
pub(crate) fn change_of(table: &str) -> Changes {
    let mut changes = Changes::new();
    changes.table("", table);
    changes
}
