//! Costs of what an attribute, a derive or a scope does: one file for each.

use std::error::Error;

use crate::fleet::Scale;
use crate::row::Report;

mod hit;
mod models;
mod scope;
mod shared;

pub(crate) fn run(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    hit::rows(report)?;
    shared::rows(report, scale)?;
    models::rows(report, scale)?;
    scope::rows(report, scale)
}
