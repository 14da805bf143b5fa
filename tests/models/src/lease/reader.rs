//! What a reader does: look, take the lease, load, store, return.

use super::Leases;
use super::settings::{Alone, EntryLife, Storing};
use super::state::{Entry, Lease, ReaderStep, Slot, State, Value};
use crate::promise::{Bounds, Broken};

impl Leases {
    /// The reader's next step.
    pub(super) fn read(&self, state: &mut State, index: usize) {
        let mut reader = state.readers[index];
        reader.step = match reader.step {
            ReaderStep::Idle => {
                reader.reads_left -= 1;
                reader.bounds = self.expected.bounds(Bounds {
                    acknowledged: state.acknowledged,
                    ..Bounds::default()
                });
                ReaderStep::Look
            }
            ReaderStep::Look => look(state),
            ReaderStep::Take(None) => take(state),
            ReaderStep::Take(Some(seen)) if self.settings.keeps_aged => take_beside(state, seen),
            ReaderStep::Take(Some(seen)) => take_over(state, seen),
            ReaderStep::LookAgain(lease) => match state.found() {
                Some(entry) if Some(entry.stamp) != lease.seen && !entry.is_aged => {
                    give_back(state, lease);
                    ReaderStep::Return(entry.value)
                }
                _ => ReaderStep::Load(Some(lease)),
            },
            ReaderStep::Load(lease) => ReaderStep::Store(lease, state.database),
            ReaderStep::Store(lease, value) => {
                self.store(state, lease, value);
                ReaderStep::Return(value)
            }
            ReaderStep::Return(value) => {
                state.broken = Broken::judge(value, reader.bounds);
                reader.bounds = Bounds::default();
                ReaderStep::Idle
            }
        };
        state.readers[index] = reader;
    }

    /// Stores what was loaded, if it may be.
    fn store(&self, state: &mut State, lease: Option<Lease>, value: Value) {
        let slot = state.servers[state.master].slot;
        let beside = state.servers[state.master].beside;
        let may_store = match (lease, self.settings.storing) {
            (None, _) => self.settings.alone == Alone::Stores,
            (Some(_), Storing::Set) => true,
            (Some(lease), Storing::SetIfLeased) => match lease.seen {
                None => slot == Some(Slot::Record(lease.token)),
                Some(_) => beside == Some(lease.token),
            },
            (Some(lease), Storing::Swap) => match lease.seen {
                None => slot == Some(Slot::Record(lease.token)),
                Some(seen) => matches!(slot, Some(Slot::Entry(entry)) if entry.stamp == seen),
            },
        };
        if may_store {
            let life = match (lease, self.settings.entry_life) {
                (Some(lease), EntryLife::OfTheLease) => lease.life,
                _ => state.promotions,
            };
            let stamp = state.fresh_stamp();
            state.server().slot = Some(Slot::Entry(Entry {
                value,
                stamp,
                life,
                is_aged: false,
            }));
        }
        if let Some(lease) = lease {
            give_back(state, lease);
        }
    }
}

/// Looks: serves a fresh entry, else goes for the lease.
fn look(state: &State) -> ReaderStep {
    match state.found() {
        Some(entry) if !entry.is_aged => ReaderStep::Return(entry.value),
        seen => ReaderStep::Take(seen),
    }
}

/// Takes the lease where nothing is: an entry of another life is nothing.
fn take(state: &mut State) -> ReaderStep {
    match state.servers[state.master].slot {
        // Another process loads: look again until it is done.
        Some(Slot::Record(_)) => ReaderStep::Look,
        Some(Slot::Entry(entry)) if entry.life == state.promotions => ReaderStep::Look,
        _ => lead_in_place(state),
    }
}

/// Takes the lease in the place of the entry that was seen.
fn take_over(state: &mut State, seen: Entry) -> ReaderStep {
    match state.servers[state.master].slot {
        Some(Slot::Entry(entry)) if entry.stamp == seen.stamp => lead_in_place(state),
        None => lead_in_place(state),
        Some(_) => ReaderStep::Look,
    }
}

fn lead_in_place(state: &mut State) -> ReaderStep {
    let token = state.fresh_stamp();
    state.server().slot = Some(Slot::Record(token));
    ReaderStep::Load(Some(Lease {
        token,
        seen: None,
        life: state.promotions,
    }))
}

/// Takes the lease beside the entry that was seen. Whoever does not get it is served that entry.
fn take_beside(state: &mut State, seen: Entry) -> ReaderStep {
    if state.server().beside.is_some() {
        return ReaderStep::Return(seen.value);
    }
    let token = state.fresh_stamp();
    state.server().beside = Some(token);
    ReaderStep::LookAgain(Lease {
        token,
        seen: Some(seen.stamp),
        life: seen.life,
    })
}

/// Ends a lease whose record may stand beside the entry.
fn give_back(state: &mut State, lease: Lease) {
    let beside = &mut state.server().beside;
    if *beside == Some(lease.token) {
        *beside = None;
    }
}
