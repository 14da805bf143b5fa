//! One state for all that behave alike.
//!
//! Writers are interchangeable, and so are readers, and so are the names of versions. Each state
//! is brought into an order before the checker sees it, which leaves it a small part of the
//! states and changes no verdict.

use super::settings::Versions;
use super::state::{Fill, ReaderStep, State, Tag, WRITERS_MAX, WriterSet};
use crate::renaming::Renaming;

/// Brings `state` into its canonical form.
pub(super) fn canonicalise(state: &mut State, versions: Versions) {
    sort_writers(state);
    // Counted versions are the ones that restart; they may not be renamed.
    if versions == Versions::Counter {
        state.readers.sort_unstable();
        return;
    }
    // The store's versions first: their names do not depend on the order of the readers.
    let mut renaming = Renaming::new();
    for store in [&mut state.store, &mut state.store_copy] {
        if let Some(tag) = &mut store.tag {
            renaming.rename(&mut tag.version);
        }
        if let Some(entry) = &mut store.entry {
            renaming.rename(&mut entry.version);
        }
    }
    // A version that only a reader still knows gets a name in the order of the readers. Two
    // states that differ in that order alone may then stay two: more work, the same verdict.
    let mut sorted = state.readers;
    for reader in &mut sorted {
        rename_in(&mut reader.step, &mut renaming);
    }
    sorted.sort_unstable();
    state.readers = sorted;
    state.last_version = renaming.used();
}

fn rename_in(step: &mut ReaderStep, renaming: &mut Renaming) {
    match step {
        ReaderStep::SawEntry(Some(entry)) => renaming.rename(&mut entry.version),
        ReaderStep::SawTag(Some(tag)) => renaming.rename(&mut tag.version),
        ReaderStep::AskInFlight(version)
        | ReaderStep::RecordHorizon(version, _)
        | ReaderStep::EndProbation(version) => renaming.rename(version),
        ReaderStep::Load(Fill::Noted { version, .. })
        | ReaderStep::Fill(Fill::Noted { version, .. }, _) => renaming.rename(version),
        _ => {}
    }
}

/// Sorts the writers by where they stand, and every set of writers with them.
fn sort_writers(state: &mut State) {
    if state.writers.is_sorted() && !has_equals(state) {
        return;
    }
    let mut memberships = [0_u32; WRITERS_MAX];
    for_each_set(state, |set| {
        for (index, membership) in memberships.iter_mut().enumerate() {
            *membership = *membership << 1 | u32::from(*set >> index & 1);
        }
    });
    let mut order: [usize; WRITERS_MAX] = std::array::from_fn(|index| index);
    order.sort_unstable_by_key(|&index| (state.writers[index], memberships[index]));
    state.writers = order.map(|index| state.writers[index]);
    for_each_set(state, |set| {
        let old = *set;
        *set = 0;
        for (new, index) in order.iter().enumerate() {
            *set |= (old >> index & 1) << new;
        }
    });
}

/// Whether two writers stand at the same place, so that only the sets tell them apart.
fn has_equals(state: &State) -> bool {
    let mut pairs = state.writers.windows(2);
    pairs.any(|pair| pair[0] == pair[1] && pair[0].is_running())
}

fn for_each_set(state: &mut State, mut visit: impl FnMut(&mut WriterSet)) {
    let mut visit_tag = |tag: &mut Tag| {
        visit(&mut tag.marks);
        if let Some(horizon) = &mut tag.horizon {
            visit(horizon);
        }
    };
    let stores = [&mut state.store.tag, &mut state.store_copy.tag];
    for tag in stores.into_iter().flatten() {
        visit_tag(tag);
    }
    for reader in &mut state.readers {
        if let ReaderStep::SawTag(Some(tag)) = &mut reader.step {
            visit_tag(tag);
        }
    }
    for reader in &mut state.readers {
        if let ReaderStep::RecordHorizon(_, horizon) = &mut reader.step {
            visit(horizon);
        }
    }
}
