//! AC-7: transactions, by the rules of H5 to H8 and H10, and by those of MySQL: some statements
//! commit, and a deadlock ends the whole transaction.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedExt};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Select, Set, TransactionTrait,
};

use crate::entity::genre;
use crate::shop::{Shop, read, text};
use crate::{hit, miss};

fn one(id: i32) -> Cached<Select<genre::Entity>> {
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

/// What the cache answers must be what the database answers.
async fn check(shop: &Shop) {
    for id in 1..=3 {
        let kept = one(id).one(&shop.db).await.unwrap();
        let fresh = genre::Entity::find_by_id(id).one(&shop.db).await.unwrap();
        assert_eq!(kept.as_deref(), fresh.as_ref(), "genre {id}");
    }
}

#[tokio::test]
async fn h3_h7_a_commit_announces_and_a_rollback_does_not() {
    let Shop { db, .. } = Shop::open().await;
    miss!(one(1).one(&db));
    miss!(one(2).one(&db));
    let transaction = db.begin().await.unwrap();
    rename(&transaction, 1, "A").await.unwrap();
    hit!(one(1).one(&db));
    transaction.commit().await.unwrap();
    assert_eq!(miss!(one(1).one(&db)).unwrap().name, "A");
    hit!(one(2).one(&db));

    let transaction = db.begin().await.unwrap();
    rename(&transaction, 1, "B").await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(hit!(one(1).one(&db)).unwrap().name, "A");

    let transaction = db.begin().await.unwrap();
    rename(&transaction, 1, "C").await.unwrap();
    drop(transaction);
    assert_eq!(hit!(one(1).one(&db)).unwrap().name, "A");
}

#[tokio::test]
async fn h7_savepoints() {
    let Shop { db, .. } = Shop::open().await;
    for id in 1..=3 {
        miss!(one(id).one(&db));
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
    assert_eq!(miss!(one(1).one(&db)).unwrap().name, "A");
    assert_eq!(miss!(one(2).one(&db)).unwrap().name, "C");
    hit!(one(3).one(&db));
}

/// AC-7, H8: under REPEATABLE READ a transaction sees the past; it fills nothing.
#[tokio::test]
async fn h8_reads_in_a_transaction_fill_nothing() {
    let Shop { db, .. } = Shop::open().await;
    let transaction = db.begin().await.unwrap();
    let (before, outcome) = read(one(1).one(&transaction)).await;
    assert_eq!(outcome, Outcome::Uncached("inside a transaction".into()));
    rename(&db, 1, "A").await.unwrap();
    assert_eq!(miss!(one(1).one(&db)).unwrap().name, "A");
    let (again, _) = read(one(1).one(&transaction)).await;
    assert_eq!(again, before);
    transaction.commit().await.unwrap();
    assert_eq!(hit!(one(1).one(&db)).unwrap().name, "A");
}

/// What commits by itself, whatever the end of the transaction says.
#[tokio::test]
async fn h7_statements_that_commit_what_came_before_them() {
    for statement in [
        "CREATE TABLE more (id INT PRIMARY KEY)",
        "TRUNCATE TABLE playlist_track",
        "ANALYZE TABLE album",
        "BEGIN",
        "START TRANSACTION",
        "COMMIT",
        "SELECT 1; BEGIN; SELECT 2; COMMIT",
        "DROP VIEW IF EXISTS nothing",
        "CREATE TRIGGER t BEFORE INSERT ON album FOR EACH ROW SET NEW.title = 'x'",
    ] {
        let shop = Shop::open().await;
        let db = &shop.db;
        for id in 1..=3 {
            miss!(one(id).one(db));
        }
        let transaction = db.begin().await.unwrap();
        rename(&transaction, 1, "A").await.unwrap();
        transaction.execute_unprepared(statement).await.unwrap();
        assert_eq!(
            one(1).one(db).await.unwrap().unwrap().name,
            "A",
            "{statement}"
        );
        rename(&transaction, 2, "B").await.unwrap();
        transaction.rollback().await.unwrap();
        check(&shop).await;
        // The connection is as good as before.
        rename(db, 3, "C").await.unwrap();
        check(&shop).await;
    }
}

/// A deadlock rolls back the whole transaction; what follows in it commits by itself.
#[tokio::test(flavor = "multi_thread")]
async fn h7_a_deadlock_ends_the_transaction_and_what_follows_commits() {
    let lock = "SELECT name FROM genre WHERE id = 2 FOR UPDATE";
    for reads in [false, true] {
        let shop = Shop::open().await;
        let db = &shop.db;
        for id in 1..=3 {
            miss!(one(id).one(db));
        }
        let victim = db.begin().await.unwrap();
        let other = db.begin().await.unwrap();
        rename(&victim, 1, "victim").await.unwrap();
        rename(&other, 2, "other").await.unwrap();
        // Has changed more, so that it is not chosen to end.
        let more = "INSERT INTO album (title) SELECT title FROM album";
        for _ in 0..4 {
            other.execute_unprepared(more).await.unwrap();
        }
        let waits = tokio::spawn(async move {
            rename(&other, 1, "other").await.unwrap();
            other.commit().await.unwrap();
        });
        let error = match reads {
            true => text(lock).rows(&victim).await.map(|_| ()),
            false => rename(&victim, 2, "victim").await.map(|_| ()),
        };
        // Whoever closes the circle second is told; the other goes on.
        assert!(error.is_err(), "a deadlock");
        waits.await.unwrap();
        check(&shop).await;
        rename(&victim, 3, "alone").await.unwrap();
        assert_eq!(one(3).one(db).await.unwrap().unwrap().name, "alone");
        victim.rollback().await.unwrap();
        check(&shop).await;
    }
}

/// Many writers on few rows: after all of them have ended, the cache holds what the database does.
#[tokio::test(flavor = "multi_thread")]
async fn h22_writers_beside_one_another_leave_nothing_old() {
    let shop = Shop::open().await;
    let writers = (0..4).map(|writer| {
        let db = shop.db.clone();
        tokio::spawn(async move {
            for round in 0..40 {
                let id = 1 + (round + writer) % 3;
                let name = format!("{writer} {round}");
                // A deadlock is an answer, too.
                let _ = match round % 3 {
                    0 => {
                        let transaction = db.begin().await.unwrap();
                        let _ = rename(&transaction, id, &name).await;
                        let _ = rename(&transaction, 1 + id % 3, &name).await;
                        transaction.commit().await
                    }
                    _ => rename(&db, id, &name).await.map(|_| ()),
                };
                one(id).one(&db).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    check(&shop).await;
}
