//! What a cached read and a write cost on the wire.

use super::*;

#[tokio::test]
async fn a_hit_is_one_mget() {
    let server = Server::start();
    let bench = Bench::new(&server.url()).await;
    assert_eq!(bench.read(1, "one").await, "one");
    let before = calls(&server, "mget");
    let monitor = server.monitor();
    assert_eq!(bench.read(1, "two").await, "one");
    let lines = monitor.stop();
    let said: Vec<&String> = lines
        .iter()
        .filter(|line| !line.contains("\"INFO\""))
        .collect();
    assert_eq!(said.len(), 1, "{lines:?}");
    assert!(said[0].contains("\"MGET\""), "{lines:?}");
    assert_eq!(calls(&server, "mget") - before, 1);
}

#[tokio::test]
async fn an_invalidation_is_one_command_for_each_tag() {
    let server = Server::start();
    let bench = Bench::new(&server.url()).await;
    bench.read(1, "one").await;
    bench.read(2, "one").await;
    let monitor = server.monitor();
    let done = bench.cache.invalidate([tag(1), tag(2)]).await;
    done.expect("the server is told");
    let lines = monitor.stop();
    let said = lines.iter().filter(|line| line.contains("shop:t1:"));
    assert!(said.count() <= 4, "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("shop:e1:")));
}

#[tokio::test]
async fn a_restarted_server_serves_nothing_that_it_found_on_its_disk() {
    let server = Server::start();
    let bench = Bench::new(&server.url()).await;
    bench.read(1, "old").await;
    server.save();
    bench.invalidate(1).await;
    server.kill();
    server.restart();
    eventually("the cache is used again", async || {
        bench.read(2, "warm").await;
        let loads = bench.loads();
        bench.read(2, "warm").await;
        bench.loads() == loads
    })
    .await;
    assert_eq!(bench.read(1, "new").await, "new");
}

#[tokio::test]
async fn a_value_of_another_kind_under_our_name_is_a_miss() {
    let server = Server::start();
    let bench = Bench::new(&server.url()).await;
    bench.read(1, "one").await;
    let names = server.names();
    let entry = names.iter().find(|name| name.starts_with("shop:e1:"));
    let entry = entry.expect("an entry");
    server.ask(&["DEL", entry]).ok();
    server.ask(&["RPUSH", entry, "stranger"]).ok();
    assert_eq!(bench.read(1, "two").await, "two");
    server.write(entry, b"stranger");
    assert_eq!(bench.read(1, "three").await, "three");
    assert_eq!(bench.read(1, "four").await, "three");
}

#[tokio::test]
async fn a_value_above_the_limit_is_given_and_not_stored() {
    let server = Server::start();
    let builder = Redis::builder().url(&server.url()).value_bytes_max(1_000);
    let bench = Bench::over(connected(builder).await);
    // No compression helps: every character is another.
    let large: String = (0..2_000_u32)
        .map(|number| char::from_u32(0x4e00 + number * 7 % 20_000).expect("a character"))
        .collect();
    assert_eq!(bench.read(1, &large).await, large);
    assert_eq!(bench.read(1, "small").await, "small");
    assert_eq!(bench.read(1, "no").await, "small");
}
