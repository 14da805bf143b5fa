//! Listing keys.

use larder::{Memory, Near};
use larder_servers::Cluster;

use super::*;
use crate::common_listing::Lister;

async fn cache(url: &str, namespace: &str) -> Cache {
    let store = connected(Redis::builder().url(url)).await;
    let builder = Cache::builder().store(store).namespace(namespace);
    builder.build().expect("the settings are valid")
}

#[tokio::test]
async fn kc5_lists_keep_their_promises_between_processes() {
    let server = Server::start();
    let near = connected(Redis::builder().url(&server.url())).await;
    let near = Cache::builder().store(near).namespace("shop");
    let lister = Lister {
        here: cache(&server.url(), "shop").await,
        there: near
            .near(Near::validated(Memory::bytes_max(1 << 20)))
            .build()
            .expect("the settings are valid"),
        elsewhere: cache(&server.url(), "blog").await,
    };
    lister.keeps_its_promises().await;
}

#[tokio::test]
async fn kc5_lists_keep_their_promises_in_a_cluster() {
    let cluster = Cluster::start(3);
    let lister = Lister {
        here: cache(&cluster.url(), "shop").await,
        there: cache(&cluster.url(), "shop").await,
        elsewhere: cache(&cluster.url(), "blog").await,
    };
    lister.keeps_its_promises().await;
}

#[tokio::test]
async fn kc5_a_list_scans_and_holds_nobody_up() {
    let server = Server::start();
    let cache = cache(&server.url(), "shop").await;
    let many = (0..5_000).map(|number| (("many", number), "x".repeat(3_000)));
    cache.insert_many(many).await.expect("stored");
    let before = [
        calls(&server, "scan"),
        calls(&server, "get"),
        calls(&server, "mget"),
    ];
    let list = cache.keys("many").limit(10_000).await.expect("listed");
    assert_eq!(list.keys.len(), 5_000);
    assert_eq!(calls(&server, "keys"), 0);
    let scans = calls(&server, "scan") - before[0];
    assert!((2..=10).contains(&scans), "{scans}");
    // Versions, for each page once; no value is read.
    let read = calls(&server, "get") + calls(&server, "mget") - before[1] - before[2];
    assert!(read <= scans, "{read}");
}

#[tokio::test]
async fn kc5_a_list_reads_no_values_however_long_key_and_tags_are() {
    const ENTRIES: u64 = 20;
    let server = Server::start();
    let cache = cache(&server.url(), "shop").await;
    // Bytes that nothing compresses.
    let mut random = fastrand::Rng::with_seed(5);
    for number in 0..ENTRIES {
        let value: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
            .take(500_000)
            .collect();
        // Two kilobytes of tags; a key of forty, once.
        let tags = (0..20).map(|tag| Tag::named(&format!("{tag} {}", "t".repeat(100))));
        let long = "k".repeat(if number == 0 { 40_000 } else { 1 });
        let inserted = cache.insert(("many", number, long), value).tags(tags);
        inserted.await.expect("stored");
    }
    let sent = || -> u64 {
        let sent = server.info("total_net_output_bytes");
        sent.parse().expect("a number")
    };
    let before = sent();
    let list = cache.keys("many").await.expect("listed");
    let sent = sent() - before;
    assert_eq!(list.keys.len() as u64, ENTRIES);
    // The one long key is read as far as keys may go, which here is to the end of its value.
    assert!(sent < 1_000_000 + ENTRIES * 20_000, "{sent}");
}

#[tokio::test]
async fn kc5_what_is_no_entry_of_ours_is_not_listed() {
    let server = Server::start();
    let cache = cache(&server.url(), "shop").await;
    cache.insert(("ours", 1), 1).await.expect("stored");
    let names = server.names();
    let entry = names.iter().find(|name| name.starts_with("shop:e1:"));
    let entry = entry.expect("an entry");
    // The bytes of an entry under another name, and a name with other bytes.
    let bytes = server.ask(&["DUMP", entry]);
    drop(bytes);
    server
        .ask(&["COPY", entry, "shop:e1:aaaaaaaaaaaaaaaaaaaaaaaaaa"])
        .ok();
    server.write("shop:e1:bbbbbbbbbbbbbbbbbbbbbbbbbb", b"stranger");
    server.write("shop:e1:short", b"lrdr");
    server
        .ask(&["RPUSH", "shop:e1:cccccccccccccccccccccccccc", "x"])
        .ok();
    let list = cache.keys(()).await.expect("listed");
    assert_eq!(list.keys.len(), 1);
    // What an earlier life of the server has kept is not served, and not listed.
    server.save();
    server.kill();
    server.restart();
    eventually("the server is back", async || {
        cache.keys(()).await.is_ok_and(|list| list.keys.is_empty())
    })
    .await;
}

#[tokio::test]
async fn kc5_a_user_who_may_not_list_is_told_what_to_grant() {
    let needed = "~shop:* +get +mget +getex +getrange +set +setrange +pexpire +del +info +eval \
                  +evalsha +exists";
    let server = Server::builder().acl("ann", "xyzzy", needed).start();
    let store = connected(Redis::builder().url(&server.url_of("ann", "xyzzy"))).await;
    let cache = Cache::builder().store(store).namespace("shop").build();
    let cache = cache.expect("the settings are valid");
    cache.insert("k", 1).await.expect("stored");
    let error = cache.keys(()).await.expect_err("not allowed");
    assert!(error.is_config(), "{error}");
    says(&error, &["+scan"]);
    assert!(cache.get::<i32>("k").await.expect("asked").is_some());
}
