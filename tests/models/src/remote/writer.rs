//! What a writer does: begin, (strict) mark, commit, bump, read the list, (strict) unmark, return.

use super::Remote;
use super::cell::{Cell, Fine, Kind, is_same};
use super::settings::{ListRead, Repeating, Swap, Unmarking, Void};
use super::state::{Other, State, WriterStep};

impl Remote {
    /// The writer's next step.
    pub(super) fn write(&self, state: &mut State, index: usize) {
        let settings = &self.settings;
        let mut writer = state.writers[index];
        writer.step = match writer.step {
            WriterStep::Idle => {
                // Remembered from here on, and maybe old when it is used.
                writer.knows_shape = self.knows_shape(state);
                WriterStep::Begun
            }
            WriterStep::Begun if !settings.strict => commit(state),
            WriterStep::Begun if settings.swap == Swap::AtOnce => {
                let seen = state.server().table;
                self.mark(state, index, seen)
            }
            WriterStep::Begun => WriterStep::Marking(state.server().table),
            WriterStep::Marking(seen) => self.mark(state, index, seen),
            WriterStep::Marked => commit(state),
            WriterStep::Committed(value) if settings.unmarking == Unmarking::BeforeBump => {
                // The flaw of row r5.
                let seen = state.server().table;
                self.unmark(state, index, seen, value);
                WriterStep::Unmarked(value)
            }
            WriterStep::Committed(value) | WriterStep::Unmarked(value) => {
                self.bump(state, index);
                self.after_bump(index, state, value)
            }
            WriterStep::Repeating(value, version) => {
                let again = match settings.repeating {
                    Repeating::FreshVersion => state.fresh_version(),
                    Repeating::SameVersion => version,
                };
                self.bump_with(state, index, again);
                self.after_bump(index, state, value)
            }
            WriterStep::ReadingList(value) => {
                if self.knows_shape(state) && !writer.knows_shape {
                    writer.knows_shape = true;
                    WriterStep::BumpingNew(value)
                } else {
                    self.after_bumps(value)
                }
            }
            WriterStep::BumpingNew(value) => {
                let version = state.fresh_version();
                self.replace_fine(state, version);
                self.after_bumps(value)
            }
            WriterStep::Bumped(value) if settings.swap == Swap::AtOnce => {
                let seen = state.server().table;
                self.unmark(state, index, seen, value)
            }
            WriterStep::Bumped(value) => WriterStep::Unmarking(value, state.server().table),
            WriterStep::Unmarking(value, seen) => self.unmark(state, index, seen, value),
            WriterStep::Returning(value) => {
                state.acknowledged = state.acknowledged.max(value);
                WriterStep::Done
            }
            over @ (WriterStep::Done | WriterStep::Crashed) => over,
        };
        if writer.is_over() {
            writer.knows_shape = false;
            writer.widens = false;
        }
        state.writers[index] = writer;
    }

    /// The writer bumps, and does not learn of it.
    pub(super) fn bump_without_answer(&self, state: &mut State, index: usize) {
        if let WriterStep::Committed(value) = state.writers[index].step {
            let version = state.fresh_version();
            self.bump_with(state, index, version);
            state.writers[index].step = WriterStep::Repeating(value, version);
        }
    }

    /// The writer cannot bump, and returns nevertheless.
    pub(super) fn fail_to_bump(&self, state: &mut State, index: usize) {
        if let WriterStep::Committed(value) = state.writers[index].step {
            let unmarks = self.settings.unmarking == Unmarking::AfterAnyBump;
            state.writers[index].step = if unmarks {
                WriterStep::Bumped(value)
            } else {
                WriterStep::Returning(value)
            };
        }
    }

    /// The process that registers another shape goes on.
    pub(super) fn register_other(&self, state: &mut State) {
        state.other = match state.other {
            Other::Idle => Other::Registering(state.server().table),
            Other::Registering(seen) => {
                let life = state.life(self.settings.lives);
                let version = state.fresh_version();
                let next = match seen.filter(|cell| cell.kind != Kind::Void && cell.life == life) {
                    Some(cell) => Cell {
                        revision: version,
                        ..cell
                    },
                    None => Cell::new(self.kind_of_new(), version, life),
                };
                if self.swap(state, seen, Some(next)) {
                    Other::Done
                } else {
                    Other::Registering(state.server().table)
                }
            }
            Other::Done => Other::Done,
        };
    }

