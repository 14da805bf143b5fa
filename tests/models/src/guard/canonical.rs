//! One state for all that behave alike; as in the protocol's model.

use super::state::{Noted, ReaderStep, State, WriterSet};
use crate::renaming::Renaming;

/// Brings `state` into its canonical form.
pub(super) fn canonicalise(state: &mut State) {
    sort_writers(state);
    let mut renaming = Renaming::new();
    if let Some(guard) = &mut state.guard {
        renaming.rename(&mut guard.version);
    }
    if let Some(tag) = &mut state.tag {
        renaming.rename(tag);
    }
    if let Some(entry) = &mut state.entry {
        rename_noted(&mut entry.noted, &mut renaming);
    }
    for reader in &mut state.readers {
        match &mut reader.step {
            ReaderStep::SawGuard(Some(version))
            | ReaderStep::SawEntry(Some((_, version)))
            | ReaderStep::NoteGuard(version, _) => renaming.rename(version),
            ReaderStep::Ask(pending)
            | ReaderStep::Wait(pending, _)
            | ReaderStep::Confirm(pending) => rename_noted(&mut pending.noted, &mut renaming),
            ReaderStep::Load(Some(noted)) | ReaderStep::Fill(noted, _) => {
                rename_noted(noted, &mut renaming);
            }
            _ => {}
        }
    }
    state.readers.sort_unstable();
    state.last_version = renaming.used();
}

fn rename_noted(noted: &mut Noted, renaming: &mut Renaming) {
    renaming.rename(&mut noted.guard);
    renaming.rename(&mut noted.tag);
}

/// Sorts the two writers by where they stand, and every set of writers with them.
fn sort_writers(state: &mut State) {
    let [first, second] = state.writers;
    let mut memberships = [0_u32; 2];
    for_each_set(state, |set| {
        for (index, membership) in memberships.iter_mut().enumerate() {
            *membership = *membership << 1 | u32::from(*set >> index & 1);
        }
    });
    if (first, memberships[0]) <= (second, memberships[1]) {
        return;
    }
    state.writers = [second, first];
    for_each_set(state, |set| *set = (*set & 1) << 1 | *set >> 1 & 1);
}

fn for_each_set(state: &mut State, mut visit: impl FnMut(&mut WriterSet)) {
    if let Some(guard) = &mut state.guard {
        visit(&mut guard.marks);
    }
    for reader in &mut state.readers {
        match &mut reader.step {
            ReaderStep::NoteGuard(_, Some(writers)) | ReaderStep::Wait(_, writers) => {
                visit(writers);
            }
            _ => {}
        }
    }
}
