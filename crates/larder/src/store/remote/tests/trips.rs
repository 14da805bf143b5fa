//! How often the servers are asked about many keys.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::*;
use crate::Cache;

/// How many batches `act` sends to the server.
async fn trips<T>(server: &Server, act: impl Future<Output = T>) -> usize {
    let before = server.trips.load(Ordering::SeqCst);
    act.await;
    server.trips.load(Ordering::SeqCst) - before
}

#[tokio::test]
async fn kc2_many_keys_in_trees_of_their_own_with_tags_of_their_own_are_one_round_trip() {
    let server = Arc::<Server>::default();
    let store = process(std::slice::from_ref(&server));
    let cache = Cache::builder().store(store).namespace("shop").build();
    let cache = cache.expect("valid");
    type Id = (&'static str, u32, &'static str);
    let keys = |count: u32| (0..count).map(|number| -> Id { ("product", number, "x") });
    let own = |key: &Id| [Tag::named_parts(("own", key.1))];
    let insert = async |count: u32| {
        let values = keys(count).map(|key| (key, key.1));
        let insert = cache.insert_many(values).tags_of(|key, _| own(key));
        insert.await.expect("stored");
    };
    // Tags that are new are read, made, and then there is the insertion itself.
    assert_eq!(trips(&server, insert(100)).await, 3);
    assert_eq!(trips(&server, insert(100)).await, 2);
    // With the tags that a look does not know of, a second time.
    let get = async || cache.get_many::<u32>(keys(100)).await.expect("asked");
    assert_eq!(trips(&server, async { get().await }).await, 2);
    let plain = keys(100).map(|key| ((key.0, key.1), key.1));
    cache.insert_many(plain).await.expect("stored");
    let get = async {
        let found = cache
            .get_many::<u32>((0..100).map(|key| ("product", key)))
            .await;
        assert!(found.expect("asked").iter().all(Option::is_some));
    };
    assert_eq!(trips(&server, get).await, 1);
    let read = async |count: u32| -> HashMap<Id, Arc<u32>> {
        let load = async |missing: Vec<Id>| {
            let loaded = missing.into_iter().map(|key| (key, key.1));
            Ok::<Vec<(Id, u32)>, std::io::Error>(loaded.collect())
        };
        let read = cache.get_or_load_many(keys(count), load).tags_of(own);
        read.await.expect("loaded")
    };
    assert_eq!(trips(&server, read(100)).await, 1, "all are there");
    // The look; versions and leases at once, each of which is new; the insertion.
    let loading = trips(&server, read(300)).await;
    assert!((4..=5).contains(&loading), "{loading}");
    assert_eq!(trips(&server, read(300)).await, 1);
    let remove = async { cache.remove_many(keys(300)).await.expect("removed") };
    assert_eq!(trips(&server, remove).await, 1);
    for number in 0..300 {
        let found = cache.get::<u32>(("product", number, "x")).await;
        assert_eq!(found.expect("asked"), None);
    }
    let remove = async { cache.remove_tree("product").await.expect("removed") };
    assert_eq!(
        trips(&server, remove).await,
        2,
        "at once: an entry, a version"
    );
}

#[tokio::test]
async fn kc2_a_server_that_is_down_costs_the_keys_whose_tags_it_keeps() {
    let servers: Vec<Arc<Server>> = (0..4).map(|_| Arc::default()).collect();
    let cache = Cache::builder().store(process(&servers)).namespace("shop");
    let cache = cache.build().expect("valid");
    let values = || (0..100_u32).map(|number| ((number, "x"), number));
    cache.insert_many(values()).await.expect("stored");
    // Not the one that keeps the namespace's tag, without which nothing is stored or served.
    let of_all = process(&servers).names(&Namespace::new("shop"));
    let of_all = of_all.tag(&Tag::namespace());
    let keeps = |server: &&Arc<Server>| server.save().contains_key(&of_all);
    let down = servers.iter().find(|server| !keeps(server)).expect("three");
    down.set_down(true);
    assert!(cache.insert_many(values()).await.is_err());
    let stored = cache.get_many::<u32>((0..100_u32).map(|number| (number, "x")));
    let stored = stored.await.expect("asked").iter().flatten().count();
    assert!((20..90).contains(&stored), "{stored}");
}
