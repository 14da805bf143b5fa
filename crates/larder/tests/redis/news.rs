//! Changes that the server tells of by itself.

use std::sync::Mutex;

use larder::store::near::Near;
use larder::store::{Listener, Push, Store};
use larder::{Key, Memory, Namespace};
use larder_servers::{Cluster, Proxy, Sentinel};

use super::*;

/// Remembers what it was told.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Ear {
    fn heard(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").clone()
    }

    fn add(&self, heard: &str) {
        self.0.lock().expect("not poisoned").push(heard.to_owned());
    }

    async fn hears(&self, what: &str) {
        let heard = async || self.heard().iter().any(|heard| heard == what);
        eventually(what, heard).await;
    }
}

impl Listener for Ear {
    fn live(&self) {
        self.add("live");
    }

    fn changed(&self, name: &str) {
        self.add(name);
    }

    fn all(&self) {
        self.add("all");
    }

    fn lost(&self) {
        self.add("lost");
    }
}

async fn listening(store: &Redis) -> Arc<Ear> {
    let ear = Arc::new(Ear::default());
    let push = store.push().expect("it has news");
    push.subscribe(&Namespace::new("shop"), ear.clone())
        .expect("it tells them");
    ear.hears("live").await;
    ear
}

#[tokio::test]
async fn a_change_is_told_by_the_name_of_what_changed() {
    let server = Server::start();
    let store = connected(Redis::builder().url(&server.url())).await;
    let ear = listening(&store).await;
    let bench = Bench::new(&server.url()).await;
    let shop = Namespace::new("shop");
    bench.read(1, "one").await;
    ear.hears(&store.entry_name(&shop, &Key::new(1_u64))).await;
    let tag_name = store.tag_name(&shop, &tag(1));
    let before = ear.heard().len();
    bench.invalidate(1).await;
    eventually("the tag's change is told", async || {
        ear.heard()[before..]
            .iter()
            .any(|heard| **heard == *tag_name)
    })
    .await;
    server.flush();
    ear.hears("all").await;
}

#[tokio::test]
async fn another_namespace_is_not_told_of() {
    let server = Server::start();
    let store = connected(Redis::builder().url(&server.url())).await;
    let ear = listening(&store).await;
    server.write("shop:t1:{x}y", b"x");
    server.write("shop2:t1:{x}y", b"x");
    server.write("shop:other", b"x");
    server.write("shop:e1:last", b"x");
    ear.hears("shop:e1:last").await;
    assert_eq!(ear.heard(), ["live", "shop:t1:{x}y", "shop:e1:last"]);
}

#[tokio::test]
async fn a_lost_connection_is_told_and_opened_again() {
    let server = Server::start();
    let proxy = Proxy::start(&server.address());
    let store = connected(Redis::builder().url(&format!("redis://{}", proxy.address()))).await;
    let ear = listening(&store).await;
    proxy.cut();
    ear.hears("lost").await;
    eventually("the news are back", async || {
        ear.heard().last().is_some_and(|last| last == "live")
    })
    .await;
    server.write("shop:t1:{x}y", b"x");
    ear.hears("shop:t1:{x}y").await;
}

#[tokio::test]
async fn h37_a_connection_that_falls_silent_is_lost_in_time() {
    let server = Server::start();
    let proxy = Proxy::start(&server.address());
    let store = connected(Redis::builder().url(&format!("redis://{}", proxy.address()))).await;
    let ear = listening(&store).await;
    proxy.half_open();
    let begun = std::time::Instant::now();
    ear.hears("lost").await;
    // The machine may be busy: the promise is checked with as much again.
    assert!(
        begun.elapsed() < store.delay_max() * 2,
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_restarted_server_is_told_of() {
    let server = Server::start();
    let store = connected(Redis::builder().url(&server.url())).await;
    let ear = listening(&store).await;
    server.restart();
    ear.hears("lost").await;
    eventually("the news are back", async || {
        ear.heard().last().is_some_and(|last| last == "live")
    })
    .await;
}

#[tokio::test]
async fn every_master_of_a_cluster_tells() {
    let cluster = Cluster::start(3);
    let store = connected(Redis::builder().url(&cluster.url())).await;
    let ear = listening(&store).await;
    for number in 0..12 {
        let name = format!("shop:t1:{{{number}}}x");
        let owner = cluster.owner(cluster.slot(&name)).expect("somebody");
        cluster.nodes()[owner].write(&name, b"x");
        ear.hears(&name).await;
    }
    cluster.nodes()[1].kill();
    ear.hears("lost").await;
}

#[tokio::test]
async fn a_listener_that_is_gone_ends_the_connection() {
    let server = Server::start();
    let store = connected(Redis::builder().url(&server.url())).await;
    let clients = || {
        let list = server.ask(&["CLIENT", "LIST"]).text();
        list.lines()
            .filter(|line| line.contains("cmd=info"))
            .count()
    };
    let ear = listening(&store).await;
    eventually("the connection for news is there", async || clients() > 0).await;
    drop(ear);
    eventually("the connection for news is gone", async || clients() == 0).await;
}

#[tokio::test]
async fn a_user_who_may_not_be_told_is_said_so() {
    let server = Server::builder()
        .acl("ann", "xyzzy", "~* +@all -client|tracking")
        .start();
    let store = connected(Redis::builder().url(&server.url_of("ann", "xyzzy"))).await;
    let ear = Arc::new(Ear::default());
    let error = store
        .subscribe(&Namespace::new("shop"), ear)
        .expect_err("denied");
    assert!(error.is_config());
    says(&error, &["+client|tracking", "Near::validated"]);
}

#[tokio::test]
async fn a_near_tier_is_kept_right_by_news() {
    let server = Server::start();
    let store = connected(Redis::builder().url(&server.url())).await;
    let near = Bench::of(
        Cache::builder()
            .store(store)
            .near(Near::pushed(Memory::bytes_max(1 << 20)))
            .namespace("shop")
            .build(),
    );
    let other = Bench::new(&server.url()).await;
    eventually("a hit asks nobody", async || {
        near.read(1, "old").await;
        let before = (calls(&server, "mget"), calls(&server, "get"));
        near.read(1, "old").await;
        before == (calls(&server, "mget"), calls(&server, "get"))
    })
    .await;
    for round in 0..20 {
        let value = format!("value {round}");
        other.invalidate(1).await;
        eventually("another's write is seen", async || {
            near.read(1, &value).await == value
        })
        .await;
    }
}

#[tokio::test]
async fn a_promoted_master_tells() {
    let pair = Sentinel::start();
    let store = connected(Redis::builder().url(&pair.url())).await;
    let ear = listening(&store).await;
    pair.master().write("shop:t1:{x}first", b"x");
    ear.hears("shop:t1:{x}first").await;
    pair.catch_up();
    pair.fail_over();
    eventually("the news are back", async || {
        let heard = ear.heard();
        heard.contains(&"lost".to_owned()) && heard.last().is_some_and(|last| last == "live")
    })
    .await;
    pair.replica().write("shop:t1:{x}second", b"x");
    ear.hears("shop:t1:{x}second").await;
}

#[test]
fn the_end_of_the_runtime_is_the_end_of_the_news() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let ear = runtime.block_on(async {
        let store = connected(Redis::builder().url(&server.url())).await;
        listening(&store).await
    });
    drop(runtime);
    assert_eq!(ear.heard(), ["live", "lost"]);
}
