//! AC-5: rows of one entity in a store of their own. Every write is told to all stores.

use std::sync::Arc;

use larder::{Cache, Memory};
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedConnection, CachedEntity, CachedExt, CachedModel, Rows};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, Select,
    TransactionTrait,
};

use crate::entity::{album, genre, track};
use crate::fleet::{Fleet, Server};
use crate::shop::read;
use crate::{hit, miss};

/// A process whose tracks are kept apart from everything else.
async fn process(fleet: &Fleet, tracks: &Cache) -> CachedConnection {
    let tracks = Rows::new().cache(tracks);
    fleet
        .built(|builder| builder.entity::<track::Entity>(tracks))
        .await
}

async fn run(db: &CachedConnection, sql: &str) {
    db.execute_unprepared(sql).await.expect("it runs");
}

const HITS: [Outcome; 3] = [Outcome::Hit, Outcome::Hit, Outcome::Hit];
const MISSES: [Outcome; 3] = [Outcome::Miss, Outcome::Miss, Outcome::Miss];

fn rock() -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(1))
        .order_by_asc(track::Column::Id)
        .cached()
}

fn of_album(
    db: &CachedConnection,
    album: &album::Model,
) -> impl Future<Output = Result<Arc<Vec<track::Model>>, DbErr>> {
    let (db, album) = (db.clone(), album.clone());
    async move {
        let tracks = album.cached(&db).related(track::Entity);
        tracks.order_by_asc(track::Column::Id).all().await
    }
}

/// What becomes of a read by the entity, of one by relation, and of one in the connection's store.
async fn fates(db: &CachedConnection, album: &album::Model) -> [Outcome; 3] {
    let (_, row) = read(track::Entity::cached(db).get(1)).await;
    let (_, list) = read(of_album(db, album)).await;
    let (_, rock) = read(rock().all(db)).await;
    [row, list, rock]
}

/// The name of the first track by each of the three.
async fn names(db: &CachedConnection, album: &album::Model) -> [String; 3] {
    let row = track::Entity::cached(db).require(1).await.unwrap();
    let list = of_album(db, album).await.unwrap();
    let rock = rock().all(db).await.unwrap();
    [row.name.clone(), list[0].name.clone(), rock[0].name.clone()]
}

#[tokio::test]
async fn ac5_a_write_is_told_to_every_store() {
    for (main, own) in Server::all()
        .into_iter()
        .zip(Server::all().into_iter().rev())
    {
        let fleet = Fleet::new(main).await;
        let (one, other) = (own.cache().await, own.cache().await);
        let (one, other) = (process(&fleet, &one).await, process(&fleet, &other).await);
        let restless = album::Entity::find_by_id(1)
            .one(&one)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(fates(&one, &restless).await, MISSES);
        miss!(genre::Entity::cached(&one).get(1));
        assert_eq!(fates(&other, &restless).await, HITS);

        // By value, in bulk and widened, in a transaction, and all at once.
        for (name, sql) in [
            ("A", "UPDATE track SET name = 'A' WHERE id = 1"),
            ("B", "UPDATE track SET name = 'B' WHERE genre_id < 2"),
            ("C", "UPDATE track SET name = 'C' WHERE id = 1; SELECT 1"),
        ] {
            run(&other, sql).await;
            assert_eq!(fates(&one, &restless).await, MISSES, "{sql}");
            assert_eq!(names(&one, &restless).await, [name; 3]);
            assert_eq!(fates(&other, &restless).await, HITS, "{sql}");
        }
        let transaction = other.begin().await.unwrap();
        let sql = "UPDATE track SET name = 'D' WHERE id = 1";
        transaction.execute_unprepared(sql).await.unwrap();
        assert_eq!(fates(&one, &restless).await, HITS);
        transaction.commit().await.unwrap();
        assert_eq!(fates(&one, &restless).await, MISSES);
        hit!(genre::Entity::cached(&one).get(1));
        // Another row is nobody's business.
        run(&other, "UPDATE track SET name = 'E' WHERE id = 4").await;
        assert_eq!(fates(&one, &restless).await, HITS);
        hit!(genre::Entity::cached(&one).get(1));
        other.invalidate_all().await;
        assert_eq!(fates(&one, &restless).await, MISSES);
        run(&other, "ALTER TABLE genre ADD COLUMN note TEXT").await;
        // Both hear that the schema is another one.
        assert_eq!(names(&one, &restless).await, ["D"; 3]);
        assert_eq!(names(&other, &restless).await, ["D"; 3]);
    }
}

/// Two entities in one cache are told once.
#[tokio::test]
async fn ac5_a_cache_of_two_entities_is_told_once() {
    let own = Cache::memory();
    let rows = || Rows::new().cache(&own);
    let fleet = Fleet::new(Server::Memory(Memory::new())).await;
    let build = |builder: larder_sea_orm::Builder| {
        builder
            .entity::<track::Entity>(rows())
            .entity::<genre::Entity>(rows())
    };
    let db = Arc::new(fleet.built(build).await);
    miss!(track::Entity::cached(&*db).get(1));
    let before = own.bumps();
    run(&db, "UPDATE track SET name = 'A' WHERE id = 1").await;
    let told = own.bumps() - before;
    let before = own.bumps();
    run(&db, "UPDATE track SET name = 'B' WHERE id = 1").await;
    assert_eq!(own.bumps() - before, told);
    assert!(told > 0 && told <= 3, "{told}");
}
