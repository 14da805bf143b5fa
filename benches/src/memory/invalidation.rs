//! Invalidation: flat, however many entries depend on the tag.

use std::error::Error;
use std::time::Instant;

use larder::{Cache, Memory, Tag};
use tokio::runtime::Runtime;

use crate::row::Report;

const ROUNDS: usize = 201;

pub(crate) fn rows(report: &Report, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let few = filled(runtime, 1)?;
    let many = filled(runtime, 1_000_000)?;
    let (mut one, mut million) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(invalidate(runtime, &few)?);
        million.push(invalidate(runtime, &many)?);
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (one, million) = (median(&mut one), median(&mut million));
    report.row(
        "invalidate a tag with 1,000,000 entries",
        (million, "ns"),
        ("the same with 1 entry", one),
        million / one,
        1.2,
    );
    Ok(())
}

fn filled(runtime: &Runtime, entries: u64) -> Result<Cache, Box<dyn Error>> {
    let cache = Cache::builder().store(Memory::bytes_max(4 << 30)).build()?;
    runtime.block_on(async {
        for n in 0..entries {
            cache
                .insert(("product", n), n)
                .tags([Tag::named("catalogue")])
                .await?;
        }
        Ok::<_, larder::Error>(())
    })?;
    Ok(cache)
}

/// Nanoseconds of one invalidation. Its entries stay dependent on the tag: they are invalid, not
/// gone.
fn invalidate(runtime: &Runtime, cache: &Cache) -> Result<f64, Box<dyn Error>> {
    let begin = Instant::now();
    runtime.block_on(async { cache.invalidate([Tag::named("catalogue")]).await })?;
    Ok(begin.elapsed().as_nanos() as f64)
}
