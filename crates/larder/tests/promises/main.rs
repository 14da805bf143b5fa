//! What the cache promises, one module for each kind of promise.

mod adapters;
mod allocations;
mod api;
mod batches;
mod flight;
mod leases;
mod policy;
mod shared;
mod support;
mod undelivered;
