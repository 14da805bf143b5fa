//! Two processes on one database and one Redis, as far as one test process can have them: each has
//! connections and a cache of its own.

use std::time::Duration;

use larder::{Cache, Redis};
use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Select, Set,
    TransactionTrait,
};

use crate::entity::track;
use crate::shop::{SCHEMA, make, plain};
use crate::{hit, miss};

const PATIENCE: Duration = Duration::from_secs(30);

fn of_genre(genre: i32) -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .cached()
}

async fn process(server: &larder_servers::Redis, database: &str) -> CachedConnection {
    let store = Redis::builder()
        .url(&server.url())
        .connect_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .connect()
        .await
        .expect("a server");
    let cache = Cache::builder().namespace("shop").store(store);
    CachedConnection::new(plain(database).await, cache.build().expect("a cache"))
        .await
        .expect("a connection")
}

async fn reprice<C: ConnectionTrait>(db: &C, id: i32, price: i32) {
    let track = track::ActiveModel {
        id: Set(id),
        unit_price: Set(price),
        ..Default::default()
    };
    track.update(db).await.expect("a new price");
}

#[tokio::test]
async fn what_one_process_has_loaded_or_changed_the_other_knows() {
    let server = larder_servers::Redis::start();
    let database = make(SCHEMA);
    let one = process(&server, &database).await;
    let other = process(&server, &database).await;
    let loaded = miss!(of_genre(1).all(&one));
    assert_eq!(hit!(of_genre(1).all(&other)), loaded);
    miss!(of_genre(2).all(&other));

    reprice(&one, 1, 1).await;
    assert_eq!(miss!(of_genre(1).all(&other))[0].unit_price, 1);
    hit!(of_genre(2).all(&one));

    let transaction = other.begin().await.unwrap();
    reprice(&transaction, 1, 2).await;
    hit!(of_genre(1).all(&one));
    transaction.commit().await.unwrap();
    assert_eq!(miss!(of_genre(1).all(&one))[0].unit_price, 2);

    // A trigger that one process makes is known to the other's writes.
    one.execute_unprepared(
        "CREATE TRIGGER t AFTER UPDATE ON genre FOR EACH ROW UPDATE track SET unit_price = 3",
    )
    .await
    .unwrap();
    miss!(of_genre(1).all(&one));
    let rename = "UPDATE genre SET name = 'x' WHERE id = 3";
    other.execute_unprepared(rename).await.unwrap();
    assert_eq!(miss!(of_genre(1).all(&one))[0].unit_price, 3);
}
