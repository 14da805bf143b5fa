//! What the server keeps.

use std::error::Error;

use larder::Tag;
use tokio::task::JoinSet;

use super::bare::Bare;
use super::query::payload;
use super::servers::Servers;
use super::{Scale, process};
use crate::row::{Budget, Report};

const TASKS: usize = 64;

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let runtime = process()?;
    let count = scale.of(100_000);
    runtime.block_on(async {
        let bare = bare(count).await?;
        let servers = Servers::redis();
        let empty = servers.bytes_used();
        let cache = servers.connect().await?.build()?;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let cache = cache.clone();
            tasks.spawn(async move {
                for n in (task..count).step_by(TASKS) {
                    let row = Tag::named_parts(("row", n as u64));
                    cache
                        .insert(("product", n as u64), payload(100))
                        .tags([row])
                        .await?;
                }
                Ok::<_, larder::Error>(())
            });
        }
        for done in tasks.join_all().await {
            done?;
        }
        let both = (servers.bytes_used() - empty) / count as f64;
        let floor = "bare SET ... PX, same key, same payload";
        let row = |row: &str, bytes: f64| {
            report.row(row, (bytes, "B"), (floor, bare), bytes / bare, Budget::Open);
        };
        row("bytes, entry of 100 B and a tag of its own", both);
        row(
            "bytes, that entry (MEMORY USAGE)",
            usage(&servers, ":e1:").await?,
        );
        row(
            "bytes, that tag (MEMORY USAGE)",
            usage(&servers, ":t1:").await?,
        );
        Ok(())
    })
}

/// Bytes of each value that a client without larder has written.
async fn bare(count: usize) -> Result<f64, Box<dyn Error>> {
    let servers = Servers::redis();
    let empty = servers.bytes_used();
    let Bare::Redis(mut connection) = servers.bare().await? else {
        return Err("a redis server".into());
    };
    for first in (0..count).step_by(1000) {
        let mut pipe = redis::pipe();
        for n in first..count.min(first + 1000) {
            pipe.pset_ex(format!("bench:product:{n}"), payload(100), 3_600_000)
                .ignore();
        }
        pipe.query_async::<()>(&mut connection).await?;
    }
    Ok((servers.bytes_used() - empty) / count as f64)
}

async fn usage(servers: &Servers, kind: &str) -> Result<f64, Box<dyn Error>> {
    let place = servers.place(kind).ok_or("values are stored")?;
    let Bare::Redis(mut connection) = servers.bare().await? else {
        return Err("a redis server".into());
    };
    let bytes: u64 = redis::cmd("MEMORY")
        .arg("USAGE")
        .arg(&place.name)
        .query_async(&mut connection)
        .await?;
    Ok(bytes as f64)
}
