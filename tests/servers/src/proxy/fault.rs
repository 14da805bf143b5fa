//! What a proxy does with what passes.

use std::time::Duration;

/// How a proxy treats its connections at the moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault {
    /// The number of the order that made it so.
    pub(super) number: u64,
    /// New connections are refused.
    pub(super) refuses: bool,
    pub(super) to_server: Flow,
    pub(super) to_client: Flow,
}

impl Fault {
    /// Whether bytes are forgotten in some direction.
    pub(super) fn swallows(&self) -> bool {
        [self.to_server, self.to_client].contains(&Flow::Swallow)
    }
}

/// How bytes go one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Flow {
    /// As they come.
    #[default]
    Pass,
    /// They are read and forgotten.
    Swallow,
    /// They are kept until the flow changes.
    Hold,
    /// They go on after a while.
    Delay(Duration),
    /// They go on in pieces.
    Drip { bytes: usize, pause: Duration },
}
