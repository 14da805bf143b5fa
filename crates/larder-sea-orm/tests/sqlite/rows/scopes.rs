//! Rows keep what queries keep: request scopes, strictness, near tiers, a task without the cache.

use larder::{Cache, Memory, Near};
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedEntity, CachedModel, Rows};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::asked::counted;
use crate::entity::{album, track};
use crate::fleet::{Fleet, PATIENCE, Server};
use crate::shop::{Shop, read};
use crate::{asks, hit, miss};

async fn run(db: &CachedConnection, sql: &str) {
    db.execute_unprepared(sql).await.expect("it runs");
}

async fn price(db: &CachedConnection, id: i32) -> i32 {
    track::Entity::cached(db)
        .require(id)
        .await
        .expect("a track")
        .unit_price
}

async fn prices(db: &CachedConnection) -> Vec<i32> {
    let tracks = track::Entity::cached(db)
        .get_many([1, 2])
        .await
        .expect("tracks");
    tracks
        .iter()
        .flatten()
        .map(|track| track.unit_price)
        .collect()
}

#[tokio::test]
async fn kc30_a_request_asks_for_a_row_once_and_sees_every_write_of_its_process() {
    let private = [
        Server::Memory(Memory::new()),
        Server::redis(),
        Server::memcached(),
    ];
    for server in private {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let restless = album::Entity::find_by_id(1)
            .one(&db)
            .await
            .unwrap()
            .unwrap();
        let request = db.cache().request_scope(async {
            let list = || restless.cached(&db).related(track::Entity).all();
            assert_eq!(prices(&db).await, [99, 99]);
            assert_eq!(list().await.unwrap().len(), 2);
            if let Server::Redis(redis) = &fleet.server {
                let monitor = redis.monitor();
                assert_eq!(price(&db, 1).await, 99);
                asks!(0, track::Entity::cached(&db).get_many([2, 1]));
                hit!(list());
                let mut asked = monitor.stop();
                // A link asks now and then whether its server is still the one that it was.
                asked.retain(|line| !line.starts_with("\"INFO\""));
                assert!(asked.is_empty(), "{asked:#?}");
            }
            run(
                &db,
                "UPDATE track SET unit_price = 109, album_id = 2 WHERE id = 1",
            )
            .await;
            assert_eq!(price(&db, 1).await, 109);
            assert_eq!(prices(&db).await, [109, 99]);
            assert_eq!(list().await.unwrap().len(), 1);
        });
        request.await;
    }
}

#[tokio::test]
async fn strict_rows_are_as_the_database_has_them() {
    for server in [Server::Memory(Memory::new())]
        .into_iter()
        .chain(Server::far())
    {
        let fleet = Fleet::new(server).await;
        let name = fleet.server.name();
        let strict = fleet
            .built(|builder| builder.strict_tables(["track"]))
            .await;
        let writer = fleet.process().await;
        let restless = album::Entity::find_by_id(1)
            .one(&strict)
            .await
            .unwrap()
            .unwrap();
        // Over a shared store a guard has to ripen before anything is kept under it.
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            assert_eq!(prices(&strict).await, [99, 99]);
            let (_, outcomes, _) = counted(track::Entity::cached(&strict).get_many([1, 2])).await;
            if outcomes == [Outcome::Hit] {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{name}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        hit!(track::Entity::cached(&strict).get(1));
        let list = || restless.cached(&strict).related(track::Entity).all();
        assert_eq!(list().await.unwrap().len(), 2);
        for new in 100..110 {
            run(
                &writer,
                &format!("UPDATE track SET unit_price = {new} WHERE id = 1"),
            )
            .await;
            assert_eq!(prices(&strict).await, [new, 99], "{name}");
            assert_eq!(price(&strict, 1).await, new, "{name}");
            let listed = list().await.unwrap();
            assert!(listed.iter().any(|track| track.unit_price == new), "{name}");
        }
        // Who is not strict shares no row with who is.
        let (_, outcome) = read(track::Entity::cached(&writer).get(1)).await;
        assert_eq!(outcome, Outcome::Miss, "{name}");
    }
}

#[tokio::test]
async fn rows_in_a_near_tier() {
    let fleet = Fleet::new(Server::redis()).await;
    let near = fleet
        .server
        .builder()
        .await
        .near(Near::validated(Memory::new()))
        .build()
        .expect("a cache");
    let near = fleet.with(near, |builder| builder).await;
    let writer = fleet.process().await;
    for new in [99, 109, 119] {
        run(
            &writer,
            &format!("UPDATE track SET unit_price = {new} WHERE id = 1"),
        )
        .await;
        for _ in 0..2 {
            assert_eq!(prices(&near).await, [new, 99]);
            assert_eq!(price(&near, 1).await, new);
        }
        asks!(0, track::Entity::cached(&near).get_many([1, 2]));
    }
}

#[tokio::test]
async fn kc6_a_task_without_the_cache_reads_rows_from_the_database() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    miss!(track::Entity::cached(&db).get(1));
    let bypass = db.cache().bypass(async {
        let (_, outcome) = read(track::Entity::cached(&db).get(1)).await;
        assert!(matches!(outcome, Outcome::Uncached(_)), "{outcome:?}");
        for _ in 0..2 {
            let many = || track::Entity::cached(&db).get_many([1, 2]);
            let (_, outcome) = read(many()).await;
            let why = "the task does without the cache".to_owned();
            assert_eq!(outcome, Outcome::Uncached(why));
        }
    });
    bypass.await;
    hit!(track::Entity::cached(&db).get(1));
    miss!(track::Entity::cached(&db).get(2));
    db.cache().set_enabled(false);
    asks!(1, track::Entity::cached(&db).get_many([1, 2]));
    db.cache().set_enabled(true);
    asks!(0, track::Entity::cached(&db).get_many([1, 2]));
}

#[tokio::test]
async fn ac5_strictness_is_a_matter_of_every_store() {
    let own = Cache::builder().store(Memory::new()).build().unwrap();
    let tracks = Rows::new().cache(&own);
    let fleet = Fleet::new(Server::redis()).await;
    let Server::Redis(redis) = &fleet.server else {
        unreachable!("it was asked for")
    };
    let db = fleet
        .built(|builder| builder.entity::<track::Entity>(tracks).strict())
        .await;
    // Rows in memory are cached strictly at once.
    miss!(track::Entity::cached(&db).get(1));
    run(&db, "UPDATE track SET name = 'A' WHERE id = 1").await;
    assert_eq!(miss!(track::Entity::cached(&db).get(1)).unwrap().name, "A");
    // A write cannot be marked in one of them: it is not committed, and nothing is lost.
    redis.kill();
    let sql = "UPDATE track SET name = 'B' WHERE id = 1";
    db.execute_unprepared(sql)
        .await
        .expect_err("nobody can be told");
    assert_eq!(
        track::Entity::cached(&db)
            .get(1)
            .await
            .unwrap()
            .unwrap()
            .name,
        "A"
    );
}
