//! What the remote store asks of a server: a handful of operations, in batches.
//!
//! [`Dial`] opens a connection, [`Link`] is one. A link lives or is broken for ever; it never
//! reconnects by itself, so that every reply belongs to the server process whose [`Incarnation`]
//! the link tells. [`Node`](super::node::Node) dials again.

use std::sync::Arc;
use std::time::Duration;

pub(crate) use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::list::{Beginning, Page, PageAsk};
use super::name::Name;
use crate::error::{Error, Result};

/// How many bytes at the beginning of a stored value tell it from every other: whoever changes a
/// value changes its head.
pub(crate) const HEAD_BYTES: usize = 41;

/// One life of a server: a version that was written in another life never matches.
///
/// Sixteen bytes that change whenever the server may have forgotten a write that it acknowledged:
/// at a restart, at a promotion. Constant for a server that forgets the versions together with the
/// writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incarnation(pub(crate) [u8; 16]);

/// One operation on one name.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Reads: `Found` or `Missing`. Several in a row are one command where the server has one.
    Get(Name),
    /// Reads the beginning only, if the server can: `Found` with at least the first [`HEAD_BYTES`]
    /// bytes, or with a `cas` that tells this state of the value from every other and no bytes; or
    /// `Missing`.
    Head(Name),
    /// Reads, and lets the value live for `keep` from now on: `Found` or `Missing`.
    Touch { name: Name, keep: Duration },
    /// Writes whatever is there: `Done`.
    Set {
        name: Name,
        value: Vec<u8>,
        keep: Duration,
    },
    /// Writes if nothing is there: `Done`, or `Found` with what is there.
    Add {
        name: Name,
        value: Vec<u8>,
        keep: Duration,
    },
    /// Writes if something is there: `Done` or `Missing`.
    Replace {
        name: Name,
        value: Vec<u8>,
        keep: Duration,
    },
    /// Writes over the bytes that begin at `at`, leaves the others, and lets the value live for
    /// `keep` from now on. If nothing is there, what is written begins with a zero byte (or nothing
    /// is written): it is no value. `Done` or `Missing`.
    Splice {
        name: Name,
        at: usize,
        value: Vec<u8>,
        keep: Duration,
    },
    /// Writes if what is there has the head of `seen`: `Done`; else `Found` with what is there, or
    /// `Missing`. Compares the first [`HEAD_BYTES`] of `seen`, or all of it if it is shorter.
    Swap {
        name: Name,
        seen: Found,
        value: Vec<u8>,
        keep: Duration,
    },
    /// Deletes if what is there has the head of `seen`: `Done`; else `Found` or `Missing`.
    Take { name: Name, seen: Found },
    /// Lets what has the head of `seen` live for `keep` from now on: `Done`; else `Found` or
    /// `Missing`.
    Renew {
        name: Name,
        seen: Found,
        keep: Duration,
    },
    /// Deletes: `Done`, whatever was there.
    Delete(Name),
}

/// What an operation met.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// It is done.
    Done,
    /// This is there.
    Found(Found),
    /// Nothing is there.
    Missing,
    /// The value passes a limit of the server.
    TooLarge,
    /// The server refuses this operation and goes on with others: no room left, not allowed.
    Refused(Error),
}

/// Stored bytes as they were found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) bytes: Bytes,
    /// The server's own number for this state of the value; zero if there is none, or none is known.
    pub(crate) cas: u64,
}

impl Found {
    /// What a later comparison needs of it.
    pub(crate) fn head(&self) -> &[u8] {
        &self.bytes[..self.bytes.len().min(HEAD_BYTES)]
    }

    /// Whether it begins with this head: a head that is known in part is compared in part. Nothing
    /// begins with an empty one but an empty value.
    pub(crate) fn begins_with(&self, head: &[u8]) -> bool {
        match head {
            [] => self.bytes.is_empty(),
            head => self.bytes.starts_with(head),
        }
    }
}

/// Why a batch has no answers.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The link is broken: whether the operations were done is unknown.
    Broken(Error),
    /// The server says that it is not, or no longer, the one for these names (a cluster's slot has
    /// moved, a master has become a replica). Nothing may be concluded from the batch.
    Moved(Error),
}

/// One connection to one server process.
pub(crate) trait Link: Send + Sync + 'static {
    /// The life of the server at the other end.
    fn incarnation(&self) -> Incarnation;

    /// Runs the operations in their order, and gives one answer for each. In one round trip, but
    /// for what the server can only do in two.
    ///
    /// # Cancel safety
    ///
    /// A dropped call leaves each operation done or not done. Replies never reach another call.
    fn run(&self, ops: Vec<Op>) -> BoxFuture<'_, Result<Vec<Answer>, Fault>>;

    /// A part of what the server keeps, where it can tell; or why it does not.
    fn page<'a>(&'a self, _ask: &'a PageAsk<'a>) -> BoxFuture<'a, Result<Result<Page>, Fault>> {
        Box::pin(async {
            Ok(Err(Error::unsupported(
                "this server does not tell what it keeps",
            )))
        })
    }

    /// The beginnings of values, so many bytes of each, where [`page`](Link::page) tells of them.
    /// Names that are gone are left out.
    fn beginnings<'a>(
        &'a self,
        _names: &'a [String],
        _bytes: usize,
    ) -> BoxFuture<'a, Result<Result<Vec<Beginning>>, Fault>> {
        Box::pin(async { Ok(Ok(Vec::new())) })
    }
}

/// How a link is opened.
pub(crate) trait Dial: Send + Sync + 'static {
    /// Where to, for people: never with a password.
    fn address(&self) -> &str;

    /// Opens a link, asks who answers, and checks that it can do what is needed.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config) where trying again cannot help (wrong password, wrong
    /// database, a server too old), with what to do; else [`is_store`](Error::is_store).
    fn dial(&self) -> BoxFuture<'_, Result<Arc<dyn Link>>>;
}
