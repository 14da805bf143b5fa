//! What users of SeaORM on PostgreSQL are promised, on a real server. One binary, modules by promise.
//! What holds on every database stands in `../shared`.
#![allow(unreachable_pub)] // modules of one test binary

#[path = "../shared/asked.rs"]
mod asked;
mod beside;
#[path = "../shared/deferred.rs"]
mod deferred;
#[path = "../shared/entity.rs"]
mod entity;
mod errors;
#[path = "../shared/fleet.rs"]
mod fleet;
#[path = "../shared/nested.rs"]
mod nested;
mod replica;
#[path = "../shared/returning.rs"]
mod returning;
mod schema;
mod settings;
#[path = "../shared/mod.rs"]
mod shared;
mod shop;
mod strict;
#[path = "../shared/strict.rs"]
mod strictly;
mod texts;
mod transactions;
mod traps;
mod upserts;
mod writes;
