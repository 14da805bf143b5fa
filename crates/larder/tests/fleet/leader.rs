//! The process that loads for all, and what it may no longer store.

use std::convert::Infallible;
use std::time::Duration;

use larder::{Cache, Policy, Tag};

use crate::child::{Child, known, say, wait};
use crate::died::File;
use crate::engine::{Engine, Server};

/// How long a lease lasts that nobody renews.
const LEASE: Duration = Duration::from_secs(1);
const KEY: (&str, u64) = ("row", 1);
const TAG: &str = "row";

async fn connect(engine: Engine, address: String) -> Cache {
    let builder = engine.connect(&[address]).await;
    let builder = builder.policy(Policy::new().lease(LEASE));
    builder.build().expect("the settings are valid")
}

fn number(path: &str) -> u64 {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    text.parse().expect("a number")
}

async fn read(cache: &Cache, file: &File) -> u64 {
    let path = file.path.display().to_string();
    let load = move || async move { Ok::<_, Infallible>(number(&path)) };
    let read = cache.get_or_load(KEY, load).tags([Tag::named(TAG)]);
    *read.await.expect("it cannot fail")
}

/// A child that leads: it has read 0 from the database, and will store it when it is told to go on.
fn leader(server: &Server, file: &File) -> Child {
    let (address, path) = (server.address(), file.path.display().to_string());
    let engine = format!("{:?}", server.engine());
    let knows = [
        ("ENGINE", &*engine),
        ("ADDRESS", &*address),
        ("DATABASE", &*path),
    ];
    let mut child = Child::start("leads", &knows);
    assert_eq!(child.hear().as_deref(), Some("loading"));
    child
}

/// A row is written, and told of by `tell`, while another process loads it.
async fn a_change_during_the_load_wins(engine: Engine, tell: impl AsyncFn(&Cache)) {
    let (server, file) = (engine.start(), File::new());
    let cache = connect(engine, server.address()).await;
    let mut leader = leader(&server, &file);
    std::fs::write(&file.path, "1").expect("the file can be written");
    tell(&cache).await;
    leader.tell();
    assert_eq!(leader.hear().as_deref(), Some("has 0"), "it came before");
    assert_eq!(read(&cache, &file).await, 1);
    assert_eq!(read(&cache, &file).await, 1, "and nothing older is stored");
}

on_each_engine! {
    async fn h1_a_removal_by_one_process_beats_the_load_of_another(engine: Engine) {
        a_change_during_the_load_wins(engine, async |cache| {
            cache.remove(KEY).await.expect("the server is there");
        })
        .await;
    }
}

on_each_engine! {
    async fn h1_an_invalidation_by_one_process_beats_the_load_of_another(engine: Engine) {
        a_change_during_the_load_wins(engine, async |cache| {
            let tags = [Tag::named(TAG)];
            cache.invalidate(tags).await.expect("the server is there");
        })
        .await;
    }
}

on_each_engine! {
    async fn h1_an_insertion_by_one_process_beats_the_load_of_another(engine: Engine) {
        a_change_during_the_load_wins(engine, async |cache| {
            cache.insert(KEY, 1_u64).await.expect("the server is there");
        })
        .await;
    }
}

on_each_engine! {
    /// It is stopped in the middle of its load, and its lease runs out. Another process loads what is
    /// newer. Then it goes on, and believes that it leads.
    async fn a_leader_that_was_stopped_longer_than_its_lease_cannot_write_back(engine: Engine) {
        let (server, file) = (engine.start(), File::new());
        let cache = connect(engine, server.address()).await;
        let mut leader = leader(&server, &file);
        leader.pause();
        std::fs::write(&file.path, "1").expect("the file can be written");
        // Nobody is told of the write: only the lease keeps the older value out.
        assert_eq!(read(&cache, &file).await, 1, "the lease has run out");
        leader.resume();
        leader.tell();
        assert_eq!(leader.hear().as_deref(), Some("has 0"), "it came before");
        let hits = cache.stats()[0].hits;
        assert_eq!(read(&cache, &file).await, 1);
        assert_eq!(cache.stats()[0].hits, hits + 1, "the newer entry is there still");
    }
}

/// In a child: loads, and waits in the middle of it.
pub(crate) async fn play() {
    let engine = Engine::of(&known("ENGINE"));
    let cache = connect(engine, known("ADDRESS")).await;
    let load = || async {
        let value = number(&known("DATABASE"));
        say("loading");
        tokio::task::block_in_place(wait);
        Ok::<_, Infallible>(value)
    };
    let read = cache.get_or_load(KEY, load).tags([Tag::named(TAG)]);
    let value = read.await.expect("it cannot fail");
    say(&format!("has {value}"));
}
