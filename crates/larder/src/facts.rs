//! What the store says, corrected by what this process knows better: bumps that have not reached
//! the store yet, and loads that failed a moment ago.

use std::collections::HashMap;

use smallvec::{SmallVec, smallvec};

use crate::cache::Core;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::freshness::TagState;
use crate::horizon;
use crate::key::Key;
use crate::store::{Look, Lookup, Versions, Want};
use crate::tag::Tag;
use crate::undelivered::Watch;
use crate::version::Version;

/// What a load may do with the versions that were to be recorded before it.
#[derive(Clone)]
pub(crate) enum Prepared {
    /// Its value may be stored under these.
    Usable(Versions),
    /// A writer is about to commit: nothing may be stored.
    Marked,
    /// A tag has a bump that has not reached the store: nothing may be stored.
    Undelivered,
    /// The store did not say.
    Failed(Error),
}

impl Core {
    /// Looks keys up: one answer for each. A store that fails as a whole fails each of them.
    pub(crate) async fn look(&self, looks: &[Look<'_>]) -> SmallVec<[Lookup; 1]> {
        let watch = self.undelivered.watch();
        let mut found = match self.store.get(&self.namespace, looks).await {
            Ok(found) => found,
            Err(error) => smallvec![Lookup::Failed(error); looks.len()],
        };
        if found.len() < looks.len() {
            let left_out = Error::store("the store has left out an answer");
            found.resize(looks.len(), Lookup::Failed(left_out));
        }
        // What is wrong with a server is wrong with all that it keeps: told once.
        let failed = found.iter().find_map(|found| match found {
            Lookup::Failed(error) => Some(error),
            _ => None,
        });
        if let Some(error) = failed {
            self.emit(|| Event::StoreFailed { error });
        }
        for (look, found) in looks.iter().zip(&mut found) {
            self.correct(watch, look.key, found);
        }
        found
    }

    /// One look-up, if the store has the entry at hand.
    pub(crate) fn look_now(&self, key: &Key) -> Option<Lookup> {
        let watch = self.undelivered.watch();
        let mut found = self.store.get_now(&self.namespace, key)?;
        self.correct(watch, key, &mut found);
        Some(found)
    }

    fn correct(&self, watch: Option<Watch>, key: &Key, found: &mut Lookup) {
        let Lookup::Found { entry, state } = found else {
            return;
        };
        if let Some(watch) = watch
            && self.undelivered.meets(watch, entry.versions())
        {
            *state = TagState::Changed;
        }
        if self.remote {
            self.throttle.tell(key, entry);
        }
    }

    /// Whether recorded versions are still current.
    pub(crate) async fn state_of(&self, versions: &Versions) -> Result<TagState> {
        let watch = self.undelivered.watch();
        if let Some(watch) = watch
            && self.undelivered.meets(watch, versions)
        {
            return Ok(TagState::Changed);
        }
        let state = self.store.current(&self.namespace, versions).await?;
        // Delivered while we asked: before or after the store looked, nobody knows.
        let met = watch.is_some_and(|watch| self.undelivered.meets(watch, versions));
        Ok(if met { TagState::Changed } else { state })
    }

    /// Whether the versions of all these entries are current at one time: now, or a little later.
    pub(crate) async fn all_current(&self, entries: &[Entry]) -> Result<bool> {
        let mut stamps: Vec<(Tag, Version)> = Vec::new();
        let mut known: HashMap<Tag, Version> = HashMap::new();
        let mut alone: Vec<&Versions> = Vec::new();
        for versions in entries.iter().map(Entry::versions) {
            let Some(recorded) = versions.stamps() else {
                alone.push(versions);
                continue;
            };
            if versions.is_marked() {
                return Ok(false);
            }
            for (tag, version) in recorded {
                match known.get(tag) {
                    // It cannot have both now.
                    Some(other) if other != version => return Ok(false),
                    Some(_) => {}
                    None => {
                        known.insert(tag.clone(), *version);
                        stamps.push((tag.clone(), *version));
                    }
                }
            }
        }
        // As in an entry: coarse ones first.
        stamps.sort_by_key(|(tag, _)| tag.kind());
        let together = (!stamps.is_empty()).then(|| Versions::recorded(stamps, false));
        for versions in alone.into_iter().chain(&together) {
            if self.state_of(versions).await? != TagState::Current {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Records the versions of the tags **before** a load.
    pub(crate) async fn prepare(&self, wants: &[Want]) -> Prepared {
        let watch = self.undelivered.watch();
        let versions = self.store.prepare(&self.namespace, wants).await;
        let prepared = self.prepared(watch, versions).await;
        self.report(std::slice::from_ref(&prepared));
        prepared
    }

    /// As [`prepare`](Core::prepare) for many loads: one answer for each.
    pub(crate) async fn prepare_each(&self, sets: &[Vec<Want>]) -> Vec<Prepared> {
        match sets {
            [] => return Vec::new(),
            [wants] => return vec![self.prepare(wants).await],
            _ => {}
        }
        let watch = self.undelivered.watch();
        let versions = self.store.prepare_each(&self.namespace, sets).await;
        let mut all = Vec::with_capacity(sets.len());
        for versions in versions {
            all.push(self.prepared(watch, versions).await);
        }
        all.resize_with(sets.len(), || {
            Prepared::Failed(Error::store("the store has left out an answer"))
        });
        self.report(&all);
        all
    }

    /// Tells of the first failure: what is wrong with a server is wrong with all that it keeps.
    fn report(&self, prepared: &[Prepared]) {
        let failed = prepared.iter().find_map(|prepared| match prepared {
            Prepared::Failed(error) => Some(error),
            _ => None,
        });
        if let Some(error) = failed {
            self.emit(|| Event::StoreFailed { error });
        }
    }

    async fn prepared(&self, watch: Option<Watch>, versions: Result<Versions>) -> Prepared {
        let versions = match versions {
            // Also under a mark: the guard is good then for whoever comes after it.
            Ok(versions) if versions.is_unconfirmed() => horizon::confirmed(self, versions).await,
            prepared => prepared,
        };
        match versions {
            Ok(versions) if versions.is_marked() || versions.is_unconfirmed() => Prepared::Marked,
            Ok(versions) => match watch {
                Some(watch) if self.undelivered.meets(watch, &versions) => Prepared::Undelivered,
                _ => Prepared::Usable(versions),
            },
            Err(error) => Prepared::Failed(error),
        }
    }

    /// Whether a bump that waits meets these versions.
    pub(crate) fn is_undelivered(&self, versions: &Versions) -> bool {
        let watch = self.undelivered.watch();
        watch.is_some_and(|watch| self.undelivered.meets(watch, versions))
    }
}
