//! Strict reads (L4): as if the database had answered, over every store, from process to process.

use std::sync::Arc;
use std::time::Instant;

use larder::{Cache, Event, Memory, MissReason, Near, Observer};
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{Cached, CachedConnection, CachedExt, RawRows, Stored, cache_error};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, Database, DbBackend, DbErr, EntityTrait, Select, Set,
    Statement, TransactionTrait,
};
use sqlx::sqlite::SqliteJournalMode;
use tokio::sync::watch;

use crate::entity::genre;
use crate::fleet::{Fleet, PATIENCE, Server, redis};
use crate::shop::{Place, Shop};

fn one() -> Cached<Select<genre::Entity>> {
    genre::Entity::find_by_id(1).cached()
}

async fn rename(db: &CachedConnection, name: &str) -> Result<genre::Model, DbErr> {
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
async fn is_hit<T>(read: impl Future<Output = Result<T, DbErr>>) -> bool {
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

fn count(table: &str) -> Cached<Statement> {
    let sql = format!("SELECT count(*) FROM {table}");
    Statement::from_string(DbBackend::Sqlite, sql).cached()
}

/// Counts the misses that a mark has caused.
#[derive(Default)]
struct Marked(watch::Sender<u32>);

impl Observer for Marked {
    fn event(&self, event: &Event<'_>) {
        if let Event::Miss {
            reason: MissReason::Marked,
            ..
        } = event
        {
            self.0.send_modify(|count| *count += 1);
        }
    }
}

/// A write is held up between its marks and the end of its commit: in a database without a
/// write-ahead log a commit waits for the readers.
#[tokio::test]
async fn only_strict_tables_are_marked() {
    for server in Server::all() {
        let name = server.name();
        let fleet = Fleet::at(Place::journalled(SqliteJournalMode::Delete).await, server);
        let marked = Arc::new(Marked::default());
        let watched = fleet.server.watched(Some(marked.clone())).await;
        let one = fleet
            .built(|builder| builder.strict_tables(["Track"]))
            .await;
        // One write changes both tables.
        one.execute_unprepared(
            "CREATE TRIGGER noted AFTER INSERT ON track \
             BEGIN INSERT INTO genre (name) VALUES (new.name); END",
        )
        .await
        .expect("a trigger");
        let other = fleet
            .with(watched, |builder| builder.strict_tables(["track"]))
            .await;
        for table in ["track", "genre"] {
            let deadline = Instant::now() + PATIENCE;
            while !is_hit(count(table).rows(&other)).await {
                assert!(Instant::now() < deadline, "{name}: {table} is cached");
            }
        }
        let stranger = Database::connect(fleet.options()).await.expect("a pool");
        let reader = stranger.begin().await.expect("a transaction");
        let seen = genre::Entity::find().all(&reader).await;
        assert_eq!(seen.expect("genres").len(), 3);
        let writer = tokio::spawn(async move {
            one.execute_unprepared(
                "INSERT INTO track (name, genre_id, unit_price) VALUES ('New', 1, 99)",
            )
            .await
        });
        // Until the mark is there this is a hit; then it may wait for the writer.
        let mut told = marked.0.subscribe();
        let bypass = {
            let other = other.clone();
            tokio::spawn(async move {
                while is_hit(count("track").rows(&other)).await {
                    tokio::task::yield_now().await;
                }
            })
        };
        let seen = tokio::time::timeout(PATIENCE, told.wait_for(|count| *count > 0)).await;
        seen.expect("track is marked").expect("an observer");
        assert!(
            is_hit(count("genre").rows(&other)).await,
            "{name}: genre is not strict"
        );
        reader.rollback().await.expect("the reader goes");
        writer.await.expect("a task").expect("a track more");
        bypass.await.expect("a read");
        let number = |rows: Arc<RawRows>| rows.rows[0][0].clone();
        let tracks = count("track").rows(&other).await.expect("rows");
        assert_eq!(number(tracks), Stored::Int(5), "{name}");
        let genres = count("genre").rows(&other).await.expect("rows");
        assert_eq!(number(genres), Stored::Int(4), "{name}");
    }
}

#[tokio::test]
async fn a_strict_table_that_is_not_there_is_refused() {
    let shop = Shop::open().await;
    let options = crate::shop::options(&shop.folder.path().join("shop.db"), 1);
    shop.db
        .execute_unprepared("CREATE VIEW cheap AS SELECT id FROM track")
        .await
        .expect("a view");
    for (table, expected) in [("tarck", "no table tarck"), ("cheap", "is a view")] {
        let refused = CachedConnection::builder(Cache::memory())
            .strict_tables(["genre", table])
            .connect(options.clone())
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
