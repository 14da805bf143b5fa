//! The near tier: hits of copies in memory that the far server keeps right.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use larder::{Cache, Memory, Near};
use tokio::runtime::Runtime;

use super::query::{Process, Query, payload, stored};
use super::servers::Servers;
use super::turns::{call, one_task};
use super::{Scale, process};
use crate::measure::pair;
use crate::row::{Budget, Report};

const ENTRIES: usize = 64;

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let runtime = process()?;
    for bytes in [100, 5000] {
        runtime.block_on(validated(report, scale, Servers::redis(), bytes))?;
    }
    runtime.block_on(validated(report, scale, Servers::memcached(1), 5000))?;
    pushed(report, &runtime)
}

async fn validated(
    report: &Report,
    scale: Scale,
    servers: Servers,
    bytes: usize,
) -> Result<(), Box<dyn Error>> {
    let far = Process::new(servers.connect().await?.build()?);
    let near = Near::validated(Memory::new());
    let near = Process::new(servers.connect().await?.near(near).build()?);
    let (queries, _) = stored(&servers, &far, ENTRIES, bytes).await?;
    let queries = Arc::new(queries);
    let calls = [near, far].map(|process| {
        let queries = queries.clone();
        call(move |n| {
            let (process, queries) = (process.clone(), queries.clone());
            async move {
                process.hit(&queries[n % ENTRIES]).await;
            }
        })
    });
    one_task(&calls, 1, 2 * ENTRIES).await;
    let times = one_task(&calls, scale.of(15), 100).await;
    report.row(
        &format!("{} near hit, validated, {bytes} B, p50", servers.name()),
        (times[0].p50(), "us"),
        ("a hit without the near tier", times[1].p50()),
        times[0].p50_over(&times[1]),
        Budget::Open,
    );
    Ok(())
}

fn pushed(report: &Report, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let queries: Vec<Query> = (0..ENTRIES).map(|n| Query::new(0, n as i64)).collect();
    let servers = Servers::redis();
    let memory = Process::new(Cache::memory());
    let pushed = runtime.block_on(async {
        let near = Near::pushed(Memory::new());
        let pushed = Process::new(servers.connect().await?.near(near).build()?);
        let text = payload(100);
        for query in &queries {
            memory.fill(query, &text).await;
            pushed.fill(query, &text).await;
            // Copies are kept from when the news come.
            while !pushed.hits_at_once(query) {
                pushed.hit(query).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Ok::<_, Box<dyn Error>>(pushed)
    })?;
    let turns = |process: Process| {
        let queries = queries.clone();
        let mut n = 0;
        move || {
            n = (n + 1) % ENTRIES;
            assert!(black_box(process.hits_at_once(&queries[n])));
        }
    };
    let hit = pair(turns(pushed), turns(memory));
    report.row(
        "redis near hit, pushed, 100 B",
        (hit.value, "ns"),
        ("a hit in memory", hit.floor),
        hit.ratio,
        Budget::Open,
    );
    Ok(())
}
