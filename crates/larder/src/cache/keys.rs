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
use crate::store::Listed;
use crate::tag::Tag;

/// So many keys are listed if nobody says otherwise.
pub const KEYS_LISTED_DEFAULT: usize = 1_000;

/// A list of keys to be awaited: see [`Cache::keys`].
#[must_use = "a list does nothing unless it is awaited"]
pub struct Keys<'a> {
    cache: &'a Cache,
    prefix: Key,
    limit: usize,
}

/// Keys that a cache holds.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeyList {
    /// The keys, in the order of their readable forms.
    pub keys: Vec<KeyInfo>,
    /// Whether these are all.
    pub complete: bool,
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
        }
    }

    /// How many keys at most; [`KEYS_LISTED_DEFAULT`] if not set.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
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
        let mut told = |listed: Listed| {
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
            .list(&core.namespace, &self.prefix, &mut told)
            .await?;
        keys.sort_by_cached_key(|info| info.key.readable());
        Ok(KeyList {
            keys,
            complete: all && !more,
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
