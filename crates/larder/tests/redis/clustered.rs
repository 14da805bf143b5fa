//! A cache over a cluster.

use larder_servers::Cluster;

use super::*;

#[tokio::test]
async fn a_page_costs_one_trip_to_each_master_at_most() {
    let cluster = Cluster::start(3);
    let bench = Bench::new(&cluster.url()).await;
    for key in 0..20 {
        assert_eq!(bench.read(key, "old").await, "old");
    }
    for key in 0..20 {
        assert_eq!(bench.read(key, "new").await, "old");
    }
    assert_eq!(bench.loads(), 20);
    for key in 0..20 {
        bench.invalidate(key).await;
    }
    for key in 0..20 {
        assert_eq!(bench.read(key, "new").await, "new");
    }
}

#[tokio::test]
async fn what_is_in_a_moved_slot_is_cold_and_then_warm() {
    let cluster = Cluster::start(3);
    let bench = Bench::new(&cluster.url()).await;
    bench.read(1, "old").await;
    for name in cluster.nodes().iter().flat_map(Server::names) {
        let slot = cluster.slot(&name);
        let from = cluster.owner(slot).expect("somebody");
        cluster.move_slot(slot, (from + 1) % 3);
    }
    eventually("the cache is used again", async || {
        let loads = bench.loads();
        bench.read(1, "new").await;
        bench.loads() == loads
    })
    .await;
    assert_eq!(bench.read(1, "newest").await, "new");
    bench.invalidate(1).await;
    assert_eq!(bench.read(1, "newest").await, "newest");
}

#[tokio::test]
async fn a_master_that_is_gone_takes_only_its_own_names_with_it() {
    let cluster = Cluster::start_with(3, &[("cluster-require-full-coverage", "no")]);
    let builder = Redis::builder()
        .url(&cluster.url())
        .response_timeout(Duration::from_millis(500));
    let bench = Bench::over(connected(builder).await);
    for key in 0..30 {
        bench.read(key, "old").await;
    }
    // Not the one that keeps the namespace's own tag, which every read needs.
    cluster.nodes()[0].kill();
    let before = bench.loads();
    for key in 0..30 {
        let read = bench.read(key, "new").await;
        assert!(read == "old" || read == "new");
    }
    let loaded = bench.loads() - before;
    assert!((1..30).contains(&loaded), "{loaded} of 30 were loaded");
}

#[tokio::test]
async fn a_cluster_with_a_dead_master_can_be_connected_to() {
    let cluster = Cluster::start_with(3, &[("cluster-require-full-coverage", "no")]);
    // Not the one that keeps the namespace's own tag, which every read needs.
    cluster.nodes()[0].kill();
    let bench = Bench::new(&cluster.url()).await;
    for key in 0..30 {
        bench.read(key, "old").await;
    }
    for key in 0..30 {
        bench.read(key, "new").await;
    }
    let loads = bench.loads();
    assert!((31..60).contains(&loads), "{loads} loads for 60 reads");
}

/// A replica of a master of the cluster, in step with it.
async fn replica_of(cluster: &Cluster, master: usize) -> Server {
    let master = &cluster.nodes()[master];
    let replica = Server::builder().cluster().start();
    let setting = |name| replica.ask(&["CONFIG", "GET", name]).list()[1].text();
    let (port, bus) = (replica.port().to_string(), setting("cluster-port"));
    master
        .ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus])
        .ok();
    let id = master.ask(&["CLUSTER", "MYID"]).text();
    eventually("the replica knows its master", async || {
        let known = replica.ask(&["CLUSTER", "NODES"]).text();
        known.contains(&id) && known.lines().count() == cluster.nodes().len() + 1
    })
    .await;
    replica.ask(&["CLUSTER", "REPLICATE", &id]).ok();
    eventually("the replica is in step", async || {
        replica.info("master_link_status") == "up"
            && replica.info("master_repl_offset") == master.info("master_repl_offset")
    })
    .await;
    replica
}

#[tokio::test]
async fn h18_a_promoted_member_is_followed_and_serves_nothing_old() {
    let cluster = Cluster::start(3);
    let bench = Bench::new(&cluster.url()).await;
    let names = || cluster.nodes().iter().map(|node| node.names().len());
    bench.read(1, "old").await;
    let master = names().position(|count| count > 0).expect("it is stored");
    let replica = replica_of(&cluster, master).await;
    for key in 0..30 {
        assert_eq!(bench.read(key, "old").await, "old");
    }
    eventually("the replica is in step", async || {
        replica.names().len() == cluster.nodes()[master].names().len()
    })
    .await;
    cluster.nodes()[master].kill();
    eventually("the replica is a master", async || {
        replica.info("role") == "master"
    })
    .await;
    eventually("the cache is used again", async || {
        let loads = bench.loads();
        for key in 100..130 {
            bench.read(key, "warm").await;
        }
        bench.loads() == loads
    })
    .await;
    // What the dead master kept is of another life; the others serve what they have.
    let before = bench.loads();
    for key in 0..30 {
        let read = bench.read(key, "new").await;
        assert!(read == "old" || read == "new", "{read}");
    }
    assert!(bench.loads() > before, "nothing was lost with the master");
}
