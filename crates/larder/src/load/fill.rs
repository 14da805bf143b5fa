//! Storing what was loaded.

use std::time::Duration;

use smallvec::SmallVec;

use crate::cache::{Core, State};
use crate::counters::Group;
use crate::entry::{Entry, NewEntry};
use crate::error::Result;
use crate::event::Event;
use crate::flight::Lead;
use crate::key::Key;
use crate::lease::Lease;
use crate::store::{Insertion, Put};

use super::{Grant, Job, Loaded};

/// Why a loaded value is not stored.
const BLIND: &str = "the versions of its tags could not be read before the load, or one was marked";
const DETACHED: &str = "the key was removed or written while it was loaded, or the cache is off";
const OUTDATED: &str = "one of its tags was bumped while it was loaded";
const FENCED: &str = "another process has written or removed the key, or the lease has ended";

/// Why a loaded value is not even offered to the store.
fn unstorable(ttl: Duration, unleased: bool, fenced: bool) -> &'static str {
    match (ttl.is_zero(), unleased, fenced) {
        (true, ..) => "its ttl is zero",
        (_, true, _) => "the store gave no lease",
        (_, _, false) => DETACHED,
        _ => "a bump of one of its tags waits to be delivered",
    }
}

fn not_stored(core: &Core, group: &Group, key: &Key, why: &'static str) {
    core.emit(|| Event::NotStored {
        group: group.name(),
        key,
        why,
    });
}

/// A loaded value that is to be stored.
pub(crate) struct Fill<'a, T> {
    lead: &'a Lead,
    job: &'a Job<T>,
    grant: Grant,
    loaded: Loaded<T>,
}

impl<'a, T> Fill<'a, T> {
    pub(crate) fn new(
        lead: &'a Lead,
        job: &'a Job<T>,
        grant: Grant,
        loaded: Loaded<T>,
    ) -> Fill<'a, T> {
        Fill {
            lead,
            job,
            grant,
            loaded,
        }
    }
}

/// Stores loaded values under the versions that were read before their load, in one batch, unless
/// their flights were detached meanwhile. Leases that are not spent on an insertion are given back.
///
/// One answer for each: the entry, unless it may not be kept, by a store or by anyone else. A store
/// that has no room for it, or has failed, is no reason against it.
pub(crate) async fn fill<T: Send + Sync + 'static>(
    core: &Core,
    fills: Vec<Fill<'_, T>>,
) -> SmallVec<[Option<Entry>; 1]> {
    let mut filled: SmallVec<[Option<Entry>; 1]> = SmallVec::from_elem(None, fills.len());
    let mut items: SmallVec<[Insertion<'_>; 1]> = SmallVec::new();
    let mut rest: SmallVec<[(usize, &Group, Option<Lease>); 1]> = SmallVec::new();
    // Held until the entries are stored: whoever removes a key waits, then removes it.
    let mut gates: SmallVec<[_; 1]> = SmallVec::new();
    let keys: SmallVec<[&Key; 1]> = fills.iter().map(|fill| fill.lead.key()).collect();
    for (at, fill) in fills.into_iter().enumerate() {
        let Fill {
            lead,
            job,
            grant,
            loaded,
        } = fill;
        if job.seen.is_some() && core.remote {
            core.throttle.forget(lead.key());
        }
        let ttl = job.policy.ttl_of(loaded.negative, core.chance());
        let Ok(versions) = grant.versions else {
            not_stored(core, &job.group, lead.key(), BLIND);
            continue;
        };
        // A flight that its own leader has struck off is not found by a removal. The lease is.
        let fenced = lead.is_listed() || grant.lease.is_some();
        if ttl.is_zero() || grant.unleased || !fenced || core.is_undelivered(&versions) {
            not_stored(
                core,
                &job.group,
                lead.key(),
                unstorable(ttl, grant.unleased, fenced),
            );
            continue;
        }
        let attached = lead.flight.gate().await;
        if !*attached || core.state() == State::Off {
            not_stored(core, &job.group, lead.key(), DETACHED);
            continue;
        }
        gates.push(attached);
        let entry = Entry::new(NewEntry {
            value: job.kind.wrap(loaded.value, core.codec),
            versions,
            written_at: core.clock.now(),
            ttl,
            weight: loaded.weight,
            group: Some(job.group.clone()),
            origin: None,
        });
        filled[at] = Some(entry.clone());
        let permit = grant.lease.as_ref().and_then(Lease::permit).cloned();
        items.push(Insertion {
            permit,
            ..Insertion::new(lead.key(), entry, job.policy.keep_of(ttl))
        });
        rest.push((at, &job.group, grant.lease));
    }
    if items.is_empty() {
        return filled;
    }
    let groups: SmallVec<[&Group; 1]> = rest.iter().map(|(_, group, _)| *group).collect();
    // A store's failure was reported; the load's answer wins.
    let Ok(puts) = put(core, &groups, items).await else {
        return filled;
    };
    for (put, (at, _, lease)) in puts.into_iter().zip(rest) {
        if let (Put::Stored { .. }, Some(key)) = (put, keys.get(at)) {
            core.journal.note_filled(key);
        }
        if let Put::Outdated | Put::Fenced = put {
            filled[at] = None;
        }
        // A lease that its store did not end is given back.
        if let (Put::Stored { .. } | Put::Fenced, Some(lease)) = (put, lease) {
            lease.spend();
        }
    }
    filled
}

/// Stores entries, counts and reports what became of each.
pub(crate) async fn put<'a>(
    core: &'a Core,
    groups: &[&Group],
    items: SmallVec<[Insertion<'a>; 1]>,
) -> Result<SmallVec<[Put; 1]>> {
    let notes: SmallVec<[(&Key, usize); 1]> = items
        .iter()
        .map(|item| (item.key, item.entry.weight()))
        .collect();
    let mut puts = match core.store.insert(&core.namespace, items).await {
        Ok(puts) => puts,
        Err(error) => {
            core.emit(|| Event::StoreFailed { error: &error });
            return Err(error);
        }
    };
    puts.resize(notes.len(), Put::Outdated);
    for ((put, (key, weight)), group) in puts.iter().zip(notes).zip(groups) {
        note(core, group, key, weight, put);
    }
    Ok(puts)
}

fn note(core: &Core, group: &Group, key: &Key, weight: usize, put: &Put) {
    match put {
        Put::Stored { evicted } => {
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
        Put::TooLarge { weight, max } => {
            group.too_large();
            core.emit(|| Event::TooLarge {
                group: group.name(),
                key,
                weight: *weight,
                max: *max,
            });
        }
        Put::Outdated => not_stored(core, group, key, OUTDATED),
        Put::Fenced => not_stored(core, group, key, FENCED),
    }
}