    /// Whether the list of shapes has the shape.
    fn knows_shape(&self, state: &mut State) -> bool {
        let life = state.life(self.settings.lives);
        let table = state.server().table_of(life);
        table.is_some_and(|cell| cell.knows_shape)
    }

    /// Writes the table's cell over what was seen of it. Whether that succeeded.
    pub(super) fn swap(&self, state: &mut State, seen: Option<Cell>, next: Option<Cell>) -> bool {
        let there = state.server().table;
        let is_done = self.settings.swap == Swap::Blind || is_same(seen, there);
        if is_done {
            state.server().table = next;
        }
        is_done
    }

    fn mark(&self, state: &mut State, index: usize, seen: Option<Cell>) -> WriterStep {
        let life = state.life(self.settings.lives);
        let version = state.fresh_version();
        let own = 1 << index;
        let next = match seen.filter(|cell| cell.kind != Kind::Void && cell.life == life) {
            Some(cell) => Cell {
                marks: cell.marks | own,
                revision: version,
                ..cell
            },
            // Only a reader brings a cell to life.
            None => Cell {
                marks: own,
                ..Cell::new(Kind::Held, version, life)
            },
        };
        if self.swap(state, seen, Some(next)) {
            WriterStep::Marked
        } else {
            WriterStep::Marking(state.server().table)
        }
    }

    fn unmark(&self, state: &mut State, index: usize, seen: Option<Cell>, value: u8) -> WriterStep {
        let life = state.life(self.settings.lives);
        let own = 1 << index;
        let marked = seen.filter(|cell| cell.life == life && cell.marks & own != 0);
        let Some(cell) = marked else {
            return WriterStep::Returning(value);
        };
        let marks = cell.marks & !own;
        let next = if cell.kind == Kind::Held && marks == 0 {
            None
        } else {
            Some(Cell {
                marks,
                revision: state.fresh_version(),
                ..cell
            })
        };
        if self.swap(state, seen, next) {
            WriterStep::Returning(value)
        } else {
            WriterStep::Unmarking(value, state.server().table)
        }
    }

    fn bump(&self, state: &mut State, index: usize) {
        let version = state.fresh_version();
        self.bump_with(state, index, version);
    }

    /// Bumps what the writer knows.
    fn bump_with(&self, state: &mut State, index: usize, version: u8) {
        if state.writers[index].widens {
            self.splice_table(state, version);
        } else if state.writers[index].knows_shape {
            self.replace_fine(state, version);
        }
    }

    fn after_bump(&self, index: usize, state: &State, value: u8) -> WriterStep {
        let reads_list = self.settings.list_read == ListRead::AfterCommit;
        if reads_list && !state.writers[index].widens {
            WriterStep::ReadingList(value)
        } else {
            self.after_bumps(value)
        }
    }

    fn after_bumps(&self, value: u8) -> WriterStep {
        if self.settings.strict {
            WriterStep::Bumped(value)
        } else {
            WriterStep::Returning(value)
        }
    }

    /// Gives the rows' tag this version, if it is there: a writer creates no tag.
    fn replace_fine(&self, state: &mut State, version: u8) {
        let life = state.life(self.settings.lives);
        if let Some(fine) = &mut state.server().fine {
            *fine = Fine { version, life };
        }
    }

    /// Writes this version over the one in the table's cell, and leaves the rest.
    fn splice_table(&self, state: &mut State, version: u8) {
        let life = state.life(self.settings.lives);
        let server = state.server();
        match &mut server.table {
            Some(cell) => {
                cell.version = version;
                cell.revision = 0;
                if self.settings.splice_writes_life {
                    cell.life = life;
                }
            }
            None => {
                server.table = match self.settings.void {
                    Void::IsNotMade => None,
                    Void::IsMissing => Some(Cell::new(Kind::Void, version, life)),
                    Void::IsLive => Some(Cell::new(Kind::Live, version, life)),
                };
            }
        }
    }
}

fn commit(state: &mut State) -> WriterStep {
    state.database += 1;
    WriterStep::Committed(state.database)
}
