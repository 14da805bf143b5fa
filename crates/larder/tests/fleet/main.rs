//! Many processes, one store, and everything that goes wrong between them: real servers that are
//! killed, stopped, emptied, filled up, cut off and promoted.
//!
//! A *process* here is a cache with connections of its own, or a child process where it has to be
//! killed. The *database* is one counter for each row: a write adds one. So every read can be held
//! against what had been written when it began. Tests are named after their hazard.

#[macro_use]
mod engine;
mod bytes;
mod cancelled;
mod child;
mod cluster;
mod database;
mod died;
mod ejected;
mod flushed;
mod full;
mod killed;
mod leader;
mod near;
mod network;
mod paused;
mod process;
mod promoted;
mod stampede;
mod turns;
mod world;
