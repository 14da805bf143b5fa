//! The limits of the analysis. What passes one is widened or unknown, never wrong.

/// Bytes of one statement. A longer one is [`Footprint::Unknown`](crate::Footprint::Unknown).
pub const SQL_BYTES_MAX: usize = 1 << 20;

/// Nesting that the parser follows. A deeper statement is unknown.
pub const RECURSION_MAX: usize = 50;

/// Operators of one statement: a chain of them is a tree as deep. More make it unknown.
pub const OPERATORS_MAX: usize = 1_000;

/// Queries inside queries, views included. Deeper ones make the statement unknown.
pub const QUERIES_DEPTH_MAX: usize = 32;

/// Conjunctions of a condition in disjunctive normal form. A part of the condition that would
/// need more is dropped, which widens.
pub const ALTERNATIVES_MAX: usize = 32;

/// Rows of an `INSERT` whose keys are looked for in its text. Those of a longer one are known only
/// after the write.
pub(crate) const ROWS_MAX: usize = 1_000;

/// Pins of one conjunction. Further ones are dropped, which widens.
pub const PINS_MAX: usize = 8;

/// Statement texts, and plans, that a [`Planner`](crate::Planner) remembers in each of its two
/// generations. When one is full the older is forgotten; a forgotten text is analysed again.
pub const PLANS_MAX: usize = 4_096;

/// Estimated bytes that each of the four generations of a [`Planner`](crate::Planner) takes: all
/// it remembers is 32 MiB at most. A generation that would take more is full.
pub const PLANS_BYTES_MAX: usize = 8 << 20;

/// Reasons kept of one statement. Further ones are not listed; they still widen.
pub(crate) const REASONS_MAX: usize = 32;
