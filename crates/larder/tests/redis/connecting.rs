//! What is said when a connection cannot come about.

use larder_servers::{Cluster, Memcached, Proxy, Sentinel, free_port};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn a_wrong_address_says_which() {
    let nobody = format!("127.0.0.1:{}", free_port());
    let builder = Redis::builder().url(&format!("redis://{nobody}"));
    out_of_reach(builder, &[&nobody, "no server listens"]).await;
    let builder = Redis::builder()
        .url("redis://:xyzzy@nowhere.invalid")
        .plaintext(true);
    out_of_reach(builder, &["nowhere.invalid:6379", "is the address right"]).await;
    let builder = Redis::builder().url("unix:///nowhere/redis.sock");
    out_of_reach(builder, &["/nowhere/redis.sock", "no such socket"]).await;
    misconfigured(Redis::builder(), &["no server is named", ".url("]).await;
    misconfigured(Redis::builder().url("nowhere"), &["redis://"]).await;
    let nobody: [&str; 0] = [];
    misconfigured(Redis::builder().cluster(nobody), &["the list is empty"]).await;
    let builder = Redis::builder().cluster(["a:b"]);
    misconfigured(builder, &["a:b", "write host:port"]).await;
}

#[tokio::test]
async fn another_machine_is_not_spoken_to_in_plain_text_unless_allowed() {
    let wrong = ["10.0.0.1", "rediss://", "`plaintext`"];
    misconfigured(Redis::builder().url("redis://:xyzzy@10.0.0.1"), &wrong).await;
    misconfigured(Redis::builder().cluster(["127.0.0.1", "10.0.0.1"]), &wrong).await;
    misconfigured(Redis::builder().sentinel("m", ["10.0.0.1"]), &wrong).await;
}

#[tokio::test]
async fn another_service_is_told_from_a_redis() {
    let server = Memcached::start();
    let builder = Redis::builder().url(&format!("redis://{}", server.address()));
    let error = refused(builder).await;
    assert!(error.is_config() || error.is_store());
    says(&error, &["another service"]);
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_longer_than_said() {
    let server = Server::start();
    let proxy = Proxy::start(&server.address());
    proxy.blackhole();
    let builder = Redis::builder()
        .url(&format!("redis://{}", proxy.address()))
        .connect_timeout(Duration::from_millis(100));
    out_of_reach(builder, &["no connection within 100ms"]).await;
}

#[tokio::test]
async fn a_server_that_is_busy_may_be_there_later() {
    let server = Arc::new(Server::start());
    server.configure("lua-time-limit", "1");
    let script = tokio::task::spawn_blocking({
        let server = server.clone();
        move || server.ask(&["EVAL", "while true do end", "0"])
    });
    let says_busy = || format!("{:?}", server.ask(&["PING"])).contains("BUSY");
    eventually("the server is busy", async || says_busy()).await;
    let builder = Redis::builder().url(&server.url());
    out_of_reach(builder.clone(), &["is not ready yet", "BUSY"]).await;
    server.ask(&["SCRIPT", "KILL"]).ok();
    script.await.expect("it was killed");
    connected(builder).await;
}

#[tokio::test]
async fn a_server_with_too_many_clients_may_be_there_later() {
    let server = Server::start();
    let builder = Redis::builder().url(&server.url());
    let _held = connected(builder.clone()).await;
    server.configure("maxclients", "1");
    let error = refused(builder).await;
    assert!(error.is_store(), "{error}");
}

#[tokio::test]
async fn a_wrong_database_number_is_said() {
    let server = Server::start();
    let builder = Redis::builder().url(&format!("{}/99", server.url()));
    misconfigured(builder, &["no database 99", "choose another number"]).await;
    let cluster = Redis::builder().cluster(["127.0.0.1"]).database(1);
    misconfigured(cluster, &["no numbered databases"]).await;
}

#[tokio::test]
async fn a_database_number_keeps_stores_apart() {
    let server = Server::start();
    let zero = Bench::new(&server.url()).await;
    let three = Bench::new(&format!("{}/3", server.url())).await;
    assert_eq!(zero.read(1, "zero").await, "zero");
    assert_eq!(three.read(1, "three").await, "three");
    assert_eq!(zero.read(1, "no").await, "zero");
    assert_eq!(three.read(1, "no").await, "three");
}

#[tokio::test]
async fn a_replica_is_refused() {
    let (master, replica) = (Server::start(), Server::start());
    replica.replicate(&master.address());
    let builder = Redis::builder().url(&replica.url());
    out_of_reach(builder, &["is a replica", "Name the master"]).await;
}

#[tokio::test]
async fn what_kind_of_server_it_is_must_be_said_rightly() {
    let server = Server::start();
    let cluster = Cluster::start(2);
    let pair = Sentinel::start();
    let member = cluster.nodes()[0].url();
    misconfigured(
        Redis::builder().url(&member),
        &["one of a cluster", ".cluster("],
    )
    .await;
    let alone = Redis::builder().cluster([server.address()]);
    misconfigured(alone, &["not one of a cluster", "redis://"]).await;
    let sentinel = Redis::builder().url(&pair.sentinel().url());
    misconfigured(sentinel, &["is a sentinel", ".sentinel("]).await;
    let no_sentinel = Redis::builder().sentinel("larder", [server.address()]);
    misconfigured(no_sentinel, &["is no sentinel", "26379"]).await;
    let stranger = Redis::builder().sentinel("stranger", [pair.sentinel().address()]);
    misconfigured(stranger, &["no master \"stranger\"", "is the name right"]).await;
}

#[tokio::test]
async fn a_cluster_with_a_missing_slot_is_refused() {
    let cluster = Cluster::start(2);
    cluster.uncover_slot(16_000);
    let wrong = [
        "slot 16000",
        "1 of its 16384 slots",
        "redis-cli --cluster fix",
    ];
    misconfigured(Redis::builder().url(&cluster.url()), &wrong).await;
}

/// No old server can be installed any more: one that says so must do.
#[tokio::test]
async fn a_server_that_is_too_old_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut heard = vec![0; 4096];
        let _ = stream.read(&mut heard).await;
        let info = "redis_version:5.0.14\r\nrun_id:abc\r\nrole:master\r\nmaster_replid:def\r\n";
        let mut said = format!("${}\r\n{info}\r\n", info.len()).into_bytes();
        said.extend(b"$0\r\n\r\n");
        said.extend(b"-ERR unknown command\r\n".repeat(20));
        let _ = stream.write_all(&said).await;
        let _ = stream.read(&mut heard).await;
    });
    let builder = Redis::builder().url(&format!("redis://{address}"));
    misconfigured(builder, &["is Redis 5.0.14", "needs 6.2 or later"]).await;
}

#[test]
fn nothing_that_is_printed_has_a_password_in_it() {
    let builder = Redis::builder()
        .url("redis://ann:xyzzy@cache:7000/2")
        .sentinel_login("bob", "xyzzy");
    let shown = format!("{builder:?}");
    assert!(
        shown.contains("cache:7000") && shown.contains("ann"),
        "{shown}"
    );
    assert!(!shown.contains("xyzzy"), "{shown}");
}
