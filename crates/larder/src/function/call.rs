//! One call of a cached function: what it is found by, what its entry is to be.

use std::sync::Arc;
use std::time::Duration;

use super::kept::Kept;
use crate::cache::Cache;
use crate::error::Result;
use crate::key::{Key, KeyBuilder};
use crate::policy::Policy;
use crate::tag::Tag;
use crate::write::{self, NewItem};

/// One call.
#[derive(Debug)]
pub struct Call {
    pub(super) key: Key,
    policy: Option<Policy>,
    ttl: Option<Duration>,
    wait: Option<Duration>,
    pub(super) group: Option<&'static str>,
    pub(super) tags: Vec<Tag>,
}

impl Call {
    /// A call with this key, and the cache's own policy.
    pub fn new(key: Key) -> Call {
        Call {
            key,
            policy: None,
            ttl: None,
            wait: None,
            group: None,
            tags: Vec::new(),
        }
    }

    /// With all times and rules.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Call {
        self.policy = Some(policy);
        self
    }

    /// With a time to live.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Call {
        self.ttl = Some(ttl);
        self
    }

    /// With a limit to how long a caller waits.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Call {
        self.wait = Some(wait);
        self
    }

    /// Counted in this group.
    #[must_use]
    pub fn group(mut self, group: &'static str) -> Call {
        self.group = Some(group);
        self
    }

    /// Depending on these.
    #[must_use]
    pub fn tags(mut self, tags: Vec<Tag>) -> Call {
        self.tags = tags;
        self
    }

    /// Its key.
    pub fn into_key(self) -> Key {
        self.key
    }

    /// The policy of its entry in this cache.
    pub(super) fn policy_in(&self, cache: &Cache) -> Policy {
        let mut policy = self.policy.unwrap_or(*cache.policy());
        if let Some(ttl) = self.ttl {
            policy = policy.ttl(ttl);
        }
        if let Some(wait) = self.wait {
            policy = policy.wait_timeout(wait);
        }
        policy
    }

    /// What is kept of it.
    ///
    /// # Errors
    ///
    /// As [`Cache::get`].
    pub async fn get<V: Send + Sync + 'static>(
        self,
        cache: &Cache,
        kept: Kept<V>,
    ) -> Result<Option<V>> {
        let found = cache.get(self.key).tags(self.tags).by(kept.kind).await?;
        Ok(found.map(|value| kept.give(value)))
    }

    /// Drops what is kept of it.
    ///
    /// # Errors
    ///
    /// As [`Cache::remove`].
    pub async fn invalidate(self, cache: &Cache) -> Result<()> {
        cache.remove(self.key).await
    }

    /// Keeps a result of it.
    ///
    /// # Errors
    ///
    /// As [`Cache::insert`].
    pub async fn prime<V: Send + Sync + 'static>(
        self,
        cache: &Cache,
        kept: Kept<V>,
        value: V,
    ) -> Result<()> {
        let (core, policy) = (cache.core(), self.policy_in(cache));
        policy.check()?;
        let item = NewItem {
            group: match self.group {
                Some(group) => core.groups.named(group),
                None => core.groups.of(&self.key),
            },
            key: self.key,
            tags: self.tags,
            negative: kept.negative.is_some_and(|negative| negative(&value)),
            value: Arc::new(value),
        };
        write::insert_all(core, vec![item], &policy, kept.kind).await
    }
}

/// Drops what is kept of all calls of the function with this name, given in pieces.
///
/// # Errors
///
/// As [`Cache::remove_tree`].
pub async fn invalidate_all(cache: &Cache, name: &[&str]) -> Result<()> {
    cache
        .remove_tree(KeyBuilder::default().name(name).build())
        .await
}
