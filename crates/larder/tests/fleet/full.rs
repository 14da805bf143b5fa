//! Servers without room: what they do about it is their own choice, and none of it may show.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

use larder_servers::{Memcached, Redis, Reply};

use crate::engine::Server;
use crate::process::{Process, tag};
use crate::world::World;

/// Large enough that few fit, small enough to be one entry.
const FILLER_BYTES: usize = 100_000;
const FILLERS: usize = 1_000;
/// How much a server may hold here: enough to run, and for some entries.
const REDIS_BYTES_MAX: &str = "6mb";
const MEMCACHED_MEGABYTES_MAX: u32 = 3;

fn redis(policy: &str) -> Server {
    let settings = [("maxmemory", REDIS_BYTES_MAX), ("maxmemory-policy", policy)];
    Server::Redis(Redis::builder().config(&settings).start())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h21_redis_that_evicts_anything_serves_nothing_old() {
    survives_pressure(redis("allkeys-lru")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h21_redis_that_evicts_at_random_serves_nothing_old() {
    survives_pressure(redis("allkeys-random")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h21_redis_that_evicts_what_ends_soonest_serves_nothing_old() {
    survives_pressure(redis("volatile-ttl")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h21_memcached_that_evicts_serves_nothing_old() {
    let server = Memcached::builder().megabytes_max(MEMCACHED_MEGABYTES_MAX);
    survives_pressure(Server::Memcached(server.start())).await;
}

/// Reads, writes and marked writes while somebody else fills the server.
async fn survives_pressure(server: Server) {
    let world = World::over(server, 2, 8).await;
    let tally = world
        .survives(async |tally| {
            let stop = Arc::new(AtomicBool::new(false));
            let marker = tokio::spawn(write_marked(world.processes[0].clone(), stop.clone()));
            let filler = Filler::start(&world.server);
            tally.reads_more(2_000).await;
            drop(filler);
            stop.store(true, SeqCst);
            marker.await.expect("marked writes go on");
            assert_ne!(evictions(&world.server), 0, "there was no pressure");
            if let Server::Redis(redis) = &*world.server {
                // Some policies would go on to evict what is newest, as long as it is full.
                redis.configure("maxmemory", "0");
            }
        })
        .await;
    assert!(tally.at_risk.load(SeqCst) > 0, "{tally:?}");
}

/// Writes rows under a mark until it is told to stop.
async fn write_marked(process: Process, stop: Arc<AtomicBool>) {
    while !stop.load(SeqCst) {
        let row = fastrand::usize(..process.database.len());
        let mark = process.cache.mark(&[tag(row)], &[]).await;
        process.write(row).await;
        drop(mark);
        process.read(row).await;
        tokio::task::yield_now().await;
    }
}

/// A stranger who fills a server, until it is dropped.
struct Filler {
    stop: Arc<AtomicBool>,
    fills: Option<JoinHandle<()>>,
}

impl Filler {
    fn start(server: &Arc<Server>) -> Filler {
        let stop = Arc::new(AtomicBool::new(false));
        let (server, stopped) = (server.clone(), stop.clone());
        let fills = std::thread::spawn(move || {
            let filler = vec![0; FILLER_BYTES];
            for number in (0..FILLERS).cycle() {
                if stopped.load(SeqCst) {
                    return;
                }
                let name = format!("filler{number}");
                match &*server {
                    // A ttl, or `volatile-ttl` does not evict it; a long one, or it evicts nothing else.
                    Server::Redis(redis) => {
                        let words: [&[u8]; 5] =
                            [b"SET", name.as_bytes(), &filler, b"EX", b"9999999"];
                        redis.ask(&words);
                    }
                    Server::Cluster(_) => unreachable!("no cluster is filled up"),
                    Server::Memcached(memcached) => memcached.write(&name, &filler),
                }
                // A pause, or nothing but its bytes would get through.
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Filler {
            stop,
            fills: Some(fills),
        }
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
        if let Some(fills) = self.fills.take() {
            fills.join().ok();
        }
    }
}

fn evictions(server: &Server) -> u64 {
    let count = match server {
        Server::Redis(redis) => redis.info("evicted_keys"),
        Server::Cluster(_) => unreachable!("no cluster is filled up"),
        Server::Memcached(memcached) => memcached.stat("evictions"),
    };
    count.parse().expect("a number")
}

/// A server that would rather refuse than evict: entries are not stored any more, and what is there
/// can still be invalidated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h21_redis_that_evicts_nothing_can_still_be_told_of_writes() {
    let world = World::over(redis("noeviction"), 2, 4).await;
    let [writer, reader] = &world.processes[..] else {
        unreachable!()
    };
    world.warm_up().await;
    let Server::Redis(server) = &*world.server else {
        unreachable!()
    };
    // It holds more than it may: whatever could make it hold still more is refused.
    server.configure("maxmemory", "1");
    let refusal = server.ask(&["SET", "filler", ""]);
    assert!(
        matches!(&refusal, Reply::Error(error) if error.starts_with("OOM")),
        "{refusal:?}"
    );
    for row in 0..4 {
        assert!(
            writer.write(row).await,
            "a full server takes no bump of row {row}"
        );
        assert_eq!(reader.read(row).await, 1);
        assert_eq!(writer.read(row).await, 1);
    }
    server.configure("maxmemory", "0");
    world.is_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h21_memcached_that_evicts_nothing_can_still_be_told_of_writes() {
    let server = Memcached::builder()
        .megabytes_max(MEMCACHED_MEGABYTES_MAX)
        .arguments(&["-M"])
        .start();
    let world = World::over(Server::Memcached(server), 2, 4).await;
    let [writer, reader] = &world.processes[..] else {
        unreachable!()
    };
    world.warm_up().await;
    let Server::Memcached(server) = &*world.server else {
        unreachable!()
    };
    let filler = vec![0; FILLER_BYTES];
    let full = (0..1_000).any(|number| !server.try_write(&format!("filler{number}"), &filler));
    assert!(full, "the server never got full");
    for row in 0..4 {
        assert!(
            writer.write(row).await,
            "a full server takes no bump of row {row}"
        );
        assert_eq!(reader.read(row).await, 1);
        assert_eq!(writer.read(row).await, 1);
    }
    server.flush();
    world.is_settled().await;
}
