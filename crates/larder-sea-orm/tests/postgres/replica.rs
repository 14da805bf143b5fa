//! Loads from a streaming replica (H15): as good as the database's own, or the database's own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use larder::Cache;
use larder_sea_orm::{Builder, Cached, CachedConnection, CachedExt, cache_error};
use larder_servers::Postgres;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Database, DatabaseConnection, EntityTrait, QueryFilter, Select,
    Set,
};

use crate::entity::{genre, track};
use crate::fleet::{Fleet, PATIENCE, Server};
use crate::shop::{BACKEND, Place, options};
use crate::strictly::{is_hit, one, rename};

fn of_genre(genre: i32) -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .cached()
}

async fn reprice(db: &CachedConnection, price: i32) {
    let track = track::ActiveModel {
        id: Set(1),
        unit_price: Set(price),
        ..Default::default()
    };
    track.update(db).await.expect("a new price");
}

async fn price(db: &CachedConnection) -> i32 {
    let tracks = of_genre(1).all(db).await.expect("tracks");
    let track = tracks.iter().find(|track| track.id == 1);
    track.expect("a track").unit_price
}

/// A primary with its replica and a shop on them.
struct Pair {
    primary: Arc<Postgres>,
    replica: Arc<Postgres>,
    fleet: Fleet,
}

impl Pair {
    async fn new(server: Server) -> Pair {
        let started = tokio::task::spawn_blocking(|| {
            let primary = Postgres::start();
            let replica = primary.replica();
            (Arc::new(primary), Arc::new(replica))
        });
        let (primary, replica) = started.await.expect("two servers");
        let fleet = Fleet::at(Place::on(&primary).await, server);
        replica.catch_up(&primary);
        Pair {
            primary,
            replica,
            fleet,
        }
    }

    async fn standby(&self) -> DatabaseConnection {
        let mut options = options(&self.replica.url("shop"), 4);
        options.connect_lazy(true);
        Database::connect(options).await.expect("a pool")
    }

    async fn process(&self) -> CachedConnection {
        self.built(|builder| builder).await
    }

    async fn built(&self, build: impl FnOnce(Builder) -> Builder) -> CachedConnection {
        let standby = self.standby().await;
        let build = |builder: Builder| build(builder.replica(standby));
        self.fleet.built(build).await
    }
}

fn memory() -> Server {
    Server::Memory(larder::Memory::new())
}

