//! The standard library's primitives, under a name that a test can replace: `store/memory/cells.rs`
//! and `flight/table.rs` take all their synchronisation from here, so that a model checker can run
//! them under every interleaving.

pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Mutex};
