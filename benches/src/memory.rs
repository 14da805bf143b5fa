//! Costs in this process's memory.

use std::error::Error;

use crate::row::Report;

mod analysis;
mod bytes;
mod invalidation;
mod key;
mod query;

pub(crate) fn run(report: &Report) -> Result<(), Box<dyn Error>> {
    // One thread, as its floors: what is measured is the work, not the scheduler.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    key::rows(report, &runtime)?;
    query::rows(report, &runtime)?;
    analysis::rows(report)?;
    bytes::rows(report, &runtime)?;
    invalidation::rows(report, &runtime)
}
