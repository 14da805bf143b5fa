//! Strict reads (L4): as if the database had answered, over every store, from process to process.

use std::time::Instant;

use larder::{Cache, Memory, Near};
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{Cached, CachedConnection, CachedExt, cache_error};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Select, Set, TransactionTrait,
};

use crate::entity::genre;
use crate::fleet::{Fleet, PATIENCE, Server, redis};

pub fn one() -> Cached<Select<genre::Entity>> {
    genre::Entity::find_by_id(1).cached()
}

pub async fn rename(db: &CachedConnection, name: &str) -> Result<genre::Model, DbErr> {
    let genre = genre::ActiveModel {
        id: Set(1),
        name: Set(name.to_owned()),
    };
    genre.update(db).await
}

fn number(genre: Option<&genre::Model>) -> u32 {
    let name = &genre.expect("a genre").name;
    name.parse().expect("a number")
}

/// Whether a read is answered by the cache.
pub async fn is_hit<T>(read: impl Future<Output = Result<T, DbErr>>) -> bool {
    let (value, queries) = trace::scope(read).await;
    value.expect("the read works");
    queries[0].outcome == Outcome::Hit
}

/// Who writes beside strict readers.
enum Writer {
    /// One that is strict as well.
    Strict,
    /// One that nobody has told of strict reads.
    Untold,
}

/// While a commit is on its way, its table is served by the database alone, in every process, and
/// afterwards by the cache again.
async fn check_never_back_in_time(server: Server, writer: Writer, names: u32) {
    let fleet = Fleet::new(server).await;
    let (one_process, other) = (
        fleet.built(|builder| builder.strict()).await,
        fleet
            .built(|builder| builder.strict_tables(["genre"]))
            .await,
    );
    rename(&one_process, "0").await.expect("a name");
    for db in [&one_process, &other] {
        let deadline = Instant::now() + PATIENCE;
        while !is_hit(one().one(db)).await {
            assert!(Instant::now() < deadline, "cached");
        }
    }
    let writer = {
        let db = match writer {
            Writer::Strict => one_process.clone(),
            Writer::Untold => fleet.process().await,
        };
        tokio::spawn(async move {
            for n in 1..=names {
                rename(&db, &n.to_string()).await.expect("a name");
            }
        })
    };
    let readers = [&one_process, &other, &other].map(|db| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut seen = 0;
            while seen < names {
                // Older than the database was when the read began, or than what was read before?
                let direct = genre::Entity::find_by_id(1).one(&db).await;
                let direct = number(direct.expect("a genre").as_ref());
                let cached = number(one().one(&db).await.expect("a genre").as_deref());
                assert!(
                    cached >= seen.max(direct),
                    "{cached} after {seen} and {direct}"
                );
                seen = cached;
            }
        })
    });
    for reader in readers {
        reader.await.expect("no reader saw the past");
    }
    writer.await.expect("the writer is done");
    // A mark goes a moment after its write.
    let deadline = Instant::now() + PATIENCE;
    while !is_hit(one().one(&other)).await {
        assert!(Instant::now() < deadline, "served by the cache again");
        tokio::task::yield_now().await;
    }
}

fn a_redis() -> Server {
    Server::redis()
}

