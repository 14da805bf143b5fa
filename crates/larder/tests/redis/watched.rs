//! A master behind sentinels.

use larder_servers::Sentinel;

use super::*;

#[tokio::test]
async fn a_failover_is_followed() {
    let pair = Sentinel::start();
    let bench = Bench::new(&pair.url()).await;
    assert_eq!(bench.read(1, "old").await, "old");
    assert_eq!(bench.read(1, "new").await, "old");
    pair.catch_up();
    pair.fail_over();
    eventually("the new master is used", async || {
        bench.read(2, "warm").await;
        let loads = bench.loads();
        bench.read(2, "warm").await;
        bench.loads() == loads
    })
    .await;
    // The new master may lack what the old one acknowledged last: it is another life.
    assert_eq!(bench.read(1, "new").await, "new");
    bench.invalidate(1).await;
    assert_eq!(bench.read(1, "newest").await, "newest");
}

#[tokio::test]
async fn h18_a_promoted_replica_that_missed_an_invalidation_serves_nothing_old() {
    let pair = Sentinel::start();
    let bench = Bench::new(&pair.url()).await;
    bench.read(1, "old").await;
    pair.catch_up();
    pair.lag();
    bench.invalidate(1).await;
    pair.fail_over();
    eventually("the new master is used", async || {
        assert_eq!(bench.read(1, "new").await, "new");
        let loads = bench.loads();
        bench.read(1, "new").await;
        bench.loads() == loads
    })
    .await;
}

#[tokio::test]
async fn one_living_sentinel_of_several_is_enough() {
    let pair = Sentinel::start();
    let dead = format!("127.0.0.1:{}", larder_servers::free_port());
    let living = pair.sentinel().address();
    let builder = Redis::builder().sentinel(Sentinel::NAME, [dead.clone(), living]);
    connected(builder).await;
    let builder = Redis::builder().sentinel(Sentinel::NAME, [dead]);
    out_of_reach(builder, &["no server listens"]).await;
}
