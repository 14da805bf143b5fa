//! Removing a key with everything below it.

use larder::{Memory, Near};
use larder_servers::Cluster;

use super::*;
use crate::common_trees::Grove;

async fn cache(url: &str, namespace: &str, near: Option<Near>) -> Cache {
    let store = connected(Redis::builder().url(url)).await;
    let builder = Cache::builder().store(store).namespace(namespace);
    let builder = match near {
        Some(near) => builder.near(near),
        None => builder,
    };
    builder.build().expect("the settings are valid")
}

async fn grove(url: &str, near: fn() -> Option<Near>) -> Grove {
    Grove {
        here: cache(url, "shop", near()).await,
        there: cache(url, "shop", near()).await,
        elsewhere: cache(url, "blog", near()).await,
    }
}

fn memory() -> Memory {
    Memory::bytes_max(16 << 20)
}

#[tokio::test]
async fn kc4_trees_keep_their_promises_between_processes() {
    let server = Server::start();
    grove(&server.url(), || None)
        .await
        .keeps_its_promises()
        .await;
}

#[tokio::test]
async fn kc4_trees_keep_their_promises_under_validated_copies() {
    let server = Server::start();
    let near = || Some(Near::validated(memory()));
    grove(&server.url(), near).await.keeps_its_promises().await;
}

#[tokio::test]
async fn kc4_trees_keep_their_promises_in_a_cluster() {
    let cluster = Cluster::start(3);
    let cache = async |namespace: &str| {
        let store = connected(Redis::builder().url(&cluster.url())).await;
        let builder = Cache::builder().store(store).namespace(namespace);
        builder.build().expect("the settings are valid")
    };
    let grove = Grove {
        here: cache("shop").await,
        there: cache("shop").await,
        elsewhere: cache("blog").await,
    };
    grove.keeps_its_promises().await;
}

#[tokio::test]
async fn kc4_a_copy_that_waits_for_news_hears_of_its_tree() {
    let server = Server::start();
    let here = cache(&server.url(), "shop", Some(Near::pushed(memory()))).await;
    let there = cache(&server.url(), "shop", None).await;
    let key = ("product", 1, "reviews");
    eventually("news come", async || {
        here.insert(key, 1_u32).await.expect("stored");
        here.get::<u32>(key).await.expect("asked");
        let before = calls(&server, "mget");
        let found = here.get::<u32>(key).await.expect("asked");
        found.is_some() && calls(&server, "mget") == before
    })
    .await;
    there.remove_tree(("product", 1)).await.expect("removed");
    eventually("the copy has gone", async || {
        here.get::<u32>(key).await.expect("asked").is_none()
    })
    .await;
    // Of a removal of its own it need not hear.
    here.insert(key, 2_u32).await.expect("stored");
    assert!(here.get::<u32>(key).await.expect("asked").is_some());
    here.remove_tree("product").await.expect("removed");
    assert_eq!(here.get::<u32>(key).await.expect("asked"), None);
}

#[tokio::test]
async fn kc4_removing_a_tree_costs_the_same_however_much_lies_below() {
    let server = Server::start();
    let cache = cache(&server.url(), "shop", None).await;
    for entries in [1_u32, 10_000] {
        let values = (0..entries).map(|number| (("product", 1, number), number));
        cache.insert_many(values).await.expect("stored");
        let monitor = server.monitor();
        cache.remove_tree(("product", 1)).await.expect("removed");
        let lines = monitor.stop();
        let said: Vec<&String> = lines
            .iter()
            .filter(|line| line.contains("\"shop:"))
            .collect();
        // The entry, and the version of its tree.
        let of = |kind: &str| said.iter().filter(|line| line.contains(kind)).count();
        assert_eq!(of("shop:e1:"), 1, "{entries}: {said:?}");
        assert!(of("shop:t1:") <= 2, "{entries}: {said:?}");
        let first = cache.get::<u32>(("product", 1, 0)).await;
        assert_eq!(first.expect("asked"), None);
        let last = cache.get::<u32>(("product", 1, entries - 1)).await;
        assert_eq!(last.expect("asked"), None);
    }
}

#[tokio::test]
async fn kc4_a_hit_in_a_tree_is_still_one_mget() {
    let server = Server::start();
    let cache = cache(&server.url(), "shop", None).await;
    let key = ("product", 1, "reviews", 7);
    cache.insert(key, 1_u32).await.expect("stored");
    let monitor = server.monitor();
    assert!(cache.get::<u32>(key).await.expect("asked").is_some());
    let lines = monitor.stop();
    let said: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("\"shop:"))
        .collect();
    assert_eq!(said.len(), 1, "{lines:?}");
    assert!(said[0].contains("\"MGET\""), "{lines:?}");
}
