//! Settings of a cache.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::resource::Resources;
use super::state::StateWord;
use super::{Cache, Core};
use crate::causes::Ring;
use crate::clock::{Clock, SystemClock};
use crate::codec::Codec;
use crate::counters::Groups;
use crate::error::{Error, Result};
use crate::event::Observer;
use crate::flight::Flights;
use crate::horizon::Horizons;
use crate::model::Named;
use crate::namespace::Namespace;
use crate::policy::Policy;
use crate::scope::journal::Journal;
use crate::secret::Secrets;
use crate::store::Store;
use crate::store::memory::Memory;
use crate::store::near::{Near, Tiered};
use crate::throttle::Throttle;
use crate::undelivered::Undelivered;

/// The namespace of a cache that was given none.
const NAMESPACE_DEFAULT: &str = "larder";

/// Longer names are refused: they stand in every key of a shared store.
const NAMESPACE_BYTES_MAX: usize = 64;

/// Settings of a [`Cache`] to be built.
#[derive(Default)]
#[must_use]
pub struct CacheBuilder {
    store: Option<Arc<dyn Store>>,
    near: Option<Near>,
    namespace: Option<String>,
    policy: Policy,
    codec: Codec,
    secrets: Option<Secrets>,
    clock: Option<Arc<dyn Clock>>,
    causes: Ring,
    observers: Vec<Arc<dyn Observer>>,
    resources: Resources,
}

impl CacheBuilder {
    /// Where entries live; memory if not set.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The name under which this cache keeps everything; `larder` if not set.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespace = Some(name.into());
        self
    }

    /// The policy of calls that give none.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Memory in front of a store that is far away: see [`Near`]. Memory alone means
    /// [`Near::validated`].
    pub fn near(mut self, near: impl Into<Near>) -> Self {
        self.near = Some(near.into());
        self
    }

    /// How values become bytes, in stores that keep bytes; [`Codec::Postcard`] if not set. Any
    /// reader understands any codec.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// What leaves this process is written with a secret, and what comes back is believed only if it
    /// was: whoever else can write to the store can delete entries, and neither make nor move any.
    /// Entries from before are misses. Nothing is encrypted.
    pub fn authenticate(mut self, secrets: impl Into<Secrets>) -> Self {
        self.secrets = Some(secrets.into());
        self
    }

    /// The source of time; the machine's if not set.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Someone to be told what happens. There may be several.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// How many writes are remembered as [causes](Cache::causes) of invalidations;
    /// [`CAUSES_KEPT`](crate::CAUSES_KEPT) if not set. None switches them off: writes and misses are
    /// a little cheaper then, and nobody can tell why an entry is gone. Hits cost the same.
    pub fn causes(mut self, kept: usize) -> Self {
        self.causes = Ring::of(kept);
        self
    }

    /// Something that loads need, such as a pool of connections: they get it by
    /// [`Cache::resource`]. One of each type; of several the last one counts.
    pub fn resource<R: Send + Sync + 'static>(mut self, resource: R) -> Self {
        self.resources.set(resource);
        self
    }

    /// The cache.
    ///
    /// # Errors
    ///
    /// A setting that cannot work: a fraction that is none, a namespace that is empty or too long,
    /// a near tier in front of a store that cannot have it.
    pub fn build(self) -> Result<Cache> {
        self.policy.check()?;
        let name = self.namespace.as_deref().unwrap_or(NAMESPACE_DEFAULT);
        if name.is_empty() || name.len() > NAMESPACE_BYTES_MAX {
            return Err(Error::config(format!(
                "a namespace has 1 to {NAMESPACE_BYTES_MAX} bytes, not {}",
                name.len()
            )));
        }
        let namespace = Namespace::new(name);
        let mut store = self.store.unwrap_or_else(|| Arc::new(Memory::new()));
        if let Some(secrets) = &self.secrets {
            store.authenticate(secrets)?;
        }
        if let Some(near) = self.near {
            store = Arc::new(Tiered::new(near, store, &namespace)?);
        }
        Ok(Cache {
            core: Arc::new(Core {
                tags_needed_to_look: store.capability().tags_needed_to_look,
                remote: store.capability().remote,
                store,
                namespace,
                policy: self.policy,
                codec: self.codec,
                clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
                groups: Groups::default(),
                models: Named::default(),
                flights: Flights::new(),
                horizons: Horizons::default(),
                undelivered: Undelivered::default(),
                throttle: Throttle::default(),
                journal: Journal::default(),
                causes: self.causes,
                hit_observers: hearing_hits(&self.observers),
                observers: self.observers.into(),
                resources: self.resources,
                state: StateWord::default(),
                bumps: AtomicU64::new(0),
                chances: AtomicU64::new(0),
            }),
        })
    }
}

fn hearing_hits(observers: &[Arc<dyn Observer>]) -> Box<[Arc<dyn Observer>]> {
    let hearing = observers.iter().filter(|observer| observer.hears_hits());
    hearing.cloned().collect()
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("namespace", &self.namespace)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
