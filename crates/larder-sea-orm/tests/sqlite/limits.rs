//! What is too much is served all the same. What is too large: `large.rs`.

use larder_sea_orm::CachedExt;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::entity::track;
use crate::shop::Shop;
use crate::{hit, miss};

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
