//! The near tier: memory in front of a store that is far away.
//!
//! An entry that was read from the far store is kept here as well, decoded once. Two ways to know
//! that the copy is still right:
//!
//! - *Validated*: every hit asks the far store for the versions of the tags and whether the entry
//!   is still the same one, in one round trip that carries no value. Nothing is promised less than
//!   without the tier.
//! - *Pushed*: the server tells of every change, and a hit asks nobody. A copy may be out of date
//!   for as long as the news take to arrive; see [`Near::pushed`].
//!
//! What can go wrong with news, and why it does not:
//! - News that arrive while a copy is being read would miss it: what the news call the entry and
//!   its tags is *noted* in memory before the far store is asked, and a copy counts only while
//!   nothing noted has changed since (`news.rs`).
//! - News that were lost: when the connection is lost every copy is dropped, and none is served or
//!   kept until it is back. A connection that is silent is lost after the heartbeat's time.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use self::news::{News, Since};
use super::{
    Capability, Guard, Insertion, Leases, Listing, Look, Lookup, Marks, Memory, Push, Put, Reply,
    Store, Versions, Want, tag_weight,
};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::secret::Secrets;
use crate::shape::ShapeList;
use crate::tag::Tag;
use crate::version::Version;

mod news;

pub use news::NEWS_MAX;

/// How memory stands in front of a store that is far away: what
/// [`CacheBuilder::near`](crate::CacheBuilder::near) takes.
#[derive(Clone, Debug)]
#[must_use]
pub struct Near {
    memory: Memory,
    pushed: bool,
}

impl Near {
    /// Copies that are validated on every hit: one round trip without the value. As fresh as the
    /// far store itself.
    pub fn validated(memory: Memory) -> Near {
        Near {
            memory,
            pushed: false,
        }
    }

    /// Copies that the server's news keep right: a hit asks nobody.
    ///
    /// # Freshness
    ///
    /// A read that begins after a write of *this process* returned sees it. Of a write of another
    /// process it may give the older value until the news have arrived: usually less than a
    /// millisecond, and never longer than the store's
    /// [`delay_max`](crate::store::Push::delay_max). Reads that must be linearizable are refused
    /// over it.
    pub fn pushed(memory: Memory) -> Near {
        Near {
            memory,
            pushed: true,
        }
    }
}

impl From<Memory> for Near {
    fn from(memory: Memory) -> Near {
        Near::validated(memory)
    }
}

/// A near tier in front of a far store, for one namespace.
#[derive(Clone)]
pub(crate) struct Tiered(Arc<Inner>);

struct Inner {
    memory: Memory,
    far: Arc<dyn Store>,
    namespace: Namespace,
    /// Of a tier that is not validated.
    news: Option<Arc<News>>,
}

impl Tiered {
    /// # Errors
    ///
    /// The far store is near itself, or has no news where they are needed.
    pub(crate) fn new(near: Near, far: Arc<dyn Store>, namespace: &Namespace) -> Result<Tiered> {
        if !far.capability().remote {
            return Err(Error::config(
                "a near tier needs a store that is far away in front of which it stands: leave it out over memory",
            ));
        }
        let news = match (near.pushed, far.push()) {
            (false, _) => None,
            (true, Some(push)) => Some(News::subscribe(push, namespace)?),
            (true, None) => {
                return Err(Error::config(
                    "this store's server does not tell of changes: use Near::validated",
                ));
            }
        };
        Ok(Tiered(Arc::new(Inner {
            memory: near.memory,
            far,
            namespace: namespace.clone(),
            news,
        })))
    }
}

/// What a copy depends on: the versions that the far store compares, and what was noted here.
struct Copied {
    origin: Versions,
    noted: Option<Versions>,
}

impl Guard for Copied {
    fn state(&self) -> TagState {
        match &self.noted {
            None => TagState::Current,
            Some(noted) => noted.guard().map_or(TagState::Missing, Guard::state),
        }
    }

    fn tags(&self) -> Vec<Tag> {
        self.origin.tags()
    }

