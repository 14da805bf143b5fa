//! What users of SeaORM on SQLite are promised. One binary, modules by promise.
#![allow(unreachable_pub)] // modules of one test binary

mod entity;
mod fleet;
mod forms;
#[cfg(feature = "sqlite-hook")]
mod hooked;
mod invalidation;
mod limits;
mod nested;
mod rows;
mod scope;
mod shared_store;
mod shop;
mod strict;
mod transactions;
mod traps;
mod writes;
