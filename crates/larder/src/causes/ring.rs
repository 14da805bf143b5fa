//! What is remembered, and how it is found again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{
    CAUSE_TAG_BYTES_MAX, CAUSE_TAGS_KEPT, CAUSES_KEPT, Cause, GONE_KEPT, GONE_KEY_BYTES_MAX, Gone,
    Story,
};
use crate::cache::{Cache, Core};
use crate::clock::Moment;
use crate::entry::Entry;
use crate::event::Event;
use crate::freshness::TagState;
use crate::key::{IntoKey, Key};
use crate::store::Lookup;
use crate::tag::Tag;

/// The causes of a cache. Written by writes and by misses; hits never see it.
pub(crate) struct Ring {
    kept: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many causes there have been.
    count: u64,
    /// The newest last; their numbers have no gaps.
    causes: VecDeque<Arc<Cause>>,
    /// The number of the newest cause of each tag.
    newest: HashMap<Tag, u64, ahash::RandomState>,
    /// The newest last.
    gone: VecDeque<Gone>,
}

impl Default for Ring {
    fn default() -> Ring {
        Ring::of(CAUSES_KEPT)
    }
}

impl Ring {
    /// A ring of so many causes; of none, it is off.
    pub(crate) fn of(kept: usize) -> Ring {
        Ring {
            kept,
            state: Mutex::default(),
        }
    }

    fn is_off(&self) -> bool {
        self.kept == 0
    }

    /// Takes in a cause, and gives it its number.
    fn push(&self, mut cause: Cause) -> Arc<Cause> {
        let mut state = self.state.lock();
        state.count += 1;
        cause.number = state.count;
        let cause = Arc::new(cause);
        if self.is_off() {
            return cause;
        }
        for tag in &cause.tags {
            state.newest.insert(tag.clone(), cause.number);
        }
        state.causes.push_back(cause.clone());
        if state.causes.len() > self.kept
            && let Some(oldest) = state.causes.pop_front()
        {
            for tag in &oldest.tags {
                if state.newest.get(tag) == Some(&oldest.number) {
                    state.newest.remove(tag);
                }
            }
        }
        cause
    }

    fn causes(&self) -> Vec<Arc<Cause>> {
        self.state.lock().causes.iter().rev().cloned().collect()
    }

    /// What bumped one of these tags last, not before `since`; with the tag.
    fn newest(&self, tags: &[Tag], since: Moment) -> Option<(Tag, Arc<Cause>)> {
        let state = self.state.lock();
        let first = state.causes.front()?.number;
        let of = |tag: &Tag| {
            let number = state.newest.get(tag)?;
            let cause = state.causes.get((number - first) as usize)?;
            (cause.at >= since).then(|| (tag.clone(), cause.clone()))
        };
        tags.iter()
            .filter_map(of)
            .max_by_key(|(_, cause)| cause.number)
    }

    /// All causes that bumped one of these tags, the newest first.
    fn history(&self, tags: &[Tag]) -> Vec<Arc<Cause>> {
        let state = self.state.lock();
        let bumped = |cause: &&Arc<Cause>| tags.iter().any(|tag| cause.tags.contains(tag));
        state.causes.iter().rev().filter(bumped).cloned().collect()
    }

    fn remember(&self, gone: Gone) {
        let mut state = self.state.lock();
        if state.gone.len() >= GONE_KEPT {
            state.gone.pop_front();
        }
        state.gone.push_back(gone);
    }

    fn gone(&self, key: &Key) -> Option<Gone> {
        let state = self.state.lock();
        state
            .gone
            .iter()
            .rev()
            .find(|gone| gone.key == *key)
            .cloned()
    }

    fn all_gone(&self) -> Vec<Gone> {
        self.state.lock().gone.iter().rev().cloned().collect()
    }
}

/// Whether a tag is one to be remembered.
fn is_short(tag: &Tag) -> bool {
    tag.as_bytes().len() <= CAUSE_TAG_BYTES_MAX
}

