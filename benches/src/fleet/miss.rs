//! Misses: how often the server is asked, and what that takes beside the load alone.

use std::error::Error;

use super::bare::Bare;
use super::query::{Process, Query, payload};
use super::servers::Servers;
use super::trips::Trips;
use super::turns::{call, one_task};
use super::{Scale, process};
use crate::row::{Budget, Report};

/// Keys in one batch.
const MANY: u64 = 100;

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let runtime = process()?;
    runtime.block_on(async {
        let servers = Servers::redis();
        let process = Process::new(servers.connect().await?.build()?);
        let text = payload(100);
        process.fill(&Query::new(0, 0), &text).await;
        times(report, scale, &servers, &process).await?;

        let trips = Trips::before(&servers.address()).await?;
        let counted = Process::new(servers.connect_through(trips.address()).await?.build()?);
        let row = |what: &str, trips: f64, budget: Budget| {
            let floor = ("one", 1.0);
            report.row(what, (trips, "trips"), floor, trips, budget);
        };
        counted.hit(&Query::new(0, 0)).await;
        let hit = trips
            .of(async |_| {
                counted.hit(&Query::new(0, 0)).await;
            })
            .await;
        row("hit", hit, Budget::AtMost(1.0));
        let cold = trips
            .of(async |n| counted.fill(&Query::new(0, 100 + n as i64), &text).await)
            .await;
        row("miss with lease, first of its row", cold, Budget::Open);
        let mut again = 0.0;
        for n in 0..3 {
            let query = Query::new(0, 100 + n);
            process.cache.remove(&query.key).await?;
            again = trips.once(async || counted.fill(&query, &text).await).await;
        }
        row("miss with lease, tags are there", again, Budget::Open);
        let keys = |n: usize| (0..MANY).map(move |key| (n as u64, key));
        let many = async |n: usize| {
            let load = async |missing: Vec<(u64, u64)>| {
                let loaded = missing.into_iter().map(|key| (key, key.1));
                Ok::<Vec<_>, std::convert::Infallible>(loaded.collect())
            };
            let found = counted.cache.get_or_load_many(keys(n), load).await;
            assert_eq!(found.expect("the load cannot fail").len(), MANY as usize);
        };
        let cold = trips.of(many).await;
        row("get_or_load_many of 100 keys, cold", cold, Budget::Open);
        let warm = trips.of(async |_| many(0).await).await;
        row(
            "get_or_load_many of 100 keys, warm",
            warm,
            Budget::AtMost(1.0),
        );
        Ok(())
    })
}

/// The load is a bare GET: about what a database on the same machine takes for a small query.
async fn times(
    report: &Report,
    scale: Scale,
    servers: &Servers,
    process: &Process,
) -> Result<(), Box<dyn Error>> {
    let bare = servers.bare().await?;
    let place = servers.place(":e1:").ok_or("an entry is stored")?;
    let load = {
        let bare: Bare = bare.clone();
        let place = place.clone();
        move || {
            let (bare, place) = (bare.clone(), place.clone());
            async move {
                bare.get(&place).await;
                Ok(String::from("loaded"))
            }
        }
    };
    let miss = call({
        let (process, load) = (process.clone(), load.clone());
        move |n| {
            let (process, load) = (process.clone(), load.clone());
            async move {
                process
                    .ask(&Query::new(0, 1_000_000 + n as i64), load)
                    .await;
            }
        }
    });
    let alone = call(move |_| {
        let load = load.clone();
        async move {
            load()
                .await
                .map_or_else(|never: std::convert::Infallible| match never {}, drop);
        }
    });
    let calls = [miss, alone];
    let times = one_task(&calls, scale.of(11), 50).await;
    report.row(
        "miss with lease, first of its row, p50",
        (times[0].p50(), "us"),
        ("the load alone (a bare GET)", times[1].p50()),
        times[0].p50_over(&times[1]),
        Budget::Open,
    );
    Ok(())
}
