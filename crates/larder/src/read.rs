//! The read path: decides what to do about what a store found.

use std::any::TypeId;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::cache::Core;
use crate::counters::Group;
use crate::entry::Entry;
use crate::error::{Error, LoadError};
use crate::event::MissReason;
use crate::flight::{self, Done, Join, Running};
use crate::key::Key;
use crate::lease;
use crate::load::{Job, Seen, fly, start_refresh};
use crate::policy::Policy;
use crate::retry;
use crate::scope::Reading;
use crate::store::{Lookup, Want};
use crate::tag::{Tag, TagKind};
use crate::trace;
use crate::value::ValueKind;

mod judge;
mod look;
mod wait;

pub(crate) use judge::{Verdict, judge};
pub(crate) use look::{
    Settled, examine, hit_now, look_all, look_only, note_missed, note_served, refuse, settle,
    settle_kept,
};
use look::{kept_entry, look};
use wait::{Stale, Waited, bypass, wait};

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
    /// The entry that has it, with the versions that its tags had before it was loaded. Nothing if it
    /// may not be kept, by a store or by anyone else.
    pub entry: Option<Entry>,
}

/// A value found by looking only.
#[derive(Debug)]
pub struct Hit<T> {
    /// The value.
    pub value: Arc<T>,
    /// Whether it is past its ttl.
    pub stale: bool,
}

/// An entry that reads are served from, looked at without serving it.
#[derive(Debug)]
pub struct Examined<T> {
    /// Its value.
    pub value: Arc<T>,
    /// The entry.
    pub entry: Entry,
    /// How long it has been there.
    pub age: Duration,
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
    /// An entry that is not good enough for the reader, for a reason of his own: as good as none.
    pub(crate) refused: Option<&'a Entry>,
    /// Where it is noted that the store did not say whether there is an entry, for readers who tell
    /// that from a miss.
    pub(crate) unanswered: Option<&'a OnceLock<Error>>,
}

