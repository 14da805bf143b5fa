//! Servers that die and come back.

use std::sync::atomic::Ordering::SeqCst;

use crate::engine::{Engine, Server};
use crate::world::World;

/// How often a server is killed under load.
const KILLS: usize = 4;

on_each_engine! {
    async fn h18_a_server_that_was_killed_under_load_serves_nothing_old(engine: Engine) {
        let world = World::start(engine, 2, 8).await;
        let tally = world
            .survives(async |tally| {
                for _ in 0..KILLS {
                    tally.reads_more(300).await;
                    world.server.kill();
                    tally.reads_more(100).await;
                    world.server.restart();
                }
                tally.reads_more(300).await;
            })
            .await;
        assert!(tally.at_risk.load(SeqCst) > 0, "{tally:?}");
    }
}

on_each_engine! {
    /// The server is away when the write is made, and back, empty, when it is read.
    async fn h18_what_a_dead_server_was_not_told_is_not_served_by_the_next(engine: Engine) {
        let world = World::start(engine, 2, 1).await;
        let [writer, reader] = &world.processes[..] else { unreachable!() };
        world.warm_up().await;
        world.server.kill();
        writer.write(0).await;
        assert_eq!(writer.read(0).await, 1);
        world.server.restart();
        assert_eq!(reader.read(0).await, 1);
        world.is_settled().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h18_a_redis_that_comes_back_with_an_old_snapshot_serves_nothing_of_it() {
    let world = World::start(Engine::Redis, 2, 1).await;
    let Server::Redis(redis) = &*world.server else {
        unreachable!()
    };
    let [writer, reader] = &world.processes[..] else {
        unreachable!()
    };
    world.warm_up().await;
    redis.save();
    assert!(writer.write(0).await, "the server is there");
    let before = redis.names();
    redis.kill();
    redis.restart();
    assert_eq!(
        redis.names(),
        before,
        "the old entry and its old tags are back"
    );
    assert_eq!(reader.read(0).await, 1);
    assert_eq!(writer.read(0).await, 1);
    world.is_settled().await;
}
