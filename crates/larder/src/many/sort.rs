//! Who loads which key of a batch.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::cache::Core;
use crate::event::Event;
use crate::facts::Prepared;
use crate::flight::{self, Join, Lead};
use crate::freshness::TagState;
use crate::lease::{self, Lease};
use crate::load::{Grant, Turns};
use crate::store::{Claim, Look, Lookup, Taken, Want};

use super::settle::{Wait, alone};
use super::{Item, types};

/// A key that is to be loaded now.
pub(super) struct Ours<K, T> {
    pub(super) item: Item<K, T>,
    /// None: for this batch alone.
    pub(super) lead: Option<Lead>,
    pub(super) grant: Grant,
}

/// Keys sorted by who loads them.
pub(super) struct Sorted<K, T> {
    pub(super) ours: Vec<Ours<K, T>>,
    pub(super) others: Vec<(Item<K, T>, Wait)>,
}

/// Finds out who loads which key: one batch of leases, and one preparation of all their tags.
pub(super) async fn sort<K, T, E>(core: &Arc<Core>, items: Vec<Item<K, T>>) -> Sorted<K, T>
where
    K: Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    let joins = items
        .iter()
        .map(|item| flight::join(core, &item.encoded, types::<T, E>()));
    let joined = join_all(joins).await;
    let mut others = Vec::new();
    let mut ours = Vec::new();
    let mut led = Vec::new();
    for (item, joined) in items.into_iter().zip(joined) {
        match joined {
            // Its turn comes after another load: a wait of its own.
            Join::Lead(lead) if lead.is_after() => others.push((item, Wait::Lead(lead))),
            Join::Lead(lead) => led.push((item, lead)),
            Join::Follow(waiter) => {
                item.job.group.joins();
                others.push((item, Wait::Follow(waiter)));
            }
            Join::Bypass(_) => ours.push(Ours {
                item,
                lead: None,
                grant: alone(),
            }),
        }
    }
    let mut sorted = claim(core, led).await;
    sorted.ours.append(&mut ours);
    sorted.others.append(&mut others);
    sorted
}

/// Asks for the leases of keys that this process would load.
pub(super) async fn claim<K, T>(core: &Arc<Core>, led: Vec<(Item<K, T>, Lead)>) -> Sorted<K, T>
where
    T: Send + Sync + 'static,
{
    let mut sorted = Sorted {
        ours: Vec::new(),
        others: Vec::new(),
    };
    let Some((first, _)) = led.first() else {
        return sorted;
    };
    let hold = first.job.policy.lease;
    let turns: Vec<Turns> = led.iter().map(|(item, _)| Turns::new(&item.job)).collect();
    let claims: Vec<Claim<'_>> = led
        .iter()
        .zip(&turns)
        .map(|((item, _), turns)| turns.claim(&item.encoded, &item.job))
        .collect();
    let sets: Vec<Vec<Want>> = led.iter().map(|(item, _)| item.job.wants.clone()).collect();
    let prepare = core.prepare_each(&sets);
    // A lease would take away an entry that may be right again when its mark has gone.
    let is_marked = |(item, _): &(Item<K, T>, Lead)| {
        let seen = item.job.seen.as_ref();
        seen.is_some_and(|seen| seen.marked)
    };
    let leases = lease::of(core, &first.job.policy);
    let marked = leases.is_some() && led.iter().any(is_marked);
    let leases = leases.filter(|_| !marked);
    let (prepared, taken) = match leases {
        None => (prepare.await, None),
        Some(leases) => {
            let take = leases.take(&core.namespace, &claims);
            let (prepared, taken) = futures_util::future::join(prepare, take).await;
            (prepared, Some(taken))
        }
    };
    // The same as for a single read: without leases look again, and with them where the lease
    // does not tell whether the entry is still the one that was seen.
    let again = claims
        .iter()
        .map(|claim| leases.is_none() || claim.keep_seen)
        .collect();
    let changed = look_again(core, &led, again).await;
    drop(claims);
    let (taken, unleased) = match taken {
        Some(Ok(taken)) => (taken.into_iter().map(Some).collect(), false),
        Some(Err(error)) => {
            core.emit(|| Event::StoreFailed { error: &error });
            (Vec::new(), true)
        }
        None => (Vec::new(), false),
    };
    let taken: Vec<Option<Taken>> = taken;
    let rest = std::iter::repeat_with(|| None);
    for ((((item, lead), taken), changed), prepared) in led
        .into_iter()
        .zip(taken.into_iter().chain(rest))
        .zip(changed)
        .zip(prepared)
    {
        let mut unleased = unleased;
        let lease = match taken {
            Some(Taken::Led(permit)) => Some(Lease::new(core, permit, hold)),
            // Its server has failed; the others' keys are stored all the same.
            Some(Taken::Failed(error)) => {
                core.emit(|| Event::StoreFailed { error: &error });
                unleased = true;
                None
            }
            // Nothing can be stored, so there is nothing to wait for.
            _ if !matches!(prepared, Prepared::Usable(_)) => None,
            // It has gone: their turns are asked for one by one.
            None if marked => {
                sorted.others.push((item, Wait::Lead(lead)));
                continue;
            }
            Some(Taken::Busy | Taken::Changed) => {
                sorted.others.push((item, Wait::Lead(lead)));
                continue;
            }
            None => None,
        };
        if changed {
            // Whoever has joined us looks again too.
            drop((lead, lease));
            sorted.others.push((item, Wait::Look));
            continue;
        }
        let mut grant = Grant::new(prepared, lease);
        grant.unleased = unleased;
        sorted.ours.push(Ours {
            item,
            lead: Some(lead),
            grant,
        });
    }
    sorted
}

/// Which keys hold another entry by now than the one that was seen.
async fn look_again<K, T>(core: &Core, led: &[(Item<K, T>, Lead)], again: Vec<bool>) -> Vec<bool> {
    let mut changed = vec![false; led.len()];
    let at: Vec<usize> = (0..led.len()).filter(|at| again[*at]).collect();
    if at.is_empty() {
        return changed;
    }
    let looks: Vec<Look<'_>> = at
        .iter()
        .map(|at| Look {
            key: &led[*at].0.encoded,
            wants: led[*at].0.job.wants_to_look(core),
        })
        .collect();
    let found = core.look(&looks).await;
    for (at, found) in at.into_iter().zip(found) {
        if let Lookup::Found {
            entry,
            state: TagState::Current,
        } = found
        {
            changed[at] = led[at]
                .0
                .job
                .seen
                .as_ref()
                .is_none_or(|seen| !seen.entry.is(&entry));
        }
    }
    changed
}
