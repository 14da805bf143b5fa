//! What a server tells of changes, as a near tier uses it.
//!
//! Every name that a copy depends on has a *cell* in a memory of its own, of the same kind as the
//! memory store's tags. A change that is told gives the cell a fresh version, and so ends the
//! copies that hold it. One cell more stands for everything.
//!
//! Which tags an entry carries is known only when it has been read, and by then the news of them may
//! have come already. So the last few changes are remembered in order: a copy is kept only if, since
//! before its entry was asked for, none of its names is among them. It takes its cells first and
//! looks at the changes then; whoever tells does it the other way round, so that no change falls
//! between the two.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::entry::Entry;
use crate::error::Result;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::{Listener, Memory, Push, Store, Versions, Want};
use crate::tag::Tag;

/// The name of the cell that stands for everything. No server's name is empty.
const EVERYTHING: &str = "";

/// So many changes are remembered. An entry that takes longer to be read than so many changes take
/// to be told is not kept.
pub const NEWS_MAX: usize = 4096;

/// The news of one namespace.
pub(super) struct News {
    /// Only its tags are used: cells live as long as a copy holds them.
    cells: Memory,
    scope: Namespace,
    /// Whether news come. A copy is served only while they do.
    live: AtomicBool,
    /// Never held while a cell is touched.
    recent: Mutex<Recent>,
}

/// The last changes, the newest last.
#[derive(Default)]
struct Recent {
    names: VecDeque<Arc<str>>,
    /// How many were told before those.
    forgotten: u64,
}

/// A point in the order of changes.
#[derive(Clone, Copy)]
pub(super) struct Since(u64);

impl News {
    pub(super) fn subscribe(push: &dyn Push, namespace: &Namespace) -> Result<Arc<News>> {
        let news = Arc::new(News::new());
        push.subscribe(namespace, news.clone())?;
        Ok(news)
    }

    fn new() -> News {
        News {
            cells: Memory::bytes_max(0),
            scope: Namespace::new("names"),
            live: AtomicBool::new(false),
            recent: Mutex::default(),
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.live.load(Ordering::SeqCst)
    }

    /// This name has changed, by the server's word or by this process's own doing.
    pub(super) fn told(&self, name: &str) {
        self.recent.lock().add(name.into());
        // Memory answers at once, and does not fail.
        let _ = self.cells.bump(&self.scope, &[Tag::named(name)], &[]).now();
    }

    /// Where the order of changes stands, before an entry is asked for. Nothing while no news come.
    pub(super) fn now(&self) -> Option<Since> {
        self.is_live().then(|| self.recent.lock().end())
    }

    /// The cells of an entry that was asked for after `since`, unless one of them has changed.
    pub(super) fn hold(
        &self,
        push: &dyn Push,
        namespace: &Namespace,
        key: &Key,
        entry: &Entry,
        since: Since,
    ) -> Option<Versions> {
        let mut names = vec![EVERYTHING.into(), push.entry_name(namespace, key)];
        let tags = entry.versions().tags();
        names.extend(tags.iter().map(|tag| push.tag_name(namespace, tag)));
        self.hold_names(&names, since)
    }

    fn hold_names(&self, names: &[Arc<str>], since: Since) -> Option<Versions> {
        let wants: Vec<Want> = names
            .iter()
            .map(|name| Want::Tag(Tag::named(name)))
            .collect();
        let versions = self.cells.prepare(&self.scope, &wants).now().ok()?.ok()?;
        let unchanged = !self.recent.lock().names_any(since, names);
        unchanged.then_some(versions)
    }
}

impl Recent {
    fn end(&self) -> Since {
        Since(self.forgotten + self.names.len() as u64)
    }

    fn add(&mut self, name: Arc<str>) {
        if self.names.len() >= NEWS_MAX {
            self.names.pop_front();
            self.forgotten += 1;
        }
        self.names.push_back(name);
    }

    /// Whether one of `names` is among the changes since then, as far as anybody can tell.
    fn names_any(&self, since: Since, names: &[Arc<str>]) -> bool {
        let Some(skip) = since.0.checked_sub(self.forgotten) else {
            return true;
        };
        self.names
            .iter()
            .skip(skip as usize)
            .any(|changed| names.contains(changed))
    }
}

impl Listener for News {
    fn live(&self) {
        // Nothing that was noted while no news came counts.
        self.told(EVERYTHING);
        self.live.store(true, Ordering::SeqCst);
    }

    fn changed(&self, name: &str) {
        self.told(name);
    }

    fn all(&self) {
        self.told(EVERYTHING);
    }

    fn lost(&self) {
        self.live.store(false, Ordering::SeqCst);
        self.told(EVERYTHING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::freshness::TagState;
    use crate::store::Guard;

    fn names(names: &[&str]) -> Vec<Arc<str>> {
        let own = names.iter().copied().map(Arc::from);
        std::iter::once(Arc::from(EVERYTHING)).chain(own).collect()
    }

    fn current(held: &Option<Versions>) -> bool {
        let state = held.as_ref().and_then(Versions::guard).map(Guard::state);
        state == Some(TagState::Current)
    }

    #[test]
    fn a_change_before_during_or_after_the_reading_of_an_entry_ends_its_copy() {
        let news = News::new();
        news.live();
        let since = news.now().expect("live");
        assert!(current(&news.hold_names(&names(&["a"]), since)));
        news.told("b");
        let held = news.hold_names(&names(&["a"]), since);
        assert!(current(&held), "another name");
        news.told("a");
        assert!(!current(&held), "after it");
        assert!(
            !current(&news.hold_names(&names(&["a"]), since)),
            "during it"
        );
        let later = news.now().expect("live");
        assert!(current(&news.hold_names(&names(&["a"]), later)));
    }

    #[test]
    fn lost_news_end_every_copy_and_none_is_kept_until_they_are_back() {
        let news = News::new();
        assert!(news.now().is_none());
        news.live();
        let since = news.now().expect("live");
        let held = news.hold_names(&names(&["a"]), since);
        news.lost();
        assert!(!current(&held));
        assert!(news.now().is_none());
        news.live();
        assert!(!current(&news.hold_names(&names(&["a"]), since)));
    }

    #[test]
    fn more_changes_than_are_remembered_keep_no_copy() {
        let news = News::new();
        news.live();
        let since = news.now().expect("live");
        for n in 0..NEWS_MAX {
            news.told(&format!("other {n}"));
        }
        assert!(current(&news.hold_names(&names(&["a"]), since)));
        news.told("one more");
        assert!(!current(&news.hold_names(&names(&["a"]), since)));
    }
}
