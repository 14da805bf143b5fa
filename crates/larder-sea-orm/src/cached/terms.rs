//! The policy of one read: its own, its connection's, or its connection's with another ttl.

use std::time::Duration;

use larder::Policy;

/// What a read says of its policy.
#[derive(Clone, Debug, Default)]
pub(crate) enum Terms {
    /// Nothing: the connection's holds.
    #[default]
    Connection,
    /// The connection's, with this ttl.
    Ttl(Duration),
    /// Everything.
    Own(Policy),
}

impl Terms {
    pub(crate) fn ttl(self, ttl: Duration) -> Terms {
        match self {
            Terms::Own(policy) => Terms::Own(policy.ttl(ttl)),
            Terms::Connection | Terms::Ttl(_) => Terms::Ttl(ttl),
        }
    }

    pub(crate) fn policy(&self, connection: &Policy) -> Policy {
        match self {
            Terms::Connection => *connection,
            Terms::Ttl(ttl) => connection.ttl(*ttl),
            Terms::Own(policy) => *policy,
        }
    }
}
