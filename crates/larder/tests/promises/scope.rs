//! What one request has read it does not ask for again, and sees every write all the same.

use larder::{Key, Policy, Store, Tag};

use crate::shared::Shared;
use crate::support::Bench;

mod entries;
mod races;
mod reads;
mod tasks;
mod writes;

fn track() -> Tag {
    Tag::table("", "track")
}

/// A process far from its store, which counts what it is asked.
fn process(store: &Shared) -> Bench {
    store.process(Policy::new())
}

async fn get(bench: &Bench, key: &str) -> Option<u64> {
    let got = bench.cache.get::<u64>(key).await;
    got.expect("a miss is no error").map(|value| *value)
}

/// A read that depends on the table, and gives `value` if it must load.
async fn read(bench: &Bench, value: u64) -> u64 {
    let read = bench.cache.get_or_load("k", bench.gives(value));
    *read.tags([track()]).await.expect("the load gives a value")
}

/// The store loses these entries, behind the cache's back.
fn lose(bench: &Bench, keys: &[Key]) {
    let lost = Store::remove(&bench.memory, bench.cache.namespace(), keys);
    assert!(lost.now().is_ok_and(|lost| lost.is_ok()));
}

async fn insert(bench: &Bench, value: u64) {
    let inserted = bench.cache.insert("k", value).tags([track()]).await;
    inserted.expect("it is stored");
}
