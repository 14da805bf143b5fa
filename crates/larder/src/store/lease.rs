//! Leases: one load for a key among all processes that share a store.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Reply;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::namespace::Namespace;

/// Leases: one load for a key among all processes that share the store.
///
/// A lease is time-limited permission to load a key. It ends with its entry's insertion, with a
/// removal of the key, or when its time is over; whoever holds a [`Permit`] that has ended cannot
/// store anything under it any more.
pub trait Leases: Send + Sync {
    /// Takes leases, one answer for each claim.
    fn take<'a>(
        &'a self,
        namespace: &'a Namespace,
        claims: &'a [Claim<'a>],
    ) -> Reply<'a, Result<Vec<Taken>>>;

    /// Lets a lease last for `hold` from now on. Whether it was still ours.
    fn renew<'a>(
        &'a self,
        namespace: &'a Namespace,
        permit: &'a Permit,
        hold: Duration,
    ) -> Reply<'a, Result<bool>>;

    /// Gives leases back that end without an insertion.
    fn release<'a>(
        &'a self,
        namespace: &'a Namespace,
        permits: &'a [Permit],
    ) -> Reply<'a, Result<()>>;
}

/// A wish for a lease.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The key to be loaded.
    pub key: &'a Key,
    /// The entry that the caller has found under it, which is no longer good enough.
    pub seen: Option<&'a Entry>,
    /// Whether that entry is to stay there during the load, because it may still be served.
    pub keep_seen: bool,
    /// How long the lease lasts unless it is renewed.
    pub hold: Duration,
}

/// What became of a [`Claim`].
#[derive(Clone, Debug)]
pub enum Taken {
    /// The lease is the caller's.
    Led(Permit),
    /// Another process loads this key.
    Busy,
    /// Another entry is there than the caller has seen: look again.
    Changed,
    /// The server that keeps this key has failed: nobody knows whose turn it is. Others may answer.
    Failed(Error),
}

/// A lease that was taken, in the store's own form. Cheap to clone.
#[derive(Clone)]
pub struct Permit(Arc<dyn Any + Send + Sync>);

impl Permit {
    /// A permit that only its store can read.
    pub fn new(held: impl Any + Send + Sync) -> Permit {
        Permit(Arc::new(held))
    }

    /// What the store has put in.
    pub fn held<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
