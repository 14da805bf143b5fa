//! A state of the world: database, table tag, shape tag, writers, readers.

use super::settings::Settings;
use crate::promise::{Bounds, Broken};

/// Every row has so many writers.
pub(super) const WRITERS: usize = 2;
/// Every row has so many readers.
pub(super) const READERS: usize = 2;

/// What the cached read returns: how many writers had committed.
pub(super) type Value = u8;
/// A set of writers, a bit each.
pub(super) type WriterSet = u8;

/// Everything, at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// How many writers have committed.
    pub(super) database: Value,
    pub(super) table: Option<TableTag>,
    pub(super) shape: Option<ShapeTag>,
    pub(super) entry: Option<Entry>,
    /// The last version that was given.
    pub(super) last_version: u8,
    pub(super) writers: [Writer; WRITERS],
    pub(super) readers: [Reader; READERS],
    /// The newest write that has returned.
    pub(super) acknowledged: Value,
    /// The newest value that a read has returned.
    pub(super) observed: Value,
    pub(super) table_evictions_left: u8,
    pub(super) shape_evictions_left: u8,
    pub(super) broken: Broken,
}

impl State {
    pub(super) fn new(settings: &Settings) -> State {
        let mut writers = [Writer::Done; WRITERS];
        writers[..settings.writers].fill(Writer::Idle);
        let mut readers = [Reader::new(0); READERS];
        readers[..settings.readers].fill(Reader::new(settings.reads_each));
        State {
            database: 0,
            table: None,
            shape: None,
            entry: None,
            last_version: 0,
            writers,
            readers,
            acknowledged: 0,
            observed: 0,
            table_evictions_left: settings.table_evictions,
            shape_evictions_left: settings.shape_evictions,
            broken: Broken::default(),
        }
    }

    /// What a read that begins now must not fall below.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            acknowledged: self.acknowledged,
            observed: self.observed,
            committed: self.database,
            ..Bounds::default()
        }
    }

    /// A version never used before.
    pub(super) fn fresh_version(&mut self) -> u8 {
        self.last_version += 1;
        self.last_version
    }

    /// Whether some writer has begun and not committed.
    pub(super) fn has_writer_in_flight(&self) -> bool {
        let mut writers = self.writers.iter();
        writers.any(|writer| matches!(writer, Writer::Begun { .. } | Writer::Marked { .. }))
    }
}

/// The table tag, with the table's list of shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TableTag {
    pub(super) version: u8,
    /// Whether the list has the shape.
    pub(super) knows_shape: bool,
    /// The writers that have entered themselves.
    pub(super) writers: WriterSet,
    /// The writers that were entered when the shape came: it is usable when they have left.
    pub(super) waits_for: WriterSet,
    /// Created by a reader, and not yet proven safe to use.
    pub(super) on_probation: bool,
    /// Not created by a writer that entered itself; only such a tag outlives its writers.
    pub(super) is_solid: bool,
}

impl TableTag {
    /// Whether an entry may depend on the shape now.
    pub(super) fn is_usable(self) -> bool {
        self.knows_shape && !self.on_probation && self.waits_for == 0
    }
}

/// The shape's tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ShapeTag {
    pub(super) version: u8,
    /// The writers that are about to commit.
    pub(super) marks: WriterSet,
}

/// The cached value, with the versions of its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) table_version: u8,
    pub(super) shape_version: u8,
}

/// Where a writer stands, and whether it knows the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Writer {
    Idle,
    Begun {
        knows: bool,
    },
    Marked {
        knows: bool,
    },
    /// Committed; has not read the list again.
    Committed {
        value: Value,
        knows: bool,
    },
    /// Has read the list; not bumped.
    ListRead {
        value: Value,
        knows: bool,
    },
    /// Bumped; still entered in the table tag.
    Bumped(Value),
    /// Has left the table tag; not returned.
    Left(Value),
    Done,
}

impl Writer {
    pub(super) fn is_over(self) -> bool {
        self == Writer::Done
    }
}

/// A reader: where it stands, and what its read must not fall below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Reader {
    pub(super) step: ReaderStep,
    pub(super) reads_left: u8,
    pub(super) bounds: Bounds,
}

impl Reader {
    fn new(reads: u8) -> Reader {
        Reader {
            step: ReaderStep::Idle,
            reads_left: reads,
            bounds: Bounds::default(),
        }
    }

    pub(super) fn is_running(self) -> bool {
        self.step != ReaderStep::Idle || self.reads_left > 0
    }

    pub(super) fn is_looking(self) -> bool {
        self.step == ReaderStep::Look
    }
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ReaderStep {
    Idle,
    /// About to look at entry, table tag and shape tag at once.
    Look,
    /// About to put the shape on the table's list.
    Register,
    /// About to ask who is in flight, for the table tag it created with this version.
    AskInFlight(u8),
    /// About to end the table tag's probation.
    EndProbation(u8),
    /// About to note the shape's version, creating it if need be, beside this table version.
    NoteShape(u8),
    /// About to load, and to fill under these versions if there are any.
    Load(Option<Noted>),
    /// About to fill the entry with this value.
    Fill(Noted, Value),
    /// About to return this value.
    Return(Value),
}

/// The versions noted before a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Noted {
    pub(super) table_version: u8,
    pub(super) shape_version: u8,
}

/// A step of one actor, or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A writer goes on.
    Write(usize),
    /// A reader goes on.
    Read(usize),
    /// The store drops the table tag, and the list with it.
    EvictTable,
    /// The store drops the shape's tag.
    EvictShape,
}
