//! Invalidation of a tag: flat, however many entries depend on it, and what others see meanwhile.

use std::error::Error;
use std::time::{Duration, Instant};

use larder::{Cache, Tag};

use super::bare::{Bare, Place};
use super::query::payload;
use super::servers::Servers;
use super::turns::{call, median, one_task};
use super::{Scale, process};
use crate::row::{Budget, Report};

/// How long a neighbour is watched at a time.
const WINDOW: Duration = Duration::from_millis(200);
/// How often the tag is invalidated beside it.
const EVERY: Duration = Duration::from_millis(2);
/// Copies that are written in one pipeline.
const COPIES: usize = 1_000;

/// A tag that so many entries carry.
fn tag(entries: usize) -> Tag {
    Tag::named_parts(("catalogue", entries as u64))
}

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let runtime = process()?;
    runtime.block_on(async {
        let counts = [1, 1_000, scale.of(1_000_000)];
        // One server: of three, each with one of the tags, some are luckier with their core.
        let servers = Servers::redis();
        let cache = servers.connect().await?.build()?;
        for count in counts {
            fill(&servers, &cache, count).await?;
        }
        let calls = counts.map(|count| {
            let cache = cache.clone();
            call(move |_| {
                let cache = cache.clone();
                async move {
                    let done = cache.invalidate([tag(count)]).await;
                    done.expect("redis answers");
                }
            })
        });
        one_task(&calls, 1, 50).await;
        let times = one_task(&calls, scale.of(21), 100).await;
        for (count, with) in counts.iter().zip(&times).skip(1) {
            report.row(
                &format!("invalidate a tag with {count} entries"),
                (with.p50(), "us"),
                ("the same with 1 entry", times[0].p50()),
                with.p50_over(&times[0]),
                1.2,
            );
        }
        neighbour(report, scale, &servers, &cache, tag(counts[2])).await
    })
}

/// Lets so many entries carry their tag. One is stored through the cache; the others are copies of
/// its bytes under names of their own: nobody could read them, but nobody reads them here, and the
/// server keeps them like any other.
async fn fill(servers: &Servers, cache: &Cache, count: usize) -> Result<(), Box<dyn Error>> {
    let before = servers.names();
    cache
        .insert(("product", count as u64), payload(100))
        .tags([tag(count)])
        .await?;
    let mut names = servers.names().into_iter();
    let entry = names.find(|name| name.1.contains(":e1:") && !before.contains(name));
    let (server, name) = entry.ok_or("the entry is there")?;
    let Bare::Redis(mut connection) = servers.bare().await? else {
        return Err("a redis server".into());
    };
    let bytes = Bare::Redis(connection.clone())
        .get(&Place { server, name })
        .await;
    let mut done = 1;
    while done < count {
        let mut pipe = redis::pipe();
        for n in done..count.min(done + COPIES) {
            let name = format!("bench:e1:{count:08}{n:018}");
            pipe.set_options(name, &bytes, hour()).ignore();
        }
        done += COPIES;
        pipe.query_async::<()>(&mut connection).await?;
    }
    Ok(())
}

fn hour() -> redis::SetOptions {
    redis::SetOptions::default().with_expiration(redis::SetExpiry::EX(3600))
}

/// Another client of the server, while nothing is invalidated and while something is.
async fn neighbour(
    report: &Report,
    scale: Scale,
    servers: &Servers,
    cache: &Cache,
    tag: Tag,
) -> Result<(), Box<dyn Error>> {
    let place = Place {
        server: 0,
        name: "neighbour".to_owned(),
    };
    let other = servers.bare().await?;
    other.set(&place, payload(100).as_bytes()).await;
    let (mut before, mut during) = (Vec::new(), Vec::new());
    for _ in 0..scale.of(11) {
        before.push(watched(&other, &place).await);
        let invalidates = tokio::spawn({
            let (cache, tag) = (cache.clone(), tag.clone());
            async move {
                let mut ticks = tokio::time::interval(EVERY);
                loop {
                    ticks.tick().await;
                    let done = cache.invalidate([tag.clone()]).await;
                    done.expect("redis answers");
                }
            }
        });
        during.push(watched(&other, &place).await);
        invalidates.abort();
    }
    let ratios: Vec<f64> = during.iter().zip(&before).map(|(d, b)| d / b).collect();
    report.row(
        "another client's GET beside it, p99",
        (median(&during), "us"),
        ("its GET before", median(&before)),
        median(&ratios),
        Budget::Open,
    );
    Ok(())
}

/// What 99 of a hundred GETs take at most, in microseconds.
async fn watched(other: &Bare, place: &Place) -> f64 {
    let mut samples = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < WINDOW {
        let begin = Instant::now();
        other.get(place).await;
        samples.push(begin.elapsed());
    }
    samples.sort();
    samples[samples.len() * 99 / 100].as_secs_f64() * 1e6
}
