//! Listing keys.

use larder::{Cache, Memory, Policy};

use crate::common_listing::Lister;
use crate::shared::Shared;
use crate::support::{Bench, seconds};

#[tokio::test]
async fn kc5_lists_keep_their_promises_in_memory() {
    let memory = Memory::new();
    let cache = |namespace: &str| {
        let builder = Cache::builder().store(memory.clone()).namespace(namespace);
        builder.build().expect("the settings are valid")
    };
    let here = cache("shop");
    let lister = Lister {
        there: here.clone(),
        here,
        elsewhere: cache("blog"),
    };
    lister.keeps_its_promises().await;
}

#[tokio::test]
async fn kc5_an_entry_past_its_ttl_is_not_listed() {
    let bench = Bench::with_policy(Policy::new().stale_while_revalidate(seconds(60)));
    bench
        .cache
        .insert("k", 1)
        .ttl(seconds(10))
        .await
        .expect("stored");
    bench.advance(9);
    assert_eq!(bench.cache.keys(()).await.expect("listed").keys.len(), 1);
    bench.advance(1);
    let list = bench.cache.keys(()).await.expect("listed");
    assert!(list.keys.is_empty() && list.complete);
}

#[tokio::test]
async fn kc5_a_store_that_cannot_list_says_so() {
    let process = Shared::default().process(Policy::new());
    let error = process.cache.keys(()).await.expect_err("it cannot");
    assert!(error.is_unsupported() && !error.is_store(), "{error}");
}

#[tokio::test]
async fn kc5_a_list_changes_nothing() {
    let bench = Bench::new();
    bench.cache.insert("k", 1).await.expect("stored");
    bench.events.take();
    bench.cache.keys(()).await.expect("listed");
    assert_eq!(bench.events.take(), [""; 0]);
    assert_eq!(bench.cache.stats()[0].hits, 0);
}
