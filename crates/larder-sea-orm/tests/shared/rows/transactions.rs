//! AC-7: rows in transactions.

use larder_sea_orm::{CachedEntity, CachedModel};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, ModelTrait, Set, TransactionTrait};

use crate::entity::{album, track};
use crate::fleet::{Fleet, Server};
use crate::{hit, miss};

/// Within, the database; outside, the cache until the commit, and after a rollback.
#[tokio::test]
async fn ac7_a_transaction_reads_its_own_writes_and_others_wait_for_the_commit() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        let restless = album::Entity::find_by_id(1)
            .one(&db)
            .await
            .unwrap()
            .unwrap();
        let listed = |db: &larder_sea_orm::CachedConnection| {
            let (db, album) = (db.clone(), restless.clone());
            async move { album.cached(&db).related(track::Entity).all().await }
        };
        let fast = miss!(track::Entity::cached(&db).get(1)).unwrap();
        miss!(listed(&db));
        for commit in [false, true] {
            let transaction = db.begin().await.unwrap();
            let mut moved = (*fast).clone().into_active_model();
            moved.album_id = Set(Some(2));
            moved.update(&transaction).await.unwrap();
            let inside = track::Entity::cached(&transaction)
                .require(1)
                .await
                .unwrap();
            assert_eq!(inside.album_id, Some(2));
            let inside = restless.cached(&transaction).related(track::Entity);
            assert_eq!(inside.all().await.unwrap().len(), 1);
            assert_eq!(
                hit!(track::Entity::cached(&other).get(1)).as_deref(),
                Some(&*fast)
            );
            assert_eq!(hit!(listed(&other)).len(), 2);
            if commit {
                transaction.commit().await.unwrap();
                assert_eq!(miss!(listed(&other)).len(), 1);
                let moved = miss!(track::Entity::cached(&other).get(1)).unwrap();
                assert_eq!(moved.album_id, Some(2));
            } else {
                transaction.rollback().await.unwrap();
                hit!(track::Entity::cached(&other).get(1));
                hit!(listed(&other));
            }
        }
        // A deletion that is taken back, too.
        let transaction = db.begin().await.unwrap();
        let slow = track::Entity::cached(&transaction)
            .require(2)
            .await
            .unwrap();
        (*slow).clone().delete(&transaction).await.unwrap();
        assert!(
            track::Entity::cached(&transaction)
                .get(2)
                .await
                .unwrap()
                .is_none()
        );
        transaction.rollback().await.unwrap();
        assert!(miss!(track::Entity::cached(&db).get(2)).is_some());
    }
}
