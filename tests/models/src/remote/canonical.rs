//! One state for all that behave alike; as in the protocol's model.

use super::cell::Cell;
use super::state::{Other, ReaderStep, State, WriterStep};
use crate::renaming::Renaming;

/// Brings `state` into its canonical form.
pub(super) fn canonicalise(state: &mut State) {
    sort_writers(state);
    let mut renaming = Renaming::new();
    for server in &mut state.servers {
        if let Some(cell) = &mut server.table {
            rename_cell(cell, &mut renaming);
        }
        if let Some(fine) = &mut server.fine {
            renaming.rename(&mut fine.version);
        }
        if let Some(entry) = &mut server.entry {
            renaming.rename(&mut entry.noted.table);
            renaming.rename(&mut entry.noted.fine);
        }
    }
    for writer in &mut state.writers {
        match &mut writer.step {
            WriterStep::Repeating(_, version) => renaming.rename(version),
            step => for_cell_of_writer(step, |cell| rename_cell(cell, &mut renaming)),
        }
    }
    if let Other::Registering(Some(cell)) = &mut state.other {
        rename_cell(cell, &mut renaming);
    }
    for reader in &mut state.readers {
        rename_in(&mut reader.step, &mut renaming);
    }
    state.readers.sort_unstable();
    state.last_version = renaming.used();
}

fn rename_cell(cell: &mut Cell, renaming: &mut Renaming) {
    renaming.rename(&mut cell.version);
    renaming.rename(&mut cell.revision);
}

fn rename_in(step: &mut ReaderStep, renaming: &mut Renaming) {
    match step {
        ReaderStep::SawTable(Some(version))
        | ReaderStep::SawFine(Some(version))
        | ReaderStep::NoteFine(version) => renaming.rename(version),
        ReaderStep::Settle(_, fine)
        | ReaderStep::Clean(_, fine)
        | ReaderStep::Lock(_, fine)
        | ReaderStep::Promote(_, fine) => {
            if let Some(version) = fine {
                renaming.rename(version);
            }
            for_cell_of_reader(step, |cell| rename_cell(cell, renaming));
        }
        ReaderStep::Load(Some(noted)) | ReaderStep::Fill(noted, _) => {
            renaming.rename(&mut noted.table);
            renaming.rename(&mut noted.fine);
        }
        _ => {}
    }
}

fn for_cell_of_reader(step: &mut ReaderStep, visit: impl FnOnce(&mut Cell)) {
    match step {
        ReaderStep::Settle(Some(cell), _)
        | ReaderStep::Clean(cell, _)
        | ReaderStep::Lock(cell, _)
        | ReaderStep::Promote(cell, _) => visit(cell),
        _ => {}
    }
}

fn for_cell_of_writer(step: &mut WriterStep, visit: impl FnOnce(&mut Cell)) {
    match step {
        WriterStep::Marking(Some(cell)) | WriterStep::Unmarking(_, Some(cell)) => visit(cell),
        _ => {}
    }
}

/// Sorts the two writers by where they stand, and every set of writers with them.
fn sort_writers(state: &mut State) {
    let [first, second] = state.writers;
    let mut memberships = [0_u32; 2];
    for_each_cell(state, |cell| {
        for (index, membership) in memberships.iter_mut().enumerate() {
            *membership = *membership << 1 | u32::from(cell.marks >> index & 1);
        }
    });
    if (first, memberships[0]) <= (second, memberships[1]) {
        return;
    }
    state.writers = [second, first];
    for_each_cell(state, |cell| {
        cell.marks = (cell.marks & 1) << 1 | cell.marks >> 1 & 1;
    });
}

fn for_each_cell(state: &mut State, mut visit: impl FnMut(&mut Cell)) {
    for server in &mut state.servers {
        if let Some(cell) = &mut server.table {
            visit(cell);
        }
    }
    if let Other::Registering(Some(cell)) = &mut state.other {
        visit(cell);
    }
    for writer in &mut state.writers {
        for_cell_of_writer(&mut writer.step, &mut visit);
    }
    for reader in &mut state.readers {
        for_cell_of_reader(&mut reader.step, &mut visit);
    }
}
