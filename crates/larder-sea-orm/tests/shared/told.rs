//! CB-10: from where a read came, and what a write has dropped, is told. CB-12: what a store has
//! forgotten is a miss.

use std::sync::{Arc, Mutex};

use larder::{Event, Memory, Observer};
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{Cached, CachedConnection, CachedEntity, CachedExt};
use sea_orm::{ConnectionTrait, EntityTrait, Select};

use crate::entity::{genre, track};
use crate::fleet::{Fleet, Server};
use crate::shop::read;

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn event(&self, event: &Event<'_>) {
        let told = match event {
            Event::Hit { .. } => "hit".to_owned(),
            Event::Miss { .. } => "miss".to_owned(),
            Event::Invalidated { cause, tags, .. } => {
                let cause = cause.unwrap_or("nobody");
                format!("{cause} drops {tags:?}")
            }
            _ => return,
        };
        self.0.lock().expect("not poisoned").push(told);
    }
}

fn rock() -> Cached<Select<genre::Entity>> {
    genre::Entity::find_by_id(1).cached()
}

#[tokio::test]
async fn cb10_where_a_read_came_from_and_what_a_write_dropped_is_told() {
    const RENAME: &str = "UPDATE genre SET name = 'Roll' WHERE id = 1";
    // Without its values, which may be secrets.
    const SHOWN: &str = "UPDATE genre SET name = ? WHERE id = ?";
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let told = Arc::new(Told::default());
        let cache = fleet.server.watched(Some(told.clone())).await;
        let db = fleet.with(cache, |builder| builder).await;
        let (_, queries) = trace::scope(async {
            rock().one(&db).await.expect("a read");
            rock().one(&db).await.expect("a read");
            db.execute_unprepared(RENAME).await.expect("a write");
            genre::Entity::find_by_id(1).one(&db).await.expect("a read");
        })
        .await;
        let outcomes: Vec<Outcome> = queries.into_iter().map(|query| query.outcome).collect();
        let uncached = Outcome::Uncached("not asked for with .cached()".to_owned());
        assert_eq!(
            outcomes,
            [Outcome::Miss, Outcome::Hit, Outcome::Write, uncached]
        );
        let told = told.0.lock().expect("not poisoned");
        assert_eq!(told[..2], ["miss", "hit"], "{}", fleet.server.name());
        assert!(
            told[2..]
                .iter()
                .any(|told| told.starts_with(SHOWN) && told.contains("genre")),
            "{told:?}"
        );
    }
}

async fn price(db: &CachedConnection) -> (i32, Outcome) {
    let (row, outcome) = read(track::Entity::cached(db).get(1)).await;
    (row.expect("a track").unit_price, outcome)
}

async fn reprice(db: &CachedConnection, price: i32) {
    let sql = format!("UPDATE track SET unit_price = {price} WHERE id = 1");
    db.execute_unprepared(&sql).await.expect("a new price");
}

/// Whatever a server forgets, one thing after the other, no answer is older than the last write.
#[tokio::test]
async fn cb12_what_a_server_has_forgotten_is_a_miss() {
    for server in [Server::redis(), Server::memcached()] {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let names = || match &fleet.server {
            Server::Redis(redis) => redis.names(),
            Server::Memcached(memcached) => memcached.names(),
            Server::Memory(_) => unreachable!("it has no server"),
        };
        let forget = |name: &str| match &fleet.server {
            Server::Redis(redis) => {
                redis.ask(&["DEL", name]).ok();
            }
            Server::Memcached(memcached) => memcached.remove(name),
            Server::Memory(_) => unreachable!("it has no server"),
        };
        price(&db).await;
        let all = names();
        let mut missed = 0;
        for (new, name) in (100..).zip(&all) {
            // Before anything has changed,
            price(&db).await;
            forget(name);
            let (before, outcome) = price(&db).await;
            assert_eq!(
                before,
                if new == 100 { 99 } else { 1_000 + new - 1 },
                "{name}"
            );
            missed += usize::from(outcome == Outcome::Miss);
            // before a write,
            price(&db).await;
            forget(name);
            reprice(&writer, new).await;
            assert_eq!(price(&db).await.0, new, "{name}");
            // and after one.
            reprice(&writer, 1_000 + new).await;
            forget(name);
            assert_eq!(price(&db).await.0, 1_000 + new, "{name}");
        }
        // The entry, and the tags of its row, its table, its database and its namespace.
        assert!(missed >= 4, "{missed} of {all:?}");
    }
}

/// A memory with room for a few rows.
#[tokio::test]
async fn cb12_a_memory_that_evicts_forgets_nothing_that_counts() {
    let fleet = Fleet::new(Server::Memory(Memory::bytes_max(8_000))).await;
    let (db, writer) = fleet.two().await;
    let mut last = 99;
    for round in 0..100 {
        assert_eq!(price(&db).await.0, last, "round {round}");
        for id in 0..10 {
            let other = track::Entity::cached(&db).get(1_000 + (round * 10 + id));
            assert!(other.await.expect("a read").is_none());
        }
        if round % 3 == 0 {
            last = 200 + round;
            reprice(&writer, last).await;
        }
    }
}
