//! What a writer does: commit, remove or insert, return.

use super::Leases;
use super::settings::Writing;
use super::state::{Entry, Slot, State, WriterStep};

impl Leases {
    /// The writer's next step.
    pub(super) fn write(&self, state: &mut State, index: usize) {
        state.writers[index] = match state.writers[index] {
            WriterStep::Idle => {
                state.database += 1;
                WriterStep::Committed(state.database)
            }
            WriterStep::Committed(value) => {
                let slot = match self.settings.writing {
                    Writing::Removes => None,
                    Writing::Inserts => Some(Slot::Entry(Entry {
                        value,
                        stamp: state.fresh_stamp(),
                        life: state.promotions,
                        is_aged: false,
                    })),
                };
                state.server().slot = slot;
                WriterStep::Returning(value)
            }
            WriterStep::Returning(value) => {
                state.acknowledged = state.acknowledged.max(value);
                WriterStep::Done
            }
            WriterStep::Done => WriterStep::Done,
        };
    }
}
