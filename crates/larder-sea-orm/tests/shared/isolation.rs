//! AC-7: transactions of every isolation, long ones, those that only read, savepoints within savepoints.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedExt};
use sea_orm::{
    AccessMode, ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, IsolationLevel, Select, Set,
    TransactionTrait,
};

use crate::entity::genre;
use crate::shop::{Shop, read};
use crate::{hit, miss};

const LEVELS: [IsolationLevel; 3] = [
    IsolationLevel::ReadCommitted,
    IsolationLevel::RepeatableRead,
    IsolationLevel::Serializable,
];

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

/// H5, H8: whatever past a transaction sees, it fills nothing with it, and is served nothing newer.
#[tokio::test]
async fn h5_h8_a_transaction_that_sees_the_past_fills_nothing() {
    for level in [
        IsolationLevel::ReadCommitted,
        IsolationLevel::RepeatableRead,
    ] {
        let Shop {
            db,
            folder: _folder,
        } = Shop::open().await;
        let transaction = db
            .begin_with_config(Some(level), None)
            .await
            .expect("begun");
        let (before, outcome) = read(one(1).one(&transaction)).await;
        assert_eq!(before.expect("there").name, "Rock");
        assert_eq!(outcome, Outcome::Uncached("inside a transaction".into()));
        rename(&db, 1, "A").await.expect("renamed");
        assert_eq!(miss!(one(1).one(&db)).expect("there").name, "A");
        // What the transaction sees is between it and the database.
        let (_, outcome) = read(one(1).one(&transaction)).await;
        assert_eq!(outcome, Outcome::Uncached("inside a transaction".into()));
        transaction.commit().await.expect("committed");
        assert_eq!(hit!(one(1).one(&db)).expect("there").name, "A", "{level:?}");
    }
}

#[tokio::test]
async fn h3_h7_transactions_of_every_isolation_are_announced_with_their_commit() {
    for level in LEVELS {
        let Shop {
            db,
            folder: _folder,
        } = Shop::open().await;
        for id in 1..=3 {
            miss!(one(id).one(&db));
        }
        for commits in [false, true] {
            let transaction = db
                .begin_with_config(Some(level), None)
                .await
                .expect("begun");
            let seen = one(1).one(&transaction).await.expect("read");
            assert_eq!(seen.as_deref().expect("there").name, "Rock");
            rename(&transaction, 1, "A").await.expect("renamed");
            let seen = one(1).one(&transaction).await.expect("read");
            assert_eq!(seen.as_deref().expect("there").name, "A", "{level:?}");
            assert_eq!(hit!(one(1).one(&db)).expect("there").name, "Rock");
            match commits {
                true => transaction.commit().await.expect("committed"),
                false => transaction.rollback().await.expect("rolled back"),
            }
            hit!(one(2).one(&db));
            if !commits {
                assert_eq!(hit!(one(1).one(&db)).expect("there").name, "Rock");
            }
        }
        assert_eq!(
            miss!(one(1).one(&db)).expect("there").name,
            "A",
            "{level:?}"
        );
    }
}

/// H12: others load and keep what is committed while a transaction takes its time, and it is dropped when
/// that ends.
#[tokio::test]
async fn h12_what_is_kept_during_a_long_transaction_is_dropped_by_its_commit() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let transaction = db.begin().await.expect("begun");
    rename(&transaction, 1, "A").await.expect("renamed");
    for _ in 0..3 {
        // Kept for the first time after the statement that changes it.
        assert_eq!(
            one(1).one(&db).await.expect("read").expect("there").name,
            "Rock"
        );
        assert_eq!(
            one(2).one(&db).await.expect("read").expect("there").name,
            "Jazz"
        );
    }
    hit!(one(1).one(&db));
    rename(&transaction, 2, "B").await.expect("renamed");
    hit!(one(2).one(&db));
    transaction.commit().await.expect("committed");
    assert_eq!(miss!(one(1).one(&db)).expect("there").name, "A");
    assert_eq!(miss!(one(2).one(&db)).expect("there").name, "B");
}

#[tokio::test]
async fn a_transaction_that_only_reads_drops_nothing() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    miss!(one(1).one(&db));
    let transaction = db
        .begin_with_config(None, Some(AccessMode::ReadOnly))
        .await
        .expect("begun");
    let (_, outcome) = read(one(2).one(&transaction)).await;
    assert_eq!(outcome, Outcome::Uncached("inside a transaction".into()));
    transaction.commit().await.expect("committed");
    hit!(one(1).one(&db));
    miss!(one(2).one(&db));
}

/// H7: what an inner savepoint takes back may be dropped all the same; what it keeps is.
#[tokio::test]
async fn h7_savepoints_within_savepoints() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for id in 1..=3 {
        miss!(one(id).one(&db));
    }
    let transaction = db.begin().await.expect("begun");
    let outer = transaction.begin().await.expect("begun");
    rename(&outer, 1, "outer").await.expect("renamed");
    let inner = outer.begin().await.expect("begun");
    rename(&inner, 2, "inner").await.expect("renamed");
    inner.commit().await.expect("released");
    // Dropped without an end: taken back.
    let dropped = outer.begin().await.expect("begun");
    rename(&dropped, 1, "dropped").await.expect("renamed");
    drop(dropped);
    let seen = one(1).one(&outer).await.expect("read").expect("there");
    assert_eq!(seen.name, "outer");
    outer.commit().await.expect("released");
    for (id, name) in [(1, "Rock"), (2, "Jazz")] {
        assert_eq!(hit!(one(id).one(&db)).expect("there").name, name);
    }
    transaction.commit().await.expect("committed");
    assert_eq!(miss!(one(1).one(&db)).expect("there").name, "outer");
    assert_eq!(miss!(one(2).one(&db)).expect("there").name, "inner");
    hit!(one(3).one(&db));

    // Released, and taken back with what is around it.
    let transaction = db.begin().await.expect("begun");
    let outer = transaction.begin().await.expect("begun");
    let inner = outer.begin().await.expect("begun");
    rename(&inner, 3, "inner").await.expect("renamed");
    inner.commit().await.expect("released");
    outer.rollback().await.expect("taken back");
    rename(&transaction, 2, "kept").await.expect("renamed");
    transaction.commit().await.expect("committed");
    assert_eq!(miss!(one(2).one(&db)).expect("there").name, "kept");
    let kept = one(3).one(&db).await.expect("read").expect("there");
    assert_eq!(kept.name, "Metal");
}
