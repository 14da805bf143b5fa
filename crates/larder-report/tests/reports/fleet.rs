//! Several processes on one server.

use larder::{Cache, CacheBuilder, Memcached, Redis, Tag};
use larder_report::{Reporter, Reporting};
use larder_servers as servers;

/// Reads and writes of the application's, all told.
async fn one_look_each(caches: &[(Cache, Reporting)]) {
    let [(one, first), (two, second)] = caches else {
        panic!("two processes");
    };
    let prices = Tag::named("prices");
    one.insert("price", 1).tags([prices.clone()]).await.unwrap();
    one.get::<i32>("price").await.unwrap();
    two.get::<i32>("price").await.unwrap();
    two.invalidate([prices]).await.unwrap();
    for reporting in [first, second] {
        reporting.publish().await.unwrap();
    }
    for reporting in [first, second] {
        let fleet = reporting.fleet().await;
        assert_eq!(fleet.unanswered(), None);
        let names: Vec<&str> = fleet.reports().iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(fleet.total().hits, 2);
        assert_eq!(fleet.total().inserts, 1);
        assert_eq!(
            (fleet.causes().len(), fleet.causes()[0].process),
            (1, "two")
        );
    }
}

fn process(name: &str, cache: CacheBuilder) -> (Cache, Reporting) {
    let reporter = Reporter::named(name);
    let cache = cache.observer(reporter.clone()).build().unwrap();
    let reporting = reporter.start(&cache);
    (cache, reporting)
}

#[tokio::test]
async fn two_processes_on_one_redis_tell_what_both_did() {
    let server = servers::Redis::start();
    let mut caches = Vec::new();
    for name in ["one", "two"] {
        let store = Redis::connect(&server.url()).await.unwrap();
        caches.push(process(name, Cache::builder().store(store)));
    }
    one_look_each(&caches).await;

    // The server goes away: each knows of itself only, and says so.
    server.kill();
    let fleet = caches[0].1.fleet().await;
    assert!(fleet.unanswered().is_some());
    assert_eq!(fleet.reports().len(), 1);
    assert_eq!(fleet.total().hits, 1);
}

#[tokio::test]
async fn two_processes_on_one_memcached_tell_what_both_did() {
    let server = servers::Memcached::start();
    let mut caches = Vec::new();
    for name in ["one", "two"] {
        let store = Memcached::builder().server(server.address());
        let store = store.connect().await.unwrap();
        caches.push(process(name, Cache::builder().store(store)));
    }
    one_look_each(&caches).await;
}

#[tokio::test]
async fn many_processes_each_keep_a_slot_and_one_too_many_is_not_shown() {
    let memory = larder::Memory::new();
    let mut caches = Vec::new();
    for n in 0..70 {
        let cache = Cache::builder().store(memory.clone());
        let (cache, reporting) = process(&format!("{n:02}"), cache);
        reporting.publish().await.unwrap();
        caches.push((cache, reporting));
    }
    for (_, reporting) in &caches {
        reporting.publish().await.unwrap();
    }
    let fleet = caches[0].1.fleet().await;
    let names: std::collections::HashSet<&str> =
        fleet.reports().iter().map(|r| r.name.as_str()).collect();
    assert_eq!((names.len(), fleet.reports().len()), (64, 64));
    assert!(names.contains("00"));
}
