//! What a writer does: begin, mark, commit, bump, take its mark away, return.

use super::Guards;
use super::settings::{DelayedMark, Hearing, MadeByMark, Marking};
use super::state::{Guard, State, WriterStep};

impl Guards {
    /// The writer's next step.
    pub(super) fn write(&self, state: &mut State, index: usize) {
        state.writers[index] = match state.writers[index] {
            WriterStep::Idle if self.settings.marking == Marking::BeforeLock => {
                self.mark(state, index);
                WriterStep::MarkedEarly
            }
            WriterStep::Idle if self.believes() && state.guard.is_none() => WriterStep::Believing,
            WriterStep::Idle => WriterStep::Begun,
            WriterStep::Believing => WriterStep::BegunBelieving,
            WriterStep::Begun => {
                if self.settings.hearing == Hearing::Told || state.guard.is_some() {
                    self.mark(state, index);
                }
                WriterStep::Marked
            }
            WriterStep::BegunBelieving => WriterStep::Marked,
            WriterStep::MarkedEarly => WriterStep::Marked,
            WriterStep::Marked => {
                state.database += 1;
                WriterStep::Committed(state.database)
            }
            WriterStep::Committed(value) => {
                bump(state);
                WriterStep::Bumped(value)
            }
            WriterStep::Bumped(value) => {
                unmark(state, index);
                WriterStep::Returning(value)
            }
            WriterStep::Returning(value) => {
                acknowledge(state, value);
                WriterStep::Done
            }
            WriterStep::ReturningOwing(value) => {
                if self.settings.delayed_mark == DelayedMark::IsTaken {
                    unmark(state, index);
                }
                acknowledge(state, value);
                WriterStep::Owing
            }
            WriterStep::Owing => {
                bump(state);
                WriterStep::Delivered
            }
            WriterStep::Delivered => {
                unmark(state, index);
                WriterStep::Done
            }
            over @ (WriterStep::Done | WriterStep::Crashed) => over,
        };
    }

    /// Whether the writer can go on: only the lock makes it wait.
    pub(super) fn can_write(&self, state: &State, index: usize) -> bool {
        let takes_lock = match state.writers[index] {
            WriterStep::Idle if self.believes() && state.guard.is_none() => false,
            WriterStep::Idle => self.settings.marking == Marking::AfterLock,
            WriterStep::MarkedEarly | WriterStep::Believing => true,
            WriterStep::Done | WriterStep::Crashed => return false,
            _ => false,
        };
        !(takes_lock && self.settings.one_writer_at_a_time && state.in_flight() != 0)
    }

    fn believes(&self) -> bool {
        matches!(
            self.settings.hearing,
            Hearing::Believes | Hearing::BelievesForAWhile
        )
    }

    /// Only a reader makes a guard on which entries may depend.
    fn mark(&self, state: &mut State, index: usize) {
        let guard = match state.guard {
            Some(guard) => guard,
            None => Guard {
                version: state.fresh_version(),
                is_live: self.settings.made_by_mark == MadeByMark::Live,
                marks: 0,
            },
        };
        state.guard = Some(Guard {
            marks: guard.marks | 1 << index,
            ..guard
        });
    }
}

fn acknowledge(state: &mut State, value: u8) {
    state.acknowledged = state.acknowledged.max(value);
}

/// Bumps the tag, if it is there: a writer creates no tag.
fn bump(state: &mut State) {
    if state.tag.is_some() {
        state.tag = Some(state.fresh_version());
    }
}

/// Takes the writer's mark away. The guard stays as it is, also if it was never confirmed.
fn unmark(state: &mut State, index: usize) {
    if let Some(guard) = &mut state.guard {
        guard.marks &= !(1 << index);
    }
}
