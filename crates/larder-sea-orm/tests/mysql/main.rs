//! What users of SeaORM on MySQL and MariaDB are promised, on a real MariaDB. One binary, modules by
//! promise. What holds on every database stands in `../shared`.
#![allow(unreachable_pub)] // modules of one test binary

#[path = "../shared/asked.rs"]
mod asked;
mod beside;
mod chance;
#[path = "../shared/entity.rs"]
mod entity;
mod equality;
#[path = "../shared/fleet.rs"]
mod fleet;
#[path = "../shared/nested.rs"]
mod nested;
mod schema;
#[path = "../shared/mod.rs"]
mod shared;
mod shop;
mod transactions;
mod upserts;
mod writes;
