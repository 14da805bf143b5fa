//! Which server keeps which name.

use std::sync::Arc;

use super::name::Name;
use super::node::Node;
use crate::error::Result;

/// The servers of a store, and which of them keeps a name.
pub(crate) trait Topology: Send + Sync + 'static {
    /// The server that keeps a name. Two names with the same [`route`](Name::route) have the same.
    ///
    /// # Errors
    ///
    /// No server is known for it at the moment.
    fn node(&self, name: &Name) -> Result<Arc<Node>>;

    /// All servers.
    fn nodes(&self) -> Vec<Arc<Node>>;

    /// A server has said that it is not the one for a name: look the servers up again, behind the
    /// caller's back. Called often; one look at a time is enough.
    fn moved(&self) {}
}

/// One server that keeps everything.
pub(crate) struct Single(pub(crate) Arc<Node>);

impl Topology for Single {
    fn node(&self, _name: &Name) -> Result<Arc<Node>> {
        Ok(self.0.clone())
    }

    fn nodes(&self) -> Vec<Arc<Node>> {
        vec![self.0.clone()]
    }
}
