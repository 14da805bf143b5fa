//! With SQLite's own hook, what triggers, cascades and REPLACE change is known row by row.

use std::time::{Duration, Instant};

use larder::Cache;
use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, EntityTrait, QueryFilter, TransactionTrait,
};

use crate::entity::{album, track};
use crate::shop::Shop;
use crate::{hit, miss};

fn of_genre(genre: i32) -> larder_sea_orm::Cached<sea_orm::Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .cached()
}

#[tokio::test]
async fn cascades_are_exact() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for genre in 1..=3 {
        miss!(of_genre(genre).all(&db));
    }
    // SET NULL in the one track of the album, which is of genre 2.
    album::Entity::delete_by_id(2).exec(&db).await.unwrap();
    hit!(of_genre(1).all(&db));
    hit!(of_genre(3).all(&db));
    assert_eq!(miss!(of_genre(2).all(&db))[0].album_id, None);
}

#[tokio::test]
async fn triggers_are_exact() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    db.execute_unprepared(
        "CREATE TRIGGER renamed AFTER UPDATE OF name ON genre BEGIN
            UPDATE track SET name = name || '!' WHERE genre_id = NEW.id;
         END",
    )
    .await
    .unwrap();
    for genre in 1..=3 {
        miss!(of_genre(genre).all(&db));
    }
    db.execute_unprepared("UPDATE genre SET name = 'Hard' WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(miss!(of_genre(1).all(&db))[0].name, "Fast!");
    hit!(of_genre(2).all(&db));
    hit!(of_genre(3).all(&db));
}

#[tokio::test]
async fn replace_is_exact_also_in_a_transaction() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for genre in 1..=3 {
        miss!(of_genre(genre).all(&db));
    }
    let replace = "REPLACE INTO track (id, name, genre_id, unit_price) VALUES (1, 'x', 2, 1)";
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared(replace).await.unwrap();
    transaction.rollback().await.unwrap();
    for genre in 1..=3 {
        hit!(of_genre(genre).all(&db));
    }
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared(replace).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 1);
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    hit!(of_genre(3).all(&db));
}

/// The pool replaces its connections: a new one has its hook before anyone uses it.
#[tokio::test]
async fn connections_that_the_pool_replaces_have_hooks() {
    let Shop { db, folder } = Shop::open().await;
    drop(db);
    let file = folder.path().join("shop.db");
    let mut options = ConnectOptions::new(format!("sqlite://{}", file.display()));
    options
        .max_connections(1)
        .max_lifetime(Duration::from_secs(1))
        .sqlx_logging(false);
    let db = CachedConnection::builder(Cache::memory())
        .connect(options)
        .await
        .unwrap();
    let begin = Instant::now();
    let mut price = 1000;
    while begin.elapsed() < Duration::from_millis(2500) {
        price += 1;
        let text = format!("UPDATE track SET unit_price = {price} WHERE id = 1");
        db.execute_unprepared(&text).await.unwrap();
        assert_eq!(miss!(of_genre(1).all(&db))[0].unit_price, price);
    }
}
