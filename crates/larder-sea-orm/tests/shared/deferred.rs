//! AC-7: constraints that are looked at when a transaction commits.

use larder_sea_orm::CachedExt;
use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait};

use crate::entity::genre;
use crate::shop::Shop;
use crate::{hit, miss};

/// H10: a COMMIT that fails counts as if it had happened; what is kept afterwards is what was there.
#[tokio::test]
async fn h10_a_constraint_that_fails_at_the_commit() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let one = |id: i32| genre::Entity::find_by_id(id).cached();
    db.execute_unprepared(
        "CREATE TABLE pledge (id INTEGER PRIMARY KEY, album_id INTEGER NOT NULL \
             REFERENCES album (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await
    .expect("a table");
    miss!(one(1).one(&db));
    miss!(one(2).one(&db));
    for (album, name) in [(99, "Rock"), (1, "A")] {
        let transaction = db.begin().await.expect("begun");
        for sql in [
            "UPDATE genre SET name = 'A' WHERE id = 1".to_owned(),
            format!("INSERT INTO pledge VALUES (1, {album})"),
        ] {
            transaction.execute_unprepared(&sql).await.expect("written");
        }
        assert_eq!(hit!(one(1).one(&db)).expect("there").name, "Rock");
        let committed = transaction.commit().await;
        assert_eq!(committed.is_err(), album == 99);
        assert_eq!(miss!(one(1).one(&db)).expect("there").name, name);
        hit!(one(2).one(&db));
    }
}
