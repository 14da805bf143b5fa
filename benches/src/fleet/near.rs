//! The near tier: hits of copies in memory that the far server keeps right.

use std::cell::Cell;
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
/// A busy machine may let the news be late, which ends all copies.
const ATTEMPTS_MAX: usize = 5;

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
        }
        Ok::<_, larder::Error>(pushed)
    })?;
    let missed = Cell::new(0);
    let turns = |process: &Process| {
        let (queries, missed, process) = (&queries, &missed, process.clone());
        let mut n = 0;
        move || {
            n = (n + 1) % ENTRIES;
            if !black_box(process.hits_at_once(&queries[n])) {
                missed.set(missed.get() + 1);
            }
        }
    };
    for _ in 0..ATTEMPTS_MAX {
        runtime.block_on(kept(&pushed, &queries));
        missed.set(0);
        let hit = pair(turns(&pushed), turns(&memory));
        if missed.get() == 0 {
            report.row(
                "redis near hit, pushed, 100 B",
                (hit.value, "ns"),
                ("a hit in memory", hit.floor),
                hit.ratio,
                Budget::Open,
            );
            return Ok(());
        }
    }
    Err("the machine is too busy: the news of the server are lost again and again".into())
}

/// Waits until every copy is at hand: the news of what the others brought may have ended it.
async fn kept(process: &Process, queries: &[Query]) {
    while !queries.iter().all(|query| process.hits_at_once(query)) {
        for query in queries {
            process.hit(query).await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
