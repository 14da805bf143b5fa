//! CB-11: rows by a field's values: one look, and one statement for all that the cache does not have.

use std::sync::Arc;

use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{CachedConnection, CachedEntity, CachedExt};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    Set, TransactionTrait, Unchanged,
};

use crate::entity::{album, track};
use crate::shop::Shop;
use crate::{hit, miss};

type Lists = Vec<Arc<Vec<track::Model>>>;

/// Checks how many statements a batch sends, and what it gives: the rows' numbers by value.
#[track_caller]
fn check((lists, statements): (Lists, u64), expected: (&[&[i32]], u64)) {
    assert_eq!(numbers(&lists), expected.0);
    assert_eq!(statements, expected.1, "{expected:?}");
}

fn numbers(lists: &Lists) -> Vec<Vec<i32>> {
    let lists = lists.iter();
    lists
        .map(|list| list.iter().map(|row| row.id).collect())
        .collect()
}

async fn counted(batch: impl Future<Output = Result<Lists, DbErr>>) -> (Lists, u64) {
    let (lists, queries) = trace::scope(batch).await;
    let statements = queries.iter().map(|query| query.statements).sum();
    (lists.expect("the batch works"), statements)
}

async fn of_albums(db: &CachedConnection, albums: &[Option<i32>]) -> (Lists, u64) {
    let albums = albums.iter().copied();
    counted(track::Entity::cached(db).get_many_by(track::Column::AlbumId, albums)).await
}

async fn moved(db: &CachedConnection, track: i32, album: Option<i32>) {
    let moved = track::ActiveModel {
        id: Unchanged(track),
        album_id: Set(album),
        ..Default::default()
    };
    moved.update(db).await.expect("it moves");
}

#[tokio::test]
async fn cb11_values_that_are_missing_are_one_statement() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let one = |album: i32| {
        track::Entity::find()
            .filter(track::Column::AlbumId.eq(album))
            .order_by_asc(track::Column::Id)
            .cached()
    };
    miss!(one(2).all(&db));
    // One is there; the others are one statement, also what has no rows, and those without a value.
    let all = [Some(2), Some(1), Some(3), None, Some(1)];
    let lists: &[&[i32]] = &[&[3], &[1, 2], &[], &[4], &[1, 2]];
    check(of_albums(&db, &all).await, (lists, 1));
    check(of_albums(&db, &all).await, (lists, 0));
    check(of_albums(&db, &[]).await, (&[], 0));
    // They are reads as any other, by whatever width of number.
    hit!(one(1).all(&db));
    let wide = track::Entity::cached(&db).get_many_by(track::Column::AlbumId, [1_i64, 3]);
    check(counted(wide).await, (&[&[1, 2], &[]], 0));

    // A row that moves drops the two lists, and no others.
    moved(&db, 3, Some(3)).await;
    hit!(one(1).all(&db));
    let lists: &[&[i32]] = &[&[], &[1, 2], &[3], &[4], &[1, 2]];
    check(of_albums(&db, &all).await, (lists, 1));
    moved(&db, 1, None).await;
    assert_eq!(miss!(one(1).all(&db)).len(), 1);
    let lists: &[&[i32]] = &[&[], &[2], &[3], &[1, 4], &[2]];
    check(of_albums(&db, &all).await, (lists, 1));
}

#[tokio::test]
async fn cb11_a_batch_in_a_transaction_fills_nothing() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    check(of_albums(&db, &[Some(1)]).await, (&[&[1, 2]], 1));
    let transaction = db.begin().await.unwrap();
    let sql = "UPDATE track SET album_id = 2 WHERE id = 1";
    transaction.execute_unprepared(sql).await.unwrap();
    let inside = track::Entity::cached(&transaction)
        .get_many_by(track::Column::AlbumId, [Some(1), Some(2), None, Some(1)]);
    let expected = [vec![2], vec![1, 3], vec![4], vec![2]];
    assert_eq!(numbers(&inside.await.unwrap()), expected);
    transaction.rollback().await.unwrap();
    check(of_albums(&db, &[Some(1)]).await, (&[&[1, 2]], 0));
    check(of_albums(&db, &[Some(2)]).await, (&[&[3]], 1));
}

/// Whatever texts the database takes for equal, each value has the rows that it has alone.
#[tokio::test]
async fn cb11_texts_are_compared_as_the_database_compares_them() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let titles = ["Quiet", "quiet", "Quiet ", "Empty", "none"];
    let lists = album::Entity::cached(&db).get_many_by(album::Column::Title, titles);
    let lists = lists.await.unwrap();
    for (title, list) in titles.iter().zip(&lists) {
        let alone = || {
            album::Entity::find()
                .filter(album::Column::Title.eq(*title))
                .order_by_asc(album::Column::Id)
        };
        assert_eq!(**list, alone().all(&db).await.unwrap(), "{title}");
        assert_eq!(hit!(alone().cached().all(&db)), *list);
    }
    let (_, queries) = trace::scope(async {
        let again = album::Entity::cached(&db).get_many_by(album::Column::Title, titles);
        again.await.unwrap()
    })
    .await;
    assert_eq!(queries[0].outcome, Outcome::Hit);
}
