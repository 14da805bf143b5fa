//! Looking without loading; counting and reporting what was found.

use std::sync::Arc;

use crate::cache::{Core, State};
use crate::counters::Group;
use crate::entry::Entry;
use crate::event::{Event, MissReason};
use crate::key::Key;
use crate::store::{Look, Lookup};

use super::{Ask, Hit, Verdict, judge};

impl<T> Ask<'_, T> {
    /// Counts and reports an entry that is served: where it says, or else where its reader is.
    pub(super) fn served(&self, core: &Core, entry: &Entry, stale: bool) {
        match entry.group() {
            Some(group) => note_served(core, self.key, group, stale),
            None => note_served(core, self.key, &self.group(core), stale),
        }
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
    let found = core.look_now(ask.key)?;
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

pub(super) async fn look<T>(core: &Core, ask: &Ask<'_, T>) -> Lookup {
    let wants = ask.wants_to_look(core);
    let looks = [Look {
        key: ask.key,
        wants: &wants,
    }];
    core.look(&looks).await.pop().unwrap_or(Lookup::Absent)
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
