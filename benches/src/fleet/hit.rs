//! Hits of a cached query, beside bare reads of the same values.

use std::error::Error;
use std::sync::Arc;

use super::query::{Process, stored};
use super::servers::Servers;
use super::turns::{Call, Times, call, many_tasks, one_task};
use super::{Scale, process};
use crate::row::{Budget, Report};

/// Entries that are asked for in turn, so that no look-up is one at a hot line.
const ENTRIES: usize = 64;

const TASKS: usize = 64;

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    for payload in [100, 5000] {
        engine(report, scale, Servers::redis(), payload)?;
    }
    for payload in [100, 5000] {
        engine(report, scale, Servers::cluster(3), payload)?;
    }
    for servers in [1, 2] {
        for payload in [100, 5000] {
            engine(report, scale, Servers::memcached(servers), payload)?;
        }
    }
    Ok(())
}

fn engine(
    report: &Report,
    scale: Scale,
    servers: Servers,
    payload: usize,
) -> Result<(), Box<dyn Error>> {
    let runtime = process()?;
    runtime.block_on(async {
        let cache = servers.connect().await?.build()?;
        let process = Process::new(cache);
        let (queries, places) = stored(&servers, &process, ENTRIES, payload).await?;
        let (queries, places) = (Arc::new(queries), Arc::new(places));
        let bare = servers.bare().await?;
        let hit = call({
            let queries = queries.clone();
            move |n| {
                let (process, queries) = (process.clone(), queries.clone());
                async move {
                    process.hit(&queries[n % ENTRIES]).await;
                }
            }
        });
        let get = call({
            let (bare, places) = (bare.clone(), places.clone());
            move |n| {
                let (bare, places) = (bare.clone(), places.clone());
                async move {
                    let entry = places[n % ENTRIES].last().expect("the entry");
                    bare.get(entry).await;
                }
            }
        });
        let get_all = call(move |n| {
            let (bare, places) = (bare.clone(), places.clone());
            async move {
                assert_eq!(bare.get_all(&places[n % ENTRIES]).await, 5);
            }
        });
        let calls: [Call; 3] = [hit, get, get_all];
        one_task(&calls, 1, 200).await;
        let one = one_task(&calls, scale.of(21), 100).await;
        many_tasks(&calls, TASKS, 1, 10).await;
        let many = many_tasks(&calls, TASKS, scale.of(15), 25).await;
        let row = format!("{} hit, {payload} B", servers.name());
        print(report, &servers, &row, &one, &many);
        Ok(())
    })
}

fn print(report: &Report, servers: &Servers, row: &str, one: &[Times], many: &[Times]) {
    let (get, get_all) = servers.commands();
    // What one command of one server is the floor of: a cluster's client, too, needs several.
    let budget = |most| match servers {
        Servers::Redis(_) => Budget::AtMost(most),
        _ => Budget::Open,
    };
    let [hit, alone, all] = one else { return };
    let p50 = |row: &str, tasks: &str, floor: &str, value: &Times, times: &Times, budget| {
        report.row(
            &format!("{row}, {tasks}, p50"),
            (value.p50(), "us"),
            (floor, times.p50()),
            value.p50_over(times),
            budget,
        );
    };
    p50(row, "1 task", get, hit, alone, budget(1.6));
    p50(row, "1 task", get_all, hit, all, budget(1.15));
    let [hit, alone, all] = many else { return };
    p50(row, "64 tasks", get, hit, alone, Budget::Open);
    p50(row, "64 tasks", get_all, hit, all, Budget::Open);
    report.row(
        &format!("{row}, 64 tasks, throughput"),
        (hit.rate(), "1/s"),
        (get_all, all.rate()),
        hit.rate_over(all),
        Budget::AtLeast(0.9),
    );
}
