//! CB-3: what could change an answer drops it. CB-4: what cannot, does not. One process reads, another
//! writes, on every store.

use larder_sea_orm::CachedExt;
use sea_orm::prelude::Expr;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter,
    QueryOrder, QuerySelect, Set,
};

use crate::entity::{album, genre, playlist_track, track};
use crate::fleet::{Fleet, Server};
use crate::{hit, miss};

async fn reprice(db: &larder_sea_orm::CachedConnection, id: i32, price: i32) {
    let mut track = track::Entity::find_by_id(id)
        .one(db)
        .await
        .unwrap()
        .unwrap()
        .into_active_model();
    track.unit_price = Set(price);
    track.update(db).await.unwrap();
}

#[tokio::test]
async fn a_changed_row_drops_its_own_answers_and_no_others() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let one = |id| track::Entity::find_by_id(id).cached();
        let of_genre = |genre| {
            track::Entity::find()
                .filter(track::Column::GenreId.eq(genre))
                .cached()
        };
        for id in 1..=4 {
            miss!(one(id).one(&db));
        }
        for genre in 1..=3 {
            miss!(of_genre(genre).all(&db));
        }
        reprice(&writer, 1, 149).await;
        assert_eq!(miss!(one(1).one(&db)).unwrap().unit_price, 149);
        for id in 2..=4 {
            hit!(one(id).one(&db));
        }
        miss!(of_genre(1).all(&db));
        hit!(of_genre(2).all(&db));
        hit!(of_genre(3).all(&db));
    }
}

/// CB-4: a column that the query does not read.
#[tokio::test]
async fn a_column_that_is_not_read_does_not_matter() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let rock = || track::Entity::find().filter(track::Column::GenreId.eq(1));
        let names = || {
            rock()
                .select_only()
                .column(track::Column::Name)
                .into_tuple::<String>()
                .cached()
        };
        let prices = || {
            rock()
                .select_only()
                .column(track::Column::UnitPrice)
                .into_tuple::<i32>()
                .cached()
        };
        miss!(names().all(&db));
        miss!(prices().all(&db));
        miss!(rock().cached().count(&db));
        reprice(&writer, 1, 149).await;
        hit!(names().all(&db));
        miss!(prices().all(&db));
        hit!(rock().cached().count(&db));
    }
}

/// CB-3: a row that moves leaves one answer and enters another.
#[tokio::test]
async fn a_row_that_moves_drops_where_it_was_and_where_it_is() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let of_genre = |genre| {
            track::Entity::find()
                .filter(track::Column::GenreId.eq(genre))
                .cached()
        };
        for genre in 1..=3 {
            miss!(of_genre(genre).all(&db));
        }
        let mut fast = track::Entity::find_by_id(1)
            .one(&db)
            .await
            .unwrap()
            .unwrap()
            .into_active_model();
        fast.genre_id = Set(2);
        fast.update(&writer).await.unwrap();
        assert_eq!(miss!(of_genre(1).all(&db)).len(), 1);
        assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
        hit!(of_genre(3).all(&db));
    }
}

#[tokio::test]
async fn inserted_and_deleted_rows_drop_what_they_belong_to() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let of_genre = |genre| {
            track::Entity::find()
                .filter(track::Column::GenreId.eq(genre))
                .cached()
        };
        for genre in 1..=3 {
            miss!(of_genre(genre).all(&db));
        }
        let new = track::ActiveModel {
            name: Set("New".into()),
            album_id: Set(None),
            genre_id: Set(2),
            unit_price: Set(1),
            ..Default::default()
        };
        let new = new.insert(&writer).await.unwrap();
        hit!(of_genre(1).all(&db));
        assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
        new.delete(&writer).await.unwrap();
        hit!(of_genre(1).all(&db));
        hit!(of_genre(3).all(&db));
        assert_eq!(miss!(of_genre(2).all(&db)).len(), 1);
    }
}

