//! The caches of the connections under test: in memory, or on a server that two processes share.

use std::time::Duration;

use larder::{Cache, Memcached, Redis};

/// How long a server may take: the machine may be busy, and a read past the cache proves nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The caches of two processes that have nothing in common but a store, in a namespace that nobody
/// else has.
///
/// # Errors
/// What the store says.
pub(crate) async fn caches(address: &str) -> larder::Result<[Cache; 2]> {
    let namespace = format!("law-{:016x}", fastrand::u64(..));
    Ok([
        cache(address, &namespace).await?,
        cache(address, &namespace).await?,
    ])
}

async fn cache(address: &str, namespace: &str) -> larder::Result<Cache> {
    let cache = Cache::builder().namespace(namespace);
    let cache = match address.strip_prefix("memcached://") {
        Some(servers) => {
            let store = servers
                .split(',')
                .fold(Memcached::builder(), |store, server| store.server(server))
                .connect_timeout(PATIENCE)
                .response_timeout(PATIENCE);
            cache.store(store.connect().await?)
        }
        None => {
            let store = Redis::builder()
                .url(address)
                .connect_timeout(PATIENCE)
                .response_timeout(PATIENCE);
            cache.store(store.connect().await?)
        }
    };
    cache.build()
}
