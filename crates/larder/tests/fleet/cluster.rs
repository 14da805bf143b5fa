//! A cluster whose parts move and go, under load.

use std::sync::atomic::Ordering::SeqCst;

use larder_servers::Cluster;

use crate::engine::{Engine, Server};
use crate::world::World;

const ROWS: usize = 16;

async fn world() -> World {
    World::start(Engine::Cluster, 2, ROWS).await
}

fn cluster(world: &World) -> &Cluster {
    match &*world.server {
        Server::Cluster(cluster) => cluster,
        _ => unreachable!("a cluster was started"),
    }
}

/// The slots of everything that a cluster holds.
fn slots(cluster: &Cluster) -> Vec<u16> {
    let nodes = cluster.nodes().iter();
    let names = nodes.flat_map(larder_servers::Redis::names);
    let mut slots: Vec<u16> = names.map(|name| cluster.slot(&name)).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_spread_over_the_masters_of_a_cluster() {
    let world = world().await;
    world.warm_up().await;
    for node in cluster(&world).nodes() {
        let entries = node.names();
        let entries = entries.iter().filter(|name| name.contains(":e1:"));
        assert_ne!(entries.count(), 0, "a master holds no entry");
    }
    world.is_settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_move_under_load_leave_nothing_old() {
    let world = world().await;
    world.warm_up().await;
    let tally = world
        .survives(async |tally| {
            let cluster = cluster(&world);
            for (turn, slot) in slots(cluster).into_iter().enumerate() {
                tally.reads_more(40).await;
                tokio::task::block_in_place(|| cluster.move_slot(slot, turn % 3));
            }
            tally.reads_more(300).await;
        })
        .await;
    assert!(tally.at_risk.load(SeqCst) > 0, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h18_a_master_of_a_cluster_that_is_killed_under_load_serves_nothing_old() {
    let world = world().await;
    let tally = world
        .survives(async |tally| {
            for node in cluster(&world).nodes() {
                tally.reads_more(300).await;
                node.kill();
                tally.reads_more(100).await;
                node.restart();
            }
            tally.reads_more(300).await;
        })
        .await;
    assert!(tally.at_risk.load(SeqCst) > 0, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h35_a_master_of_a_cluster_that_stands_still_under_load_serves_nothing_old() {
    let world = world().await;
    let tally = world
        .survives(async |tally| {
            for node in cluster(&world).nodes() {
                tally.reads_more(300).await;
                node.pause();
                tally.reads_more(100).await;
                node.resume();
            }
            tally.reads_more(300).await;
        })
        .await;
    assert!(tally.at_risk.load(SeqCst) > 0, "{tally:?}");
}