#[tokio::test]
async fn in_lists_alternatives_and_nulls_are_pinned() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let listed = || {
            track::Entity::find()
                .filter(track::Column::Id.is_in([1, 3]))
                .cached()
        };
        let either = || {
            let either = track::Column::Id.eq(2).or(track::Column::GenreId.eq(3));
            track::Entity::find().filter(either).cached()
        };
        let single = || {
            track::Entity::find()
                .filter(track::Column::AlbumId.is_null())
                .cached()
        };
        miss!(listed().all(&db));
        miss!(either().all(&db));
        miss!(single().all(&db));
        reprice(&writer, 2, 1).await;
        hit!(listed().all(&db));
        miss!(either().all(&db));
        hit!(single().all(&db));
        reprice(&writer, 4, 1).await;
        hit!(listed().all(&db));
        miss!(either().all(&db));
        miss!(single().all(&db));
        reprice(&writer, 3, 1).await;
        miss!(listed().all(&db));
        hit!(either().all(&db));
        hit!(single().all(&db));
    }
}

/// CB-3: rows joined to it that change.
#[tokio::test]
async fn joined_rows_matter() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let with_album = || {
            track::Entity::find()
                .filter(track::Column::GenreId.eq(1))
                .find_also_related(album::Entity)
                .cached()
        };
        miss!(with_album().all(&db));
        let quiet = album::ActiveModel {
            id: Set(1),
            title: Set("Louder".into()),
        };
        quiet.update(&writer).await.unwrap();
        let rows = miss!(with_album().all(&db));
        assert_eq!(rows[0].1.as_ref().unwrap().title, "Louder");
        // A genre that no row of it has.
        reprice(&writer, 3, 5).await;
        hit!(with_album().all(&db));
    }
}

#[tokio::test]
async fn many_to_many_from_both_sides() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let lists = crate::entity::playlist::Entity::find()
            .order_by_asc(crate::entity::playlist::Column::Id);
        let lists = lists.cached().all(&db).await.unwrap();
        let songs = || lists.clone().cached().load_many(track::Entity, &db);
        assert_eq!(miss!(songs())[1].len(), 1);
        let link = playlist_track::ActiveModel {
            playlist_id: Set(2),
            track_id: Set(1),
        };
        playlist_track::Entity::insert(link)
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(miss!(songs())[1].len(), 2);
        playlist_track::Entity::delete_by_id((2, 1))
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(miss!(songs())[1].len(), 1);
        reprice(&writer, 3, 5).await;
        assert_eq!(miss!(songs())[1][0].unit_price, 5);
    }
}

/// An update that sets what is there already changes nothing.
#[tokio::test]
async fn the_same_value_again_drops_nothing() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let rock = || {
            track::Entity::find()
                .filter(track::Column::GenreId.eq(1))
                .cached()
        };
        miss!(rock().all(&db));
        track::Entity::update_many()
            .col_expr(track::Column::UnitPrice, Expr::value(99))
            .filter(track::Column::GenreId.eq(1))
            .exec(&writer)
            .await
            .unwrap();
        hit!(rock().all(&db));
    }
}

/// CB-13: no window after an invalidation in which a query cannot be cached.
#[tokio::test]
async fn cb13_a_query_can_be_cached_at_once_after_an_invalidation() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let one = || genre::Entity::find_by_id(1).cached();
        for round in 0..17 {
            let name = format!("Rock {round}");
            genre::ActiveModel {
                id: Set(1),
                name: Set(name.clone()),
            }
            .update(&writer)
            .await
            .unwrap();
            assert_eq!(miss!(one().one(&db)).unwrap().name, name);
        }
    }
}

/// CB-12: an entry whose bookkeeping is gone is a miss.
#[tokio::test]
async fn cb12_clearing_the_cache_forgets_everything() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        miss!(genre::Entity::find().cached().all(&db));
        db.cache().clear().await.unwrap();
        miss!(genre::Entity::find().cached().all(&db));
    }
}
