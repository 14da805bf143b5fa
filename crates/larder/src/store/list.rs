//! Listing what a store keeps.

use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;
use std::time::Duration;

use super::{Reply, Versions};
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;

/// The list of a store's entries, for people.
///
/// It is no snapshot: an entry that is stored or removed meanwhile may be told or not. One that is
/// there all the time is told once.
pub trait Listing: Send + Sync {
    /// Tells of the entries of a namespace whose keys begin with the parts of `prefix`, in any order,
    /// until all are told or `told` has had enough. Says whether all were told. Whoever listens is told
    /// after every page how many entries were looked at for it, and decides by that whether it has cost
    /// enough.
    ///
    /// A list that begins at a place goes on where another one has left off, and tells nothing of what
    /// that one has told of, while the servers are the same.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn list<'a>(
        &'a self,
        namespace: &'a Namespace,
        prefix: &'a Key,
        from: Option<ListPlace>,
        told: &'a mut (dyn FnMut(Told) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Result<bool>>;
}

/// What a store tells while it lists.
#[derive(Clone, Debug)]
#[non_exhaustive]
// Nearly all that is told are entries, one after another; a box for each would be an allocation more.
#[allow(clippy::large_enum_variant)]
pub enum Told {
    /// An entry.
    Entry(Listed),
    /// A page is done.
    Page {
        /// How many entries were looked at for it, whatever their keys begin with.
        looked: usize,
        /// Where the next page begins. Nothing if the store cannot begin there, or if there is none.
        next: Option<ListPlace>,
    },
}

/// A place in a list, between two pages, at which another list can go on: which server, and where it is
/// there. It is good while the servers are the same; on others a list tells some entries twice, or not.
///
/// ```
/// use larder::store::ListPlace;
///
/// # fn main() -> larder::Result<()> {
/// let place: ListPlace = "0-1f".parse()?;
/// assert_eq!(place.to_string(), "0-1f");
/// assert!("nowhere".parse::<ListPlace>().is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPlace {
    /// Which of the servers, counted from zero.
    pub server: usize,
    /// What that server calls the place.
    pub cursor: u64,
}

impl fmt::Display for ListPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:x}", self.server, self.cursor)
    }
}

impl FromStr for ListPlace {
    type Err = Error;

    fn from_str(text: &str) -> Result<ListPlace> {
        let place = text.split_once('-').and_then(|(server, cursor)| {
            Some(ListPlace {
                server: server.parse().ok()?,
                cursor: u64::from_str_radix(cursor, 16).ok()?,
            })
        });
        place.ok_or_else(|| Error::config("the text stands for no place in a list"))
    }
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
