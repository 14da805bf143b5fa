//! Replicas that become masters without all that their master had acknowledged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use larder_servers::{Proxy, Redis, Sentinel};

use crate::database::Database;
use crate::engine::{Engine, RESPONSE_TIMEOUT};
use crate::process::{Process, eventually};

/// As `larder` has it: how often a link asks whether its server is still a master.
const LIFE_ASKED_EVERY: Duration = Duration::from_secs(1);
/// How much longer it may take on a machine that is busy.
const GRACE: Duration = Duration::from_secs(2);

async fn process(pair: &Sentinel, database: &Arc<Database>) -> Process {
    process_by(pair.addresses(), database).await
}

/// A process that knows sentinels by these addresses.
async fn process_by(sentinels: Vec<String>, database: &Arc<Database>) -> Process {
    let redis = larder::Redis::builder()
        .sentinel(Sentinel::NAME, sentinels)
        .response_timeout(RESPONSE_TIMEOUT)
        .connect()
        .await
        .expect("the sentinel knows a master");
    let builder = larder::Cache::builder().namespace("fleet").store(redis);
    Process::new(builder, database.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h18_a_promoted_replica_that_missed_a_bump_serves_nothing_that_it_ended() {
    let pair = Sentinel::start();
    let database = Arc::new(Database::new(4));
    let writer = process(&pair, &database).await;
    let reader = process(&pair, &database).await;
    for row in 0..4 {
        reader.read_until_hit(row).await;
        writer.read_until_hit(row).await;
    }
    pair.lag();
    for row in 0..4 {
        assert!(writer.write(row).await, "the master is there");
    }
    let lost = pair.replica().names();
    assert!(
        lost.iter().any(|name| name.contains(":e1:")),
        "old entries: {lost:?}"
    );
    pair.fail_over();
    for row in 0..4 {
        assert_eq!(reader.read(row).await, 1);
        assert_eq!(writer.read(row).await, 1);
    }
    for process in [&reader, &writer] {
        for row in 0..4 {
            // The new master is found, and used.
            assert_eq!(process.read_until_hit(row).await, 1);
        }
    }
    assert!(writer.write(0).await, "the new master is there");
    assert_eq!(reader.read(0).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h19_a_master_that_was_replaced_while_it_lived_is_left() {
    let pair = Sentinel::start();
    let database = Arc::new(Database::new(1));
    let writer = process(&pair, &database).await;
    let reader = process(&pair, &database).await;
    reader.read_until_hit(0).await;
    pair.catch_up();
    pair.fail_over_from_the_living();
    // The sentinel ends the old master's connections; until then it may acknowledge.
    eventually("the old master follows the new one", async || {
        (pair.master().info("role") == "slave").then_some(())
    })
    .await;
    eventually("the writer has found the new master", async || {
        writer.write(0).await.then_some(())
    })
    .await;
    assert_eq!(reader.read(0).await, database.now(0));
    reader.read_until_hit(0).await;
}

/// The old master goes on with all its connections and all its entries, and says that it is the
/// master, until the sentinel has got round to demoting it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h19_a_master_that_stood_still_while_another_was_promoted_is_not_read() {
    let pair = Sentinel::start();
    let database = Arc::new(Database::new(1));
    let idle = process(&pair, &database).await;
    idle.read_until_hit(0).await;
    pair.catch_up();
    pair.fail_over_from_the_paused();
    let writer = process(&pair, &database).await;
    assert!(writer.write(0).await, "the new master is there");
    pair.master().resume();
    for _ in 0..20 {
        assert_eq!(idle.read(0).await, 1);
    }
    assert_eq!(pair.master().info("role"), "master", "nobody has told it");
    idle.read_until_hit(0).await;
}

/// The third sentinel goes on naming the old master, which goes on as if nothing had happened. Its word
/// is the older one, whoever is asked first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h19_of_sentinels_that_disagree_the_latest_failover_counts() {
    let pair = Sentinel::of_three();
    let database = Arc::new(Database::new(1));
    let idle = process(&pair, &database).await;
    idle.read_until_hit(0).await;
    pair.catch_up();
    pair.fail_over_from_the_paused();
    let writer = process(&pair, &database).await;
    assert!(writer.write(0).await, "the new master is there");
    pair.master().resume();
    assert_eq!(idle.read(0).await, 1, "a link that has begun before");
    let mut order = pair.addresses();
    for first in 0..order.len() {
        order.rotate_left(1);
        let new = process_by(order.clone(), &database).await;
        assert_eq!(new.read_until_hit(0).await, 1, "asked first: {first}");
    }
}

/// A master that an operator has made a replica, which lags behind its new master; a process that
/// only ever reads there; and one that writes to the new master.
struct Demoted {
    first: Redis,
    reader: Process,
    writer: Process,
    _second: Redis,
    _link: Proxy,
}

impl Demoted {
    async fn by_hand() -> Demoted {
        let (first, second) = (Redis::start(), Redis::start());
        let database = Arc::new(Database::new(1));
        let reader = Engine::Redis.connect(&[first.address()]).await;
        let reader = Process::new(reader, database.clone());
        reader.read_until_hit(0).await;
        second.replicate(&first.address());
        second.promote();
        let link = Proxy::start(&second.address());
        first.replicate(&link.address());
        link.stall();
        let writer = Engine::Redis.connect(&[second.address()]).await;
        Demoted {
            first,
            reader,
            writer: Process::new(writer, database),
            _second: second,
            _link: link,
        }
    }
}

/// As a sentinel does when it makes a master a replica.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h17_a_demoted_master_whose_connections_are_ended_is_not_read_any_more() {
    let demoted = Demoted::by_hand().await;
    let first = &demoted.first;
    first.ask(&["CLIENT", "KILL", "TYPE", "normal"]).ok();
    assert!(
        demoted.writer.write(0).await,
        "the other server is a master"
    );
    assert_eq!(demoted.reader.read(0).await, 1);
}

/// Nobody ends the connections: a link that only hits asks about its server now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h17_a_master_that_was_made_a_replica_by_hand_is_noticed_within_a_second() {
    let demoted = Demoted::by_hand().await;
    assert!(
        demoted.writer.write(0).await,
        "the other server is a master"
    );
    let written = Instant::now();
    eventually("the reader has noticed", async || {
        (demoted.reader.read_unchecked(0).await == 1).then_some(())
    })
    .await;
    let noticed = written.elapsed();
    assert!(noticed < LIFE_ASKED_EVERY + GRACE, "{noticed:?}");
    assert_eq!(demoted.reader.read(0).await, 1, "and goes on to");
}
