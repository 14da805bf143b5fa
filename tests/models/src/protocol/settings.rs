//! What a row of the protocol varies.

/// A variant of the protocol, the size of its world, and the faults that may strike.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many writers there are; each writes once.
    pub writers: usize,
    /// How many readers there are.
    pub readers: usize,
    /// How many reads each reader makes.
    pub reads_each: u8,
    /// What writers put on the tag before they commit.
    pub marking: Marking,
    /// What a version is.
    pub versions: Versions,
    /// When the version that an entry records is read.
    pub stamping: Stamping,
    /// Where loads read.
    pub source: Source,
    /// In how many steps a look fetches entry and tag.
    pub round: Round,
    /// What becomes of a tag that a reader finds missing.
    pub missing_tag: MissingTag,
    /// Whether only probation makes a tag live: marks put on a missing tag leave nothing behind.
    pub only_probation_makes_live: bool,
    /// Whether tags and entries carry the store's incarnation, and another one is a miss.
    pub fence: bool,
    /// Whether looks read a copy of the store that lags behind.
    pub reads_store_copy: bool,
    /// How often each fault may strike.
    pub faults: Faults,
}

impl Settings {
    /// Versions read before the load, a bump after the commit; two writers, two readers, no fault.
    pub const BASE: Settings = Settings {
        writers: 2,
        readers: 2,
        reads_each: 2,
        marking: Marking::None,
        versions: Versions::Unique,
        stamping: Stamping::BeforeLoad,
        source: Source::Database,
        round: Round::One,
        missing_tag: MissingTag::CreatedLive,
        only_probation_makes_live: false,
        fence: false,
        reads_store_copy: false,
        faults: Faults::NONE,
    };

    /// The base with a set of marks on the tag around each commit.
    pub const STRICT: Settings = Settings {
        marking: Marking::Set,
        ..Settings::BASE
    };
}

/// What writers put on the tag before they commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marking {
    /// Nothing: the base.
    None,
    /// One flag for all writers; the first to finish takes it away for the others too.
    Flag,
    /// A set of the writers' ids; each takes away its own.
    Set,
}

/// What a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// A value never used before.
    Unique,
    /// A counter on the tag, which begins anew when the tag was evicted.
    Counter,
}

/// When the version that an entry records is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamping {
    /// Before the load begins.
    BeforeLoad,
    /// With the fill, after the load.
    AtFill,
}

/// Where loads read, and what they see there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The database, after the tag was read.
    Database,
    /// The database, by a query that was sent together with the look.
    OverlappingQuery,
    /// A snapshot taken when the read's transaction began, before the look.
    EarlierSnapshot,
    /// A replica that lags behind.
    Replica,
    /// A replica, unless it has not replayed the position that the tag carries.
    ReplicaByPosition,
}

impl Source {
    /// Whether a replica takes part.
    pub fn is_replica(self) -> bool {
        matches!(self, Source::Replica | Source::ReplicaByPosition)
    }
}

/// In how many steps a look fetches entry and tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Both at once.
    One,
    /// First the entry, later the tag.
    EntryThenTag,
    /// First the tag, later the entry.
    TagThenEntry,
}

/// What becomes of a tag that a reader finds missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingTag {
    /// It is created with a fresh version and may be used at once.
    CreatedLive,
    /// It is created on probation, and becomes live if no writer is in flight just then.
    ProbationByLock,
    /// It is created on probation, and becomes live when the writers that were in flight at its
    /// creation have ended.
    ProbationByHorizon,
}

impl MissingTag {
    /// Whether a created tag is on probation first.
    pub fn is_probation(self) -> bool {
        self != MissingTag::CreatedLive
    }
}

/// How often each fault may (still) strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A tag without marks is dropped.
    pub evictions: u8,
    /// A tag with marks is dropped.
    pub lost_marks: u8,
    /// An older copy of the store takes over.
    pub failovers: u8,
    /// A writer dies between its commit and its bump.
    pub crashes: u8,
}

impl Faults {
    /// No fault.
    pub const NONE: Faults = Faults {
        evictions: 0,
        lost_marks: 0,
        failovers: 0,
        crashes: 0,
    };
}
