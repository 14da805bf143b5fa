//! A state of the world: database, tags, entry, flights, writers, readers.

use super::settings::{Order, Settings};
use crate::promise::{Bounds, Broken};

/// How many writers there are; each writes once.
const WRITERS: usize = 2;
/// How many readers there are.
const READERS: usize = 2;
/// How many reads each reader makes.
const READS_EACH: u8 = 2;
/// Each flight has its leader waiting, so there are no more flights than readers.
const FLIGHTS_MAX: usize = READERS;

/// What the cached read returns: how many writers had committed.
pub(super) type Value = u8;

/// Everything, at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// How many writers have committed.
    pub(super) database: Value,
    pub(super) table: TableTag,
    /// The version of the shape's tag; zero while the shape is not on the table's list.
    pub(super) shape_version: u8,
    pub(super) entry: Option<Entry>,
    /// The flights under way. One that was replaced flies on, but nobody joins it.
    pub(super) flights: [Option<Flight>; FLIGHTS_MAX],
    /// The flight that a reader of the key finds.
    pub(super) listed: Option<usize>,
    /// The last version that was given.
    pub(super) last_version: u8,
    pub(super) writers: [Writer; WRITERS],
    pub(super) readers: [Reader; READERS],
    /// The newest write that has returned.
    pub(super) acknowledged: Value,
    /// The newest value that a read has returned.
    pub(super) observed: Value,
    pub(super) broken: Broken,
}

impl State {
    pub(super) fn new(settings: &Settings) -> State {
        let writer = Writer {
            widens: false,
            step: WriterStep::Idle,
        };
        let second = Writer {
            widens: settings.one_widens,
            ..writer
        };
        State {
            database: 0,
            table: TableTag {
                version: 1,
                marks: 0,
            },
            shape_version: 0,
            entry: None,
            flights: [None; FLIGHTS_MAX],
            listed: None,
            last_version: 1,
            writers: [writer, second],
            readers: [Reader {
                step: ReaderStep::Idle,
                reads_left: READS_EACH,
                bounds: Bounds::default(),
            }; READERS],
            acknowledged: 0,
            observed: 0,
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

    /// What a look would find, were it one step.
    pub(super) fn servable(&self) -> Option<Value> {
        let entry = self.entry?;
        let is_current = self.table.is(entry.noted.table_version)
            && self.shape_version == entry.noted.shape_version;
        is_current.then_some(entry.value)
    }
}

/// The table tag. Its marks sit in the same word as its version, so one comparison sees both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TableTag {
    pub(super) version: u8,
    /// How many writers are about to commit, or have and are not through.
    pub(super) marks: u8,
}

impl TableTag {
    /// Whether the tag has this version and no marks.
    pub(super) fn is(self, version: u8) -> bool {
        self.version == version && self.marks == 0
    }
}

/// The versions noted before a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Noted {
    pub(super) table_version: u8,
    pub(super) shape_version: u8,
}

/// The cached value, with the versions of its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) noted: Noted,
}

/// A writer: what it bumps, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Writer {
    pub(super) widens: bool,
    pub(super) step: WriterStep,
}

impl Writer {
    pub(super) fn is_over(self) -> bool {
        self.step == WriterStep::Done
    }
}

/// Where a writer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum WriterStep {
    Idle,
    /// About to commit; has perhaps read the list already.
    Ready {
        knows: bool,
    },
    Committed {
        value: Value,
        knows: bool,
    },
    /// About to bump.
    ListRead {
        value: Value,
        knows: bool,
    },
    /// About to take its mark away.
    Bumped(Value),
    /// About to return.
    Unmarked(Value),
    Done,
}

/// A reader: where it stands, and what its read must not fall below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Reader {
    pub(super) step: ReaderStep,
    pub(super) reads_left: u8,
    pub(super) bounds: Bounds,
}

impl Reader {
    pub(super) fn can_step(self) -> bool {
        match self.step {
            ReaderStep::Idle => self.reads_left > 0,
            ReaderStep::Leading(_) | ReaderStep::Following(_) => false,
            _ => true,
        }
    }

    pub(super) fn is_looking(self) -> bool {
        self.step == ReaderStep::Look
    }
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ReaderStep {
    Idle,
    /// About to take the entry and compare one tag.
    Look,
    /// About to compare the other tag.
    LookOn(Entry),
    /// About to see whether there is a flight.
    Join,
    /// About to compare the tag that comes first in this order with the flight's.
    Recheck(usize, Noted, Order),
    /// About to compare the tag that comes second in this order with the flight's.
    RecheckOn(usize, Noted, Order),
    /// Waits for the flight it started.
    Leading(usize),
    /// Waits for a flight it joined.
    Following(usize),
    /// About to return this value.
    Return(Value),
}

impl ReaderStep {
    /// The flight it means, by place.
    pub(super) fn flight_mut(&mut self) -> Option<&mut usize> {
        match self {
            ReaderStep::Recheck(flight, ..)
            | ReaderStep::RecheckOn(flight, ..)
            | ReaderStep::Leading(flight)
            | ReaderStep::Following(flight) => Some(flight),
            _ => None,
        }
    }
}

/// Where a flight stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Flight {
    /// About to take the entry and compare one tag.
    Look,
    /// About to compare the other tag.
    LookOn(Entry),
    /// About to note the table tag's version.
    NoteTable,
    /// About to note the shape's version, and to register the shape if it is not listed. Without
    /// a table version, the table is marked.
    NoteShape(Option<u8>),
    /// About to load.
    Load(Option<Noted>),
    /// About to note the versions after the load: a flaw.
    NoteLate(Value),
    /// About to store the entry, and to hand out the value.
    Land(Option<Noted>, Value),
}

/// A step of one actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A writer goes on.
    Write(usize),
    /// A reader goes on.
    Read(usize),
    /// A flight goes on.
    Fly(usize),
}
