//! Several memcached servers, one of which goes and comes back.

use std::sync::Arc;

use larder_servers::Memcached;

use crate::database::Database;
use crate::engine::Engine;
use crate::process::{Process, eventually};

const ROWS: usize = 24;

struct Pair {
    servers: [Memcached; 2],
    writer: Process,
    reader: Process,
}

impl Pair {
    async fn start() -> Pair {
        let servers = [Memcached::start(), Memcached::start()];
        let database = Arc::new(Database::new(ROWS));
        // In another order: the ring is the same.
        let [first, second] = [servers[0].address(), servers[1].address()];
        let one_way = [first.clone(), second.clone()];
        let the_other = [second, first];
        let writer = Engine::Memcached.connect(&one_way).await;
        let reader = Engine::Memcached.connect(&the_other).await;
        let pair = Pair {
            writer: Process::new(writer, database.clone()),
            reader: Process::new(reader, database),
            servers,
        };
        for row in 0..ROWS {
            pair.writer.read_until_hit(row).await;
            pair.reader.read_until_hit(row).await;
        }
        pair
    }

    fn names(&self) -> [Vec<String>; 2] {
        [self.servers[0].names(), self.servers[1].names()]
    }

    async fn is_settled(&self) {
        for row in 0..ROWS {
            for process in [&self.writer, &self.reader] {
                let newest = process.database.now(row);
                eventually("every process sees every row as it is", async || {
                    (process.read(row).await == newest).then_some(())
                })
                .await;
                assert_eq!(process.read_until_hit(row).await, newest);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h20_every_process_finds_the_same_names_on_the_same_servers() {
    let pair = Pair::start().await;
    let [first, second] = pair.names();
    assert!(!first.is_empty() && !second.is_empty(), "both are used");
    assert!(
        first.iter().all(|name| !second.contains(name)),
        "each name is on one server"
    );
    let loads: u64 = (0..ROWS).map(|row| pair.writer.database.loads(row)).sum();
    assert_eq!(
        loads, ROWS as u64,
        "one process has found what the other stored"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h20_a_server_that_is_gone_for_a_while_comes_back_with_nothing_old() {
    let pair = Pair::start().await;
    let [_, others] = pair.names();
    // It stands still with all that it holds, and is away for everyone.
    pair.servers[0].pause();
    for row in 0..ROWS {
        pair.writer.write(row).await;
        assert_eq!(pair.writer.read(row).await, 1);
    }
    let moved: Vec<String> = pair.servers[1].names();
    let moved: Vec<&String> = moved.iter().filter(|name| !others.contains(name)).collect();
    assert!(
        moved.is_empty(),
        "names have moved to the other server: {moved:?}"
    );
    pair.servers[0].resume();
    pair.is_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h20_a_server_that_was_restarted_is_filled_again() {
    let pair = Pair::start().await;
    pair.servers[0].kill();
    for row in 0..ROWS {
        pair.writer.write(row).await;
        assert_eq!(pair.writer.read(row).await, 1);
    }
    pair.servers[0].restart();
    pair.is_settled().await;
    assert!(!pair.servers[0].names().is_empty(), "it is used again");
}
