//! What a row about the remote store varies.

/// A variant of the remote store's protocol, the size of its world, and the faults that may strike.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many writers there are; each writes once.
    pub writers: usize,
    /// How many readers there are.
    pub readers: usize,
    /// How many reads each reader makes.
    pub reads_each: u8,
    /// Whether writers mark the table's cell around their commit.
    pub strict: bool,
    /// Whether one of the writers bumps the table's cell instead of the rows' tag.
    pub one_widens: bool,
    /// Whether another process registers another shape meanwhile.
    pub other_registers: bool,
    /// Whether the database has one writer at a time, as SQLite does.
    pub one_writer_at_a_time: bool,
    /// When a writer reads the list of shapes.
    pub list_read: ListRead,
    /// In which order a look reads the tags.
    pub look_order: LookOrder,
    /// When a writer takes its mark away.
    pub unmarking: Unmarking,
    /// How a cell's marks and list are rewritten.
    pub swap: Swap,
    /// What a bump in place leaves where nothing was.
    pub void: Void,
    /// Whether a bump in place writes the server's incarnation too.
    pub splice_writes_life: bool,
    /// How one life of a server is told from another.
    pub lives: Lives,
    /// Whether readers look over a link from before the failover, to a server that was demoted.
    pub looks_over_old_link: bool,
    /// What version a tag has when marks that are over were taken off it.
    pub cleaning: Cleaning,
    /// Whether a cell that a reader makes or cleans is held back until the reader has had the
    /// database's write lock.
    pub probation: bool,
    /// What version a bump writes when it is sent again.
    pub repeating: Repeating,
    /// How often each fault may strike.
    pub faults: Faults,
}

impl Settings {
    /// The remote store without marks, and without faults.
    pub const REGULAR: Settings = Settings {
        writers: 2,
        readers: 2,
        reads_each: 2,
        strict: false,
        one_widens: false,
        other_registers: false,
        one_writer_at_a_time: false,
        list_read: ListRead::AfterCommit,
        look_order: LookOrder::AtOnce,
        unmarking: Unmarking::AfterBump,
        swap: Swap::Compared,
        void: Void::IsMissing,
        splice_writes_life: false,
        lives: Lives::RunIdAndReplication,
        looks_over_old_link: false,
        cleaning: Cleaning::FreshVersion,
        probation: false,
        repeating: Repeating::FreshVersion,
        faults: Faults::NONE,
    };

    /// The remote store with marks on the table's cell, over SQLite.
    pub const STRICT: Settings = Settings {
        strict: true,
        one_writer_at_a_time: true,
        look_order: LookOrder::CoarseFirst,
        swap: Swap::AtOnce,
        ..Settings::REGULAR
    };
}

/// When a writer reads the list of shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListRead {
    /// It remembers an older one, and does not ask again.
    Remembered,
    /// It bumps by the one that it remembers, and reads the list after that.
    AfterCommit,
}

/// In which order a look reads the table's cell and the tag of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookOrder {
    /// Both at the same instant.
    AtOnce,
    /// The table's cell, which carries the marks, first.
    CoarseFirst,
    /// The tag of the rows first.
    FineFirst,
}

/// When a writer takes its mark away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmarking {
    /// When its bump was delivered. If it could not be, the mark stays until it is over.
    AfterBump,
    /// Before its bump.
    BeforeBump,
    /// After its bump, delivered or not.
    AfterAnyBump,
}

/// How a cell's marks and list are rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// Read and written in one step. Fewer states; what is proven of [`Swap::Compared`] allows it.
    AtOnce,
    /// Read, later written if the head is still the one that was read, else read again.
    Compared,
    /// Read, later written whatever is there.
    Blind,
}

/// What a bump in place leaves where nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Void {
    /// Nothing.
    IsNotMade,
    /// A void, which readers take for nothing and write over.
    IsMissing,
    /// A void, which readers take for a tag.
    IsLive,
}

/// How one life of a server is told from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lives {
    /// Not at all.
    NotCompared,
    /// By the process.
    RunId,
    /// By the process and its promotions.
    RunIdAndReplication,
}

/// What version a tag has when marks that are over were taken off it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaning {
    /// A fresh one.
    FreshVersion,
    /// The one that it had.
    SameVersion,
}

/// What version a bump writes when it is sent again, because its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeating {
    /// A fresh one.
    FreshVersion,
    /// The one that it wrote, or did not write, the first time.
    SameVersion,
}

/// How often each fault may (still) strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    /// The table's cell is dropped while it carries no mark.
    pub table_evictions: u8,
    /// The tag of the rows is dropped.
    pub fine_evictions: u8,
    /// The table's cell is dropped while it carries marks.
    pub lost_marks: u8,
    /// The other server, which has an older copy, becomes the master.
    pub failovers: u8,
    /// A writer dies between its commit and its bump.
    pub crashes: u8,
    /// Marks of dead writers are judged to be over.
    pub dead_marks: u8,
    /// Marks are judged to be over whose writers live, and are only slow.
    pub slow_marks: u8,
    /// A bump is done and its answer is lost.
    pub lost_answers: u8,
    /// A bump is not done: the writer cannot reach the server.
    pub lost_bumps: u8,
}

impl Faults {
    /// No fault.
    pub const NONE: Faults = Faults {
        table_evictions: 0,
        fine_evictions: 0,
        lost_marks: 0,
        failovers: 0,
        crashes: 0,
        dead_marks: 0,
        slow_marks: 0,
        lost_answers: 0,
        lost_bumps: 0,
    };
}
