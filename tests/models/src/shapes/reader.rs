//! What a reader does: look; register its shape; note versions, load, fill, return.

use super::Shapes;
use super::state::{Entry, Noted, Reader, ReaderStep, ShapeTag, State, TableTag};
use crate::promise::{Bounds, Broken, Promise};

impl Shapes {
    /// The reader's next step.
    pub(super) fn read(&self, state: &mut State, index: usize) {
        let mut reader = state.readers[index];
        reader.step = match reader.step {
            ReaderStep::Idle => {
                reader = self.begin(state, reader);
                ReaderStep::Look
            }
            ReaderStep::Look => self.look(state),
            ReaderStep::Register => self.register(state),
            ReaderStep::AskInFlight(version) => ask_in_flight(state, version),
            ReaderStep::EndProbation(version) => end_probation(state, version),
            ReaderStep::NoteShape(table_version) => note_shape(state, table_version),
            ReaderStep::Load(None) => ReaderStep::Return(state.database),
            ReaderStep::Load(Some(noted)) => ReaderStep::Fill(noted, state.database),
            ReaderStep::Fill(noted, value) => {
                state.entry = Some(Entry {
                    value,
                    table_version: noted.table_version,
                    shape_version: noted.shape_version,
                });
                ReaderStep::Return(value)
            }
            ReaderStep::Return(value) => {
                state.broken = Broken::judge(value, reader.bounds);
                if self.expected.checks(Promise::NoInversion) {
                    state.observed = state.observed.max(value);
                }
                reader.bounds = Bounds::default();
                ReaderStep::Idle
            }
        };
        state.readers[index] = reader;
    }

    /// Begins a read: notes what it must not fall below.
    fn begin(&self, state: &State, reader: Reader) -> Reader {
        Reader {
            step: ReaderStep::Look,
            reads_left: reader.reads_left - 1,
            bounds: self.expected.bounds(state.bounds()),
        }
    }

    /// Entry, table tag and shape tag in one step.
    fn look(&self, state: &State) -> ReaderStep {
        let known = state.table.filter(|t| t.knows_shape && !t.on_probation);
        let Some(table) = known else {
            return ReaderStep::Register;
        };
        if table.waits_for != 0 {
            return ReaderStep::Load(None);
        }
        let Some(shape) = state.shape else {
            return ReaderStep::NoteShape(table.version);
        };
        if shape.marks != 0 {
            return ReaderStep::Load(None);
        }
        match state.entry {
            Some(entry) if self.matches(entry, table, shape) => ReaderStep::Return(entry.value),
            _ => ReaderStep::Load(Some(Noted {
                table_version: table.version,
                shape_version: shape.version,
            })),
        }
    }

    /// Puts the shape on the table's list, unless it is there by now.
    fn register(&self, state: &mut State) -> ReaderStep {
        let version = state.fresh_version();
        let Some(table) = state.table else {
            state.table = Some(TableTag {
                version,
                knows_shape: true,
                writers: 0,
                waits_for: 0,
                on_probation: self.settings.probation,
                is_solid: true,
            });
            return if self.settings.probation {
                ReaderStep::AskInFlight(version)
            } else {
                ReaderStep::NoteShape(version)
            };
        };
        if table.on_probation || table.waits_for != 0 {
            return ReaderStep::Load(None);
        }
        if table.knows_shape {
            return ReaderStep::NoteShape(table.version);
        }
        if self.settings.probation && !table.is_solid {
            return ReaderStep::Load(None);
        }
        let waits_for = table.writers;
        state.table = Some(TableTag {
            version,
            knows_shape: true,
            waits_for,
            ..table
        });
        if self.settings.waits_for_writers && waits_for != 0 {
            ReaderStep::Load(None)
        } else {
            ReaderStep::NoteShape(version)
        }
    }
}

/// Ends the probation if no writer is in flight, else takes the table tag back.
fn ask_in_flight(state: &mut State, version: u8) -> ReaderStep {
    if !state.has_writer_in_flight() {
        return ReaderStep::EndProbation(version);
    }
    if is_own_probation(state, version) {
        state.table = None;
    }
    ReaderStep::Load(None)
}

/// Makes the table tag usable, if it is still the one that was on probation.
fn end_probation(state: &mut State, version: u8) -> ReaderStep {
    if !is_own_probation(state, version) {
        return ReaderStep::Load(None);
    }
    if let Some(table) = &mut state.table {
        table.on_probation = false;
    }
    ReaderStep::NoteShape(version)
}

fn is_own_probation(state: &State, version: u8) -> bool {
    let table = state.table;
    table.is_some_and(|table| table.version == version && table.on_probation)
}

/// Notes the shape's version, and creates its tag if there is none.
fn note_shape(state: &mut State, table_version: u8) -> ReaderStep {
    let shape = state.shape.unwrap_or_else(|| ShapeTag {
        version: state.fresh_version(),
        marks: 0,
    });
    state.shape = Some(shape);
    if shape.marks != 0 {
        return ReaderStep::Load(None);
    }
    ReaderStep::Load(Some(Noted {
        table_version,
        shape_version: shape.version,
    }))
}
