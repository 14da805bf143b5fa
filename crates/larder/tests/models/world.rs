//! A cache on each kind of store, with its round trips counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use larder::store::{Capability, Insertion, Leases, Look, Lookup, Marks, Push, Put, Reply};
use larder::{
    Cache, CacheBuilder, Entry, Key, ManualClock, Memcached, Memory, Namespace, Redis, Result,
    Secrets, ShapeList, Store, Tag, TagState, Versions, Want,
};
use smallvec::SmallVec;

/// How long a server may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs each test on every store, in a module of that store's name.
macro_rules! on_every_store {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident) $body:block)*) => {
        $(async fn $name($world: &crate::world::World) $body)*

        mod memory {
            $($(#[$meta])* #[tokio::test]
            async fn $name() {
                super::$name(&crate::world::World::memory()).await;
            })*
        }

        mod redis {
            $($(#[$meta])* #[tokio::test]
            async fn $name() {
                super::$name(&crate::world::World::redis().await).await;
            })*
        }

        mod memcached {
            $($(#[$meta])* #[tokio::test]
            async fn $name() {
                super::$name(&crate::world::World::memcached().await).await;
            })*
        }
    };
}

pub(crate) use on_every_store;

/// A store with the server behind it, if there is one.
pub(crate) struct World {
    store: Counted,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) cache: Cache,
    server: Server,
}

enum Server {
    None,
    Redis(larder_servers::Redis),
    Memcached(larder_servers::Memcached),
}

impl World {
    pub(crate) fn memory() -> World {
        World::over(Arc::new(Memory::new()), Server::None)
    }

    pub(crate) async fn redis() -> World {
        let server = larder_servers::Redis::start();
        let store = Redis::builder().url(&server.url()).connect().await;
        let store = store.unwrap_or_else(|error| panic!("{error}"));
        World::over(Arc::new(store), Server::Redis(server))
    }

    pub(crate) async fn memcached() -> World {
        let server = larder_servers::Memcached::builder()
            .arguments(&["-t", "1"])
            .start();
        let store = Memcached::builder()
            .connect_timeout(PATIENCE)
            .response_timeout(PATIENCE)
            .server(server.address())
            .connect()
            .await;
        let store = store.unwrap_or_else(|error| panic!("{error}"));
        World::over(Arc::new(store), Server::Memcached(server))
    }

    fn over(store: Arc<dyn Store>, server: Server) -> World {
        let store = Counted {
            inner: store,
            trips: Arc::default(),
        };
        let clock = Arc::new(ManualClock::default());
        let cache = Cache::builder().store(store.clone()).clock(clock.clone());
        World {
            cache: cache.build().expect("the settings are valid"),
            store,
            clock,
            server,
        }
    }

    /// Another cache over the same store: another process, as far as either can tell.
    pub(crate) fn another(&self, settings: impl FnOnce(CacheBuilder) -> CacheBuilder) -> Cache {
        let builder = Cache::builder()
            .store(self.store.clone())
            .clock(self.clock.clone());
        settings(builder).build().expect("the settings are valid")
    }

    /// Whether other processes share the store.
    pub(crate) fn is_shared(&self) -> bool {
        !matches!(self.server, Server::None)
    }

    /// The server goes away; nothing if there is none.
    pub(crate) fn kill(&self) {
        match &self.server {
            Server::None => {}
            Server::Redis(server) => server.kill(),
            Server::Memcached(server) => server.kill(),
        }
    }

    /// The size of the largest value that the server holds; nothing if there is none.
    pub(crate) fn largest_value(&self) -> Option<usize> {
        let largest = match &self.server {
            Server::None => return None,
            Server::Redis(server) => server
                .names()
                .iter()
                .map(|name| server.read(name))
                .max_by_key(size),
            Server::Memcached(server) => server
                .names()
                .iter()
                .map(|name| server.read(name))
                .max_by_key(size),
        };
        largest.map(|value| size(&value))
    }

    /// How many times Redis was told to read; nothing if it is another store.
    pub(crate) fn reads_of_redis(&self) -> Option<u64> {
        let Server::Redis(server) = &self.server else {
            return None;
        };
        let stats = server.ask(&["INFO", "commandstats"]).text();
        let calls = |command: &str| -> Option<u64> {
            let line = stats.lines().find(|line| line.starts_with(command))?;
            let (_, behind) = line.split_once("calls=")?;
            behind.split(',').next()?.parse().ok()
        };
        let reads = ["cmdstat_mget:", "cmdstat_get:"].map(calls);
        Some(reads.into_iter().flatten().sum())
    }

    /// How often the store was asked during this.
    pub(crate) async fn trips<T>(&self, call: impl Future<Output = T>) -> (T, usize) {
        let before = self.store.trips.load(Ordering::SeqCst);
        let done = call.await;
        (done, self.store.trips.load(Ordering::SeqCst) - before)
    }
}

fn size(value: &Option<Vec<u8>>) -> usize {
    value.as_ref().map_or(0, Vec::len)
}

/// A store whose operations are counted: each is one round trip, where the tags that an entry
/// carries are named.
#[derive(Clone)]
struct Counted {
    inner: Arc<dyn Store>,
    trips: Arc<AtomicUsize>,
}

impl Counted {
    fn trip(&self) -> &dyn Store {
        self.trips.fetch_add(1, Ordering::SeqCst);
        &*self.inner
    }
}

impl Store for Counted {
    fn capability(&self) -> Capability {
        self.inner.capability()
    }

    fn authenticate(&self, secrets: &Secrets) -> Result<()> {
        self.inner.authenticate(secrets)
    }

    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>> {
        self.trip().get(namespace, looks)
    }

    fn get_now(&self, namespace: &Namespace, key: &Key) -> Option<Lookup> {
        self.inner.get_now(namespace, key)
    }

    fn still<'a>(
        &'a self,
        namespace: &'a Namespace,
        entries: &'a [(&'a Key, Entry)],
    ) -> Reply<'a, Result<Vec<TagState>>> {
        self.trip().still(namespace, entries)
    }

    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>> {
        self.trip().prepare(namespace, wants)
    }

    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>> {
        self.trip().insert(namespace, items)
    }

    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>> {
        self.trip().remove(namespace, keys)
    }

    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        self.trip().bump(namespace, tags, watch)
    }

    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        self.trip().shapes(namespace, tables)
    }

    fn current<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>> {
        self.trip().current(namespace, versions)
    }

    fn discard(&self, namespace: &Namespace, key: &Key) {
        self.inner.discard(namespace, key);
    }

    fn marks(&self) -> Option<&dyn Marks> {
        self.inner.marks()
    }

    fn leases(&self) -> Option<&dyn Leases> {
        self.inner.leases()
    }

    fn push(&self) -> Option<&dyn Push> {
        self.inner.push()
    }
}
