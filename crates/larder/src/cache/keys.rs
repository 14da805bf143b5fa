//! Listing keys.

use std::fmt;
use std::future::IntoFuture;
use std::ops::ControlFlow;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Cache;
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::store::{ListPlace, Told};
use crate::tag::Tag;

/// So many keys are listed if nobody says otherwise.
pub const KEYS_LISTED_DEFAULT: usize = 1_000;

/// Keys that are equal in so many bytes of their readable forms are listed in any order: a thousand keys
/// of megabytes each would take as many again.
const SORTED_BYTES: usize = 1_024;

/// A list of keys to be awaited: see [`Cache::keys`].
#[must_use = "a list does nothing unless it is awaited"]
pub struct Keys<'a> {
    cache: &'a Cache,
    prefix: Key,
    limit: usize,
    enough: usize,
    within: Duration,
    from: Option<ListPlace>,
}

/// Keys that a cache holds.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeyList {
    /// The keys, in the order of their readable forms.
    pub keys: Vec<KeyInfo>,
    /// Whether these are all: of a list that began at a place, all that came after it.
    pub complete: bool,
    /// How many entries the store has looked at, whatever their keys begin with.
    pub looked: usize,
    /// Where another list [goes on](Keys::from), if this one ended with a page and the store can begin
    /// there: Redis can, memory cannot.
    pub next: Option<ListPlace>,
}

/// A key with what is known of its entry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyInfo {
    /// The key.
    pub key: Key,
    /// What the entry depends on.
    pub tags: Vec<Tag>,
    /// When it was written.
    pub written_at: Moment,
    /// How long it is fresh after that.
    pub ttl: Duration,
    /// Its value's estimated bytes.
    pub weight: usize,
}

impl<'a> Keys<'a> {
    pub(super) fn new(cache: &'a Cache, prefix: Key) -> Keys<'a> {
        Keys {
            cache,
            prefix,
            limit: KEYS_LISTED_DEFAULT,
            enough: usize::MAX,
            within: Duration::MAX,
            from: None,
        }
    }

    /// How many keys at most; [`KEYS_LISTED_DEFAULT`] if not set.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The list ends with the page in which so many keys were found; there may be more in that page, up
    /// to the [`limit`](Keys::limit).
    pub fn enough(mut self, enough: usize) -> Self {
        self.enough = enough;
        self
    }

    /// The list ends with the first page after this time, with what was found until then. A store that
    /// does not answer is waited for as long as the store says, not only so long.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// Goes on where another list with the same prefix has [left off](KeyList::next).
    pub fn from(mut self, place: ListPlace) -> Self {
        self.from = Some(place);
        self
    }

    async fn list(self) -> Result<KeyList> {
        let core = self.cache.core();
        let Some(listing) = core.store.listing() else {
            return Err(Error::unsupported(
                "this store cannot list its keys: memory and Redis can",
            ));
        };
        let now = core.clock.now();
        let mut keys: Vec<KeyInfo> = Vec::new();
        let mut more = false;
        let mut looked_all = 0;
        let mut next_page = None;
        let mut told = |told: Told| {
            let listed = match told {
                Told::Entry(listed) => listed,
                Told::Page { looked, next } => {
                    looked_all += looked;
                    next_page = next;
                    let late = core.clock.now().since(now) >= self.within;
                    return match late || keys.len() >= self.enough {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    };
                }
            };
            // What no read would be given is not listed: it is gone, but for its bytes.
            let wrong = matches!(listed.state, TagState::Changed | TagState::Missing);
            let old = now.since(listed.written_at) >= listed.ttl;
            if wrong || old || core.is_undelivered(&listed.versions) {
                return ControlFlow::Continue(());
            }
            if keys.len() == self.limit {
                more = true;
                return ControlFlow::Break(());
            }
            keys.push(KeyInfo {
                tags: listed.versions.tags(),
                key: listed.key,
                written_at: listed.written_at,
                ttl: listed.ttl,
                weight: listed.weight,
            });
            ControlFlow::Continue(())
        };
        let all = listing
            .list(&core.namespace, &self.prefix, self.from, &mut told)
            .await?;
        let complete = all && !more;
        keys.sort_by_cached_key(|info| info.key.readable_start(SORTED_BYTES));
        Ok(KeyList {
            keys,
            complete,
            looked: looked_all,
            // In the middle of a page there is no place to go on.
            next: next_page.filter(|_| !complete && !more),
        })
    }
}

impl fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("prefix", &self.prefix)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<'a> IntoFuture for Keys<'a> {
    type Output = Result<KeyList>;
    type IntoFuture = BoxFuture<'a, Result<KeyList>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.list())
    }
}
