//! Bytes per entry.

use std::error::Error;
use std::sync::Arc;

use larder::{Cache, Key, Memory, Tag};
use stats_alloc::Region;
use tokio::runtime::Runtime;

use crate::memory::key::key;
use crate::row::Report;

const ENTRIES: u64 = 100_000;

pub(crate) fn rows(report: &Report, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    for payload in [16usize, 1000] {
        let value = || "x".repeat(payload);
        let held = |change: stats_alloc::Stats| {
            (change.bytes_allocated as f64 - change.bytes_deallocated as f64
                + change.bytes_reallocated as f64)
                / ENTRIES as f64
        };
        let region = Region::new(crate::ALLOCATOR);
        let quick = quick_cache::sync::Cache::<Key, Arc<String>>::new(ENTRIES as usize);
        for n in 0..ENTRIES {
            quick.insert(key(n), Arc::new(value()));
        }
        let floor = held(region.change());
        drop(quick);
        for tags in [0u64, 3] {
            let region = Region::new(crate::ALLOCATOR);
            let cache = Cache::builder().store(Memory::bytes_max(2 << 30)).build()?;
            runtime.block_on(async {
                for n in 0..ENTRIES {
                    let tags = (0..tags).map(|tag| Tag::named(["a", "b", "c"][tag as usize]));
                    cache.insert(("product", n), value()).tags(tags).await?;
                }
                Ok::<_, larder::Error>(())
            })?;
            let bytes = held(region.change());
            let row = format!("bytes per entry, {payload} B payload, {tags} shared tags");
            let limit = 2.0 * floor + payload as f64;
            report.row(
                &row,
                (bytes, "B"),
                ("2 x quick_cache + payload", limit),
                bytes / limit,
                1.0,
            );
        }
    }
    Ok(())
}
