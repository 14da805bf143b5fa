//! The read path: decides what to do about what a store found.

use std::any::TypeId;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::cache::{Core, State};
use crate::clock::Moment;
use crate::counters::Group;
use crate::entry::Entry;
use crate::error::LoadError;
use crate::event::{Event, MissReason};
use crate::flight::{self, Done, Flight, Join, Running};
use crate::freshness::{Freshness, TagState, freshness};
use crate::key::Key;
use crate::load::{Job, fly, start_refresh, within};
use crate::policy::Policy;
use crate::store::{Look, Lookup, Want};
use crate::tag::{Tag, TagKind};
use crate::value::ValueKind;

/// How a caller came to its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// From a fresh entry.
    Hit,
    /// From an entry past its ttl.
    StaleHit,
    /// From a load that it began.
    Loaded,
    /// From a load that was running already.
    Joined,
    /// From a load of its own, past the cache, for this reason.
    Bypassed(&'static str),
}

/// A value with how it was come by.
#[derive(Debug)]
pub struct Fetched<T> {
    /// The value.
    pub value: Arc<T>,
    /// How the caller came to it.
    pub outcome: Outcome,
}

/// A value found by looking only.
#[derive(Debug)]
pub struct Hit<T> {
    /// The value.
    pub value: Arc<T>,
    /// Whether it is past its ttl.
    pub stale: bool,
}

/// Where a read is counted, as long as no entry says so.
#[derive(Clone, Copy)]
pub(crate) enum GroupOf<'a> {
    This(&'a Arc<Group>),
    Named(&'a str),
    Key,
}

/// One read.
pub(crate) struct Ask<'a, T> {
    pub(crate) key: &'a Key,
    /// Asked for only on a miss, or where the store needs the tags to look.
    pub(crate) wants: &'a (dyn Fn() -> Vec<Want> + Send + Sync),
    pub(crate) group: GroupOf<'a>,
    pub(crate) policy: &'a Policy,
    pub(crate) kind: ValueKind<T>,
    pub(crate) negative: Option<fn(&T) -> bool>,
}

impl<T> Ask<'_, T> {
    pub(crate) fn group(&self, core: &Core) -> Arc<Group> {
        match self.group {
            GroupOf::This(group) => group.clone(),
            GroupOf::Named(name) => core.groups.named(name),
            GroupOf::Key => core.groups.of(self.key),
        }
    }

    /// Counts and reports an entry that is served: where it says, or else where its reader is.
    fn served(&self, core: &Core, entry: &Entry, stale: bool) {
        match entry.group() {
            Some(group) => note_served(core, self.key, group, stale),
            None => note_served(core, self.key, &self.group(core), stale),
        }
    }

    fn wants_to_look(&self, core: &Core) -> Vec<Want> {
        if core.tags_needed_to_look {
            expand((self.wants)())
        } else {
            Vec::new()
        }
    }
}

/// Adds the coarse tags that every read carries, each once, and puts coarse ones first: the order
/// in which a store checks them, which strict reads rely on.
pub(crate) fn expand(wants: Vec<Want>) -> Vec<Want> {
    let mut all = vec![Want::Tag(Tag::namespace())];
    for want in wants {
        let table = match &want {
            Want::Shape { table, .. } => Some(table),
            Want::Tag(tag) if tag.kind() == TagKind::Table => Some(tag),
            Want::Tag(_) => None,
        };
        if let Some(table) = table {
            let root = Want::Tag(Tag::root(table.database().unwrap_or_default()));
            let table = Want::Tag(table.clone());
            for coarse in [root, table] {
                if !all.contains(&coarse) {
                    all.push(coarse);
                }
            }
        }
        if !all.contains(&want) {
            all.push(want);
        }
    }
    all.sort_by_key(|want| match want {
        Want::Tag(tag) => tag.kind(),
        Want::Shape { .. } => TagKind::Shape,
    });
    all
}

