//! What users of SeaORM on SQLite are promised. One binary, modules by promise. What holds on every
//! database stands in `../shared`.
#![allow(unreachable_pub)] // modules of one test binary

#[path = "../shared/asked.rs"]
mod asked;
mod context;
#[path = "../shared/deferred.rs"]
mod deferred;
#[path = "../shared/entity.rs"]
mod entity;
#[path = "../shared/fleet.rs"]
mod fleet;
#[cfg(feature = "sqlite-hook")]
mod hooked;
mod invalidation;
mod large;
mod limits;
#[path = "../shared/nested.rs"]
mod nested;
#[path = "../shared/returning.rs"]
mod returning;
mod rows;
mod scope;
#[path = "../shared/mod.rs"]
mod shared;
mod shared_store;
mod shop;
mod signals;
mod snapshot;
mod strict;
#[path = "../shared/strict.rs"]
mod strictly;
mod transactions;
mod traps;
mod writes;