/// Those of some tags that are remembered.
fn kept(tags: &[Tag]) -> Box<[Tag]> {
    let short = tags.iter().filter(|tag| is_short(tag));
    short.take(CAUSE_TAGS_KEPT).cloned().collect()
}

impl Core {
    /// Takes note of tags that were bumped, or, `delayed`, are going to be; and tells the observers
    /// of those that were.
    pub(crate) fn note_bumped(
        &self,
        tags: &[Tag],
        delayed: bool,
        story: impl FnOnce(&[Tag]) -> Story,
    ) {
        if self.causes.is_off() && !self.is_observed() {
            return;
        }
        let kept = kept(tags);
        let cause = self.causes.push(Cause {
            number: 0,
            at: self.clock.now(),
            story: story(&kept),
            tags: kept,
            tags_count: tags.len(),
            delayed,
        });
        if !delayed {
            self.emit(|| Event::Invalidated {
                cause: cause.story.statements.first().map(|text| &**text),
                tags,
                by: &cause,
            });
        }
    }

    /// Why an entry that a read found invalidated is gone, as far as this process knows.
    pub(crate) fn note_gone(&self, key: &Key, entry: &Entry) -> Option<Gone> {
        if self.causes.is_off() {
            return None;
        }
        let gone = self.gone(key, entry);
        if key.as_bytes().len() <= GONE_KEY_BYTES_MAX {
            let mut gone = gone.clone();
            gone.tag = gone.tag.filter(is_short);
            self.causes.remember(gone);
        }
        Some(gone)
    }

    fn gone(&self, key: &Key, entry: &Entry) -> Gone {
        let versions = entry.versions();
        let changed = versions.guard().and_then(|guard| guard.changed());
        let tags = match &changed {
            Some(tag) => vec![tag.clone()],
            None => versions.tags(),
        };
        let (tag, cause) = match self.causes.newest(&tags, entry.written_at()) {
            Some((tag, cause)) => (Some(tag), Some(cause)),
            None => (changed, None),
        };
        Gone {
            key: key.clone(),
            tags: kept(&tags),
            tag,
            cause,
            at: self.clock.now(),
        }
    }

    /// All that this process remembers of writes to these tags, the newest first.
    pub(crate) fn history(&self, tags: &[Tag]) -> Vec<Arc<Cause>> {
        self.causes.history(tags)
    }
}

impl Cache {
    /// The last writes and acts through this cache that invalidated something, the newest first: not
    /// more than [`CAUSES_KEPT`]. Those of other processes are not among them.
    pub fn causes(&self) -> Vec<Arc<Cause>> {
        self.core().causes.causes()
    }

    /// Why the entry under this key is gone: the tag that no longer matches, and the write that
    /// bumped it. Of an entry that memory holds and that is invalid by now, or else of the last read
    /// that found it so. Nothing if neither is known: it was removed, evicted, has expired or never
    /// was.
    ///
    /// ```
    /// use larder::{Cache, Tag};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = Cache::memory();
    /// cache.insert(("price", 7), 99).tags([Tag::named("prices")]).await?;
    /// assert!(cache.why_gone(("price", 7)).is_none());
    ///
    /// cache.invalidate([Tag::named("prices")]).await?;
    /// let gone = cache.why_gone(("price", 7)).expect("it carries the tag");
    /// assert_eq!(gone.tag(), Some(&Tag::named("prices")));
    /// assert_eq!(gone.cause().expect("a moment ago").statements(), ["invalidate"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn why_gone(&self, key: impl IntoKey) -> Option<Gone> {
        let (core, key) = (self.core(), key.into_key());
        if core.causes.is_off() {
            return None;
        }
        match core.look_now(&key) {
            Some(Lookup::Found {
                entry,
                state: TagState::Changed | TagState::Missing,
            }) => Some(core.gone(&key, &entry)),
            Some(Lookup::Found { .. }) => None,
            _ => core.causes.gone(&key),
        }
    }

    /// The last reads that found their entries invalidated, the newest first: not more than
    /// [`GONE_KEPT`].
    pub fn gone(&self) -> Vec<Gone> {
        self.core().causes.all_gone()
    }
}
