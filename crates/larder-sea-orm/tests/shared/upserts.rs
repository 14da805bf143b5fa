//! CB-3: an upsert drops what depends on the rows that it met, as they were and as they are, and on the
//! rows that it brought; and nothing else.

use larder_sea_orm::CachedExt;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, TransactionTrait};

use crate::entity::track;
use crate::shop::Shop;
use crate::{hit, miss};

fn of_genre(genre: i32) -> larder_sea_orm::Cached<sea_orm::Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .cached()
}

/// Puts tracks into genres, whether they are there or not.
async fn put<C: ConnectionTrait>(db: &C, tracks: &[(i32, i32)]) {
    let models = tracks.iter().map(|&(id, genre_id)| {
        track::ActiveModel::from(track::Model {
            id,
            name: format!("Track {id}"),
            album_id: None,
            genre_id,
            unit_price: 9,
        })
    });
    let conflict = OnConflict::column(track::Column::Id)
        .update_column(track::Column::GenreId)
        .to_owned();
    track::Entity::insert_many(models)
        .on_conflict(conflict)
        .exec_without_returning(db)
        .await
        .expect("put");
}

#[tokio::test]
async fn cb3_an_upsert_drops_what_it_met_and_what_it_brought() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for genre in 1..=3 {
        miss!(of_genre(genre).all(&db));
    }
    put(&db, &[(1, 2)]).await;
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 1);
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    hit!(of_genre(3).all(&db));
    put(&db, &[(10, 3)]).await;
    hit!(of_genre(1).all(&db));
    hit!(of_genre(2).all(&db));
    assert_eq!(miss!(of_genre(3).all(&db)).len(), 2);
    // One that stays as it is, one that moves, one that is new.
    put(&db, &[(10, 3), (2, 2), (11, 2)]).await;
    assert!(miss!(of_genre(1).all(&db)).is_empty());
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 4);
    hit!(of_genre(3).all(&db));
}

#[tokio::test]
async fn h7_an_upsert_in_a_transaction_is_announced_with_it() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for genre in 1..=3 {
        miss!(of_genre(genre).all(&db));
    }
    let transaction = db.begin().await.expect("begun");
    put(&transaction, &[(1, 2), (12, 2)]).await;
    // Met by a second one as the first has left it.
    put(&transaction, &[(12, 1)]).await;
    transaction.rollback().await.expect("rolled back");
    for genre in 1..=3 {
        hit!(of_genre(genre).all(&db));
    }
    let transaction = db.begin().await.expect("begun");
    put(&transaction, &[(1, 2), (12, 2)]).await;
    put(&transaction, &[(12, 1)]).await;
    transaction.commit().await.expect("committed");
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 2);
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    hit!(of_genre(3).all(&db));
}

#[tokio::test]
async fn cb3_what_an_insert_passes_over_drops_nothing() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let add = |id, genre_id| {
        let model = track::ActiveModel::from(track::Model {
            id,
            name: "Other".to_owned(),
            album_id: None,
            genre_id,
            unit_price: 9,
        });
        let conflict = OnConflict::column(track::Column::Id)
            .do_nothing_on([track::Column::Id])
            .to_owned();
        track::Entity::insert(model)
            .on_conflict(conflict)
            .exec_without_returning(&db)
    };
    for genre in 1..=3 {
        miss!(of_genre(genre).all(&db));
    }
    // Some databases call this an error, some a row that was found.
    let _ = add(1, 2).await;
    for genre in 1..=3 {
        hit!(of_genre(genre).all(&db));
    }
    add(10, 2).await.expect("added");
    hit!(of_genre(1).all(&db));
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    hit!(of_genre(3).all(&db));
}