impl<T> Ask<'_, T> {
    pub(crate) fn group(&self, core: &Core) -> Arc<Group> {
        match self.group {
            GroupOf::This(group) => group.clone(),
            GroupOf::Named(name) => core.groups.named(name),
            GroupOf::Key => core.groups.of(self.key),
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

/// What an entry depends on that is stored by its key: its tags, and the trees that it is in.
pub(crate) fn wants_of(key: &Key, tags: &[Tag]) -> Vec<Want> {
    let own = tags.iter().cloned();
    own.chain(Tag::trees_above(key)).map(Want::Tag).collect()
}

/// Adds the coarse tags that every read carries, each once, and puts coarse ones first: the order
/// in which a store checks them, which strict reads rely on.
pub(crate) fn expand(wants: Vec<Want>) -> Vec<Want> {
    let mut all = Vec::with_capacity(wants.len() + 3);
    all.push(Want::Tag(Tag::namespace()));
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
        if let Some(why) = core.state().passed_by() {
            return bypass(core, &ask, load.take(), why).await;
        }
        // Bumps that were left where there was no runtime are delivered from here.
        retry::kick(core);
        let reading = Reading::begin(core);
        if let Some((value, entry)) = kept_entry(core, &ask, &reading) {
            return Ok(Fetched {
                value,
                outcome: Outcome::Hit,
                entry: Some(entry),
            });
        }
        // What the scope knows to be absent is not looked for again before a load: whoever leads it
        // finds out what is there by now. Once: another process may have stored it.
        let found = match !missed && reading.is_absent(ask.key) {
            true => Lookup::Absent,
            false => look(core, &ask, &reading).await,
        };
        let marked;
        let (seen, stale) = match judge(found, &ask.kind, ask.policy, core.clock.now()) {
            Verdict::Serve {
                value,
                entry,
                stale,
                refresh,
            } => {
                ask.served(core, &entry, stale);
                if refresh && let Some(load) = load.take() {
                    start_refresh(core, &ask, entry.clone(), load);
                }
                let outcome = if stale {
                    Outcome::StaleHit
                } else {
                    Outcome::Hit
                };
                return Ok(Fetched {
                    value,
                    outcome,
                    entry: Some(entry),
                });
            }
            Verdict::Load {
                reason,
                seen,
                stale,
            } => {
                marked = reason == MissReason::Marked;
                if !missed {
                    missed = true;
                    note_missed(core, ask.key, &ask.group(core), reason, seen.as_ref());
                }
                let stale = seen.clone().zip(stale);
                (seen, stale.map(|(entry, value)| Stale { value, entry }))
            }
        };
        if let Some(stale) = &stale
            && !stale.entry.may_retry(core.clock.now())
        {
            return Ok(stale.serve(core, &ask));
        }
        let Ok(runtime) = Handle::try_current() else {
            return Err(LoadError::NoRuntime);
        };
        let (waiter, mut outcome) = match flight::join(core, ask.key, types::<T, E>()).await {
            Join::Bypass(why) => return bypass(core, &ask, load.take(), why).await,
            Join::Follow(waiter) => {
                if first_wait.is_none() {
                    ask.group(core).joins();
                }
                (waiter, Outcome::Joined)
            }
            Join::Lead(lead) => {
                // Look again: two callers can miss one after the other, and the second would load
                // what the first has just stored.
                //   A: look (miss)   B: look (miss)   A: load, insert, leave   B: lead
                // Whoever has joined us in between looks again too: what we find here could be
                // invalidated before they joined.
                // Nor do we share it with the scope's other tasks: theirs may have begun before we led.
                // Where the load takes a lease, this look is spared: the store compares what we
                // have seen with what is there when it gives the lease (see `load/turn.rs`).
                if lease::of(core, ask.policy).is_none() {
                    let alone = Reading::in_no_scope();
                    let found = look(core, &ask, &alone).await;
                    let again = judge(found, &ask.kind, ask.policy, core.clock.now());
                    if let Verdict::Serve { .. } = again {
                        drop(lead);
                        continue;
                    }
                }
                let Some(load) = load.take() else {
                    return Err(LoadError::Closed);
                };
                let waiter = lead.flight.waiter();
                let seen = seen.map(|entry| Seen {
                    entry,
                    serves: stale.is_some(),
                    marked,
                });
                let job = Job::new(core, &ask, seen);
                let running = Running::new(core);
                let flight = fly(core.clone(), running, lead, job, load);
                runtime.spawn(trace::carried(flight));
                (waiter, Outcome::Loaded)
            }
        };
        let begun = *first_wait.get_or_insert_with(Instant::now);
        let limit = ask.policy.wait_timeout;
        let left = limit.map(|limit| limit.saturating_sub(begun.elapsed()));
        let done = wait(core, &ask, waiter, stale.as_ref(), left).await;
        let failed = match done {
            Waited::Stale(fetched) => return Ok(fetched),
            Waited::TimedOut => LoadError::TimedOut,
            Waited::Done(Done::TimedOut) => LoadError::TimedOut,
            Waited::Done(Done::Panicked(message)) => {
                std::panic::resume_unwind(Box::new(message.to_string()))
            }
            Waited::Done(ref done @ (Done::Loaded(ref landed) | Done::Found(ref landed))) => {
                if let Done::Found(_) = done {
                    outcome = Outcome::Joined;
                }
                let landed = landed.clone();
                match landed.take::<T>() {
                    Some((value, entry)) => {
                        if let Some(entry) = &entry {
                            reading.keep(ask.key, entry);
                        }
                        return Ok(Fetched {
                            value,
                            outcome,
                            entry,
                        });
                    }
                    None => LoadError::Closed,
                }
            }
            Waited::Done(Done::Failed(error)) => match error.downcast::<E>() {
                Ok(error) => LoadError::Failed(error),
                Err(_) => LoadError::Closed,
            },
            // Without our load we have led, and the runtime dropped its task.
            Waited::Done(Done::Again | Done::Nothing) if load.is_none() => LoadError::Closed,
            Waited::Done(Done::Again | Done::Nothing) => continue,
        };
        if let Some(stale) = &stale
            && stale.is_current(core).await
        {
            return Ok(stale.serve(core, &ask));
        }
        return Err(failed);
    }
}

pub(crate) fn types<T: 'static, E: 'static>() -> TypeId {
    TypeId::of::<(T, E)>()
}
