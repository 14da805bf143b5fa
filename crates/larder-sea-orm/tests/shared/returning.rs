//! AC-13, CB-3: writes that give the rows that they wrote, on databases that have such.

use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::prelude::Expr;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Statement, StreamTrait};

use crate::entity::track;
use crate::fleet::{Fleet, Server};
use crate::shop::BACKEND;
use crate::{hit, miss};

fn of_genre(genre: i32) -> larder_sea_orm::Cached<sea_orm::Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .order_by_asc(track::Column::Id)
        .cached()
}

async fn warm(db: &CachedConnection) {
    for genre in 1..=3 {
        miss!(of_genre(genre).all(db));
    }
}

fn new(id: i32, genre_id: i32) -> track::ActiveModel {
    let model = track::Model {
        id,
        name: format!("Track {id}"),
        album_id: None,
        genre_id,
        unit_price: 9,
    };
    track::ActiveModel::from(model)
}

#[tokio::test]
async fn insert_many_with_and_without_returning() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        warm(&db).await;
        let inserted = track::Entity::insert_many([new(10, 1), new(11, 1)])
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(inserted.last_insert_id, Some(11));
        assert_eq!(miss!(of_genre(1).all(&db)).len(), 4);
        hit!(of_genre(2).all(&db));
        let rows = track::Entity::insert_many([new(12, 2), new(13, 2)])
            .exec_with_returning(&writer)
            .await
            .unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(miss!(of_genre(2).all(&db)).len(), 3);
        hit!(of_genre(3).all(&db));
        let count = track::Entity::insert_many([new(14, 3)])
            .exec_without_returning(&writer)
            .await
            .unwrap();
        assert_eq!(count, 1);
        assert_eq!(miss!(of_genre(3).all(&db)).len(), 2);
        hit!(of_genre(1).all(&db));
    }
}

#[tokio::test]
async fn update_many_and_delete_many_in_bulk() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        warm(&db).await;
        let result = track::Entity::update_many()
            .col_expr(
                track::Column::UnitPrice,
                Expr::col(track::Column::UnitPrice).add(1),
            )
            .filter(track::Column::GenreId.eq(1))
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(result.rows_affected, 2);
        assert_eq!(miss!(of_genre(1).all(&db))[0].unit_price, 100);
        hit!(of_genre(2).all(&db));
        let rows = track::Entity::update_many()
            .col_expr(track::Column::GenreId, Expr::value(2))
            .filter(track::Column::GenreId.eq(3))
            .exec_with_returning(&writer)
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
        assert!(miss!(of_genre(3).all(&db)).is_empty());
        assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
        hit!(of_genre(1).all(&db));
        let result = track::Entity::delete_many()
            .filter(track::Column::GenreId.eq(2))
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(result.rows_affected, 2);
        assert!(miss!(of_genre(2).all(&db)).is_empty());
        hit!(of_genre(1).all(&db));
    }
}

#[tokio::test]
async fn writes_that_stream_their_rows() {
    use futures_util::TryStreamExt as _;
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        warm(&db).await;
        let statement = Statement::from_string(
            BACKEND,
            "UPDATE track SET unit_price = unit_price + 1 WHERE genre_id = 1 RETURNING id",
        );
        let rows: Vec<_> = writer
            .stream_raw(statement)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(miss!(of_genre(1).all(&db))[0].unit_price, 100);
        hit!(of_genre(2).all(&db));
    }
}
