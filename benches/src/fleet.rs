//! Costs of a cache that processes share: on Redis, on a cluster, on memcached.

use std::error::Error;

use tokio::runtime::Runtime;

use crate::row::Report;

pub(crate) mod bare;
mod bytes;
mod hit;
mod invalidation;
mod miss;
mod near;
mod query;
pub(crate) mod servers;
mod staleness;
mod stampede;
pub(crate) mod trips;
pub(crate) mod turns;
mod write;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) enum Scale {
    /// As the table in the documents is.
    Whole,
    /// As little as still tells a budget that is missed by far.
    Quick,
}

impl Scale {
    /// A count of the whole table, or its share of a quick one.
    pub(crate) fn of(self, whole: usize) -> usize {
        match self {
            Scale::Whole => whole,
            Scale::Quick => whole.div_ceil(5),
        }
    }
}

pub(crate) fn run(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    hit::rows(report, scale)?;
    near::rows(report, scale)?;
    staleness::rows(report, scale)?;
    miss::rows(report, scale)?;
    stampede::rows(report, scale)?;
    write::rows(report, scale)?;
    invalidation::rows(report, scale)?;
    bytes::rows(report, scale)
}

/// What one process of a service runs on.
pub(crate) fn process() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}
