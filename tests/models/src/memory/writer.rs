//! What a writer does: (strict) mark, commit, read the list, bump, (strict) unmark, return.

use super::Memory;
use super::settings::ListRead;
use super::state::{State, Writer, WriterStep};

impl Memory {
    /// The writer's next step.
    pub(super) fn write(&self, state: &mut State, index: usize) {
        let writer = state.writers[index];
        let reads_early = self.settings.list_read == ListRead::BeforeCommit;
        state.writers[index].step = match writer.step {
            WriterStep::Idle => {
                if self.settings.marks {
                    state.table.marks += 1;
                }
                WriterStep::Ready {
                    knows: reads_early && state.shape_version != 0,
                }
            }
            WriterStep::Ready { knows } => {
                state.database += 1;
                WriterStep::Committed {
                    value: state.database,
                    knows,
                }
            }
            WriterStep::Committed { value, knows } => {
                if self.settings.unmarks_before_bump {
                    self.unmark(state);
                }
                WriterStep::ListRead {
                    value,
                    knows: if reads_early {
                        knows
                    } else {
                        state.shape_version != 0
                    },
                }
            }
            WriterStep::ListRead { value, knows } => {
                bump(state, writer, knows);
                WriterStep::Bumped(value)
            }
            WriterStep::Bumped(value) => {
                if !self.settings.unmarks_before_bump {
                    self.unmark(state);
                }
                WriterStep::Unmarked(value)
            }
            WriterStep::Unmarked(value) => {
                state.acknowledged = state.acknowledged.max(value);
                WriterStep::Done
            }
            WriterStep::Done => WriterStep::Done,
        };
    }

    fn unmark(&self, state: &mut State) {
        if self.settings.marks {
            state.table.marks -= 1;
        }
    }
}

/// A widened write bumps the table tag, another the shape's tag if it knows the shape.
fn bump(state: &mut State, writer: Writer, knows: bool) {
    let version = state.fresh_version();
    if writer.widens {
        state.table.version = version;
    } else if knows {
        state.shape_version = version;
    }
}
