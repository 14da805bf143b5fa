//! The concurrent parts of larder's core under every interleaving.
//!
//! The tests of this package include the core's own files (`store/memory/cells.rs`,
//! `flight/table.rs`) and give them loom's locks and atomics in place of the standard library's:
//! those files take all their synchronisation from a module called `sync`, and nothing else from
//! the crate. So what runs here is the code that ships, not a copy of it.
//!
//! Loom runs each test once for every order in which its threads can meet. What order means for
//! the *protocol* (loads, commits, bumps) is checked by the models in `tests/models`.

/// Deterministic hashing: an interleaving must meet the same buckets each time it is replayed.
pub type Hasher = std::hash::BuildHasherDefault<std::collections::hash_map::DefaultHasher>;

/// Runs `test` once for every interleaving of its threads.
pub fn every_interleaving(test: impl Fn() + Send + Sync + 'static) {
    loom::model::Builder::new().check(test);
}

/// Runs `test` once for every interleaving in which a running thread is interrupted at most
/// [`INTERRUPTIONS_MAX`] times. For tests of three threads, which have too many without a bound;
/// almost every known race needs two interruptions at most.
pub fn every_likely_interleaving(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(INTERRUPTIONS_MAX);
    builder.check(test);
}

/// How often running threads are interrupted in [`every_likely_interleaving`].
pub const INTERRUPTIONS_MAX: usize = 3;