/// What to do about what was found.
pub(crate) enum Verdict<T> {
    Serve {
        value: Arc<T>,
        entry: Entry,
        stale: bool,
        refresh: bool,
    },
    /// `stale` may be served if the load fails.
    Load {
        reason: MissReason,
        stale: Option<(Arc<T>, Entry)>,
    },
}

/// Decides. Pure but for the value's own decoding.
pub(crate) fn judge<T: Send + Sync + 'static>(
    found: Lookup,
    kind: &ValueKind<T>,
    policy: &Policy,
    now: Moment,
) -> Verdict<T> {
    let load = |reason| Verdict::Load {
        reason,
        stale: None,
    };
    let Lookup::Found { entry, state } = found else {
        return load(MissReason::Absent);
    };
    let fresh = freshness(policy, entry.ttl(), now.since(entry.written_at()), state);
    match fresh {
        Freshness::Invalidated => return load(MissReason::Invalidated),
        Freshness::Marked => return load(MissReason::Marked),
        Freshness::Expired => return load(MissReason::Expired),
        _ => {}
    }
    let Some(value) = kind.unwrap(entry.value()) else {
        return load(MissReason::OtherType);
    };
    match fresh {
        Freshness::IfError => Verdict::Load {
            reason: MissReason::Expired,
            stale: Some((value, entry)),
        },
        Freshness::Stale => {
            let refresh = entry.may_retry(now);
            Verdict::Serve {
                value,
                entry,
                stale: true,
                refresh,
            }
        }
        Freshness::Ageing => {
            let refresh = entry.may_retry(now);
            Verdict::Serve {
                value,
                entry,
                stale: false,
                refresh,
            }
        }
        _ => Verdict::Serve {
            value,
            entry,
            stale: false,
            refresh: false,
        },
    }
}

/// Counts and reports an entry that is served.
pub(crate) fn note_served(core: &Core, key: &Key, group: &Arc<Group>, stale: bool) {
    if stale {
        group.stale_hits();
        core.emit(|| Event::StaleHit {
            group: group.name(),
            key,
        });
    } else {
        group.hits();
        core.emit(|| Event::Hit {
            group: group.name(),
            key,
        });
    }
}

pub(crate) fn note_missed(core: &Core, key: &Key, group: &Arc<Group>, reason: MissReason) {
    if reason == MissReason::Invalidated {
        core.store.discard(&core.namespace, key);
    }
    group.misses();
    if reason == MissReason::Invalidated {
        group.invalidations();
    }
    core.emit(|| Event::Miss {
        group: group.name(),
        key,
        reason,
    });
}

/// A hit, if the store answers at once and nothing is left to do beside serving it.
///
/// This is the path that must stay short: no allocation, no task, no lock but the store's.
pub(crate) fn hit_now<T: Send + Sync + 'static>(core: &Core, ask: &Ask<'_, T>) -> Option<Hit<T>> {
    if core.state() != State::Open {
        return None;
    }
    let found = core.store.get_now(&core.namespace, ask.key)?;
    if let Lookup::Absent = found {
        return None;
    }
    match judge(found, &ask.kind, ask.policy, core.clock.now()) {
        Verdict::Serve {
            value,
            entry,
            stale,
            refresh: false,
        } => {
            ask.served(core, &entry, stale);
            Some(Hit { value, stale })
        }
        _ => None,
    }
}

async fn look<T>(core: &Core, ask: &Ask<'_, T>) -> Lookup {
    let wants = ask.wants_to_look(core);
    let looks = [Look {
        key: ask.key,
        wants: &wants,
    }];
    match core.store.get(&core.namespace, &looks).await {
        Ok(mut found) => found.pop().unwrap_or(Lookup::Absent),
        Err(error) => {
            core.emit(|| Event::StoreFailed { error: &error });
            Lookup::Absent
        }
    }
}

