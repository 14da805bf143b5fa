//! What is promised about freshness.

/// What a read promises about writes. Time adds its own bound to both: [`Policy::ttl`](crate::Policy::ttl).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// A read that starts after a write returned never gives data older than that write (L2).
    #[default]
    Regular,
    /// Each read behaves as if run on the database at an instant between its call and its return,
    /// also against readers of the database itself (L4). Writers mark what they touch before they commit.
    Linearizable,
}
