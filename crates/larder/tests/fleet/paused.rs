//! Servers that stand still: their connections stay open, and nothing answers.

use std::time::{Duration, Instant};

use crate::engine::{Engine, RESPONSE_TIMEOUT};
use crate::process::eventually;
use crate::world::World;

/// How much longer than the response timeout a read may take on a machine that is busy.
const GRACE: Duration = Duration::from_secs(2);

on_each_engine! {
    async fn a_read_from_a_stopped_server_is_answered_by_its_loader(engine: Engine) {
        let world = World::start(engine, 1, 1).await;
        let process = &world.processes[0];
        world.warm_up().await;
        let loads = world.database.loads(0);
        world.server.pause();
        let begun = Instant::now();
        process.read(0).await;
        // At most two waits: for the entry, and for the versions before the load.
        assert!(begun.elapsed() < RESPONSE_TIMEOUT * 2 + GRACE, "{:?}", begun.elapsed());
        assert!(world.database.loads(0) > loads);

        // Its breaker is open: whoever comes now does not wait.
        let begun = Instant::now();
        let mut quick = 0;
        for _ in 0..20 {
            let begun = Instant::now();
            process.read(0).await;
            quick += usize::from(begun.elapsed() < RESPONSE_TIMEOUT / 2);
        }
        assert!(quick >= 15, "{quick} of 20 reads were quick, all took {:?}", begun.elapsed());

        world.server.resume();
        process.read_until_hit(0).await;
    }
}

on_each_engine! {
    async fn h35_a_write_while_the_server_stands_still_is_known_here_at_once_and_there_when_it_goes_on(engine: Engine) {
        let world = World::start(engine, 2, 1).await;
        let [writer, reader] = &world.processes[..] else { unreachable!() };
        world.warm_up().await;
        world.server.pause();
        assert!(!writer.write(0).await, "nobody can have acknowledged it");
        assert_eq!(writer.read(0).await, 1);
        world.server.resume();
        // The other process may see the old entry until the bump is delivered, and not longer.
        eventually("the bump has arrived", async || {
            (reader.read(0).await == 1).then_some(())
        })
        .await;
        world.is_settled().await;
    }
}

on_each_engine! {
    async fn h35_a_server_that_stands_still_under_load_serves_nothing_old_when_it_goes_on(engine: Engine) {
        let world = World::start(engine, 2, 8).await;
        world
            .survives(async |tally| {
                for _ in 0..3 {
                    tally.reads_more(300).await;
                    world.server.pause();
                    tally.reads_more(200).await;
                    world.server.resume();
                }
                tally.reads_more(300).await;
            })
            .await;
    }
}
