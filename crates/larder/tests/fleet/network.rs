//! Connections that break, and that only seem to work.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use larder_servers::Proxy;

use crate::engine::{Engine, RESPONSE_TIMEOUT, Server};
use crate::process::{Process, eventually};
use crate::world::World;

const FAULTS: usize = 4;
/// How much longer than the response timeout a read may take on a machine that is busy.
const GRACE: Duration = Duration::from_secs(2);

/// Breaks the first process's connections again and again, under load of both.
async fn survives(engine: Engine, breaks: impl Fn(&Proxy)) {
    let (world, proxy) = World::through_proxy(engine, 8).await;
    let tally = world
        .survives(async |tally| {
            for _ in 0..FAULTS {
                tally.reads_more(200).await;
                breaks(&proxy);
                tally.reads_more(100).await;
                proxy.restore();
            }
            tally.reads_more(200).await;
        })
        .await;
    assert!(tally.at_risk.load(SeqCst) > 0, "{tally:?}");
}

on_each_engine! {
    async fn h36_connections_that_are_cut_under_load_leave_nothing_old(engine: Engine) {
        survives(engine, Proxy::cut).await;
    }
}

on_each_engine! {
    async fn h35_a_server_that_refuses_one_process_under_load_leaves_nothing_old(engine: Engine) {
        survives(engine, Proxy::refuse).await;
    }
}

on_each_engine! {
    async fn h35_connections_that_swallow_everything_leave_nothing_old(engine: Engine) {
        survives(engine, Proxy::blackhole).await;
    }
}

on_each_engine! {
    async fn h37_connections_that_are_half_open_leave_nothing_old(engine: Engine) {
        survives(engine, Proxy::half_open).await;
    }
}

on_each_engine! {
    async fn h36_connections_that_deliver_everything_too_late_leave_nothing_old(engine: Engine) {
        survives(engine, Proxy::stall).await;
    }
}

on_each_engine! {
    async fn h36_slow_connections_leave_nothing_old(engine: Engine) {
        survives(engine, |proxy| proxy.delay(Duration::from_millis(5))).await;
    }
}

on_each_engine! {
    /// The server is cut off from the writer for seconds, and from nobody else. This is what
    /// everybody sees: exactly what the documentation says.
    async fn h35_a_write_that_cannot_be_told_is_seen_here_at_once_and_elsewhere_when_it_is_told(engine: Engine) {
        let (world, proxy) = World::through_proxy(engine, 1).await;
        let [writer, other] = &world.processes[..] else { unreachable!() };
        world.warm_up().await;
        proxy.refuse();
        assert!(!writer.write(0).await, "nobody can have acknowledged it");
        assert_eq!(writer.events.delayed.load(SeqCst), 1);
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until {
            assert_eq!(writer.read(0).await, 1, "the writer knows");
            assert_eq!(other.read(0).await, 0, "nobody has told the others");
        }
        assert_eq!(writer.events.delivered.load(SeqCst), 0);
        proxy.restore();
        eventually("the bump is delivered", async || {
            (writer.events.delivered.load(SeqCst) == 1).then_some(())
        })
        .await;
        assert_eq!(other.read(0).await, 1, "the others have been told");
        world.is_settled().await;
    }
}

on_each_engine! {
    async fn answers_that_come_in_drops_are_put_together(engine: Engine) {
        let (world, proxy) = World::through_proxy(engine, 1).await;
        world.warm_up().await;
        proxy.drip(16, Duration::from_millis(1));
        assert!(world.processes[1].write(0).await, "the server is there");
        assert_eq!(world.processes[0].read(0).await, 1);
        world.is_settled().await;
    }
}

on_each_engine! {
    async fn a_read_through_a_blackhole_is_answered_by_its_loader(engine: Engine) {
        let (world, proxy) = World::through_proxy(engine, 1).await;
        world.warm_up().await;
        proxy.blackhole();
        let begun = Instant::now();
        assert_eq!(world.processes[0].read(0).await, 0);
        assert!(begun.elapsed() < RESPONSE_TIMEOUT * 2 + GRACE, "{:?}", begun.elapsed());
        proxy.restore();
        world.processes[0].read_until_hit(0).await;
    }
}

on_each_engine! {
    /// One bit of one reply, among the first bytes that come after it was warmed up.
    async fn flipped_bits_on_the_way_are_noticed_or_do_no_harm(engine: Engine) {
        let (world, proxy) = World::through_proxy(engine, 1).await;
        let [distant, near] = &world.processes[..] else { unreachable!() };
        for nth in (1..400).step_by(5) {
            world.warm_up().await;
            proxy.corrupt(nth);
            near.write(0).await;
            while !proxy.has_corrupted() {
                distant.read(0).await;
            }
            distant.read(0).await;
            distant.write(0).await;
            near.read(0).await;
            proxy.restore();
        }
        world.is_settled().await;
    }
}

on_each_engine! {
    /// A bump is done, and its answer lost. Whoever repeats it must not bring back the version
    /// that it gave the first time: others may have filled under it, and bumped over it.
    ///
    ///   A: bump to v1 (done, no answer)   B: fill under v1   B: bump to v2   A: bump again
    async fn h22_a_repeated_bump_does_not_bring_an_old_version_back(engine: Engine) {
        // Odd: a tag that memcached, too, bumps in one round trip.
        const ROW: usize = 1;
        // Long enough that the first process is still waiting for its answer in the end.
        let patience = Duration::from_secs(10);
        let mut world = World::start(engine, 0, 2).await;
        let proxy = Proxy::start(&world.server.address());
        for address in [proxy.address(), world.server.address()] {
            let builder = engine.connect_within(&[address], patience).await;
            world.processes.push(Process::new(builder, world.database.clone()));
        }
        let [first, second] = &world.processes[..] else { unreachable!() };
        first.read_until_hit(ROW).await;
        proxy.half_open();
        let before = tags(&world.server);
        let bumps = tokio::spawn({
            let first = first.clone();
            async move { first.write(ROW).await }
        });
        eventually("the first bump is done", async || {
            (tags(&world.server) != before).then_some(())
        })
        .await;
        assert_eq!(second.read_until_hit(ROW).await, 1);
        assert!(second.write(ROW).await, "the server is there");
        // The connection that lost an answer is reset, and the next one works.
        proxy.restore();
        bumps.await.expect("a write does not panic");
        assert_eq!(second.read(ROW).await, 2);
        world.is_settled().await;
    }
}

/// The stored bytes of all tags.
fn tags(server: &Server) -> BTreeMap<String, Option<Vec<u8>>> {
    let names = server.names().into_iter();
    names
        .filter(|name| name.contains(":t1:"))
        .map(|name| (name.clone(), server.read(&name)))
        .collect()
}
