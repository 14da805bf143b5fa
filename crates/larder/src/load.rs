//! The load path: a load on a task of its own, from the versions before it to the store after it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use smallvec::smallvec;
use tokio::runtime::Handle;

use crate::cache::{Core, State};
use crate::counters::Group;
use crate::entry::{Entry, NewEntry};
use crate::event::Event;
use crate::flight::{self, Done, Lead, Running};
use crate::key::Key;
use crate::policy::Policy;
use crate::read::{Ask, expand, types};
use crate::store::{Insertion, Look, Lookup, Put, Versions, Want};
use crate::value::ValueKind;

/// What a load's task needs of the read that began it.
pub(crate) struct Job<T> {
    wants: Vec<Want>,
    group: Arc<Group>,
    policy: Policy,
    kind: ValueKind<T>,
    negative: Option<fn(&T) -> bool>,
    /// The old entry: if the load fails, it is not repeated at once.
    old: Option<Entry>,
}

impl<T> Job<T> {
    pub(crate) fn new(core: &Core, ask: &Ask<'_, T>, old: Option<Entry>) -> Job<T> {
        Job {
            wants: expand((ask.wants)()),
            group: ask.group(core),
            policy: *ask.policy,
            kind: ask.kind,
            negative: ask.negative,
            old,
        }
    }
}

impl<T> Job<T> {
    pub(crate) fn wants(&self) -> &[Want] {
        &self.wants
    }
}

/// Loads behind an entry that is served meanwhile. One load at a time; nobody waits for it.
pub(crate) fn start_refresh<T, E, L, F>(core: &Arc<Core>, ask: &Ask<'_, T>, entry: Entry, load: L)
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    let Some(lead) = flight::try_lead(core, ask.key, types::<T, E>()) else {
        return;
    };
    let job = Job::new(core, ask, Some(entry.clone()));
    let running = Running::new(core);
    runtime.spawn(fly(core.clone(), running, lead, job, Some(entry), load));
}

/// The load's own task: versions, then the load, then the store, then whoever waits.
///
/// `refreshed` is the entry that a background load replaces: if another has replaced it already,
/// there is nothing to do.
pub(crate) async fn fly<T, E, L, F>(
    core: Arc<Core>,
    running: Running,
    lead: Lead,
    job: Job<T>,
    refreshed: Option<Entry>,
    load: L,
) where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    if let Some(old) = refreshed {
        let wants = if core.tags_needed_to_look {
            job.wants.clone()
        } else {
            Vec::new()
        };
        let looks = [Look {
            key: lead.key(),
            wants: &wants,
        }];
        let found = core.store.get(&core.namespace, &looks).await;
        if let Ok(Some(Lookup::Found { entry, .. })) = found.map(|mut found| found.pop())
            && entry.written_at() > old.written_at()
        {
            return;
        }
    }
    let versions = prepare(&core, &lead, &job.wants).await;
    let done = run(&core, lead.key(), &job, load).await;
    let done = match done {
        Ran::Loaded(loaded) => {
            let value = loaded.value.clone();
            if let Some(versions) = versions {
                fill(&core, &lead, &job, versions, loaded).await;
            }
            Done::Loaded(value)
        }
        Ran::Failed(done) => done,
    };
    lead.land(done);
    drop(running);
}

/// Records the versions of the tags, **before** the load. Without them nothing is stored, and
/// nobody may join any more, because nobody could tell whether the load is new enough.
pub(crate) async fn prepare(core: &Core, lead: &Lead, wants: &[Want]) -> Option<Versions> {
    match core.store.prepare(&core.namespace, wants).await {
        Ok(versions) if !versions.is_marked() => {
            lead.flight.record(versions.clone());
            Some(versions)
        }
        Ok(_marked) => {
            lead.leave();
            None
        }
        Err(error) => {
            core.emit(|| Event::StoreFailed { error: &error });
            lead.leave();
            None
        }
    }
}

/// A loaded value with what the caller's own functions say of it.
pub(crate) struct Loaded<T> {
    pub(crate) value: Arc<T>,
    weight: usize,
    negative: bool,
}

impl<T: Send + Sync + 'static> Job<T> {
    /// Runs the caller's functions on the value: where a panic of theirs is caught.
    pub(crate) fn weighed(&self, value: T) -> Loaded<T> {
        Loaded {
            weight: self.kind.weight(&value),
            negative: self.negative.is_some_and(|negative| negative(&value)),
            value: Arc::new(value),
        }
    }
}

