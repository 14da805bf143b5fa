//! What users of SeaORM on MySQL and MariaDB are promised, on a real MariaDB. One binary, modules by
//! promise.
#![allow(unreachable_pub)] // modules of one test binary

mod chance;
#[path = "../shared/entity.rs"]
mod entity;
mod equality;
mod fleet;
mod forms;
mod invalidation;
mod schema;
mod shop;
mod transactions;
mod writes;
