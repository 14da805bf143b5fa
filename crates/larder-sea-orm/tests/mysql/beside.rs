//! AC-7: transactions by the rules of MySQL: some statements commit, and a deadlock ends the whole
//! transaction. What holds on every database: `../shared/transactions.rs`, `../shared/isolation.rs`.

use larder_sea_orm::{Cached, CachedExt};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, Select, Set, TransactionTrait,
};

use crate::entity::genre;
use crate::miss;
use crate::shop::{Shop, text};

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
