//! What a reader does: look; note versions, confirm a new guard, load, fill, return.

use super::Guards;
use super::settings::{Cleaning, GuardRead, Hearing, Horizon, Loading};
use super::state::{
    Entry, Guard, Noted, Pending, Reader, ReaderStep, State, WriterSet, WriterStep,
};
use crate::promise::{Bounds, Broken, Promise};

impl Guards {
    /// The reader's next step.
    pub(super) fn read(&self, state: &mut State, index: usize) {
        let mut reader = state.readers[index];
        reader.step = match reader.step {
            ReaderStep::Idle => {
                reader.reads_left -= 1;
                reader.bounds = self.bounds(state, reader);
                ReaderStep::Look
            }
            ReaderStep::Look if reader.is_regular => match current_entry(state) {
                Some(entry) => ReaderStep::Return(entry.value),
                None => ReaderStep::NoteTag,
            },
            ReaderStep::Look => match self.settings.guard_read {
                GuardRead::First => ReaderStep::SawGuard(state.guard_to_serve()),
                GuardRead::Last => {
                    let entry = current_entry(state);
                    ReaderStep::SawEntry(entry.map(|entry| (entry.value, entry.noted.guard)))
                }
            },
            ReaderStep::SawGuard(guard) => match current_entry(state) {
                Some(entry) if self.may_serve(entry.noted.guard, guard) => {
                    ReaderStep::Return(entry.value)
                }
                _ => ReaderStep::NoteTag,
            },
            ReaderStep::SawEntry(entry) => match entry {
                Some((value, guard)) if self.may_serve(guard, state.guard_to_serve()) => {
                    ReaderStep::Return(value)
                }
                _ => ReaderStep::NoteTag,
            },
            ReaderStep::NoteTag => note_tag(self.settings.horizon, state, reader),
            ReaderStep::NoteGuard(tag, asked) => {
                let guard = noted_guard(state);
                self.after_guard(guard, tag, asked)
            }
            ReaderStep::Ask(pending) => {
                if self.settings.hearing == Hearing::BelievesForAWhile {
                    // Not before the guard is ripe.
                    state.expire_beliefs();
                }
                ReaderStep::Wait(pending, state.in_flight())
            }
            // Not possible before those writers have ended.
            ReaderStep::Wait(pending, _) => ReaderStep::Confirm(pending),
            ReaderStep::Confirm(pending) => confirm(state, pending),
            ReaderStep::Load(None) => ReaderStep::Return(state.database),
            ReaderStep::Load(Some(noted)) => self.load(state, noted),
            ReaderStep::Fill(noted, value) => {
                state.entry = Some(Entry { value, noted });
                ReaderStep::Return(value)
            }
            ReaderStep::Return(value) => {
                state.broken = Broken::judge(value, reader.bounds);
                if !reader.is_regular && self.expected.checks(Promise::NoInversion) {
                    state.observed = state.observed.max(value);
                }
                reader.bounds = Bounds::default();
                ReaderStep::Idle
            }
        };
        state.readers[index] = reader;
    }

    /// Whether the reader can go on: only the writers that it waits for stop it.
    pub(super) fn can_read(&self, state: &State, reader: Reader) -> bool {
        match reader.step {
            ReaderStep::Wait(_, writers) => writers & state.in_flight() == 0,
            _ => reader.is_running(),
        }
    }

    /// Of a reader that is not strict no more is asked than that its reads are regular.
    fn bounds(&self, state: &State, reader: Reader) -> Bounds {
        let strict = |bound| if reader.is_regular { 0 } else { bound };
        self.expected.bounds(Bounds {
            acknowledged: state.acknowledged,
            observed: strict(state.observed),
            committed: strict(state.database),
            ..Bounds::default()
        })
    }

    /// Whether a strict reader may have an entry of this guard.
    fn may_serve(&self, recorded: u8, guard: Option<u8>) -> bool {
        if recorded == 0 {
            return self.settings.serves_unguarded;
        }
        guard == Some(recorded)
    }

    /// What a strict reader would be served, were it to look now.
    pub(super) fn servable(&self, state: &State) -> Option<u8> {
        let entry = current_entry(state)?;
        let regular = state.readers.iter().any(|reader| reader.is_regular);
        let may_serve = regular || self.may_serve(entry.noted.guard, state.guard_to_serve());
        may_serve.then_some(entry.value)
    }

