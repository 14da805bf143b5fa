//! AC-1 to AC-4: one row by its key.

use larder::Memory;
use larder_sea_orm::{CachedConnection, CachedEntity, CachedExt};
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait, Set};

use crate::entity::{genre, playlist_track, track};
use crate::fleet::{Fleet, Server};
use crate::{hit, miss};

async fn sql(db: &CachedConnection, id: i32) -> Option<track::Model> {
    track::Entity::find_by_id(id).one(db).await.expect("a row")
}

#[tokio::test]
async fn ac1_a_row_is_asked_for_once_on_every_store() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (one, other) = fleet.two().await;
        let row = miss!(track::Entity::cached(&one).get(1));
        assert_eq!(row.as_deref(), sql(&one, 1).await.as_ref());
        // Stored before it was returned: the other process needs no statement.
        assert_eq!(hit!(track::Entity::cached(&other).get(1)), row);
        assert_eq!(hit!(track::Entity::cached(&other).require(1)), row.unwrap());
    }
}

#[tokio::test]
async fn ac1_a_row_and_the_query_for_it_are_one_entry() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        miss!(track::Entity::cached(&db).get(1));
        hit!(track::Entity::find_by_id(1).cached().one(&db));
        miss!(track::Entity::find_by_id(2).cached().one(&db));
        hit!(track::Entity::cached(&db).get(2));
    }
}

/// A plain invalidation: the row is not written through, so the next get costs one statement.
#[tokio::test]
async fn ac2_after_a_save_the_next_get_has_the_new_row() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (one, other) = fleet.two().await;
        for id in 1..=3 {
            miss!(track::Entity::cached(&one).get(id));
        }
        let mut fast = sql(&one, 1).await.unwrap().into_active_model();
        fast.unit_price = Set(149);
        let fast = fast.update(&one).await.unwrap();
        assert_eq!(*miss!(track::Entity::cached(&other).get(1)).unwrap(), fast);
        for id in 2..=3 {
            hit!(track::Entity::cached(&other).get(id));
        }
    }
}

#[tokio::test]
async fn ac3_absence_is_remembered_until_the_row_is_created_and_deleting_leaves_it() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (one, other) = fleet.two().await;
        assert!(miss!(genre::Entity::cached(&one).get(9)).is_none());
        assert!(miss!(genre::Entity::cached(&one).get(8)).is_none());
        assert!(hit!(genre::Entity::cached(&other).get(9)).is_none());

        let polka = genre::ActiveModel {
            id: Set(9),
            name: Set("Polka".to_owned()),
        };
        let polka = polka.insert(&one).await.unwrap();
        assert_eq!(*miss!(genre::Entity::cached(&other).get(9)).unwrap(), polka);
        assert!(hit!(genre::Entity::cached(&other).get(8)).is_none());

        polka.delete(&one).await.unwrap();
        assert!(miss!(genre::Entity::cached(&other).get(9)).is_none());
        hit!(genre::Entity::cached(&one).get(9));
    }
}

#[tokio::test]
async fn ac3_not_found_is_the_orms_own_error() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let own = track::Entity::find_by_id(99).require_one(&db).await;
        for _ in 0..2 {
            let ours = track::Entity::cached(&db).require(99).await;
            assert_eq!(ours.as_ref().err(), own.as_ref().err());
            assert!(matches!(ours, Err(DbErr::RecordNotFound(_))));
        }
        hit!(track::Entity::cached(&db).get(99));
    }
}

#[tokio::test]
async fn ac4_composite_keys() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let link = |key: (i32, i32)| playlist_track::Entity::cached(&db).get(key);
        let plain = playlist_track::Entity::find_by_id((1, 3)).one(&db).await;
        assert_eq!(miss!(link((1, 3))).as_deref(), plain.unwrap().as_ref());
        assert!(miss!(link((3, 1))).is_none());
        assert!(miss!(link((2, 1))).is_none());
        let new = playlist_track::ActiveModel {
            playlist_id: Set(2),
            track_id: Set(1),
        };
        new.insert(&db).await.unwrap();
        assert!(miss!(link((2, 1))).is_some());
        hit!(link((1, 3)));
        assert!(hit!(link((3, 1))).is_none());
    }
}

/// Rows of two entities whose models look alike never meet.
#[tokio::test]
async fn ac4_entities_share_nothing() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let rock = miss!(genre::Entity::cached(&db).get(1)).unwrap();
        let morning = miss!(crate::entity::playlist::Entity::cached(&db).get(1)).unwrap();
        assert_eq!((&*rock.name, &*morning.name), ("Rock", "Morning"));
    }
}

/// For models without serde.
#[tokio::test]
async fn ac1_local_rows() {
    mod bare {
        use sea_orm::entity::prelude::*;

        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        #[sea_orm(table_name = "genre")]
        pub struct Model {
            #[sea_orm(primary_key)]
            pub id: i32,
            pub name: String,
        }

        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    }
    let fleet = Fleet::new(Server::Memory(Memory::new())).await;
    let db = fleet.process().await;
    let rock = miss!(bare::Entity::cached(&db).local().get(1)).unwrap();
    assert_eq!(rock.name, "Rock");
    let rows = bare::Entity::cached(&db).local().get_many([1, 2]).await;
    assert_eq!(rows.unwrap()[0].as_ref(), Some(&rock));
}
