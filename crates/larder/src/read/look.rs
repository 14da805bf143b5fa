//! Looking without loading; counting and reporting what was found.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use crate::cache::{Core, State};
use crate::counters::Group;
use crate::entry::Entry;
use crate::event::{Event, MissReason};
use crate::freshness::TagState;
use crate::key::Key;
use crate::scope::Reading;
use crate::store::{Look, Lookup};

use super::{Ask, Examined, Hit, Verdict, judge};

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
        core.emit_hit(|| Event::StaleHit {
            group: group.name(),
            key,
        });
    } else {
        group.hits();
        core.emit_hit(|| Event::Hit {
            group: group.name(),
            key,
        });
    }
}

/// Counts and reports a miss: of an entry that was `seen` and is not good enough, if there is one.
pub(crate) fn note_missed(
    core: &Core,
    key: &Key,
    group: &Arc<Group>,
    reason: MissReason,
    seen: Option<&Entry>,
) {
    let mut gone = None;
    if reason == MissReason::Invalidated {
        core.store.discard(&core.namespace, key);
    }
    group.misses();
    if reason == MissReason::Invalidated {
        group.invalidations();
        gone = seen.and_then(|entry| core.note_gone(key, entry));
    }
    core.emit(|| Event::Miss {
        group: group.name(),
        key,
        reason,
        gone: gone.as_ref(),
    });
}

/// A hit, if the store answers at once and nothing is left to do beside serving it.
///
/// This is the path that must stay short: no allocation, no task, no lock but the store's.
pub(crate) fn hit_now<T: Send + Sync + 'static>(core: &Core, ask: &Ask<'_, T>) -> Option<Hit<T>> {
    if core.state() != State::Open {
        return None;
    }
    let reading = Reading::begin(core);
    if reading.is_scoped() {
        return hit_in_scope(core, ask, &reading);
    }
    Some(hit_at_hand(core, ask)?.0)
}

/// A hit, if the store has the entry at hand.
fn hit_at_hand<T: Send + Sync + 'static>(core: &Core, ask: &Ask<'_, T>) -> Option<(Hit<T>, Entry)> {
    let found = core.look_now(ask.key)?;
    match judge(found, &ask.kind, ask.policy, core.clock.now()) {
        Verdict::Serve {
            value,
            entry,
            stale,
            refresh: false,
        } => {
            ask.served(core, &entry, stale);
            Some((Hit { value, stale }, entry))
        }
        _ => None,
    }
}

#[cold]
fn hit_in_scope<T: Send + Sync + 'static>(
    core: &Core,
    ask: &Ask<'_, T>,
    reading: &Reading,
) -> Option<Hit<T>> {
    if let Some(hit) = kept(core, ask, reading) {
        return Some(hit);
    }
    if reading.is_absent(ask.key) {
        return None;
    }
    let (hit, entry) = hit_at_hand(core, ask)?;
    reading.keep(ask.key, &entry);
    Some(hit)
}

/// A hit among what the reader's scope keeps. An entry of another type is none: the store may hold
/// one of this type by now.
fn kept<T: Send + Sync + 'static>(
    core: &Core,
    ask: &Ask<'_, T>,
    reading: &Reading,
) -> Option<Hit<T>> {
    let (value, _) = kept_entry(core, ask, reading)?;
    Some(Hit {
        value,
        stale: false,
    })
}

/// The same, with the entry.
pub(super) fn kept_entry<T: Send + Sync + 'static>(
    core: &Core,
    ask: &Ask<'_, T>,
    reading: &Reading,
) -> Option<(Arc<T>, Entry)> {
    let entry = reading.kept(ask.key)?;
    if ask.refused.is_some_and(|refused| entry.is(refused)) {
        return None;
    }
    let value = ask.kind.unwrap(entry.value())?;
    ask.served(core, &entry, false);
    Some((value, entry))
}