    /// What to do with a guard that was noted.
    fn after_guard(&self, guard: Guard, tag: u8, asked: Option<WriterSet>) -> ReaderStep {
        let noted = Noted {
            guard: guard.version,
            tag,
        };
        let is_marked = guard.marks != 0;
        if guard.is_live {
            return ReaderStep::Load((!is_marked).then_some(noted));
        }
        // Also under a mark: the guard is good then for whoever comes after it.
        let pending = Pending {
            noted,
            is_marked,
            loaded: None,
        };
        if self.settings.loading == Loading::BeforeHorizon && !is_marked {
            return ReaderStep::Load(Some(noted));
        }
        self.towards_confirm(pending, asked)
    }

    fn towards_confirm(&self, pending: Pending, asked: Option<WriterSet>) -> ReaderStep {
        match (self.settings.horizon, asked) {
            (Horizon::NotAsked, _) => ReaderStep::Confirm(pending),
            (Horizon::BeforeVersions, Some(writers)) => ReaderStep::Wait(pending, writers),
            _ => ReaderStep::Ask(pending),
        }
    }

    fn load(&self, state: &State, noted: Noted) -> ReaderStep {
        let value = state.database;
        let is_strict = noted.guard != 0;
        if self.settings.loading == Loading::BeforeHorizon && is_strict {
            // The flaw: the load may have begun before the writers ended.
            let loaded = Some(value);
            let pending = Pending {
                noted,
                is_marked: false,
                loaded,
            };
            return self.towards_confirm(pending, None);
        }
        ReaderStep::Fill(noted, value)
    }

    /// Whether a reader may judge marks on the guard to be over: those of dead writers, and others.
    pub(super) fn judges(&self, state: &State, reader: Reader) -> Option<(Guard, bool)> {
        let ReaderStep::NoteGuard(..) = reader.step else {
            return None;
        };
        let guard = state.guard.filter(|guard| guard.marks != 0)?;
        let is_dead = |step: &WriterStep| *step == WriterStep::Crashed;
        let dead = state.writers.iter().enumerate();
        let dead = dead
            .filter(|(_, step)| is_dead(step))
            .fold(0, |set, (index, _)| set | 1 << index);
        let left = state.faults_left;
        let all_dead = guard.marks & !dead == 0;
        let may_judge = if all_dead {
            left.dead_marks > 0
        } else {
            left.slow_marks > 0
        };
        may_judge.then_some((guard, all_dead))
    }

    /// Takes all marks off the guard, which has to be confirmed then.
    pub(super) fn judge_over(&self, state: &mut State, index: usize) {
        let reader = state.readers[index];
        let Some((guard, all_dead)) = self.judges(state, reader) else {
            return;
        };
        let ReaderStep::NoteGuard(tag, asked) = reader.step else {
            return;
        };
        let left = &mut state.faults_left;
        if all_dead {
            left.dead_marks -= 1;
        } else {
            left.slow_marks -= 1;
        }
        let version = match self.settings.cleaning {
            Cleaning::FreshVersion => state.fresh_version(),
            Cleaning::SameVersion => guard.version,
        };
        let cleaned = Guard {
            version,
            is_live: false,
            marks: 0,
        };
        state.guard = Some(cleaned);
        state.readers[index].step = self.after_guard(cleaned, tag, asked);
    }
}

/// The entry, if its tag is current.
fn current_entry(state: &State) -> Option<Entry> {
    state
        .entry
        .filter(|entry| state.tag == Some(entry.noted.tag))
}

fn note_tag(horizon: Horizon, state: &mut State, reader: Reader) -> ReaderStep {
    let tag = state.tag.unwrap_or_else(|| state.fresh_version());
    state.tag = Some(tag);
    if reader.is_regular {
        return ReaderStep::Load(Some(Noted { guard: 0, tag }));
    }
    let asked = (horizon == Horizon::BeforeVersions).then(|| state.in_flight());
    ReaderStep::NoteGuard(tag, asked)
}

/// The guard, which is made if it is not there: one to be confirmed.
fn noted_guard(state: &mut State) -> Guard {
    let guard = state.guard.unwrap_or_else(|| Guard {
        version: state.fresh_version(),
        is_live: false,
        marks: 0,
    });
    state.guard = Some(guard);
    guard
}

/// Lets entries depend on the guard, if it is the one that was noted. Marks that stand on it by now
/// stay: they are those of later writers.
fn confirm(state: &mut State, pending: Pending) -> ReaderStep {
    let Pending {
        noted,
        is_marked,
        loaded,
    } = pending;
    let mut is_usable = false;
    if let Some(guard) = &mut state.guard
        && guard.version == noted.guard
    {
        guard.is_live = true;
        is_usable = guard.is_usable() && !is_marked;
    }
    match (loaded, is_usable) {
        (Some(value), true) => ReaderStep::Fill(noted, value),
        (Some(value), false) => ReaderStep::Return(value),
        (None, true) => ReaderStep::Load(Some(noted)),
        (None, false) => ReaderStep::Load(None),
    }
}
