//! Whether the store is well.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::{Cache, Core};
use crate::encoding;
use crate::entry::{Entry, NewEntry};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::load::within;
use crate::store::{Insertion, Look, Lookup, Put, Want};
use crate::tag::Tag;
use crate::value::ValueKind;

/// A store that takes longer for the probe is slow.
pub const CHECK_SLOW_AFTER: Duration = Duration::from_millis(100);

/// A store that takes longer for one step of the probe is given up as dead.
pub const CHECK_DEAD_AFTER: Duration = Duration::from_secs(5);

/// How long a probe stays if nobody can take it away.
const PROBE_KEEP: Duration = Duration::from_secs(10);

/// What [`Cache::check`] has found.
#[derive(Clone, Debug)]
#[must_use]
pub struct Checkup {
    health: Health,
    write: Option<Duration>,
    read: Option<Duration>,
    error: Option<Error>,
}

/// How a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It keeps what it is given, and is quick.
    Good,
    /// It keeps what it is given, and took longer than [`CHECK_SLOW_AFTER`].
    Slow,
    /// It answers, and does not have what it was given a moment before: it has no room, or
    /// somebody empties it.
    Forgetful,
    /// It does not answer, or refuses.
    Dead,
}

impl Checkup {
    /// How the store is.
    pub fn health(&self) -> Health {
        self.health
    }

    /// Whether it is [`Good`](Health::Good).
    pub fn is_good(&self) -> bool {
        self.health == Health::Good
    }

    /// How long it took to write the probe, if it was written.
    pub fn write_time(&self) -> Option<Duration> {
        self.write
    }

    /// How long it took to read the probe, if that was answered.
    pub fn read_time(&self) -> Option<Duration> {
        self.read
    }

    /// Why the store is dead.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

/// Says it in a line, for a log or a health page.
impl fmt::Display for Checkup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.health {
            Health::Good => "good",
            Health::Slow => "slow",
            Health::Forgetful => "forgetful",
            Health::Dead => "dead",
        })?;
        if let Some(write) = self.write {
            write!(f, ", wrote in {write:?}")?;
        }
        if let Some(read) = self.read {
            write!(f, ", read in {read:?}")?;
        }
        if let Some(error) = &self.error {
            write!(f, ": {error}")?;
        }
        Ok(())
    }
}

impl Cache {
    /// Writes a probe to the store, reads it back and takes it away: tells a dead store from a slow
    /// one, and one that keeps nothing. For a health page. Also while the cache is switched off.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let cache = larder::Cache::memory();
    /// let checkup = cache.check().await;
    /// assert!(checkup.is_good(), "{checkup}");
    /// # }
    /// ```
    pub async fn check(&self) -> Checkup {
        check(&self.core).await
    }
}

async fn check(core: &Core) -> Checkup {
    let mut checkup = Checkup {
        health: Health::Dead,
        write: None,
        read: None,
        error: None,
    };
    // Whoever checks at the same time has a probe of their own.
    let nonce = encoding::hash(&core.chance().to_bits().to_le_bytes());
    let key = Key::new(("larder probe", core.clock.now().as_nanos(), nonce));
    let wants = [Want::Tag(Tag::namespace())];
    let begun = core.clock.now();
    let put = match in_time(core, write(core, &key, &wants, nonce)).await {
        Ok(put) => put,
        Err(error) => {
            checkup.error = Some(error);
            return checkup;
        }
    };
    let written = core.clock.now();
    checkup.write = Some(written.since(begun));
    let found = in_time(core, read(core, &key, &wants)).await;
    match found {
        Ok(found) => {
            let read = core.clock.now().since(written);
            checkup.read = Some(read);
            let kept = matches!(put, Some(Put::Stored { .. })) && found == Some(nonce);
            checkup.health = match kept {
                false => Health::Forgetful,
                true if written.since(begun) + read > CHECK_SLOW_AFTER => Health::Slow,
                true => Health::Good,
            };
        }
        Err(error) => checkup.error = Some(error),
    }
    // Best effort: it goes by itself.
    let key = [key];
    let _ = in_time(core, async {
        core.store.remove(&core.namespace, &key).await
    })
    .await;
    checkup
}

async fn write(core: &Core, key: &Key, wants: &[Want], nonce: u64) -> Result<Option<Put>> {
    let versions = core.store.prepare(&core.namespace, wants).await?;
    let kind = ValueKind::<u64>::serde();
    let entry = Entry::new(NewEntry {
        weight: size_of::<u64>(),
        value: kind.wrap(Arc::new(nonce), core.codec),
        versions,
        written_at: core.clock.now(),
        ttl: PROBE_KEEP,
        group: None,
        origin: None,
    });
    let items = smallvec::smallvec![Insertion::new(key, entry, PROBE_KEEP)];
    let mut puts = core.store.insert(&core.namespace, items).await?;
    Ok(puts.pop())
}

async fn read(core: &Core, key: &Key, wants: &[Want]) -> Result<Option<u64>> {
    let found = core
        .store
        .get(&core.namespace, &[Look { key, wants }])
        .await?
        .pop();
    match found {
        Some(Lookup::Found { entry, .. }) => {
            let nonce = ValueKind::<u64>::serde().unwrap(entry.value());
            Ok(nonce.map(|nonce| *nonce))
        }
        Some(Lookup::Failed(error)) => Err(error),
        Some(Lookup::Absent) | None => Ok(None),
    }
}

async fn in_time<T>(core: &Core, step: impl Future<Output = Result<T>>) -> Result<T> {
    // Memory answers at once, also where there is no runtime.
    let limit = core.remote.then_some(CHECK_DEAD_AFTER);
    within(limit, step).await.unwrap_or_else(|| {
        Err(Error::timeout(format!(
            "the store has not answered within {CHECK_DEAD_AFTER:?}"
        )))
    })
}
