//! The same faults with memory in front of the server.

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use larder::{Memory, Near};
use larder_servers::Proxy;

use crate::engine::{Engine, Server};
use crate::process::{Process, eventually};
use crate::world::World;

/// As `larder` has it: how long news may be late at most.
const NEWS_LATE_MAX: Duration = Duration::from_secs(1);
/// How much longer it may take on a machine that is busy.
const GRACE: Duration = Duration::from_secs(2);

/// Two processes, each with copies of its own; the first reaches the server through a proxy.
async fn nearby(engine: Engine, rows: usize, near: fn(Memory) -> Near) -> (World, Proxy) {
    let mut world = World::start(engine, 0, rows).await;
    let proxy = Proxy::start(&world.server.address());
    for address in [proxy.address(), world.server.address()] {
        let builder = engine.connect(&[address]).await.near(near(Memory::new()));
        let process = Process::new(builder, world.database.clone());
        world.processes.push(process);
    }
    (world, proxy)
}

on_each_engine! {
    async fn validated_copies_are_never_older_than_the_store_whatever_happens_to_it(engine: Engine) {
        let (world, proxy) = nearby(engine, 8, Near::validated).await;
        let tally = world
            .survives(async |tally| {
                tally.reads_more(500).await;
                world.server.flush();
                tally.reads_more(200).await;
                proxy.cut();
                tally.reads_more(200).await;
                proxy.blackhole();
                tally.reads_more(100).await;
                proxy.restore();
                tally.reads_more(200).await;
                world.server.pause();
                tally.reads_more(100).await;
                world.server.resume();
                tally.reads_more(200).await;
                world.server.kill();
                tally.reads_more(100).await;
                world.server.restart();
                tally.reads_more(300).await;
            })
            .await;
        assert!(tally.at_risk.load(SeqCst) > 0, "{tally:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h18_validated_copies_do_not_outlive_a_server_that_comes_back_with_an_old_snapshot() {
    let (world, _proxy) = nearby(Engine::Redis, 2, Near::validated).await;
    let Server::Redis(redis) = &*world.server else {
        unreachable!()
    };
    world.warm_up().await;
    redis.save();
    for row in 0..2 {
        assert!(world.processes[1].write(row).await, "the server is there");
    }
    redis.restart();
    world.is_settled().await;
}

/// What a pushed copy may be: as old as the news are late, and never older.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h37_pushed_copies_are_dropped_when_the_news_stop_coming() {
    let (world, proxy) = nearby(Engine::Redis, 2, Near::pushed).await;
    let [reader, writer] = &world.processes[..] else {
        unreachable!()
    };
    world.warm_up().await;
    for row in 0..2 {
        // Open, and silent: no end of the connection tells that there is no news.
        proxy.half_open();
        assert!(writer.write(row).await, "the server is there");
        let written = Instant::now();
        eventually("the reader sees the write", async || {
            (reader.read_unchecked(row).await == 1).then_some(())
        })
        .await;
        let late = written.elapsed();
        assert!(late < NEWS_LATE_MAX + GRACE, "{late:?}");
        assert_eq!(reader.read(row).await, 1, "and goes on to");
        proxy.restore();
        reader.read_until_hit(row).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h37_pushed_copies_are_told_of_a_write_at_once() {
    let (world, _proxy) = nearby(Engine::Redis, 2, Near::pushed).await;
    let [reader, writer] = &world.processes[..] else {
        unreachable!()
    };
    let mut slowest = Duration::ZERO;
    for value in 1..=50 {
        let row = value % 2;
        world.warm_up().await;
        assert!(writer.write(row).await, "the server is there");
        let written = Instant::now();
        let newest = world.database.now(row);
        eventually("the reader sees the write", async || {
            (reader.read_unchecked(row).await == newest).then_some(())
        })
        .await;
        slowest = slowest.max(written.elapsed());
    }
    assert!(slowest < NEWS_LATE_MAX + GRACE, "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h37_pushed_copies_are_gone_after_the_server_was_emptied_or_killed() {
    let (world, _proxy) = nearby(Engine::Redis, 2, Near::pushed).await;
    let [reader, writer] = &world.processes[..] else {
        unreachable!()
    };
    for row in 0..2 {
        world.warm_up().await;
        if row == 0 {
            world.server.flush();
        } else {
            world.server.kill();
            world.server.restart();
        }
        writer.write(row).await;
        eventually("the reader sees the write", async || {
            (reader.read_unchecked(row).await == 1).then_some(())
        })
        .await;
        assert_eq!(reader.read(row).await, 1, "and goes on to");
    }
}
