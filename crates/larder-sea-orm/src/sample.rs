//! Compares some hits with the database, behind their readers: a promise that is watched.
//!
//! A difference alone says nothing: a write may have come between the hit and the comparison. So what
//! is wrong must stay wrong. Of an entry that is not what the database says it is asked after a pause
//! whether it is still the one that is served, its tags current, and whether the database still says
//! what it said.
//!
//! ```text
//!   entry · database: another answer · still this entry? · pause · still this entry? ·
//!   database: the same other answer · still this entry?
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use larder::adapter::{Examined, Fetch, Group, ValueKind, Want};
use larder::{Cache, Codec, Event, Key, Policy, Sampled, Stale};
use parking_lot::Mutex;
use sea_orm::Statement;

use crate::read::Load;
use crate::shared::Shared;

/// So many comparisons begin in one second at most. Further ones are left out.
pub const SAMPLES_PER_SECOND_MAX: u32 = 10;

/// After so long a difference that is still there is no write's on its way.
pub const SAMPLE_PAUSE: Duration = Duration::from_secs(1);

/// Draws the hits that are compared.
pub(crate) struct Sampler {
    one_of: u64,
    hits: AtomicU64,
    busy: AtomicBool,
    /// The second that runs, and how many have begun in it.
    begun: Mutex<(Instant, u32)>,
}

impl Sampler {
    pub(crate) fn one_of(one_of: u64) -> Sampler {
        Sampler {
            one_of,
            hits: AtomicU64::new(0),
            busy: AtomicBool::new(false),
            begun: Mutex::new((Instant::now(), 0)),
        }
    }

    /// Whether this hit is compared.
    fn draws(&self) -> bool {
        let hits = self.hits.fetch_add(1, Ordering::Relaxed);
        hits % self.one_of == self.one_of - 1 && self.has_room()
    }

    fn has_room(&self) -> bool {
        let mut begun = self.begun.lock();
        if begun.0.elapsed() >= Duration::from_secs(1) {
            *begun = (Instant::now(), 0);
        }
        if begun.1 >= SAMPLES_PER_SECOND_MAX || self.busy.swap(true, Ordering::Acquire) {
            return false;
        }
        begun.1 += 1;
        true
    }
}

/// The right to compare one hit. Dropped in whatever way, it lets the next one have it.
pub(crate) struct Permit(Arc<Shared>);

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(sampler) = &self.0.sampler {
            sampler.busy.store(false, Ordering::Release);
        }
    }
}

/// Whether a hit is compared. Costs a branch if none is.
pub(crate) fn drawn(shared: &Arc<Shared>) -> Option<Permit> {
    let drawn = shared.sampler.as_ref().is_some_and(Sampler::draws);
    drawn.then(|| Permit(shared.clone()))
}

/// A hit to be compared.
pub(crate) struct Sample<T> {
    pub(crate) cache: Cache,
    pub(crate) key: Key,
    pub(crate) wants: Vec<Want>,
    pub(crate) policy: Policy,
    pub(crate) statement: Statement,
    /// The statement without its values.
    pub(crate) text: Arc<str>,
    pub(crate) group: Arc<Group>,
    pub(crate) kind: ValueKind<T>,
}

/// The bytes of a value, by which it is compared: `None` if it has none.
type Form = Option<Vec<u8>>;

impl<T: Send + Sync + 'static> Sample<T> {
    /// Compares on a task of its own, and tells the observers.
    #[cold]
    pub(crate) fn begin<L: Load<T>>(self, permit: Permit, load: L) {
        // There is a runtime: SeaORM's reads need one.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let verdict = self.compare(&permit.0, load).await;
                let group = self.group.name();
                self.cache.emit(&Event::Sampled { group, verdict });
            });
        }
    }

    async fn compare<L: Load<T>>(&self, shared: &Shared, load: L) -> Sampled {
        let Some(first) = self.look().await else {
            return Sampled::Overtaken;
        };
        let Some(kept) = self.form(first.value.clone()) else {
            return Sampled::Unclear;
        };
        let Ok(before) = self.ask(shared, load.clone()).await else {
            return Sampled::Unanswered;
        };
        if before.as_ref() == Some(&kept) {
            return Sampled::Fresh;
        }
        if !self.is_still(&first).await {
            return Sampled::Overtaken;
        }
        let found = Instant::now();
        tokio::time::sleep(SAMPLE_PAUSE).await;
        if !self.is_still(&first).await {
            return Sampled::Overtaken;
        }
        let Ok(after) = self.ask(shared, load).await else {
            return Sampled::Unanswered;
        };
        // The database has changed its mind, or gives the same rows in another order each time.
        if after != before {
            return Sampled::Unclear;
        }
        if !self.is_still(&first).await {
            return Sampled::Overtaken;
        }
        self.tell(&first, found.elapsed());
        Sampled::Stale
    }

    /// The entry that is served now.
    async fn look(&self) -> Option<Examined<T>> {
        let wants = || self.wants.clone();
        let fetch = Fetch {
            key: &self.key,
            wants: &wants,
            group: &self.group,
            policy: &self.policy,
        };
        self.cache.examine(&fetch, self.kind).await
    }

    async fn is_still(&self, first: &Examined<T>) -> bool {
        let now = self.look().await;
        now.is_some_and(|now| now.entry.is(&first.entry))
    }

    async fn ask<L: Load<T>>(&self, shared: &Shared, load: L) -> Result<Form, sea_orm::DbErr> {
        shared.sent(1);
        let value = load.load(&shared.inner, self.statement.clone()).await?;
        Ok(self.form(Arc::new(value)))
    }

    fn form(&self, value: Arc<T>) -> Form {
        let encoded = self.kind.wrap(value, Codec::Postcard).encoded().ok()?;
        Some(encoded.bytes().to_vec())
    }

    fn tell(&self, found: &Examined<T>, wrong_for: Duration) {
        let tags = found.entry.versions().tags();
        let mut stale = Stale::new(self.group.name(), &self.key, &self.text);
        let history = self.cache.history(&tags);
        stale.age = found.age;
        stale.wrong_for = wrong_for;
        stale.tags = &tags;
        stale.history = &history;
        self.cache.emit(&Event::Stale(&stale));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comparison_runs_at_a_time_and_so_many_begin_in_a_second() {
        let sampler = Sampler::one_of(3);
        let drawn: Vec<bool> = (0..6).map(|_| sampler.draws()).collect();
        assert_eq!(drawn, [false, false, true, false, false, false], "one runs");
        let mut begun = 1;
        for _ in 0..300 {
            sampler.busy.store(false, Ordering::Release);
            begun += u32::from(sampler.draws());
        }
        assert_eq!(begun, SAMPLES_PER_SECOND_MAX);
    }
}
