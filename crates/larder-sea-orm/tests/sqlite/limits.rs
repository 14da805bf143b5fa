//! What is too large or too much is served all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use larder::{Cache, Event, Memory, Observer};
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DbBackend, EntityTrait, QueryFilter, Statement,
};

use crate::entity::track;
use crate::shop::{SCHEMA, Shop, read};
use crate::{hit, miss};

#[derive(Default)]
struct TooLarge(AtomicUsize);

impl Observer for TooLarge {
    fn event(&self, event: &Event<'_>) {
        if let Event::TooLarge { .. } = event {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn an_answer_too_large_for_the_store_is_served_and_not_kept() {
    let seen = Arc::new(TooLarge::default());
    let cache = Cache::builder()
        .store(Memory::bytes_max(20_000))
        .observer(seen.clone())
        .build()
        .unwrap();
    let connection = Database::connect("sqlite::memory:").await.unwrap();
    connection.execute_unprepared(SCHEMA).await.unwrap();
    let db = CachedConnection::new(connection, cache).await.unwrap();
    let large = || {
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
                   SELECT i, (SELECT name FROM genre WHERE id = 1) FROM n";
        Statement::from_string(DbBackend::Sqlite, sql).cached()
    };
    for _ in 0..2 {
        let (rows, outcome) = read(large().rows(&db)).await;
        assert_eq!((rows.rows.len(), outcome), (5000, Outcome::Miss));
    }
    assert_eq!(seen.0.load(Ordering::Relaxed), 2);
}

/// A parameter of a megabyte is part of the key. Where that has room it is a key as any other.
#[tokio::test]
async fn a_key_too_large_for_the_store_is_served_and_not_kept() {
    let megabyte = "x".repeat(1 << 20);
    let named = || {
        let sql = "SELECT count(*) FROM genre WHERE name <> ?";
        let values = [megabyte.as_str().into()];
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, values).cached()
    };
    for (memory, kept) in [(Memory::bytes_max(20_000), false), (Memory::new(), true)] {
        let seen = Arc::new(TooLarge::default());
        let cache = Cache::builder()
            .store(memory)
            .observer(seen.clone())
            .build()
            .unwrap();
        let connection = Database::connect("sqlite::memory:").await.unwrap();
        connection.execute_unprepared(SCHEMA).await.unwrap();
        let db = CachedConnection::new(connection, cache).await.unwrap();
        let (first, outcome) = read(named().rows(&db)).await;
        assert_eq!((first.rows.len(), outcome), (1, Outcome::Miss));
        let (again, outcome) = read(named().rows(&db)).await;
        assert_eq!((again, outcome == Outcome::Hit), (first, kept));
        let dropped = if kept { 0 } else { 2 };
        assert_eq!(seen.0.load(Ordering::Relaxed), dropped);
    }
}

/// CB-6: IN lists of any length; beyond a limit they depend on more rows.
#[tokio::test]
async fn long_in_lists_are_right() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let listed = |n: i32| {
        track::Entity::find()
            .filter(track::Column::Id.is_in(1..=n))
            .cached()
    };
    for n in [3, 100, 256, 257, 2000] {
        let expected = usize::try_from(n.min(4)).unwrap();
        assert_eq!(miss!(listed(n).all(&db)).len(), expected);
    }
    track::Entity::delete_by_id(4).exec(&db).await.unwrap();
    hit!(listed(3).all(&db));
    for n in [100, 256, 257, 2000] {
        assert_eq!(miss!(listed(n).all(&db)).len(), 3);
    }
}

/// A write of more rows than images are read for widens to its table.
#[tokio::test]
async fn a_write_of_very_many_rows_is_seen() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let of_genre = |genre| {
        track::Entity::find()
            .filter(track::Column::GenreId.eq(genre))
            .cached()
    };
    db.execute_unprepared(
        "WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3009) \
         INSERT INTO track (id, name, genre_id, unit_price) SELECT i, 'n', 2, 1 FROM n",
    )
    .await
    .unwrap();
    miss!(of_genre(1).all(&db));
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 3001);
    let moved = db
        .execute_unprepared("UPDATE track SET genre_id = 1 WHERE id > 9")
        .await
        .unwrap();
    assert_eq!(moved.rows_affected(), 3000);
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 3002);
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 1);
    let gone = db
        .execute_unprepared("DELETE FROM track WHERE id > 9")
        .await
        .unwrap();
    assert_eq!(gone.rows_affected(), 3000);
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 2);
}
