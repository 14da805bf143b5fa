//! One state for all that behave alike; as in the protocol's model.

use super::state::{Lease, ReaderStep, Slot, State};
use crate::renaming::Renaming;

/// Brings `state` into its canonical form.
pub(super) fn canonicalise(state: &mut State) {
    state.writers.sort_unstable();
    let mut renaming = Renaming::new();
    for server in &mut state.servers {
        match &mut server.slot {
            Some(Slot::Record(token)) => renaming.rename(token),
            Some(Slot::Entry(entry)) => renaming.rename(&mut entry.stamp),
            None => {}
        }
        if let Some(token) = &mut server.beside {
            renaming.rename(token);
        }
    }
    for reader in &mut state.readers {
        match &mut reader.step {
            ReaderStep::Take(Some(seen)) => renaming.rename(&mut seen.stamp),
            ReaderStep::LookAgain(lease)
            | ReaderStep::Load(Some(lease))
            | ReaderStep::Store(Some(lease), _) => rename_lease(lease, &mut renaming),
            _ => {}
        }
    }
    state.readers.sort_unstable();
    state.last_stamp = renaming.used();
}

fn rename_lease(lease: &mut Lease, renaming: &mut Renaming) {
    renaming.rename(&mut lease.token);
    if let Some(seen) = &mut lease.seen {
        renaming.rename(seen);
    }
}
