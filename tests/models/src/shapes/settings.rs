//! What a row about shapes varies.

/// A variant of registration, the size of its world, and the faults that may strike.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many writers there are; each writes once.
    pub writers: usize,
    /// How many readers there are.
    pub readers: usize,
    /// How many reads each reader makes.
    pub reads_each: u8,
    /// When a writer reads the table's list of shapes.
    pub list_read: ListRead,
    /// Whether an entry depends on the version of the table tag too.
    pub records_table_tag: bool,
    /// Whether writers enter themselves in the table tag, and a new shape waits for them.
    pub waits_for_writers: bool,
    /// Whether a table tag that a reader creates is on probation first.
    pub probation: bool,
    /// How often the table tag may be dropped, and the list with it.
    pub table_evictions: u8,
    /// How often the shape's tag may be dropped.
    pub shape_evictions: u8,
}

impl Settings {
    /// The list is read after the commit; two writers, two readers, no fault.
    pub const BASE: Settings = Settings {
        writers: 2,
        readers: 2,
        reads_each: 2,
        list_read: ListRead::AfterCommit,
        records_table_tag: true,
        waits_for_writers: false,
        probation: false,
        table_evictions: 0,
        shape_evictions: 0,
    };

    /// The base with marks on the shapes that a writer knows before it commits.
    pub const STRICT: Settings = Settings {
        list_read: ListRead::BeforeAndAfterCommit,
        ..Settings::BASE
    };
}

/// When a writer reads the table's list of shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListRead {
    /// Before the commit only.
    BeforeCommit,
    /// After the commit only.
    AfterCommit,
    /// Before, to mark the shapes it knows; and after, to bump those that are new. Strict.
    BeforeAndAfterCommit,
}