    fn changed(&self) -> Option<Tag> {
        self.noted.as_ref()?.guard()?.changed()
    }

    fn stamps(&self) -> Option<&[(Tag, Version)]> {
        self.origin.stamps()
    }

    fn weight(&self) -> usize {
        let noted = self.noted.as_ref().map_or(0, Versions::weight);
        self.origin.tags().iter().map(tag_weight).sum::<usize>() + noted
    }
}

impl Inner {
    /// A copy that may be served as it is.
    fn at_hand(&self, namespace: &Namespace, key: &Key) -> Option<Lookup> {
        let news = self.news.as_ref()?;
        if !news.is_live() || *namespace != self.namespace {
            return None;
        }
        match self.memory.get_now(namespace, key)? {
            Lookup::Found {
                entry,
                state: TagState::Current,
            } => Some(Lookup::Found {
                entry,
                state: TagState::Current,
            }),
            _ => None,
        }
    }

    /// A copy to be validated.
    fn copy(&self, namespace: &Namespace, key: &Key) -> Option<Entry> {
        if self.news.is_some() || *namespace != self.namespace {
            return None;
        }
        match self.memory.get_now(namespace, key)? {
            Lookup::Found { entry, .. } => Some(entry),
            Lookup::Absent | Lookup::Failed(_) => None,
        }
    }

    async fn look(
        &self,
        namespace: &Namespace,
        looks: &[Look<'_>],
    ) -> Result<SmallVec<[Lookup; 1]>> {
        let mut answers: SmallVec<[Option<Lookup>; 1]> = looks
            .iter()
            .map(|look| self.at_hand(namespace, look.key))
            .collect();
        let copies: Vec<(usize, Entry)> = looks
            .iter()
            .enumerate()
            .filter(|(at, _)| answers[*at].is_none())
            .filter_map(|(at, look)| Some((at, self.copy(namespace, look.key)?)))
            .collect();
        if !copies.is_empty() {
            let asked: Vec<(&Key, Entry)> = copies
                .iter()
                .map(|(at, entry)| (looks[*at].key, entry.clone()))
                .collect();
            let states = match self.far.still(namespace, &asked).await {
                Ok(states) => states,
                Err(error) if looks.len() == 1 => return Err(error),
                // Which of them were not answered is not said: all are asked for below.
                Err(_) => Vec::new(),
            };
            for ((at, entry), state) in copies.into_iter().zip(states) {
                match state {
                    TagState::Current | TagState::Marked => {
                        answers[at] = Some(Lookup::Found { entry, state });
                    }
                    // Another process may have stored a newer one: the far store is asked below.
                    TagState::Changed | TagState::Missing => self.drop_copy(looks[at].key),
                }
            }
        }
        let open: Vec<usize> = (0..looks.len())
            .filter(|at| answers[*at].is_none())
            .collect();
        if !open.is_empty() {
            let far: Vec<Look<'_>> = open.iter().map(|at| looks[*at]).collect();
            // Before the far store is asked: news that come from now on are not missed.
            let since = self.news.as_ref().and_then(|news| news.now());
            let found = match self.far.get(namespace, &far).await {
                Ok(found) => found,
                Err(error) if far.len() == looks.len() => return Err(error),
                Err(error) => smallvec![Lookup::Failed(error); far.len()],
            };
            for (at, lookup) in open.into_iter().zip(found) {
                if let Lookup::Found {
                    entry,
                    state: TagState::Current,
                } = &lookup
                {
                    self.keep(namespace, looks[at].key, entry, since);
                }
                answers[at] = Some(lookup);
            }
        }
        Ok(answers
            .into_iter()
            .map(|answer| answer.unwrap_or(Lookup::Absent))
            .collect())
    }

    fn keep(&self, namespace: &Namespace, key: &Key, entry: &Entry, since: Option<Since>) {
        if *namespace != self.namespace {
            return;
        }
        let noted = match (&self.news, self.far.push(), since) {
            (None, ..) => None,
            (Some(news), Some(push), Some(since)) => {
                match news.hold(push, namespace, key, entry, since) {
                    Some(noted) => Some(noted),
                    None => return,
                }
            }
            _ => return,
        };
        let origin = entry.versions().clone();
        let copied = Versions::guarded(Arc::new(Copied { origin, noted }), false);
        let item = Insertion::new(key, entry.with_versions(copied), entry.ttl());
        let items = smallvec![item];
        // Memory answers at once, and does not fail; what is too large for it is read again.
        let _ = self.memory.insert(namespace, items).now();
    }

    fn drop_copy(&self, key: &Key) {
        let _ = self
            .memory
            .remove(&self.namespace, std::slice::from_ref(key))
            .now();
    }

    /// This process has changed these: its own next read must not find the copies.
    fn changed(&self, keys: &[Key], tags: &[Tag]) {
        if let (Some(news), Some(push)) = (&self.news, self.far.push()) {
            let of_keys = keys.iter().map(|key| push.entry_name(&self.namespace, key));
            let of_tags = tags.iter().map(|tag| push.tag_name(&self.namespace, tag));
            for name in of_keys.chain(of_tags) {
                news.told(&name);
            }
        }
        for key in keys {
            self.drop_copy(key);
        }
    }
}

impl Store for Tiered {
    fn authenticate(&self, secrets: &Secrets) -> Result<()> {
        self.0.far.authenticate(secrets)
    }

