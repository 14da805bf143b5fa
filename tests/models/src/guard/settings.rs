//! What a row about guards varies.

/// A variant of the guards' protocol, the size of its world, and the faults that may strike.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many writers there are; each writes once.
    pub writers: usize,
    /// How many readers there are.
    pub readers: usize,
    /// How many reads each reader makes.
    pub reads_each: u8,
    /// Whether the first reader is not strict: it neither reads nor records guards.
    pub one_is_regular: bool,
    /// Whether the database has one writer at a time, as SQLite does.
    pub one_writer_at_a_time: bool,
    /// When a writer marks.
    pub marking: Marking,
    /// How a writer comes to know that it has to mark.
    pub hearing: Hearing,
    /// What a mark makes of a guard that is not there.
    pub made_by_mark: MadeByMark,
    /// When a look reads the guard.
    pub guard_read: GuardRead,
    /// When a reader asks which writers have to end.
    pub horizon: Horizon,
    /// When a reader loads, if the guard is new.
    pub loading: Loading,
    /// Whether a strict reader is served what was stored without a guard.
    pub serves_unguarded: bool,
    /// What version a guard has when marks that are over were taken off it.
    pub cleaning: Cleaning,
    /// What becomes of the mark of a writer whose bump is delayed.
    pub delayed_mark: DelayedMark,
    /// How often each fault may strike.
    pub faults: Faults,
}

impl Settings {
    /// Guards as larder keeps them over SQLite, without faults.
    pub const GUARDS: Settings = Settings {
        writers: 2,
        readers: 1,
        reads_each: 3,
        one_is_regular: false,
        one_writer_at_a_time: true,
        marking: Marking::AfterLock,
        hearing: Hearing::Told,
        made_by_mark: MadeByMark::Held,
        guard_read: GuardRead::First,
        horizon: Horizon::AfterVersions,
        loading: Loading::AfterConfirm,
        serves_unguarded: false,
        cleaning: Cleaning::FreshVersion,
        delayed_mark: DelayedMark::Stays,
        faults: Faults::NONE,
    };
}

/// When a writer marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marking {
    /// When it holds the database's lock.
    AfterLock,
    /// Before it takes the lock.
    BeforeLock,
}

/// How a writer comes to know that it has to mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// It was told to, and marks in any case.
    Told,
    /// It looks, inside its transaction, whether a guard is there.
    Asks,
    /// It believes what it saw before its transaction; not for as long as a reader leaves a new guard
    /// alone before it asks which writers have to end.
    BelievesForAWhile,
    /// It believes what it saw before its transaction.
    Believes,
}

/// What a mark makes of a guard that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeByMark {
    /// One that has to be confirmed.
    Held,
    /// One that entries may depend on.
    Live,
}

/// When a look reads the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardRead {
    /// Before the tag and the entry.
    First,
    /// After them.
    Last,
}

/// When a reader asks which writers have to end before a guard is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Horizon {
    /// When it has noted the guard's version.
    AfterVersions,
    /// Before it notes the guard's version, or makes the guard.
    BeforeVersions,
    /// Never.
    NotAsked,
}

/// When a reader loads, if the guard is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loading {
    /// When the guard is confirmed.
    AfterConfirm,
    /// Before it waits for the writers.
    BeforeHorizon,
}

/// What version a guard has when marks that are over were taken off it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaning {
    /// A fresh one.
    FreshVersion,
    /// The one that it had.
    SameVersion,
}

/// What becomes of the mark of a writer whose bump is delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelayedMark {
    /// It stays until the bump is delivered, or it is judged to be over.
    Stays,
    /// It is taken away when the writer returns.
    IsTaken,
}

/// How often each fault may (still) strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    /// The guard is dropped while it carries no mark.
    pub guard_evictions: u8,
    /// The guard is dropped while it carries marks.
    pub lost_marks: u8,
    /// The tag is dropped.
    pub tag_evictions: u8,
    /// A writer dies between its mark and its bump.
    pub crashes: u8,
    /// Marks of dead writers are judged to be over.
    pub dead_marks: u8,
    /// Marks are judged to be over whose writers live, and are only slow.
    pub slow_marks: u8,
    /// A bump cannot be sent, and is delivered after its writer returned.
    pub delayed_bumps: u8,
}

impl Faults {
    /// No fault.
    pub const NONE: Faults = Faults {
        guard_evictions: 0,
        lost_marks: 0,
        tag_evictions: 0,
        crashes: 0,
        dead_marks: 0,
        slow_marks: 0,
        delayed_bumps: 0,
    };
}
