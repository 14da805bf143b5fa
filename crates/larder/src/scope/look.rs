//! Looks that are on their way: one for all tasks of a scope that want the same key.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::cache::Core;
use crate::freshness::TagState;
use crate::key::Key;
use crate::store::{Look, Lookup, Want};

use super::shelf::is_strict;
use super::{Begun, Inner, State};

/// Looks by key.
pub(super) type Looks = HashMap<Key, Asked, RandomState>;

/// A look that is on its way. Whoever waits for it moves it on, so that nobody who goes away stops
/// it for the others.
#[derive(Clone)]
pub(super) struct Asked {
    begun: Begun,
    found: Shared<BoxFuture<'static, Lookup>>,
}

impl Asked {
    fn new(core: &Arc<Core>, key: &Key, wants: Vec<Want>, begun: Begun) -> Asked {
        let (core, key) = (core.clone(), key.clone());
        let found = async move {
            let looks = [Look {
                key: &key,
                wants: &wants,
            }];
            core.look(&looks).await.pop().unwrap_or(Lookup::Absent)
        };
        Asked {
            begun,
            found: found.boxed().shared(),
        }
    }
}

impl Inner {
    /// Looks for `key` in the store, together with all tasks of the scope that do so now, and keeps
    /// what is found. `came` is when the caller began.
    pub(super) async fn look(
        &self,
        key: &Key,
        wants: &(dyn Fn() -> Vec<Want> + Send + Sync),
        came: Begun,
    ) -> Lookup {
        // A look that began before the caller came may have missed a change that had been
        // acknowledged by then. If the journal tells of one, the next look is the caller's own, or
        // one that began later.
        let mut oldest = Begun::default();
        loop {
            let (asked, mut waiting) = match self.ask(key, wants, came, oldest) {
                Answer::Kept(found) => return found,
                Answer::Asked(asked, waiting) => (asked, waiting),
            };
            let begun = asked.begun;
            let found = asked.found.await;
            let good = begun.ticket >= came.ticket || self.is_good_for_all(key, &found, begun);
            if good {
                self.keep_found(key, &found, begun);
            }
            // Struck off after it is kept: whoever comes finds the one or the other.
            waiting.served = true;
            drop(waiting);
            if good {
                return found;
            }
            oldest = came;
        }
    }

    /// Joins the look that is on its way, unless it began before `oldest`; takes what such a look has
    /// found since the caller came; or begins one.
    fn ask<'a>(
        &'a self,
        key: &'a Key,
        wants: &(dyn Fn() -> Vec<Want> + Send + Sync),
        came: Begun,
        oldest: Begun,
    ) -> Answer<'a> {
        let joined = |state: &State| {
            let asked = state.looks.get(key)?;
            (asked.begun.ticket >= oldest.ticket).then(|| asked.clone())
        };
        let asked = self.state.lock().as_ref().and_then(joined);
        if let Some(asked) = asked {
            return self.waiting(key, asked);
        }
        let begun = match oldest.ticket {
            0 => came,
            _ => self.begin(),
        };
        // Tags are computed without the lock. Another may have asked meanwhile, and even have found.
        let own = Asked::new(&self.core, key, wants(), begun);
        let now = self.core.clock.now();
        let found = self.with(|state| {
            if let Some(asked) = joined(state) {
                return Ok(asked);
            }
            if let Some(found) = state.shelf.kept_since(&self.core.journal, key, now, came) {
                return Err(found);
            }
            state.looks.insert(key.clone(), own.clone());
            Ok(own.clone())
        });
        match found {
            Some(Ok(asked)) => self.waiting(key, asked),
            Some(Err(found)) => Answer::Kept(found),
            None => self.waiting(key, own),
        }
    }

    fn waiting<'a>(&'a self, key: &'a Key, asked: Asked) -> Answer<'a> {
        let waiting = Waiting {
            scope: self,
            key,
            asked: Some(asked.clone()),
            served: false,
        };
        Answer::Asked(asked, waiting)
    }

    fn keep_found(&self, key: &Key, found: &Lookup, begun: Begun) {
        match found {
            Lookup::Found {
                entry,
                state: TagState::Current,
            } => self.keep(key, entry, begun),
            // A failure is one for whoever waited: the next reader asks again.
            Lookup::Found { .. } | Lookup::Failed(_) => {}
            Lookup::Absent => self.keep_absent(key, begun),
        }
    }

    /// Whether an answer may be used by a caller who came after it was asked for.
    fn is_good_for_all(&self, key: &Key, found: &Lookup, begun: Begun) -> bool {
        let journal = &self.core.journal;
        match found {
            Lookup::Failed(_) => true,
            Lookup::Absent => journal.still_absent(begun.position, key).is_some(),
            Lookup::Found { entry, .. } => {
                let tags = entry.versions().tags();
                !is_strict(&tags) && journal.unchanged(begun.position, key, &tags).is_some()
            }
        }
    }
}

/// How a reader comes to what the store says.
enum Answer<'a> {
    /// Another's look has ended since he came.
    Kept(Lookup),
    /// He waits for this look.
    Asked(Asked, Waiting<'a>),
}

/// Someone who waits for a look. Whoever has its answer strikes it off, and the last one to go.
struct Waiting<'a> {
    scope: &'a Inner,
    key: &'a Key,
    /// Given up under the lock, so that of several who go at once one is the last.
    asked: Option<Asked>,
    /// He has its answer, and what is to be kept of it is kept.
    served: bool,
}

impl Waiting<'_> {
    /// What the waiter held, and what was listed if he was served or the last.
    fn strike(&mut self) -> [Option<Asked>; 2] {
        let mut state = self.scope.state.lock();
        let (Some(state), Some(asked)) = (state.as_mut(), self.asked.take()) else {
            return [None, None];
        };
        // The last waiter finds the list's and his own. Of several who go at once none may go
        // unseen by the others: their own are given up under the lock, unless it is the last.
        let mut listed = None;
        if let Some(there) = state.looks.get(self.key)
            && there.found.ptr_eq(&asked.found)
        {
            let last = asked.found.strong_count().is_none_or(|count| count <= 2);
            if !self.served && !last {
                drop(asked);
                return [None, None];
            }
            listed = state.looks.remove(self.key);
        }
        [Some(asked), listed]
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // A look that is given up drops what the store has begun, which is the store's own code:
        // without the lock. Whoever comes after has not joined, as it is struck off by then.
        let struck = self.strike();
        drop(struck);
    }
}
