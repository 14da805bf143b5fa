//! What a row about the memory store varies.

/// A variant of the memory store.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether writers mark the table tag around their commit.
    pub marks: bool,
    /// Whether a mark is taken away before the shape's tag is bumped.
    pub unmarks_before_bump: bool,
    /// Whether one of the two writers bumps the table tag instead of the shape's.
    pub one_widens: bool,
    /// In which order a look compares the tags.
    pub look_order: Order,
    /// When a writer reads the table's list of shapes.
    pub list_read: ListRead,
    /// Which flights a reader joins.
    pub joining: Joining,
    /// Who gets what a flight's second look found.
    pub look_again: LookAgain,
    /// Whether a flight notes the versions of the tags before it loads.
    pub notes_before_load: bool,
}

impl Settings {
    /// The memory store without marks.
    pub const REGULAR: Settings = Settings {
        marks: false,
        unmarks_before_bump: false,
        one_widens: false,
        look_order: Order::TableFirst,
        list_read: ListRead::AfterCommit,
        joining: Joining::IfCurrent(Order::TableFirst),
        look_again: LookAgain::ForLeader,
        notes_before_load: true,
    };

    /// The memory store with marks.
    pub const STRICT: Settings = Settings {
        marks: true,
        ..Settings::REGULAR
    };
}

/// In which order the two tags are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// The table tag, which carries the marks, before the shape's.
    TableFirst,
    /// The shape's tag before the table tag.
    ShapeFirst,
}

/// When a writer reads the table's list of shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListRead {
    /// Before its commit, and (strict) after its mark.
    BeforeCommit,
    /// After its commit.
    AfterCommit,
}

/// Which flights a reader joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// Every flight of its key.
    Always,
    /// A flight that has not begun its load, or whose noted versions are still current.
    IfCurrent(Order),
}

/// Who gets what a flight's second look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookAgain {
    /// The reader that started the flight. Those who joined look for themselves.
    ForLeader,
    /// All who wait, also those who joined in the middle of the look.
    ForAll,
}
