//! AC-7 on SQLite: statements that end the transaction they are in.

use larder_sea_orm::CachedExt;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set,
    TransactionTrait,
};

use crate::entity::genre;
use crate::miss;
use crate::shop::Shop;

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

/// What a failed statement leaves: INSERT OR ROLLBACK ends the transaction, and what follows
/// commits on its own, whatever the end of the transaction says.
#[tokio::test]
async fn h7_insert_or_rollback_ends_the_transaction() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    miss!(one(1).one(&db));
    miss!(one(2).one(&db));
    let transaction = db.begin().await.unwrap();
    rename(&transaction, 1, "A").await.unwrap();
    transaction
        .execute_unprepared("INSERT OR ROLLBACK INTO genre VALUES (1, 'x')")
        .await
        .unwrap_err();
    transaction
        .execute_unprepared("UPDATE genre SET name = 'B' WHERE id = 2")
        .await
        .unwrap();
    // Committed already, although the transaction still seems open.
    assert_eq!(one(2).one(&db).await.unwrap().unwrap().name, "B");
    let _ = transaction.rollback().await;
    assert_eq!(one(1).one(&db).await.unwrap().unwrap().name, "Rock");
    assert_eq!(one(2).one(&db).await.unwrap().unwrap().name, "B");
    // The pool's connection is usable, and its transactions are real ones.
    let transaction = db.begin().await.unwrap();
    rename(&transaction, 2, "C").await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(
        genre::Entity::find_by_id(2)
            .one(&db)
            .await
            .unwrap()
            .unwrap()
            .name,
        "B"
    );
}

/// sqlx counts transactions: one that SQLite has ended by itself must not make the next one on the
/// same connection a savepoint of nothing.
#[tokio::test]
async fn h7_after_insert_or_rollback_the_connection_is_as_good_as_new() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open_single().await;
    let conflict = "INSERT OR ROLLBACK INTO genre VALUES (1, 'x')";
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared(conflict).await.unwrap_err();
    assert!(transaction.commit().await.is_err());
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared(conflict).await.unwrap_err();
    drop(transaction);
    genre::Entity::find()
        .filter(genre::Column::Id.eq(1))
        .cached()
        .all(&db)
        .await
        .unwrap();
    db.execute_unprepared(conflict).await.unwrap_err();
    let transaction = db.begin().await.unwrap();
    rename(&transaction, 2, "D").await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(
        genre::Entity::find_by_id(2)
            .one(&db)
            .await
            .unwrap()
            .unwrap()
            .name,
        "Jazz"
    );
    rename(&db, 2, "E").await.unwrap();
    assert_eq!(
        genre::Entity::find_by_id(2)
            .one(&db)
            .await
            .unwrap()
            .unwrap()
            .name,
        "E"
    );
}
