//! The load path: a load on a task of its own, from the versions before it to the store after it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;

use crate::cache::Core;
use crate::counters::Group;
use crate::entry::Entry;
use crate::event::Event;
use crate::flight::{self, Check, Done, Landed, Lead, Noted, Running, Under};
use crate::key::Key;
use crate::lease::{self, Lease};
use crate::policy::Policy;
use crate::read::{Ask, expand, types};
use crate::store::Want;
use crate::trace;
use crate::value::ValueKind;

mod fill;
mod turn;

pub(crate) use fill::{Fill, fill, put};
pub(crate) use turn::{Grant, Turn, Turns, turn};

/// What a load's task needs of the read that began it.
pub(crate) struct Job<T> {
    pub(crate) wants: Vec<Want>,
    pub(crate) group: Arc<Group>,
    pub(crate) policy: Policy,
    pub(crate) kind: ValueKind<T>,
    negative: Option<fn(&T) -> bool>,
    pub(crate) seen: Option<Seen>,
    /// Nobody waits for it: an entry is served meanwhile.
    pub(crate) refresh: bool,
    /// An entry that whoever waits refuses.
    refused: Option<Entry>,
}

/// The entry that a read has found and that is not good enough.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) entry: Entry,
    /// Whether it may still be served: if the load fails it is, and the load is not repeated at once.
    pub(crate) serves: bool,
    /// Whether a writer has marked it: it may be right again when the mark has gone.
    pub(crate) marked: bool,
}

impl<T> Job<T> {
    pub(crate) fn new(core: &Core, ask: &Ask<'_, T>, seen: Option<Seen>) -> Job<T> {
        Job {
            wants: expand((ask.wants)()),
            group: ask.group(core),
            policy: *ask.policy,
            kind: ask.kind,
            negative: ask.negative,
            seen,
            refresh: false,
            refused: ask.refused.cloned(),
        }
    }

    /// The tags to look by, where the store must be told.
    pub(crate) fn wants_to_look(&self, core: &Core) -> &[Want] {
        if core.tags_needed_to_look {
            &self.wants
        } else {
            &[]
        }
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
    let seen = Seen {
        entry,
        serves: true,
        marked: false,
    };
    let mut job = Job::new(core, ask, Some(seen));
    job.refresh = true;
    let running = Running::new(core);
    runtime.spawn(trace::carried(fly(core.clone(), running, lead, job, load)));
}

/// The load's own task: its turn and the versions, then the load, then the store, then whoever
/// waits.
pub(crate) async fn fly<T, E, L, F>(
    core: Arc<Core>,
    running: Running,
    mut lead: Lead,
    job: Job<T>,
    load: L,
) where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    lead.turn().await;
    let grant = match turn(&core, &mut lead, &job).await {
        Turn::Load(grant) => grant,
        Turn::Found(landed) => return lead.land(Done::Found(landed)),
        Turn::Over => return,
    };
    grant.note(&lead);
    let loading = async { load().await.map(|value| job.weighed(value)) };
    let loading = guarded(&core, Of::One(lead.key()), &job, loading);
    let done = match lease::while_renewed(grant.held(), loading).await {
        Ok(loaded) => {
            let value = loaded.value.clone();
            let mut filled = fill(&core, vec![Fill::new(&lead, &job, grant, loaded)]).await;
            Done::Loaded(Landed::new(value, filled.pop().flatten()))
        }
        Err(done) => done,
    };
    lead.land(done);
    drop(running);
}

impl Grant {
    /// Notes what the load begins under, **before** it begins, for whoever wants to join.
    pub(crate) fn note(&self, lead: &Lead) {
        lead.flight.note(match &self.versions {
            Ok(versions) => Noted::Under(Box::new(Under {
                versions: versions.clone(),
                lease: self.lease.as_ref().and_then(Lease::part),
                check: Check::default(),
            })),
            Err(patience) => Noted::Blind {
                patience: *patience,
            },
        });
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

pub(crate) async fn within<F: Future>(limit: Option<Duration>, future: F) -> Option<F::Output> {
    match limit {
        None => Some(future.await),
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
    }
}

/// What a load is for.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    One(&'a Key),
    Many(usize),
}

impl<'a> Of<'a> {
    fn key(self) -> Option<&'a Key> {
        match self {
            Of::One(key) => Some(key),
            Of::Many(_) => None,
        }
    }

    fn keys(self) -> usize {
        match self {
            Of::One(_) => 1,
            Of::Many(keys) => keys,
        }
    }

    fn loaded(self, group: &'a str, elapsed: Duration) -> Event<'a> {
        match self {
            Of::One(key) => Event::Loaded {
                group,
                key,
                elapsed,
            },
            Of::Many(keys) => Event::LoadedMany {
                group,
                keys,
                elapsed,
            },
        }
    }
}

/// Runs a load under its timeout, catches its panic, counts and reports how it ended.
pub(crate) async fn guarded<T, E, R>(
    core: &Core,
    of: Of<'_>,
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
        trace::load(
            group.name(),
            of.keys(),
            AssertUnwindSafe(loading).catch_unwind(),
        ),
    )
    .await;
    let (how, done) = match outcome {
        Some(Ok(Ok(loaded))) => {
            let elapsed = core.clock.now().since(begun);
            core.emit(|| of.loaded(group.name(), elapsed));
            return Ok(loaded);
        }
        Some(Ok(Err(error))) => ("error", Done::Failed(Arc::new(error))),
        Some(Err(panic)) => ("panic", Done::Panicked(message(&*panic))),
        None => ("timeout", Done::TimedOut),
    };
    group.load_errors();
    if let Of::One(key) = of {
        job.throttle(core, key);
    }
    core.emit(|| Event::LoadFailed {
        group: group.name(),
        key: of.key(),
        how,
    });
    Err(done)
}

impl<T> Job<T> {
    /// The load failed: it is not repeated at once, if an entry can be served meanwhile.
    pub(crate) fn throttle(&self, core: &Core, key: &Key) {
        let Some(seen) = self.seen.as_ref().filter(|seen| seen.serves) else {
            return;
        };
        let now = core.clock.now();
        let until = now.after(self.policy.stale_if_error_throttle);
        seen.entry.retry_after(until);
        if core.remote {
            core.throttle.note(key, now, until);
        }
    }
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
