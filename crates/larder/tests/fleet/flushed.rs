//! A foreign hand that deletes everything.

use std::sync::atomic::Ordering::SeqCst;

use crate::engine::Engine;
use crate::world::World;

on_each_engine! {
    async fn h21_h22_a_store_that_was_emptied_under_load_serves_nothing_old(engine: Engine) {
        let world = World::start(engine, 2, 8).await;
        let tally = world
            .survives(async |tally| {
                for _ in 0..20 {
                    tally.reads_more(100).await;
                    world.server.flush();
                }
                tally.reads_more(200).await;
            })
            .await;
        assert!(tally.at_risk.load(SeqCst) > 0, "{tally:?}");
        assert_eq!(tally.unacknowledged.load(SeqCst), 0, "the server was there all the time");
    }
}

on_each_engine! {
    /// The tags go during a load: what it has loaded cannot be told from what is newer.
    async fn h21_an_entry_whose_tags_went_during_its_load_is_not_served_after_a_write(engine: Engine) {
        let world = World::start(engine, 2, 1).await;
        let [writer, reader] = &world.processes[..] else { unreachable!() };
        world.warm_up().await;
        writer.write(0).await;
        world.server.flush();
        assert_eq!(reader.read(0).await, 1);
        writer.write(0).await;
        world.server.flush();
        writer.write(0).await;
        assert_eq!(reader.read(0).await, 3);
        world.is_settled().await;
    }
}