/// Writes and reads until the replica answers, which it does once it is asked again.
async fn until_the_replica_answers(db: &CachedConnection) {
    let deadline = Instant::now() + PATIENCE;
    let before = db.replica_statements();
    let mut number = 1_000;
    while db.replica_statements() == before {
        assert!(Instant::now() < deadline, "the replica is asked");
        number += 1;
        reprice(db, number).await;
        assert_eq!(price(db).await, number, "never stale");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h15_what_is_kept_is_loaded_from_the_replica() {
    for server in [memory(), Server::redis()] {
        let pair = Pair::new(server).await;
        let db = pair.process().await;
        until_the_replica_answers(&db).await;
        // Nothing is written now: what is loaded costs the database the question where it is, and,
        // where processes share the store, perhaps the one of its schema.
        for genre in [2, 3] {
            let (before, answered) = (db.statements(), db.replica_statements());
            of_genre(genre).all(&db).await.expect("tracks");
            assert_eq!(db.replica_statements(), answered + 1);
            assert!((1..=2).contains(&(db.statements() - before)));
            assert!(is_hit(of_genre(genre).all(&db)).await);
            assert_eq!(db.replica_statements(), answered + 1);
        }
        // What is not kept is the database's.
        let answered = db.replica_statements();
        let plain = genre::Entity::find().all(&db).await;
        assert_eq!(plain.expect("genres").len(), 3);
        assert_eq!(db.replica_statements(), answered);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h15_a_replica_that_is_behind_is_not_loaded_from() {
    for server in [memory(), Server::redis()] {
        let pair = Pair::new(server).await;
        let db = pair.process().await;
        let other = pair.process().await;
        until_the_replica_answers(&db).await;
        pair.replica.pause_replay();
        reprice(&db, 5).await;
        let (answered, others) = (db.replica_statements(), other.replica_statements());
        for _ in 0..3 {
            assert_eq!(price(&db).await, 5);
            assert_eq!(price(&other).await, 5);
            assert!(is_hit(of_genre(1).all(&db)).await, "kept");
        }
        assert_eq!(db.replica_statements(), answered, "the database was asked");
        assert_eq!(other.replica_statements(), others);
        // Whatever is written meanwhile.
        for number in 6..20 {
            reprice(&db, number).await;
            assert_eq!(price(&db).await, number);
            assert_eq!(price(&other).await, number);
        }
        assert_eq!(db.replica_statements(), answered);
        pair.replica.resume_replay();
        until_the_replica_answers(&db).await;
        let seen = price(&db).await;
        assert_eq!(price(&other).await, seen);
    }
}

/// What is read is never older than a write that has returned, whoever answers.
#[tokio::test(flavor = "multi_thread")]
async fn h15_no_load_is_older_than_a_write_that_has_returned() {
    let pair = Pair::new(Server::redis()).await;
    let (one, other) = (pair.process().await, pair.process().await);
    for number in 1..=200 {
        reprice(&one, number).await;
        let (here, there) = tokio::join!(price(&one), price(&other));
        assert_eq!((here, there), (number, number));
    }
    let answered = one.replica_statements() + other.replica_statements();
    assert!(answered > 0, "the replica was asked at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn h15_a_replica_that_is_away_costs_nobody_an_error() {
    let pair = Pair::new(memory()).await;
    pair.replica.kill();
    let db = pair.process().await;
    reprice(&db, 5).await;
    assert_eq!(price(&db).await, 5);
    assert!(is_hit(of_genre(1).all(&db)).await, "kept");
    pair.replica.restart();
    until_the_replica_answers(&db).await;
    pair.replica.kill();
    let answered = db.replica_statements();
    for number in 6..10 {
        reprice(&db, number).await;
        assert_eq!(price(&db).await, number);
    }
    assert_eq!(db.replica_statements(), answered);
}

/// One that stands still is waited for once, and then left for a while.
#[tokio::test(flavor = "multi_thread")]
async fn h15_a_replica_that_stands_still_is_not_waited_for() {
    let pair = Pair::new(memory()).await;
    let db = pair.process().await;
    until_the_replica_answers(&db).await;
    pair.replica.pause();
    let (answered, begun) = (db.replica_statements(), Instant::now());
    for number in 6..10 {
        reprice(&db, number).await;
        assert_eq!(price(&db).await, number);
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(db.replica_statements(), answered);
    pair.replica.resume();
    until_the_replica_answers(&db).await;
}

/// One that was promoted has a history of its own.
#[tokio::test(flavor = "multi_thread")]
async fn h15_a_replica_that_was_promoted_is_not_loaded_from() {
    let pair = Pair::new(memory()).await;
    let db = pair.process().await;
    until_the_replica_answers(&db).await;
    pair.replica.promote();
    let wrong = "UPDATE track SET unit_price = -1";
    pair.replica.run_sql("shop", wrong);
    let answered = db.replica_statements();
    for number in 6..10 {
        reprice(&db, number).await;
        assert_eq!(price(&db).await, number);
        let jazz = of_genre(2).all(&db).await.expect("tracks");
        assert_eq!(jazz[0].unit_price, 199);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(db.replica_statements(), answered);
}

/// A server that shows intervals in another style gives other texts.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_answers_otherwise_is_not_loaded_from() {
    let pair = Pair::new(memory()).await;
    pair.replica
        .run_sql("postgres", "ALTER SYSTEM SET intervalstyle = 'iso_8601'");
    pair.replica.run_sql("postgres", "SELECT pg_reload_conf()");
    larder_servers::until("the order has arrived", || {
        pair.replica.run_sql("postgres", "SHOW intervalstyle") == "iso_8601"
    });
    let db = pair.process().await;
    for genre in 1..4 {
        of_genre(genre).all(&db).await.expect("tracks");
    }
    assert_eq!(db.replica_statements(), 0);
}

/// A replica may show a commit before its primary does.
#[tokio::test(flavor = "multi_thread")]
async fn strict_reads_are_the_databases_own() {
    let pair = Pair::new(memory()).await;
    let db = pair.built(|builder| builder.strict_tables(["genre"])).await;
    until_the_replica_answers(&db).await;
    let answered = db.replica_statements();
    rename(&db, "New").await.expect("a name");
    let genre = one().one(&db).await.expect("a read").expect("a genre");
    assert_eq!(genre.name, "New");
    assert_eq!(db.replica_statements(), answered);
    drop(pair.primary);
}

/// H16: as the database itself it is refused.
#[tokio::test(flavor = "multi_thread")]
async fn h16_a_standby_is_no_database_to_write_to() {
    let pair = Pair::new(memory()).await;
    let refused = CachedConnection::builder(Cache::memory())
        .replica(pair.standby().await)
        .wrap(pair.standby().await)
        .await
        .expect_err("it shows the past");
    assert!(refused.to_string().contains("standby"), "{refused}");
}

#[tokio::test]
async fn a_replica_of_another_kind_is_refused() {
    let fleet = Fleet::new(memory()).await;
    let sqlite = Database::connect("sqlite::memory:").await.expect("SQLite");
    assert_ne!(sqlite.get_database_backend(), BACKEND);
    let refused = CachedConnection::builder(Cache::memory())
        .replica(sqlite)
        .connect(fleet.options())
        .await
        .expect_err("no replica");
    let error = cache_error(&refused).expect("larder's own");
    assert!(error.is_config(), "{error}");
}
