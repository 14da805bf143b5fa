//! What the cache promises, one module for each kind of promise.

mod adapters;
mod allocations;
mod api;
mod flight;
mod policy;
mod support;