/// Looks in the store.
pub(super) async fn look<T>(core: &Core, ask: &Ask<'_, T>, reading: &Reading) -> Lookup {
    let mut found = reading
        .look(core, ask.key, &|| ask.wants_to_look(core))
        .await;
    refuse(&mut found, ask.refused);
    if let (Lookup::Failed(error), Some(unanswered)) = (&found, ask.unanswered) {
        // The first failure is as good as any.
        let _ = unanswered.set(error.clone());
    }
    found
}

/// The entry that reads are served from, if it is fresh. Nothing is counted or reported.
pub(crate) async fn examine<T: Send + Sync + 'static>(
    core: &Core,
    ask: &Ask<'_, T>,
) -> Option<Examined<T>> {
    if core.state() != State::Open {
        return None;
    }
    let wants = ask.wants_to_look(core);
    let look = Look {
        key: ask.key,
        wants: &wants,
    };
    let found = core.look(&[look]).await.pop()?;
    let now = core.clock.now();
    match judge(found, &ask.kind, ask.policy, now) {
        Verdict::Serve {
            value,
            entry,
            stale: false,
            ..
        } => Some(Examined {
            value,
            age: now.since(entry.written_at()),
            entry,
        }),
        _ => None,
    }
}

/// An entry that its reader refuses is as good as invalidated.
pub(crate) fn refuse(found: &mut Lookup, refused: Option<&Entry>) {
    if let (Lookup::Found { entry, state }, Some(refused)) = (found, refused)
        && entry.is(refused)
    {
        *state = TagState::Changed;
    }
}

/// What the reader's scope keeps for one key, before [`look_all`] is asked.
pub(crate) fn settle_kept<T: Send + Sync + 'static>(
    core: &Core,
    ask: &Ask<'_, T>,
    reading: &Reading,
) -> Option<(Arc<T>, Entry)> {
    if core.state() != State::Open {
        return None;
    }
    kept_entry(core, ask, reading)
}

/// Looks for several keys in one batch, whatever the types of their values are: one answer for
/// each, to be settled by [`settle`].
pub(crate) async fn look_all(core: &Core, looks: &[Look<'_>]) -> SmallVec<[Lookup; 1]> {
    if core.state() != State::Open {
        return smallvec![Lookup::Absent; looks.len()];
    }
    core.look(looks).await
}

/// What one look-up among others comes to.
pub(crate) enum Settled<T> {
    Serve {
        value: Arc<T>,
        entry: Entry,
        /// Whether it is to be loaded anew behind its reader.
        refresh: bool,
    },
    Missed,
}

/// Decides about what [`look_all`] found for one key; counts and reports it.
pub(crate) fn settle<T: Send + Sync + 'static>(
    core: &Core,
    ask: &Ask<'_, T>,
    found: Lookup,
    reading: &Reading,
) -> Settled<T> {
    if core.state() != State::Open {
        return Settled::Missed;
    }
    match judge(found, &ask.kind, ask.policy, core.clock.now()) {
        Verdict::Serve {
            value,
            entry,
            stale,
            refresh,
        } => {
            ask.served(core, &entry, stale);
            reading.keep(ask.key, &entry);
            Settled::Serve {
                value,
                entry,
                refresh,
            }
        }
        Verdict::Load { reason, seen, .. } => {
            note_missed(core, ask.key, &ask.group(core), reason, seen.as_ref());
            Settled::Missed
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
    let reading = Reading::begin(core);
    if let Some(hit) = kept(core, ask, &reading) {
        return Some(hit);
    }
    if reading.is_absent(ask.key) {
        note_missed(core, ask.key, &ask.group(core), MissReason::Absent, None);
        return None;
    }
    let found = look(core, ask, &reading).await;
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
        Verdict::Load { reason, seen, .. } => {
            note_missed(core, ask.key, &ask.group(core), reason, seen.as_ref());
            None
        }
    }
}