/// Looks, and never loads.
pub(crate) async fn look_only<T: Send + Sync + 'static>(
    core: &Core,
    ask: &Ask<'_, T>,
) -> Option<Hit<T>> {
    if core.state() != State::Open {
        return None;
    }
    let found = look(core, ask).await;
    match judge(found, &ask.kind, ask.policy, core.clock.now()) {
        Verdict::Serve {
            value,
            entry,
            stale,
            ..
        } => {
            ask.served(core, &entry, stale);
            Some(Hit { value, stale })
        }
        Verdict::Load { reason, .. } => {
            note_missed(core, ask.key, &ask.group(core), reason);
            None
        }
    }
}

/// Looks, else loads once for all who ask at the same time, and stores the value.
pub(crate) async fn read_through<T, E, L, F>(
    core: &Arc<Core>,
    ask: Ask<'_, T>,
    load: L,
) -> Result<Fetched<T>, LoadError<E>>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let mut load = Some(load);
    let mut missed = false;
    // All waits together are one: a flight may say that we are to look again.
    let mut first_wait: Option<Instant> = None;
    loop {
        match core.state() {
            State::Open => {}
            State::Off => {
                return bypass(core, &ask, load.take(), "the cache is switched off").await;
            }
            State::Closed => return bypass(core, &ask, load.take(), "the cache is closed").await,
        }
        let found = look(core, &ask).await;
        let stale = match judge(found, &ask.kind, ask.policy, core.clock.now()) {
            Verdict::Serve {
                value,
                entry,
                stale,
                refresh,
            } => {
                ask.served(core, &entry, stale);
                if refresh && let Some(load) = load.take() {
                    start_refresh(core, &ask, entry, load);
                }
                let outcome = if stale {
                    Outcome::StaleHit
                } else {
                    Outcome::Hit
                };
                return Ok(Fetched { value, outcome });
            }
            Verdict::Load { reason, stale } => {
                if !missed {
                    missed = true;
                    note_missed(core, ask.key, &ask.group(core), reason);
                }
                stale
            }
        };
        if let Some((value, entry)) = &stale
            && !entry.may_retry(core.clock.now())
        {
            return Ok(serve_stale(core, &ask, value, entry));
        }
        let Ok(runtime) = Handle::try_current() else {
            return Err(LoadError::NoRuntime);
        };
        let (flight, outcome) = match flight::join(core, ask.key, types::<T, E>()).await {
            Join::Bypass(why) => return bypass(core, &ask, load.take(), why).await,
            Join::Follow(flight) => (flight, Outcome::Joined),
            Join::Lead(lead) => {
                // Look again: two callers can miss one after the other, and the second would load
                // what the first has just stored.
                //   A: look (miss)   B: look (miss)   A: load, insert, leave   B: lead
                // Whoever has joined us in between looks again too: what we find here could be
                // invalidated before they joined.
                let found = look(core, &ask).await;
                let again = judge(found, &ask.kind, ask.policy, core.clock.now());
                if let Verdict::Serve { .. } = again {
                    drop(lead);
                    continue;
                }
                let Some(load) = load.take() else {
                    return Err(LoadError::Closed);
                };
                let flight = lead.flight.clone();
                let job = Job::new(core, &ask, stale.as_ref().map(|(_, entry)| entry.clone()));
                let running = Running::new(core);
                runtime.spawn(fly(core.clone(), running, lead, job, None, load));
                (flight, Outcome::Loaded)
            }
        };
        let begun = *first_wait.get_or_insert_with(Instant::now);
        let limit = ask.policy.wait_timeout;
        let left = limit.map(|limit| limit.saturating_sub(begun.elapsed()));
        let done = wait(core, &ask, &flight, stale.as_ref(), left).await;
        let failed = match done {
            Waited::Stale(fetched) => return Ok(fetched),
            Waited::TimedOut => LoadError::TimedOut,
            Waited::Done(Done::TimedOut) => LoadError::TimedOut,
            Waited::Done(Done::Panicked(message)) => {
                std::panic::resume_unwind(Box::new(message.to_string()))
            }
            Waited::Done(Done::Loaded(value)) => match value.downcast::<T>() {
                Ok(value) => return Ok(Fetched { value, outcome }),
                Err(_) => LoadError::Closed,
            },
            Waited::Done(Done::Failed(error)) => match error.downcast::<E>() {
                Ok(error) => LoadError::Failed(error),
                Err(_) => LoadError::Closed,
            },
            // Without our load we have led, and the runtime dropped its task.
            Waited::Done(Done::Again) if load.is_none() => LoadError::Closed,
            Waited::Done(Done::Again) => continue,
        };
        if let Some((value, entry)) = &stale
            && still_current(core, entry).await
        {
            return Ok(serve_stale(core, &ask, value, entry));
        }
        return Err(failed);
    }
}

