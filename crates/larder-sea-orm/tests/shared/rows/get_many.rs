//! AC-6, CB-11: rows by many keys: one look, and one statement for all that the cache does not have.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedEntity};
use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait};

use crate::asked::counted;
use crate::entity::{playlist_track, track};
use crate::fleet::{Fleet, Server};
use crate::{asks, hit, miss};

async fn run(db: &CachedConnection, sql: &str) {
    db.execute_unprepared(sql).await.expect("it runs");
}

fn names(rows: &[Option<Arc<track::Model>>]) -> Vec<Option<&str>> {
    let row = rows.iter().map(Option::as_ref);
    row.map(|row| row.map(|row| row.name.as_str())).collect()
}

#[tokio::test]
async fn ac6_rows_that_are_missing_are_one_statement() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let many = |keys: &[i32]| track::Entity::cached(&db).get_many(keys.to_vec());
        miss!(track::Entity::cached(&db).get(2));

        // In the order of the keys, also of those that stand there twice.
        let rows = asks!(fleet, 1, many(&[3, 2, 99, 1, 3]));
        let expected = [Some("Blue"), Some("Slow"), None, Some("Fast"), Some("Blue")];
        assert_eq!(names(&rows), expected);
        for row in rows.iter().flatten() {
            let plain = track::Entity::find_by_id(row.id).one(&db).await.unwrap();
            assert_eq!(Some(&**row), plain.as_ref());
        }
        // Also what was absent.
        assert_eq!(names(&asks!(fleet, 0, many(&[3, 2, 99, 1]))), expected[..4]);
        // They are rows as any other.
        hit!(track::Entity::cached(&db).get(1));
        assert!(hit!(track::Entity::cached(&db).get(99)).is_none());

        run(&db, "UPDATE track SET name = 'Faster' WHERE id = 1").await;
        run(&db, "INSERT INTO track VALUES (99, 'New', NULL, 1, 99)").await;
        let rows = asks!(fleet, 1, many(&[3, 2, 99, 1]));
        assert_eq!(
            names(&rows),
            [Some("Blue"), Some("Slow"), Some("New"), Some("Faster")]
        );
        asks!(fleet, 0, many(&[1, 99]));
        asks!(fleet, 0, many(&[]));
    }
}

#[tokio::test]
async fn ac6_processes_share_rows_and_a_batch_is_one_round_trip() {
    for server in [Server::redis(), Server::memcached()] {
        let fleet = Fleet::new(server).await;
        let (one, other) = fleet.two().await;
        let many = |db: &CachedConnection| {
            let db = db.clone();
            async move { track::Entity::cached(&db).get_many([1, 2, 99]).await }
        };
        // A load may ask for the schema, too.
        let (rows, _, statements) = counted(many(&one)).await;
        assert!((1..=2).contains(&statements), "{statements}");
        assert_eq!(names(&rows), [Some("Fast"), Some("Slow"), None]);
        asks!(0, many(&other));
        run(&other, "UPDATE track SET name = 'Slower' WHERE id = 2").await;
        let (rows, outcomes, _) = counted(many(&one)).await;
        assert_eq!(names(&rows), [Some("Fast"), Some("Slower"), None]);
        assert_eq!(outcomes, [Outcome::Miss]);
        asks!(0, many(&other));
        if let Server::Redis(redis) = &fleet.server {
            let monitor = redis.monitor();
            asks!(0, many(&other));
            let mut sent = monitor.stop();
            // A link asks now and then whether its server is still the one that it was.
            sent.retain(|line| !line.starts_with("\"INFO\""));
            assert_eq!(sent.len(), 1, "{sent:#?}");
        }
    }
}

#[tokio::test]
async fn ac6_batches_and_gets_at_once_load_each_row_once() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let batches = || (0..8).map(|_| track::Entity::cached(&db).get_many([1, 2, 3]));
        let before = db.statements();
        for rows in join_all(batches()).await {
            let rows = rows.unwrap();
            assert_eq!(names(&rows), [Some("Fast"), Some("Slow"), Some("Blue")]);
        }
        let sent = db.statements() - before;
        assert!(fleet.server.loads(1).contains(&sent), "{sent}");

        // Gets lead before a batch has begun its task: the batch waits for them.
        db.invalidate_entity::<track::Entity>().await.unwrap();
        let before = db.statements();
        let gets = (1..=3).map(|id| track::Entity::cached(&db).get(id));
        let (batches, gets) = join(join_all(batches()), join_all(gets)).await;
        assert!(batches.into_iter().all(|rows| rows.unwrap().len() == 3));
        assert!(gets.into_iter().all(|row| row.unwrap().is_some()));
        let sent = db.statements() - before;
        assert!(fleet.server.loads(3).contains(&sent), "{sent}");
    }
}

#[tokio::test]
async fn ac6_composite_keys_however_many_are_one_statement() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let keys: Vec<(i32, i32)> = (1..=30)
            .flat_map(|list| (1..=30).map(move |track| (list, track)))
            .collect();
        let many = || playlist_track::Entity::cached(&db).get_many(keys.clone());
        let rows = asks!(fleet, 1, many());
        let found: Vec<(i32, i32)> = rows
            .iter()
            .flatten()
            .map(|row| (row.playlist_id, row.track_id))
            .collect();
        assert_eq!(found, [(1, 1), (1, 3), (2, 3)]);
        asks!(fleet, 0, many());
        run(
            &db,
            "DELETE FROM playlist_track WHERE playlist_id = 1 AND track_id = 3",
        )
        .await;
        let rows = asks!(fleet, 1, many());
        assert_eq!(rows.iter().flatten().count(), 2);
    }
}

#[tokio::test]
async fn ac7_a_batch_in_a_transaction_is_one_statement_and_fills_nothing() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        asks!(fleet, 1, track::Entity::cached(&db).get_many([1, 2]));
        let transaction = db.begin().await.unwrap();
        let sql = "UPDATE track SET name = 'Faster' WHERE id = 1";
        transaction.execute_unprepared(sql).await.unwrap();
        let inside = track::Entity::cached(&transaction).get_many([1, 4, 2, 99]);
        let rows = asks!(fleet, 1, inside);
        assert_eq!(
            names(&rows),
            [Some("Faster"), Some("Loud"), Some("Slow"), None]
        );
        assert_eq!(
            names(&asks!(
                fleet,
                0,
                track::Entity::cached(&db).get_many([1, 2])
            )),
            [Some("Fast"), Some("Slow")]
        );
        transaction.rollback().await.unwrap();
        asks!(fleet, 0, track::Entity::cached(&db).get_many([1, 2]));
        miss!(track::Entity::cached(&db).get(4));
    }
}
