//! Listing what a store keeps.

use std::ops::ControlFlow;
use std::time::Duration;

use super::{Reply, Versions};
use crate::clock::Moment;
use crate::error::Result;
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;

/// The list of a store's entries, for people.
///
/// It is no snapshot: an entry that is stored or removed meanwhile may be told or not. One that is
/// there all the time is told once.
pub trait Listing: Send + Sync {
    /// Tells of the entries of a namespace whose keys begin with the parts of `prefix`, in any order,
    /// until all are told, `told` has had enough, or so many were looked at that it would cost too
    /// much to go on. Says whether all were told.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn list<'a>(
        &'a self,
        namespace: &'a Namespace,
        prefix: &'a Key,
        told: &'a mut (dyn FnMut(Listed) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Result<bool>>;
}

/// An entry in a list, without its value.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its key.
    pub key: Key,
    /// The versions that its tags had before its load.
    pub versions: Versions,
    /// The state of its tags.
    pub state: TagState,
    /// When it was written.
    pub written_at: Moment,
    /// How long it is fresh after that.
    pub ttl: Duration,
    /// Its value's estimated bytes.
    pub weight: usize,
}