pub(crate) fn types<T: 'static, E: 'static>() -> TypeId {
    TypeId::of::<(T, E)>()
}

fn serve_stale<T>(core: &Core, ask: &Ask<'_, T>, value: &Arc<T>, entry: &Entry) -> Fetched<T> {
    ask.served(core, entry, true);
    Fetched {
        value: value.clone(),
        outcome: Outcome::StaleHit,
    }
}

/// Stale windows concern age only: an entry that was invalidated during the load is not served.
async fn still_current(core: &Core, entry: &Entry) -> bool {
    matches!(
        core.store.current(&core.namespace, entry.versions()).await,
        Ok(TagState::Current)
    )
}

enum Waited<T> {
    Done(Done),
    Stale(Fetched<T>),
    TimedOut,
}

/// Waits as long as is left: first until a stale entry will do, then to the end.
async fn wait<T>(
    core: &Core,
    ask: &Ask<'_, T>,
    flight: &Flight,
    stale: Option<&(Arc<T>, Entry)>,
    whole: Option<Duration>,
) -> Waited<T> {
    let done = flight.wait();
    tokio::pin!(done);
    let mut spent = Duration::ZERO;
    if let (Some((value, entry)), Some(soft)) = (stale, ask.policy.soft_load_timeout)
        && whole.is_none_or(|whole| soft < whole)
    {
        if let Some(done) = within(Some(soft), &mut done).await {
            return Waited::Done(done);
        }
        if still_current(core, entry).await {
            return Waited::Stale(serve_stale(core, ask, value, entry));
        }
        spent = soft;
    }
    match within(whole.map(|whole| whole.saturating_sub(spent)), &mut done).await {
        Some(done) => Waited::Done(done),
        None => Waited::TimedOut,
    }
}

/// Loads for one caller alone, and stores nothing.
async fn bypass<T, E, L, F>(
    core: &Core,
    ask: &Ask<'_, T>,
    load: Option<L>,
    why: &'static str,
) -> Result<Fetched<T>, LoadError<E>>
where
    L: FnOnce() -> F,
    F: Future<Output = Result<T, E>>,
{
    let Some(load) = load else {
        return Err(LoadError::Closed);
    };
    let group = ask.group(core);
    core.emit(|| Event::Uncached {
        group: group.name(),
        why,
    });
    group.loads();
    let failed = |how: &str| {
        group.load_errors();
        core.emit(|| Event::LoadFailed {
            group: group.name(),
            key: ask.key,
            how,
        });
    };
    match within(ask.policy.hard_load_timeout, load()).await {
        Some(Ok(value)) => Ok(Fetched {
            value: Arc::new(value),
            outcome: Outcome::Bypassed(why),
        }),
        Some(Err(error)) => {
            failed("error");
            Err(LoadError::Failed(Arc::new(error)))
        }
        None => {
            failed("timeout");
            Err(LoadError::TimedOut)
        }
    }
}
