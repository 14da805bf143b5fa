//! One state for all that behave alike; as in the protocol's model.

use super::state::{Flight, Noted, ReaderStep, State};
use crate::renaming::Renaming;

/// Brings `state` into its canonical form.
pub(super) fn canonicalise(state: &mut State) {
    // Marks are counted, so nothing but the writers themselves tells writers apart.
    state.writers.sort_unstable();
    let mut renaming = Renaming::new();
    renaming.rename(&mut state.table.version);
    renaming.rename(&mut state.shape_version);
    if let Some(entry) = &mut state.entry {
        rename(&mut entry.noted, &mut renaming);
    }
    for flight in state.flights.iter_mut().flatten() {
        match flight {
            Flight::LookOn(entry) => rename(&mut entry.noted, &mut renaming),
            Flight::NoteShape(Some(version)) => renaming.rename(version),
            Flight::Load(Some(noted)) | Flight::Land(Some(noted), _) => {
                rename(noted, &mut renaming);
            }
            _ => {}
        }
    }
    sort_flights(state);
    for reader in &mut state.readers {
        match &mut reader.step {
            ReaderStep::LookOn(entry) => rename(&mut entry.noted, &mut renaming),
            ReaderStep::Recheck(_, noted, _) | ReaderStep::RecheckOn(_, noted, _) => {
                rename(noted, &mut renaming);
            }
            _ => {}
        }
    }
    state.readers.sort_unstable();
    state.last_version = renaming.used();
}

fn rename(noted: &mut Noted, renaming: &mut Renaming) {
    renaming.rename(&mut noted.table_version);
    renaming.rename(&mut noted.shape_version);
}

/// Sorts the two flights, and every reference to them with them.
fn sort_flights(state: &mut State) {
    if state.flights.is_sorted() {
        return;
    }
    state.flights.swap(0, 1);
    if let Some(listed) = &mut state.listed {
        *listed = 1 - *listed;
    }
    for reader in &mut state.readers {
        if let Some(flight) = reader.step.flight_mut() {
            *flight = 1 - *flight;
        }
    }
}
