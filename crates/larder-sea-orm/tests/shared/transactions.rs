//! AC-7: transactions, by the rules of H5 to H8 and H10.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, Database, DbErr, EntityTrait, QueryFilter,
    QueryOrder, Set, TransactionTrait,
};

use crate::entity::{genre, track};
use crate::fleet::{Fleet, Server};
use crate::{hit, miss};

fn one(id: i32) -> larder_sea_orm::Cached<sea_orm::Select<genre::Entity>> {
    genre::Entity::find_by_id(id).cached()
}

async fn rename<C: ConnectionTrait>(db: &C, id: i32, name: &str) -> Result<genre::Model, DbErr> {
    genre::ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
    }
    .update(db)
    .await
}

#[tokio::test]
async fn h3_h7_a_commit_announces_and_a_rollback_does_not() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        miss!(one(1).one(&other));
        miss!(one(2).one(&other));
        let transaction = db.begin().await.unwrap();
        rename(&transaction, 1, "A").await.unwrap();
        hit!(one(1).one(&other));
        transaction.commit().await.unwrap();
        assert_eq!(miss!(one(1).one(&other)).unwrap().name, "A");
        hit!(one(2).one(&other));

        let transaction = db.begin().await.unwrap();
        rename(&transaction, 1, "B").await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(hit!(one(1).one(&other)).unwrap().name, "A");

        let transaction = db.begin().await.unwrap();
        rename(&transaction, 1, "C").await.unwrap();
        drop(transaction);
        assert_eq!(hit!(one(1).one(&other)).unwrap().name, "A");
    }
}

#[tokio::test]
async fn h7_savepoints() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        for id in 1..=3 {
            miss!(one(id).one(&other));
        }
        let transaction = db.begin().await.unwrap();
        rename(&transaction, 1, "A").await.unwrap();
        let savepoint = transaction.begin().await.unwrap();
        rename(&savepoint, 2, "B").await.unwrap();
        savepoint.rollback().await.unwrap();
        let savepoint = transaction.begin().await.unwrap();
        rename(&savepoint, 2, "C").await.unwrap();
        savepoint.commit().await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(miss!(one(1).one(&other)).unwrap().name, "A");
        assert_eq!(miss!(one(2).one(&other)).unwrap().name, "C");
        hit!(one(3).one(&other));
    }
}

#[tokio::test]
async fn closures_commit_and_roll_back() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        miss!(one(1).one(&other));
        db.transaction::<_, (), DbErr>(|transaction| {
            Box::pin(async move {
                rename(transaction, 1, "A").await?;
                Ok(())
            })
        })
        .await
        .unwrap();
        assert_eq!(miss!(one(1).one(&other)).unwrap().name, "A");
        let failed = db
            .transaction::<_, (), DbErr>(|transaction| {
                Box::pin(async move {
                    rename(transaction, 1, "B").await?;
                    Err(DbErr::Custom("no".to_owned()))
                })
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(hit!(one(1).one(&other)).unwrap().name, "A");
    }
}

#[tokio::test]
async fn a_commit_sent_as_text_is_seen() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, other) = fleet.two().await;
        miss!(one(1).one(&other));
        let transaction = db.begin().await.unwrap();
        rename(&transaction, 1, "A").await.unwrap();
        transaction.execute_unprepared("COMMIT").await.unwrap();
        assert_eq!(one(1).one(&other).await.unwrap().unwrap().name, "A");
        let _ = transaction.rollback().await;
        assert_eq!(one(1).one(&other).await.unwrap().unwrap().name, "A");
    }
}

/// H1: a fill that began before a commit must not outlive it.
#[tokio::test]
async fn h5_a_write_during_a_load_wins() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        for round in 0..30 {
            let name = format!("Rock {round}");
            let (_, written) = tokio::join!(one(1).one(&db), rename(&db, 1, &name));
            written.unwrap();
            assert_eq!(one(1).one(&db).await.unwrap().unwrap().name, name);
        }
    }
}

/// An update that has to wait for another writer waits, as it would without the cache, also when
/// the transaction began with a read.
#[tokio::test(flavor = "multi_thread")]
async fn many_writers_do_not_fail_each_other() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let rock = || {
            track::Entity::find()
                .filter(track::Column::GenreId.eq(1))
                .order_by_asc(track::Column::Id)
                .cached()
        };
        miss!(rock().all(&db));
        let writers = (0..8).map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                for _ in 0..8 {
                    let transaction = db.begin().await?;
                    transaction
                        .execute_unprepared(
                            "UPDATE track SET unit_price = unit_price + 1 WHERE genre_id = 1",
                        )
                        .await?;
                    transaction.commit().await?;
                    db.execute_unprepared(
                        "UPDATE track SET unit_price = unit_price + 1 WHERE id = 1",
                    )
                    .await?;
                }
                Ok::<_, DbErr>(())
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap().unwrap();
        }
        let prices: Vec<i32> = rock()
            .all(&db)
            .await
            .unwrap()
            .iter()
            .map(|track| track.unit_price)
            .collect();
        assert_eq!(prices, [99 + 128, 99 + 64]);
    }
}

/// A connection that is already open is wrapped with the same promises.
#[tokio::test]
async fn an_open_connection_can_be_wrapped() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let open = Database::connect(fleet.options()).await.unwrap();
        let wrapped = CachedConnection::new(open, fleet.server.cache().await)
            .await
            .unwrap();
        miss!(one(1).one(&wrapped));
        rename(&wrapped, 1, "A").await.unwrap();
        assert_eq!(miss!(one(1).one(&wrapped)).unwrap().name, "A");
    }
}

/// Two connections to one database behind one cache see each other's writes.
#[tokio::test]
async fn two_connections_share_one_cache() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let other = fleet.with(db.cache().clone(), |builder| builder).await;
        miss!(one(1).one(&db));
        hit!(one(1).one(&other));
        rename(&other, 1, "A").await.unwrap();
        assert_eq!(miss!(one(1).one(&db)).unwrap().name, "A");
        // Also when one of them changes the schema.
        other
            .execute_unprepared("ALTER TABLE genre ADD COLUMN mood TEXT")
            .await
            .unwrap();
        let (_, queries) = larder_sea_orm::trace::scope(one(1).one(&db)).await;
        assert_eq!(queries[0].outcome, Outcome::Miss);
        // Whoever comes second has what the first has loaded.
        let (_, queries) = larder_sea_orm::trace::scope(one(1).one(&other)).await;
        assert_eq!(queries[0].outcome, Outcome::Hit);
    }
}
