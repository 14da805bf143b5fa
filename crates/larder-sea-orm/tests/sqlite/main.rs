//! What users of SeaORM on SQLite are promised. One binary, modules by promise.

mod entity;
mod forms;
mod invalidation;
mod shop;
mod transactions;
mod writes;