enum Ran<T> {
    Loaded(Loaded<T>),
    Failed(Done),
}

async fn run<T, E, L, F>(core: &Core, key: &Key, job: &Job<T>, load: L) -> Ran<T>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let loading = async { load().await.map(|value| job.weighed(value)) };
    match guarded(core, Some(key), job, loading).await {
        Ok(loaded) => Ran::Loaded(loaded),
        Err(done) => Ran::Failed(done),
    }
}

pub(crate) async fn within<F: Future>(limit: Option<Duration>, future: F) -> Option<F::Output> {
    match limit {
        None => Some(future.await),
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
    }
}

/// Runs a load under its timeout, catches its panic, counts and reports how it ended.
pub(crate) async fn guarded<T, E, R>(
    core: &Core,
    key: Option<&Key>,
    job: &Job<T>,
    loading: impl Future<Output = Result<R, E>>,
) -> Result<R, Done>
where
    E: Send + Sync + 'static,
{
    let group = &job.group;
    group.loads();
    let begun = core.clock.now();
    let outcome = within(
        job.policy.hard_load_timeout,
        AssertUnwindSafe(loading).catch_unwind(),
    )
    .await;
    let (how, done) = match outcome {
        Some(Ok(Ok(loaded))) => {
            let elapsed = core.clock.now().since(begun);
            if let Some(key) = key {
                core.emit(|| Event::Loaded {
                    group: group.name(),
                    key,
                    elapsed,
                });
            }
            return Ok(loaded);
        }
        Some(Ok(Err(error))) => ("error", Done::Failed(Arc::new(error))),
        Some(Err(panic)) => ("panic", Done::Panicked(message(&*panic))),
        None => ("timeout", Done::TimedOut),
    };
    group.load_errors();
    if let Some(old) = &job.old {
        old.retry_after(core.clock.now().after(job.policy.stale_if_error_throttle));
    }
    if let Some(key) = key {
        core.emit(|| Event::LoadFailed {
            group: group.name(),
            key,
            how,
        });
    }
    Err(done)
}

/// What a panic said.
fn message(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).into()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.as_str().into()
    } else {
        "the load panicked".into()
    }
}

/// Stores a loaded value under the versions that were read before its load, unless the flight was
/// detached meanwhile.
pub(crate) async fn fill<T: Send + Sync + 'static>(
    core: &Core,
    lead: &Lead,
    job: &Job<T>,
    versions: Versions,
    loaded: Loaded<T>,
) {
    let ttl = job.policy.ttl_of(loaded.negative, core.chance());
    if ttl.is_zero() {
        return;
    }
    let entry = Entry::new(NewEntry {
        value: job.kind.wrap(loaded.value, core.codec),
        versions,
        written_at: core.clock.now(),
        ttl,
        weight: loaded.weight,
        group: Some(job.group.clone()),
        origin: None,
    });
    // Held until the entry is stored: whoever removes the key waits, then removes it.
    let attached = lead.flight.gate().await;
    if !*attached || core.state() == State::Off {
        return;
    }
    // A store's failure was reported; the load's answer wins.
    let _ = put(core, &job.group, lead.key(), entry, job.policy.keep_of(ttl)).await;
}

/// Stores an entry, counts and reports what became of it.
pub(crate) async fn put(
    core: &Core,
    group: &Group,
    key: &Key,
    entry: Entry,
    keep: Duration,
) -> crate::error::Result<Put> {
    let weight = entry.weight();
    let items = smallvec![Insertion::new(key, entry, keep)];
    let put = core.store.insert(&core.namespace, items).await;
    let put = put.map(|mut puts| puts.pop().unwrap_or(Put::Outdated));
    match &put {
        Ok(Put::Stored { evicted }) => {
            group.inserts();
            core.emit(|| Event::Inserted {
                group: group.name(),
                key,
                weight,
            });
            if *evicted > 0 {
                core.emit(|| Event::Evicted { count: *evicted });
            }
        }
        Ok(Put::TooLarge { weight, max }) => {
            group.too_large();
            core.emit(|| Event::TooLarge {
                group: group.name(),
                key,
                weight: *weight,
                max: *max,
            });
        }
        Ok(Put::Outdated | Put::Fenced) => {}
        Err(error) => core.emit(|| Event::StoreFailed { error }),
    }
    put
}
