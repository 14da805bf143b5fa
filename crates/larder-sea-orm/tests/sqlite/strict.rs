//! Strict reads (L4) where a commit can be made to wait for readers.

use std::sync::Arc;
use std::time::Instant;

use larder::{Event, MissReason, Observer};
use larder_sea_orm::{Cached, CachedExt, RawRows, Stored};
use sea_orm::{ConnectionTrait, Database, DbBackend, EntityTrait, Statement, TransactionTrait};
use sqlx::sqlite::SqliteJournalMode;
use tokio::sync::watch;

use crate::entity::genre;
use crate::fleet::{Fleet, PATIENCE, Server};
use crate::shop::Place;
use crate::strictly::is_hit;

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
