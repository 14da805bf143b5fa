//! A state of the world: database, guard, tag, entry, writers, readers.

use super::settings::{Faults, Settings};
use crate::promise::{Bounds, Broken};

/// The most writers that a row has.
pub(super) const WRITERS_MAX: usize = 2;
/// The most readers that a row has.
pub(super) const READERS_MAX: usize = 2;

/// What the cached read returns: how many writers had committed.
pub(super) type Value = u8;
/// A set of writers, a bit each.
pub(super) type WriterSet = u8;

/// Everything, at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// How many writers have committed.
    pub(super) database: Value,
    pub(super) guard: Option<Guard>,
    /// The tag's version, if it is there.
    pub(super) tag: Option<u8>,
    pub(super) entry: Option<Entry>,
    /// The last version that was given.
    pub(super) last_version: u8,
    pub(super) writers: [WriterStep; WRITERS_MAX],
    pub(super) readers: [Reader; READERS_MAX],
    /// The newest write that has returned.
    pub(super) acknowledged: Value,
    /// The newest value that a strict read has returned.
    pub(super) observed: Value,
    pub(super) faults_left: Faults,
    pub(super) broken: Broken,
}

impl State {
    pub(super) fn new(settings: &Settings) -> State {
        let mut writers = [WriterStep::Done; WRITERS_MAX];
        writers[..settings.writers].fill(WriterStep::Idle);
        let reader = |reads_left| Reader {
            step: ReaderStep::Idle,
            reads_left,
            is_regular: false,
            bounds: Bounds::default(),
        };
        let mut readers = [reader(0); READERS_MAX];
        readers[..settings.readers].fill(reader(settings.reads_each));
        readers[0].is_regular = settings.one_is_regular;
        State {
            database: 0,
            guard: None,
            tag: None,
            entry: None,
            last_version: 0,
            writers,
            readers,
            acknowledged: 0,
            observed: 0,
            faults_left: settings.faults,
            broken: Broken::default(),
        }
    }

    /// A version never used before.
    pub(super) fn fresh_version(&mut self) -> u8 {
        self.last_version += 1;
        self.last_version
    }

    /// The writers that have written, or begun to commit, and have not ended.
    pub(super) fn in_flight(&self) -> WriterSet {
        let in_flight = |step: &WriterStep| {
            matches!(
                step,
                WriterStep::Begun | WriterStep::BegunBelieving | WriterStep::Marked
            )
        };
        self.writers
            .iter()
            .enumerate()
            .filter(|(_, step)| in_flight(step))
            .fold(0, |set, (index, _)| set | 1 << index)
    }

    /// So much time passes that no writer believes what it saw before.
    pub(super) fn expire_beliefs(&mut self) {
        for writer in &mut self.writers {
            *writer = match *writer {
                WriterStep::Believing => WriterStep::Idle,
                WriterStep::BegunBelieving => WriterStep::Begun,
                step => step,
            };
        }
    }

    /// The guard's version, if entries may be served under it.
    pub(super) fn guard_to_serve(&self) -> Option<u8> {
        let guard = self.guard.filter(|guard| guard.is_usable())?;
        Some(guard.version)
    }
}

/// A guard as it is stored. Every change of it is made of what it is then: cells are swapped by
/// their heads, which the rows about the remote store look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Guard {
    pub(super) version: u8,
    /// Whether it was confirmed: entries may depend on it.
    pub(super) is_live: bool,
    pub(super) marks: WriterSet,
}

impl Guard {
    pub(super) fn is_usable(self) -> bool {
        self.is_live && self.marks == 0
    }
}

/// The cached value, with the versions of guard and tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) noted: Noted,
}

/// The versions noted before a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Noted {
    /// Zero without a guard.
    pub(super) guard: u8,
    pub(super) tag: u8,
}

/// Where a writer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum WriterStep {
    Idle,
    /// Has marked, and not begun.
    MarkedEarly,
    /// Has seen that there is no guard, and not begun.
    Believing,
    /// As [`Begun`](Self::Begun), and believes that there is no guard.
    BegunBelieving,
    /// In its transaction, which has the lock and has written.
    Begun,
    /// Has marked too, or found nothing to mark; about to commit.
    Marked,
    /// Committed as the so-manieth; not yet bumped.
    Committed(Value),
    /// About to take its mark away.
    Bumped(Value),
    /// About to return.
    Returning(Value),
    /// About to return, its bump is not delivered.
    ReturningOwing(Value),
    /// Has returned, its bump is not delivered.
    Owing,
    /// Has returned, its bump is delivered; about to take its mark away.
    Delivered,
    Done,
    Crashed,
}

/// A reader: where it stands, and what its read must not fall below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Reader {
    pub(super) is_regular: bool,
    pub(super) step: ReaderStep,
    pub(super) reads_left: u8,
    pub(super) bounds: Bounds,
}

impl Reader {
    pub(super) fn is_running(self) -> bool {
        self.step != ReaderStep::Idle || self.reads_left > 0
    }
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ReaderStep {
    Idle,
    /// About to look.
    Look,
    /// Half of a look: the guard's version, if it is live and unmarked.
    SawGuard(Option<u8>),
    /// Half of a look: the entry's value and guard, if its tag is current.
    SawEntry(Option<(Value, u8)>),
    /// About to note the tag's version, creating it if need be.
    NoteTag,
    /// About to note the guard's version, creating it if need be; beside this version of the tag,
    /// and with these writers to wait for if they were asked for already.
    NoteGuard(u8, Option<WriterSet>),
    /// The guard has to be confirmed; about to ask which writers have to end.
    Ask(Pending),
    /// Waits until these writers have ended.
    Wait(Pending, WriterSet),
    /// About to confirm the guard.
    Confirm(Pending),
    /// About to load, and to fill under these versions if there are any.
    Load(Option<Noted>),
    /// About to fill the entry with this value.
    Fill(Noted, Value),
    /// About to return this value.
    Return(Value),
}

/// What was noted with a guard that has to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Pending {
    pub(super) noted: Noted,
    /// Whether the guard was marked: the answer is not stored.
    pub(super) is_marked: bool,
    /// What was loaded already.
    pub(super) loaded: Option<Value>,
}

/// A step of one actor, or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A writer goes on.
    Write(usize),
    /// A reader goes on.
    Read(usize),
    /// A reader that notes a guard judges the marks on it to be over.
    JudgeOver(usize),
    /// A writer dies.
    Crash(usize),
    /// A writer's bump cannot be sent.
    DelayBump(usize),
    /// The guard is dropped.
    EvictGuard,
    /// The tag is dropped.
    EvictTag,
}
