//! Removing a key with everything below it.

use super::*;
use crate::common_trees::Grove;

async fn cache(servers: &[&Server], namespace: &str) -> Cache {
    let store = builder(servers.iter().copied()).connect().await;
    let store = store.expect("the servers answer");
    let builder = Cache::builder().store(store).namespace(namespace);
    builder.build().expect("the settings are valid")
}

async fn grove(servers: &[&Server]) -> Grove {
    Grove {
        here: cache(servers, "shop").await,
        there: cache(servers, "shop").await,
        elsewhere: cache(servers, "blog").await,
    }
}

#[tokio::test]
async fn kc4_trees_keep_their_promises_between_processes() {
    let server = server();
    grove(&[&server]).await.keeps_its_promises().await;
}

#[tokio::test]
async fn kc4_trees_keep_their_promises_on_several_servers() {
    let servers = [server(), server(), server()];
    let servers: Vec<&Server> = servers.iter().collect();
    grove(&servers).await.keeps_its_promises().await;
}

#[tokio::test]
async fn kc4_removing_a_tree_costs_the_same_however_much_lies_below() {
    let server = server();
    let cache = cache(&[&server], "shop").await;
    let counted = || {
        ["cmd_get", "cmd_set", "delete_hits", "delete_misses"]
            .iter()
            .map(|what| server.stat(what).parse::<u64>().expect("a number"))
            .sum::<u64>()
    };
    let mut costs = Vec::new();
    for entries in [1_u32, 10_000] {
        let values = (0..entries).map(|number| (("product", 1, number), number));
        cache.insert_many(values).await.expect("stored");
        let before = counted();
        cache.remove_tree(("product", 1)).await.expect("removed");
        costs.push(counted() - before);
        let last = cache.get::<u32>(("product", 1, entries - 1)).await;
        assert_eq!(last.expect("asked"), None);
    }
    assert_eq!(costs[0], costs[1]);
    // The entry is deleted, and the version of its tree is read and written.
    assert!(costs[0] <= 3, "{costs:?}");
}
