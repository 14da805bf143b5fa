//! What the cache promises, one module for each kind of promise.

mod adapters;
mod allocations;
mod api;
mod batches;
mod blocking;
mod causes;
mod flight;
mod functions;
mod inspect;
mod leases;
mod listing;
mod objects;
mod policy;
mod schedules;
mod scope;
mod shared;
mod support;
mod switched;
mod trees;
mod undelivered;

#[path = "../common/listing.rs"]
mod common_listing;
#[path = "../common/trees.rs"]
mod common_trees;

#[path = "../common/functions.rs"]
mod common_functions;
