//! What a writer does: enter, mark, commit, read the list, bump, leave, return.

use super::Shapes;
use super::settings::ListRead;
use super::state::{ShapeTag, State, TableTag, Writer};

impl Shapes {
    /// The writer's next step.
    pub(super) fn write(&self, state: &mut State, index: usize) {
        let own = 1 << index;
        let list_read = self.settings.list_read;
        state.writers[index] = match state.writers[index] {
            Writer::Idle => {
                if self.settings.waits_for_writers {
                    self.enter(state, index);
                }
                Writer::Begun {
                    knows: list_read != ListRead::AfterCommit && knows_shape(state),
                }
            }
            Writer::Begun { knows } => {
                if knows && list_read == ListRead::BeforeAndAfterCommit {
                    let marks = state.shape.map_or(0, |shape| shape.marks);
                    state.shape = Some(ShapeTag {
                        version: state.fresh_version(),
                        marks: marks | own,
                    });
                }
                Writer::Marked { knows }
            }
            Writer::Marked { knows } => {
                state.database += 1;
                Writer::Committed {
                    value: state.database,
                    knows,
                }
            }
            Writer::Committed { value, knows } => {
                let learns = list_read != ListRead::BeforeCommit && knows_shape(state);
                Writer::ListRead {
                    value,
                    knows: knows || learns,
                }
            }
            Writer::ListRead { value, knows } => {
                if knows {
                    let marks = state.shape.map_or(0, |shape| shape.marks);
                    state.shape = Some(ShapeTag {
                        version: state.fresh_version(),
                        marks: marks & !own,
                    });
                }
                Writer::Bumped(value)
            }
            Writer::Bumped(value) => {
                if self.settings.waits_for_writers {
                    leave(state, index);
                }
                Writer::Left(value)
            }
            Writer::Left(value) => {
                state.acknowledged = state.acknowledged.max(value);
                Writer::Done
            }
            Writer::Done => Writer::Done,
        };
    }

    /// Enters the writer in the table tag.
    fn enter(&self, state: &mut State, index: usize) {
        let version = state.fresh_version();
        let mut table = state.table.unwrap_or(TableTag {
            version,
            knows_shape: false,
            writers: 0,
            waits_for: 0,
            on_probation: false,
            is_solid: !self.settings.probation,
        });
        if table.on_probation {
            // Its creator has not proven it safe, and now it no longer can.
            table = TableTag {
                version,
                knows_shape: false,
                on_probation: false,
                is_solid: false,
                ..table
            };
        }
        table.writers |= 1 << index;
        state.table = Some(table);
    }
}

/// Takes the writer out of the table tag.
fn leave(state: &mut State, index: usize) {
    let Some(table) = &mut state.table else {
        return;
    };
    table.writers &= !(1 << index);
    table.waits_for &= !(1 << index);
    if table.writers == 0 && !table.is_solid {
        state.table = None;
    }
}

fn knows_shape(state: &State) -> bool {
    state.table.is_some_and(|table| table.knows_shape)
}
