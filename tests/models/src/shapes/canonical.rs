//! One state for all that behave alike; as in the protocol's model.

use super::state::{ReaderStep, State, WriterSet};
use crate::renaming::Renaming;

/// Brings `state` into its canonical form.
pub(super) fn canonicalise(state: &mut State) {
    sort_writers(state);
    let mut renaming = Renaming::new();
    if let Some(table) = &mut state.table {
        renaming.rename(&mut table.version);
    }
    if let Some(shape) = &mut state.shape {
        renaming.rename(&mut shape.version);
    }
    if let Some(entry) = &mut state.entry {
        renaming.rename(&mut entry.table_version);
        renaming.rename(&mut entry.shape_version);
    }
    for reader in &mut state.readers {
        match &mut reader.step {
            ReaderStep::AskInFlight(version)
            | ReaderStep::EndProbation(version)
            | ReaderStep::NoteShape(version) => renaming.rename(version),
            ReaderStep::Load(Some(noted)) | ReaderStep::Fill(noted, _) => {
                renaming.rename(&mut noted.table_version);
                renaming.rename(&mut noted.shape_version);
            }
            _ => {}
        }
    }
    state.readers.sort_unstable();
    state.last_version = renaming.used();
}

/// Sorts the two writers, and every set of writers with them.
fn sort_writers(state: &mut State) {
    let [first, second] = state.writers;
    if first <= second {
        return;
    }
    state.writers = [second, first];
    if let Some(table) = &mut state.table {
        swap(&mut table.writers);
        swap(&mut table.waits_for);
    }
    if let Some(shape) = &mut state.shape {
        swap(&mut shape.marks);
    }
}

fn swap(set: &mut WriterSet) {
    *set = (*set & 1) << 1 | *set >> 1 & 1;
}
