//! Values and keys that do not fit: served whole, each time from the database, and not stored.

use std::sync::{Arc, Mutex};

use larder::{Cache, Event, Memory, Observer};
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedConnection, CachedEntity, CachedExt, RawRows, Stored};
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectionTrait, Set, Statement};

use crate::fleet::{Fleet, Server};
use crate::miss;
use crate::shop::{BACKEND, read};

/// What was said to be too large: its weight, and the most that one may weigh.
#[derive(Default)]
struct TooLarge(Mutex<Vec<(usize, usize)>>);

impl Observer for TooLarge {
    fn event(&self, event: &Event<'_>) {
        if let Event::TooLarge { weight, max, .. } = event {
            let mut seen = self.0.lock().expect("nobody panicked");
            seen.push((*weight, *max));
        }
    }
}

impl TooLarge {
    fn take(&self) -> Vec<(usize, usize)> {
        std::mem::take(&mut *self.0.lock().expect("nobody panicked"))
    }
}

/// Two processes on this store; the first one's observer.
async fn two(server: Server) -> (Fleet, CachedConnection, CachedConnection, Arc<TooLarge>) {
    let seen = Arc::new(TooLarge::default());
    let fleet = Fleet::new(server).await;
    let cache = fleet.server.watched(Some(seen.clone())).await;
    let db = fleet.with(cache, |builder| builder).await;
    let other = fleet.process().await;
    (fleet, db, other, seen)
}

fn length(rows: &RawRows) -> usize {
    match &rows.rows[0][0] {
        Stored::Text(text) => text.len(),
        other => panic!("no text: {other:?}"),
    }
}

const HUNDRED_MEGABYTES: usize = 100 << 20;

/// One of this many bytes, which SQLite makes.
fn zeros(bytes: usize) -> Cached<Statement> {
    let sql = format!(
        "SELECT hex(zeroblob({})), name FROM genre WHERE id = 1",
        bytes / 2
    );
    Statement::from_string(BACKEND, sql).cached()
}

/// Nobody but the caller holds an answer of 100 MB, and what was kept before stays.
#[tokio::test]
async fn an_answer_of_100_megabytes_is_served_whole_and_not_kept() {
    let memory = Memory::bytes_max(64 << 20);
    let (_fleet, db, _, seen) = two(Server::Memory(memory.clone())).await;
    miss!(zeros(100).rows(&db));
    let before = memory.bytes();
    for _ in 0..2 {
        let (rows, outcome) = read(zeros(HUNDRED_MEGABYTES).rows(&db)).await;
        assert_eq!((length(&rows), outcome), (HUNDRED_MEGABYTES, Outcome::Miss));
        // Whoever carried it lets go of it.
        for _ in 0..1_000 {
            if Arc::strong_count(&rows) > 1 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(Arc::strong_count(&rows), 1);
        let [(weight, max)] = seen.take()[..] else {
            panic!("once for each read")
        };
        assert!(
            weight > HUNDRED_MEGABYTES && max < 64 << 20,
            "{weight}, {max}"
        );
    }
    assert_eq!((memory.len(), memory.bytes()), (1, before));
    let (_, outcome) = read(zeros(100).rows(&db)).await;
    assert_eq!(outcome, Outcome::Hit);
}

/// A text that nothing makes smaller.
fn noise(bytes: usize) -> String {
    let mut state = 7_u64;
    let mut letter = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'0' + (state >> 58) as u8)
    };
    (0..bytes).map(|_| letter()).collect()
}

