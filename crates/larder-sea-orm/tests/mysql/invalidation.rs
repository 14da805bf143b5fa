//! CB-3: what could change an answer drops it. CB-4: what cannot, does not.

use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use sea_orm::prelude::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect,
    Select, Set,
};

use crate::entity::{album, playlist, playlist_track, track};
use crate::shop::Shop;
use crate::{hit, miss};

async fn reprice(db: &CachedConnection, id: i32, price: i32) {
    let track = track::ActiveModel {
        id: Set(id),
        unit_price: Set(price),
        ..Default::default()
    };
    track.update(db).await.expect("a new price");
}

fn of_genre(genre: i32) -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .cached()
}

async fn warm(db: &CachedConnection) {
    for genre in 1..=3 {
        miss!(of_genre(genre).all(db));
    }
}

#[tokio::test]
async fn cb4_a_changed_row_drops_its_own_answers_and_no_others() {
    let Shop { db, .. } = Shop::open().await;
    let one = |id| track::Entity::find_by_id(id).cached();
    for id in 1..=4 {
        miss!(one(id).one(&db));
    }
    warm(&db).await;
    reprice(&db, 1, 149).await;
    assert_eq!(miss!(one(1).one(&db)).unwrap().unit_price, 149);
    for id in 2..=4 {
        hit!(one(id).one(&db));
    }
    miss!(of_genre(1).all(&db));
    hit!(of_genre(2).all(&db));
    hit!(of_genre(3).all(&db));
}

#[tokio::test]
async fn cb4_a_column_that_is_not_read_does_not_matter() {
    let Shop { db, .. } = Shop::open().await;
    let rock = || track::Entity::find().filter(track::Column::GenreId.eq(1));
    let names = || {
        rock()
            .select_only()
            .column(track::Column::Name)
            .into_tuple::<String>()
            .cached()
    };
    miss!(names().all(&db));
    miss!(rock().cached().count(&db));
    reprice(&db, 1, 149).await;
    hit!(names().all(&db));
    hit!(rock().cached().count(&db));
}

#[tokio::test]
async fn cb3_a_row_that_moves_drops_where_it_was_and_where_it_is() {
    let Shop { db, .. } = Shop::open().await;
    warm(&db).await;
    let fast = track::ActiveModel {
        id: Set(1),
        genre_id: Set(2),
        ..Default::default()
    };
    fast.update(&db).await.unwrap();
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 1);
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    hit!(of_genre(3).all(&db));
}

#[tokio::test]
async fn cb3_cb4_inserted_and_deleted_rows_drop_what_they_belong_to() {
    let Shop { db, .. } = Shop::open().await;
    warm(&db).await;
    let new = track::ActiveModel {
        name: Set("New".into()),
        album_id: Set(None),
        genre_id: Set(2),
        unit_price: Set(1),
        ..Default::default()
    };
    let new = new.insert(&db).await.unwrap();
    hit!(of_genre(1).all(&db));
    hit!(of_genre(3).all(&db));
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    new.delete(&db).await.unwrap();
    hit!(of_genre(1).all(&db));
    hit!(of_genre(3).all(&db));
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 1);
}

#[tokio::test]
async fn cb4_in_lists_alternatives_and_nulls_are_pinned() {
    let Shop { db, .. } = Shop::open().await;
    let listed = || {
        track::Entity::find()
            .filter(track::Column::Id.is_in([1, 3]))
            .cached()
    };
    let single = || {
        track::Entity::find()
            .filter(track::Column::AlbumId.is_null())
            .cached()
    };
    miss!(listed().all(&db));
    miss!(single().all(&db));
    reprice(&db, 2, 1).await;
    hit!(listed().all(&db));
    hit!(single().all(&db));
    reprice(&db, 4, 1).await;
    hit!(listed().all(&db));
    miss!(single().all(&db));
    reprice(&db, 3, 1).await;
    miss!(listed().all(&db));
    hit!(single().all(&db));
}

#[tokio::test]
async fn cb3_joined_rows_matter() {
    let Shop { db, .. } = Shop::open().await;
    let with_album = || {
        track::Entity::find()
            .filter(track::Column::GenreId.eq(1))
            .find_also_related(album::Entity)
            .cached()
    };
    miss!(with_album().all(&db));
    let louder = album::ActiveModel {
        id: Set(1),
        title: Set("Louder".into()),
    };
    louder.update(&db).await.unwrap();
    let rows = miss!(with_album().all(&db));
    assert_eq!(rows[0].1.as_ref().unwrap().title, "Louder");
    reprice(&db, 3, 5).await;
    hit!(with_album().all(&db));
}

#[tokio::test]
async fn ac11_many_to_many_from_both_sides() {
    let Shop { db, .. } = Shop::open().await;
    let lists = playlist::Entity::find().order_by_asc(playlist::Column::Id);
    let lists = lists.cached().all(&db).await.unwrap();
    let songs = || lists.clone().cached().load_many(track::Entity, &db);
    assert_eq!(miss!(songs())[1].len(), 1);
    let link = playlist_track::ActiveModel {
        playlist_id: Set(2),
        track_id: Set(1),
    };
    playlist_track::Entity::insert(link)
        .exec_without_returning(&db)
        .await
        .unwrap();
    assert_eq!(miss!(songs())[1].len(), 2);
    playlist_track::Entity::delete_by_id((2, 1))
        .exec(&db)
        .await
        .unwrap();
    assert_eq!(miss!(songs())[1].len(), 1);
}

#[tokio::test]
async fn cb4_the_same_value_again_drops_nothing() {
    let Shop { db, .. } = Shop::open().await;
    miss!(of_genre(1).all(&db));
    track::Entity::update_many()
        .col_expr(track::Column::UnitPrice, Expr::value(99))
        .filter(track::Column::GenreId.eq(1))
        .exec(&db)
        .await
        .unwrap();
    hit!(of_genre(1).all(&db));
}
