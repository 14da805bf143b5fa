//! The promises of the analysis, by feature.

mod bounds;
mod catalogue;
mod closure;
mod explain;
mod functions;
mod joins;
mod listened;
mod meeting;
mod memory;
mod mysql;
mod pins;
mod reads;
mod soup;
mod split;
mod statements;
mod support;
mod writes;