/// Two megabytes are more than memcached takes, or Redis is given unless it is said otherwise; ten more than an
/// envelope holds. Whichever process reads gets all of it.
#[tokio::test]
async fn an_answer_too_large_for_a_server_is_served_whole_by_every_process() {
    for server in Server::far() {
        let (_fleet, db, other, seen) = two(server).await;
        let named = |id: i32| {
            let sql = format!("SELECT name FROM genre WHERE id = {id}");
            Statement::from_string(BACKEND, sql).cached()
        };
        for (id, bytes, fits) in [(8, 512 << 10, true), (9, 2 << 20, false)] {
            let name = noise(bytes);
            let insert = "INSERT INTO genre VALUES (?, ?)";
            let values = [id.into(), name.as_str().into()];
            let insert = Statement::from_sql_and_values(BACKEND, insert, values);
            db.execute_raw(insert).await.expect("written");
            for (process, again) in [(&db, false), (&other, true), (&db, true)] {
                let (rows, outcome) = read(named(id).rows(process)).await;
                assert!(rows.rows[0][0] == Stored::Text(name.clone()));
                assert_eq!(outcome == Outcome::Hit, fits && again, "{bytes}");
            }
            let told = seen.take();
            assert_eq!(told.len(), if fits { 0 } else { 2 }, "{told:?}");
            assert!(told.iter().all(|(weight, max)| weight > max), "{told:?}");
        }
        for process in [&db, &other, &db] {
            let (rows, outcome) = read(zeros(10 << 20).rows(process)).await;
            assert_eq!((length(&rows), outcome), (10 << 20, Outcome::Miss));
        }
        let told = seen.take();
        assert_eq!(told.len(), 2);
        let real =
            |(weight, max): &(usize, usize)| (10 << 20..20 << 20).contains(weight) && weight > max;
        assert!(told.iter().all(real), "{told:?}");
    }
}

mod label {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    #[sea_orm(table_name = "label")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub uses: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A key of a megabyte: by a parameter, and as a row's own. Memory with room for it keeps it as any other; a
/// server is not given so long a name.
#[tokio::test]
async fn a_key_of_a_megabyte_is_served_and_seen_to_change() {
    let megabyte = "x".repeat(1 << 20);
    let small = || Server::Memory(Memory::bytes_max(20_000));
    let [memory, redis, memcached] = Server::all();
    for (server, kept) in [
        (small(), false),
        (memory, true),
        (redis, false),
        (memcached, false),
    ] {
        let name = server.name();
        let (_fleet, db, other, seen) = two(server).await;
        db.execute_unprepared("CREATE TABLE label (name TEXT PRIMARY KEY, uses INTEGER NOT NULL)")
            .await
            .expect("a table");
        let new = label::ActiveModel {
            name: Set(megabyte.clone()),
            uses: Set(1),
        };
        new.insert(&db).await.expect("a row");
        let again = if kept { Outcome::Hit } else { Outcome::Miss };
        let by_parameter = || {
            let sql = "SELECT uses FROM label WHERE name = ?";
            let values = [megabyte.as_str().into()];
            Statement::from_sql_and_values(BACKEND, sql, values).cached()
        };
        let by_key = |db| label::Entity::cached(db).get(megabyte.clone());
        for uses in 1..3 {
            for expected in [&Outcome::Miss, &again] {
                let (rows, outcome) = read(by_parameter().rows(&db)).await;
                assert_eq!(
                    (&rows.rows[0][0], &outcome),
                    (&Stored::Int(uses), expected),
                    "{name}"
                );
                let (row, outcome) = read(by_key(&db)).await;
                let row = row.expect("a row");
                assert!(row.name == megabyte);
                assert_eq!((i64::from(row.uses), &outcome), (uses, expected), "{name}");
            }
            let told = seen.take();
            assert_eq!(told.len(), if kept { 0 } else { 4 }, "{name}: {told:?}");
            let real = |(weight, _): &(usize, usize)| (1 << 20..16 << 20).contains(weight);
            assert!(told.iter().all(real), "{name}: {told:?}");
            let more = "UPDATE label SET uses = uses + 1";
            other.execute_unprepared(more).await.expect("written");
        }
    }
}

/// Many small rows are as large as one.
#[tokio::test]
async fn an_answer_of_many_rows_too_large_for_the_store_is_served_and_not_kept() {
    let seen = Arc::new(TooLarge::default());
    let memory = Memory::bytes_max(20_000);
    let cache = Cache::builder()
        .store(memory.clone())
        .observer(seen.clone());
    let fleet = Fleet::new(Server::Memory(memory)).await;
    let db = fleet
        .with(cache.build().expect("a cache"), |builder| builder)
        .await;
    let large = || {
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
                   SELECT i, (SELECT name FROM genre WHERE id = 1) FROM n";
        Statement::from_string(BACKEND, sql).cached()
    };
    for _ in 0..2 {
        let (rows, outcome) = read(large().rows(&db)).await;
        assert_eq!((rows.rows.len(), outcome), (5000, Outcome::Miss));
    }
    assert_eq!(seen.take().len(), 2);
}
