//! What users of SeaORM on PostgreSQL are promised, on a real server. One binary, modules by promise.
//! What holds on every database stands in `../shared`.
#![allow(unreachable_pub)] // modules of one test binary

#[path = "../shared/asked.rs"]
mod asked;
mod beside;
#[path = "../shared/entity.rs"]
mod entity;
#[path = "../shared/fleet.rs"]
mod fleet;
#[path = "../shared/nested.rs"]
mod nested;
#[path = "../shared/returning.rs"]
mod returning;
mod schema;
#[path = "../shared/mod.rs"]
mod shared;
mod shop;
mod traps;
mod writes;