fn a_memcached() -> Server {
    Server::memcached()
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_reads_never_go_back_in_time_over_memory() {
    check_never_back_in_time(Server::Memory(Memory::new()), Writer::Strict, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_reads_never_go_back_in_time_over_redis() {
    check_never_back_in_time(a_redis(), Writer::Strict, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_reads_never_go_back_in_time_over_memcached() {
    check_never_back_in_time(a_memcached(), Writer::Strict, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_reads_hold_against_a_writer_that_was_told_nothing_over_memory() {
    check_never_back_in_time(Server::Memory(Memory::new()), Writer::Untold, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_reads_hold_against_a_writer_that_was_told_nothing_over_redis() {
    check_never_back_in_time(a_redis(), Writer::Untold, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_reads_hold_against_a_writer_that_was_told_nothing_over_memcached() {
    check_never_back_in_time(a_memcached(), Writer::Untold, 200).await;
}

#[tokio::test]
async fn a_strict_table_that_is_not_there_is_refused() {
    let fleet = Fleet::new(Server::Memory(Memory::new())).await;
    let db = fleet.process().await;
    db.execute_unprepared("CREATE VIEW cheap AS SELECT id FROM track")
        .await
        .expect("a view");
    for (table, expected) in [("tarck", "no table tarck"), ("cheap", "is a view")] {
        let refused = CachedConnection::builder(Cache::memory())
            .strict_tables(["genre", table])
            .connect(fleet.options())
            .await
            .expect_err("nothing to be strict about");
        let error = cache_error(&refused).expect("the cache's own error");
        assert!(
            error.is_config() && error.to_string().contains(expected),
            "{error}"
        );
    }
}

#[tokio::test]
async fn news_that_may_be_late_cannot_be_strict() {
    let fleet = Fleet::new(Server::redis()).await;
    let Server::Redis(server) = &fleet.server else {
        unreachable!("it was asked for")
    };
    let cache = Cache::builder()
        .store(redis(server).await)
        .near(Near::pushed(Memory::new()))
        .build()
        .expect("a cache");
    let refused = CachedConnection::builder(cache)
        .strict_tables(["track"])
        .connect(fleet.options())
        .await
        .expect_err("news take their time");
    assert!(
        cache_error(&refused).is_some_and(larder::Error::is_config),
        "{refused}"
    );
}

#[tokio::test]
async fn a_strict_write_that_cannot_be_marked_is_not_committed() {
    let fleet = Fleet::new(Server::redis()).await;
    let Server::Redis(redis) = &fleet.server else {
        unreachable!("it was asked for")
    };
    let db = fleet.built(|builder| builder.strict()).await;
    redis.kill();
    let refused = rename(&db, "New").await.expect_err("nobody can be told");
    assert!(
        cache_error(&refused).is_some_and(larder::Error::is_store),
        "{refused}"
    );
    let transaction = db.begin().await.expect("a transaction");
    transaction
        .execute_unprepared("UPDATE genre SET name = 'New' WHERE id = 1")
        .await
        .expect("an update");
    let refused = transaction.commit().await.expect_err("nobody can be told");
    assert!(
        cache_error(&refused).is_some_and(larder::Error::is_store),
        "{refused}"
    );
    let genre = one().one(&db).await.expect("a read").expect("a genre");
    assert_eq!(genre.name, "Rock");
}

/// H14: a writer may have marked what the store has forgotten since. Until every writer of that
/// moment has ended, nothing strict is stored.
#[tokio::test]
async fn h14_what_the_store_has_forgotten_is_cached_again_when_the_writers_have_ended() {
    for server in [Server::redis(), Server::memcached()] {
        let fleet = Fleet::new(server).await;
        let (writer, other) = (
            fleet.built(|builder| builder.strict()).await,
            fleet.built(|builder| builder.strict()).await,
        );
        let deadline = Instant::now() + PATIENCE;
        while !is_hit(one().one(&other)).await {
            assert!(Instant::now() < deadline, "cached");
        }
        let transaction = writer.begin().await.expect("a transaction");
        transaction
            .execute_unprepared("UPDATE genre SET name = 'New' WHERE id = 1")
            .await
            .expect("an update");
        match &fleet.server {
            Server::Redis(redis) => redis.flush(),
            Server::Memcached(memcached) => memcached.flush(),
            Server::Memory(_) => unreachable!("processes do not share memory"),
        }
        for _ in 0..3 {
            assert!(
                !is_hit(one().one(&other)).await,
                "{}: stored beside a writer",
                fleet.server.name()
            );
        }
        transaction.commit().await.expect("a commit");
        let deadline = Instant::now() + PATIENCE;
        while !is_hit(one().one(&other)).await {
            assert!(Instant::now() < deadline, "cached again");
            tokio::task::yield_now().await;
        }
        let genre = one().one(&other).await.expect("a read").expect("a genre");
        assert_eq!(genre.name, "New");
    }
}

/// What a process that is not strict has stored says nothing of marks.
#[tokio::test]
async fn what_others_have_stored_is_not_served_to_strict_reads() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let plain = fleet.process().await;
        let strict = fleet.built(|builder| builder.strict()).await;
        let genres = fleet
            .built(|builder| builder.strict_tables(["genre"]))
            .await;
        let deadline = Instant::now() + PATIENCE;
        while !is_hit(one().one(&plain)).await {
            assert!(Instant::now() < deadline, "cached");
        }
        assert!(!is_hit(one().one(&strict)).await);
        // The same tables are strict: the same answer.
        let deadline = Instant::now() + PATIENCE;
        while !is_hit(one().one(&strict)).await {
            assert!(Instant::now() < deadline, "cached");
        }
        assert!(is_hit(one().one(&genres)).await);
    }
}
