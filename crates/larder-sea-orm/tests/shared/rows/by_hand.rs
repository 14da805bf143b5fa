//! CB-9: invalidation by hand, of what was written behind the connection's back.

use larder_sea_orm::{CachedConnection, CachedEntity, CachedExt};
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DatabaseConnection, EntityTrait, QueryFilter,
};

use crate::entity::{genre, track};
use crate::fleet::{Fleet, Server};
use crate::{hit, miss};

async fn stranger(fleet: &Fleet) -> DatabaseConnection {
    Database::connect(fleet.options())
        .await
        .expect("a connection")
}

async fn one(
    db: &CachedConnection,
    id: i32,
) -> Result<Option<std::sync::Arc<track::Model>>, sea_orm::DbErr> {
    track::Entity::cached(db).get(id).await
}

fn of_genre(genre: i32) -> sea_orm::Select<track::Entity> {
    track::Entity::find().filter(track::Column::GenreId.eq(genre))
}

#[tokio::test]
async fn cb9_a_model_takes_with_it_what_depends_on_its_row() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        let before = miss!(one(&db, 1)).unwrap();
        miss!(one(&db, 3));
        for genre in 1..=3 {
            miss!(of_genre(genre).cached().all(&db));
            miss!(of_genre(genre).cached().count(&db));
        }
        let sql = "UPDATE track SET genre_id = 3 WHERE id = 1";
        stranger(&fleet)
            .await
            .execute_unprepared(sql)
            .await
            .unwrap();
        assert_eq!(hit!(one(&db, 1)), Some(before.clone()));

        // As it was: its row, and what it has left. In every process.
        other.invalidate(&*before).await.unwrap();
        let after = miss!(one(&db, 1)).unwrap();
        assert_eq!(after.genre_id, 3);
        assert_eq!(miss!(of_genre(1).cached().all(&db)).len(), 1);
        assert_eq!(miss!(of_genre(1).cached().count(&db)), 1);
        hit!(of_genre(3).cached().all(&db));
        // As it is: what it has entered.
        other.invalidate(&*after).await.unwrap();
        assert_eq!(miss!(of_genre(3).cached().all(&db)).len(), 2);
        assert_eq!(miss!(of_genre(3).cached().count(&db)), 2);
        // What has nothing to do with it.
        hit!(one(&db, 3));
        hit!(of_genre(2).cached().all(&db));
        hit!(of_genre(2).cached().count(&db));
    }
}

#[tokio::test]
async fn cb9_an_entity_takes_with_it_what_was_read_of_its_table() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        let joined = || {
            of_genre(1)
                .find_also_related(crate::entity::album::Entity)
                .cached()
        };
        miss!(one(&db, 1));
        miss!(joined().all(&db));
        miss!(genre::Entity::cached(&db).get(1));
        other.invalidate_entity::<track::Entity>().await.unwrap();
        miss!(one(&db, 1));
        miss!(joined().all(&db));
        hit!(genre::Entity::cached(&db).get(1));
    }
}

/// An entity over a view stands for the tables behind it.
#[tokio::test]
async fn cb9_an_entity_over_a_view() {
    mod cheap {
        use sea_orm::entity::prelude::*;
        use serde::{Deserialize, Serialize};

        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
        #[sea_orm(table_name = "cheap")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub name: String,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let view = "CREATE VIEW cheap AS SELECT id, name FROM track WHERE unit_price < 100";
        db.execute_unprepared(view).await.unwrap();
        let fast = miss!(cheap::Entity::cached(&db).get(1)).unwrap();
        miss!(one(&db, 3));
        db.execute_unprepared("UPDATE track SET name = 'Faster' WHERE id = 1")
            .await
            .unwrap();
        assert_eq!(
            miss!(cheap::Entity::cached(&db).get(1)).unwrap().name,
            "Faster"
        );
        let both = cheap::Entity::cached(&db).get_many([1, 3]).await.unwrap();
        assert!(both[0].is_some() && both[1].is_none());
        hit!(one(&db, 3));
        db.invalidate(&*fast).await.unwrap();
        miss!(cheap::Entity::cached(&db).get(1));
        miss!(one(&db, 3));
        db.invalidate_entity::<cheap::Entity>().await.unwrap();
        miss!(cheap::Entity::cached(&db).get(1));
    }
}

#[tokio::test]
async fn cb9_a_query_takes_with_it_what_was_read_under_its_conditions() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        let ranged = || track::Entity::find().filter(track::Column::UnitPrice.lt(150));
        for genre in 1..=2 {
            miss!(of_genre(genre).cached().all(&db));
            miss!(of_genre(genre).cached().one(&db));
            miss!(of_genre(genre).cached().count(&db));
            miss!(of_genre(genre).cached().exists(&db));
        }
        miss!(ranged().cached().all(&db));
        miss!(one(&db, 1));
        let sql = "DELETE FROM playlist_track; DELETE FROM track WHERE genre_id = 1";
        stranger(&fleet)
            .await
            .execute_unprepared(sql)
            .await
            .unwrap();
        other.invalidate_query(of_genre(1)).await.unwrap();
        assert!(miss!(of_genre(1).cached().all(&db)).is_empty());
        assert!(miss!(of_genre(1).cached().one(&db)).is_none());
        assert_eq!(miss!(of_genre(1).cached().count(&db)), 0);
        assert!(!miss!(of_genre(1).cached().exists(&db)));
        hit!(of_genre(2).cached().all(&db));
        hit!(of_genre(2).cached().one(&db));
        hit!(of_genre(2).cached().count(&db));
        hit!(of_genre(2).cached().exists(&db));
        hit!(one(&db, 1));
        // Without a value that tells them apart, selects of a table are all one.
        other.invalidate_query(ranged()).await.unwrap();
        assert_eq!(miss!(ranged().cached().all(&db)).len(), 1);
        hit!(of_genre(2).cached().all(&db));
    }
}

#[tokio::test]
async fn cb9_everything() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        let apart = fleet.built(|builder| builder.database("elsewhere")).await;
        miss!(one(&db, 1));
        miss!(genre::Entity::cached(&db).get(1));
        miss!(one(&apart, 1));
        other.invalidate_all().await;
        miss!(one(&db, 1));
        miss!(genre::Entity::cached(&db).get(1));
        // Another database's answers stay.
        hit!(one(&apart, 1));
    }
}
