//! Writes: what an adapter publishes after a commit, beside one bare SET.

use std::error::Error;
use std::hint::black_box;

use larder::Tag;

use super::bare::Place;
use super::query::{Process, Query, change, payload, table};
use super::servers::Servers;
use super::trips::Trips;
use super::turns::{call, one_task};
use super::{Scale, process};
use crate::row::{Budget, Report};

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let runtime = process()?;
    for shapes in [1, 8, 32] {
        runtime.block_on(by_shapes(report, scale, shapes))?;
    }
    Ok(())
}

/// A row leaves one answer of every shape and enters another: two tags for each shape.
async fn by_shapes(report: &Report, scale: Scale, shapes: usize) -> Result<(), Box<dyn Error>> {
    let servers = Servers::redis();
    let process = Process::new(servers.connect().await?.build()?);
    let text = payload(100);
    for column in 0..shapes {
        for value in [1, 2] {
            process.fill(&Query::new(column, value), &text).await;
        }
    }
    let bare = servers.bare().await?;
    let place = Place {
        server: 0,
        name: "bare".to_owned(),
    };
    let publish = call({
        let process = process.clone();
        move |_| {
            let process = process.clone();
            async move {
                black_box(process.cache.publish(change(shapes)).await);
            }
        }
    });
    let strict = call({
        let process = process.clone();
        move |_| {
            let process = process.clone();
            async move { marked(&process, shapes).await }
        }
    });
    let set = call({
        let (bare, text) = (bare.clone(), text.clone());
        move |_| {
            let (bare, place, text) = (bare.clone(), place.clone(), text.clone());
            async move { bare.set(&place, text.as_bytes()).await }
        }
    });
    let calls = [publish, strict, set];
    one_task(&calls, 1, 50).await;
    let times = one_task(&calls, scale.of(11), 50).await;

    let trips = Trips::before(&servers.address()).await?;
    let counted = Process::new(servers.connect_through(trips.address()).await?.build()?);
    // The lists of shapes are known to a process that writes for the second time.
    counted.cache.publish(change(shapes)).await;
    let trips_plain = trips
        .of(async |_| {
            counted.cache.publish(change(shapes)).await;
        })
        .await;
    let trips_strict = trips.of(async |_| marked(&counted, shapes).await).await;

    let [publish, strict, set] = &times[..] else {
        return Ok(());
    };
    for (what, times, trips, budget) in [
        ("publish a write", publish, trips_plain, Budget::AtMost(1.0)),
        ("mark, publish, release", strict, trips_strict, Budget::Open),
    ] {
        report.row(
            &format!("{what}, {shapes} shapes, p50"),
            (times.p50(), "us"),
            ("bare SET", set.p50()),
            times.p50_over(set),
            Budget::Open,
        );
        report.row(
            &format!("{what}, {shapes} shapes, trips"),
            (trips, "trips"),
            ("one", 1.0),
            trips,
            budget,
        );
    }
    Ok(())
}

/// As a strict writer does it, but for the commit, which would stand in the middle. The mark is
/// taken away by a task behind the caller.
async fn marked(process: &Process, shapes: usize) {
    let guard = process.cache.mark(&[Tag::guard(&table())], &[]).await;
    let guard = guard.expect("the store keeps marks");
    black_box(process.cache.publish(change(shapes)).await);
    drop(guard);
}