    fn capability(&self) -> Capability {
        let mut capability = self.0.far.capability();
        // A copy that waits for news does not see a mark in time.
        capability.marks &= self.0.news.is_none();
        capability
    }

    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>> {
        Reply::Pending(Box::pin(self.0.look(namespace, looks)))
    }

    fn get_now(&self, namespace: &Namespace, key: &Key) -> Option<Lookup> {
        self.0.at_hand(namespace, key)
    }

    fn still<'a>(
        &'a self,
        namespace: &'a Namespace,
        entries: &'a [(&'a Key, Entry)],
    ) -> Reply<'a, Result<Vec<TagState>>> {
        self.0.far.still(namespace, entries)
    }

    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>> {
        self.0.far.prepare(namespace, wants)
    }

    fn prepare_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        sets: &'a [Vec<Want>],
    ) -> Reply<'a, Vec<Result<Versions>>> {
        self.0.far.prepare_each(namespace, sets)
    }

    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>> {
        Reply::Pending(Box::pin(async move {
            let keys: Vec<Key> = items.iter().map(|item| item.key.clone()).collect();
            let puts = self.0.far.insert(namespace, items).await;
            // Also after an error: it may have been stored.
            self.0.changed(&keys, &[]);
            puts
        }))
    }

    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>> {
        Reply::Pending(Box::pin(async move {
            let removed = self.0.far.remove(namespace, keys).await;
            self.0.changed(keys, &[]);
            removed
        }))
    }

    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        Reply::Pending(Box::pin(async move {
            let lists = self.0.far.bump(namespace, tags, watch).await;
            self.0.changed(&[], tags);
            lists
        }))
    }

    fn bump_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
    ) -> Reply<'a, Vec<Result<()>>> {
        Reply::Pending(Box::pin(async move {
            let bumped = self.0.far.bump_each(namespace, tags).await;
            self.0.changed(&[], tags);
            bumped
        }))
    }

    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        self.0.far.shapes(namespace, tables)
    }

    fn current<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>> {
        self.0.far.current(namespace, versions)
    }

    fn discard(&self, namespace: &Namespace, key: &Key) {
        if *namespace == self.0.namespace {
            self.0.drop_copy(key);
        }
    }

    fn marks(&self) -> Option<&dyn Marks> {
        // Also where strict reads are not possible: others may read so, and writers mark for them.
        self.0.far.marks()
    }

    fn leases(&self) -> Option<&dyn Leases> {
        self.0.far.leases()
    }

    fn listing(&self) -> Option<&dyn Listing> {
        self.0.far.listing()
    }

    fn push(&self) -> Option<&dyn Push> {
        self.0.far.push()
    }
}

#[cfg(all(test, any(feature = "redis", feature = "memcached")))]
mod tests;
