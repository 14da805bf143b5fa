//! One server of several is down: what it keeps is not known to be missing.

use std::sync::Arc;
use std::time::Duration;

use larder::{Cache, CacheModel, FromMiss, Memcached, Miss, ModelError, Reference};
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct City {
    #[key]
    number: u32,
}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Street {
    #[key]
    number: u32,
    city: Reference<City>,
}

/// A model whose builder knows of nothing.
#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cache(from_miss)]
struct Rumour {
    #[key]
    number: u32,
}

impl FromMiss for Rumour {
    type Error = std::io::Error;

    async fn from_miss(_miss: Miss<Rumour>) -> Result<Option<Rumour>, std::io::Error> {
        Ok(None)
    }
}

const SAVED: u32 = 30;

fn servers() -> [larder_servers::Memcached; 3] {
    let start = || {
        let builder = larder_servers::Memcached::builder();
        builder.arguments(&["-t", "1"]).start()
    };
    [start(), start(), start()]
}

/// A cache on all of these, as a process of its own has it.
async fn process(servers: &[larder_servers::Memcached]) -> Cache {
    let patience = Duration::from_secs(60);
    let mut builder = Memcached::builder()
        .connect_timeout(patience)
        .response_timeout(patience);
    for server in servers {
        builder = builder.server(server.address());
    }
    let store = builder.connect().await.expect("the servers run");
    let cache = Cache::builder().store(store);
    cache.build().expect("the settings are valid")
}

async fn save_all(cache: &Cache) {
    for number in 0..SAVED {
        let city = City { number };
        let saved = Street {
            number,
            city: Reference::to(&city),
        };
        city.save(cache).await.expect("the servers run");
        saved.save(cache).await.expect("the servers run");
        let rumour = Rumour { number };
        rumour.save(cache).await.expect("the servers run");
    }
}

/// How many of what was saved failed; none of it is missing, and nothing else is there.
fn failures<M: CacheModel>(got: &[Result<Arc<M>, ModelError>]) -> usize {
    let mut failed = 0;
    for (number, got) in got.iter().enumerate() {
        match got {
            Ok(_) => assert!(number < SAVED as usize, "{number} was never saved"),
            Err(error) if error.is_store() => failed += usize::from(number < SAVED as usize),
            Err(error) => assert!(number >= SAVED as usize, "{number}: {error}"),
        }
    }
    failed
}

#[tokio::test]
async fn bc6_what_a_dead_server_keeps_has_failed_and_is_not_missing() {
    let servers = servers();
    let cache = process(&servers).await;
    save_all(&cache).await;
    let asked = || 0..2 * SAVED;
    assert_eq!(failures(&City::get_many(&cache, asked()).await), 0);
    servers[0].kill();

    assert!(failures(&City::get_many(&cache, asked()).await) > 0);
    assert!(failures(&Rumour::get_many(&cache, asked()).await) > 0);
    // Behind a reference, and one by one.
    assert!(failures(&Street::get_many(&cache, asked()).await) > 0);
    let mut one_by_one = Vec::new();
    let mut rumours = Vec::new();
    for number in asked() {
        one_by_one.push(Street::get(&cache, number).await);
        rumours.push(Rumour::get(&cache, number).await);
        if let Ok(there) = City::exists(&cache, number).await {
            assert_eq!(there, number < SAVED);
        }
    }
    assert!(failures(&one_by_one) > 0);
    assert!(failures(&rumours) > 0);
}

#[tokio::test]
async fn kc30_a_scope_does_not_remember_as_absent_what_a_dead_server_keeps() {
    let servers = servers();
    let cache = process(&servers).await;
    save_all(&cache).await;
    servers[0].kill();
    let request = cache.request_scope(async {
        let asked = || 0..SAVED;
        let keys = || asked().map(|number| City { number }.key());
        assert!(failures(&City::get_many(&cache, asked()).await) > 0);
        // A read of the cache takes it for a miss.
        let read = cache.get_many::<City>(keys()).await;
        read.expect("a store that failed breaks no read");
        servers[0].restart();
        // Another process, whose writes no scope here is told of.
        save_all(&process(&servers).await).await;
        while failures(&City::get_many(&cache, asked()).await) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    request.await;
}
