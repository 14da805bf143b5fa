//! What looks alike and is not: readers of one statement, writes that look like reads, handles that
//! share a cache, transactions that ended before their end.

use larder::Cache;
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedExt, Stored};
use sea_orm::{
    ConnectionTrait, DbBackend, DeriveIden, EntityTrait, EnumIter, QueryOrder, QuerySelect,
    Statement, TransactionTrait,
};

use crate::entity::{genre, track};
use crate::shop::{Shop, read};
use crate::{hit, miss};

fn text(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}

/// SeaORM turns the last rows round after reading them: one statement, two answers.
#[tokio::test]
async fn the_last_rows_ascending_are_not_the_first_descending() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let cursor = || track::Entity::find().cached().cursor_by(track::Column::Id);
    let ids = |rows: &[track::Model]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(&miss!(cursor().last(2).all(&db))), [3, 4]);
    assert_eq!(ids(&miss!(cursor().desc().first(2).all(&db))), [4, 3]);
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveIden)]
enum Turned {
    #[sea_orm(iden = "name")]
    Name,
    #[sea_orm(iden = "id")]
    Id,
}

/// By name, in the order of an enum, or by position: one statement, one type, two answers.
#[tokio::test]
async fn columns_by_name_are_not_columns_by_position() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let select = || {
        genre::Entity::find()
            .select_only()
            .column(genre::Column::Id)
            .column(genre::Column::Name)
            .order_by_asc(genre::Column::Id)
            .limit(1)
    };
    let by_position = || select().into_tuple::<(i32, String)>().cached();
    assert_eq!(*miss!(by_position().all(&db)), [(1, "Rock".to_owned())]);
    let by_name = || select().into_values::<(String, i32), Turned>().cached();
    assert_eq!(*miss!(by_name().all(&db)), [("Rock".to_owned(), 1)]);
    // The same type twice.
    let both = || {
        select()
            .select_only()
            .column(genre::Column::Id)
            .column_as(genre::Column::Id, "name")
    };
    assert_eq!(
        *miss!(both().into_tuple::<(i32, i32)>().cached().all(&db)),
        [(1, 1)]
    );
    miss!(both().into_values::<(i32, i32), Turned>().cached().all(&db));
}

/// A write that gives rows may be written with `.cached()`: it is a write all the same.
#[tokio::test]
async fn a_write_that_looks_like_a_cached_read_is_announced() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let one = || genre::Entity::find_by_id(1).cached();
    miss!(one().one(&db));
    let update = "UPDATE genre SET name = 'A' WHERE id = 1 RETURNING id";
    assert_eq!(text(update).cached().rows(&db).await.unwrap().rows.len(), 1);
    assert_eq!(miss!(one().one(&db)).unwrap().name, "A");
    let transaction = db.begin().await.unwrap();
    let update = "UPDATE genre SET name = 'B' WHERE id = 1 RETURNING id";
    text(update).cached().rows(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(miss!(one().one(&db)).unwrap().name, "B");
}

/// A schema that one handle changed is another handle's schema, too.
#[tokio::test]
async fn a_trigger_made_on_one_handle_is_known_to_the_other() {
    let Shop { db, folder } = Shop::open_single().await;
    let url = format!("sqlite://{}", folder.path().join("shop.db").display());
    let other = sea_orm::Database::connect(url).await.unwrap();
    let other = CachedConnection::new(other, db.cache().clone())
        .await
        .unwrap();
    let names = || text("SELECT name FROM genre ORDER BY id").cached();
    let trigger = "CREATE TRIGGER t AFTER UPDATE ON track BEGIN \
                   UPDATE genre SET name = name || '!' WHERE id = NEW.genre_id; END";
    let forms: [&[&str]; 3] = [
        &["UPDATE track SET unit_price = 1 WHERE id = 1"],
        &["UPDATE track SET unit_price = 2 WHERE id = 1; DELETE FROM track WHERE id = 77"],
        &["UPDATE track SET unit_price = 3 WHERE id = 1"],
    ];
    for (round, form) in forms.into_iter().enumerate() {
        // Made where nobody of ours looks.
        db.inner().execute_unprepared(trigger).await.unwrap();
        let before = names().rows(&other).await.unwrap();
        for sql in form {
            match round {
                2 => {
                    let transaction = other.begin().await.unwrap();
                    transaction.execute_unprepared(sql).await.unwrap();
                    transaction.commit().await.unwrap();
                }
                _ => drop(other.execute_unprepared(sql).await.unwrap()),
            }
        }
        assert_ne!(names().rows(&other).await.unwrap(), before, "round {round}");
        db.inner()
            .execute_unprepared("DROP TRIGGER t")
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn savepoints_by_text_on_a_pool_are_refused_unless_they_end() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let open = "SAVEPOINT s; UPDATE genre SET name = 'A' WHERE id = 1";
    assert!(
        db.execute_unprepared(open)
            .await
            .unwrap_err()
            .to_string()
            .contains("begin()")
    );
    miss!(genre::Entity::find_by_id(1).cached().one(&db));
    let closed = format!("{open}; RELEASE s");
    db.execute_unprepared(&closed).await.unwrap();
    assert_eq!(
        miss!(genre::Entity::find_by_id(1).cached().one(&db))
            .unwrap()
            .name,
        "A"
    );
}

/// INSERT OR ROLLBACK inside a savepoint ends everything; the connection must be usable after.
#[tokio::test]
async fn h7_a_transaction_that_ended_inside_a_savepoint() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open_single().await;
    let conflict = "INSERT OR ROLLBACK INTO genre VALUES (1, 'x')";
    for end in ["commit", "rollback"] {
        let transaction = db.begin().await.unwrap();
        transaction
            .execute_unprepared("UPDATE genre SET name = 'A' WHERE id = 2")
            .await
            .unwrap();
        let savepoint = transaction.begin().await.unwrap();
        savepoint.execute_unprepared(conflict).await.unwrap_err();
        match end {
            "commit" => assert!(savepoint.commit().await.is_err()),
            _ => assert!(savepoint.rollback().await.is_err()),
        }
        assert!(transaction.commit().await.is_err());
        // A real transaction on the same connection.
        let transaction = db.begin().await.unwrap();
        transaction
            .execute_unprepared("UPDATE genre SET name = 'B' WHERE id = 2")
            .await
            .unwrap();
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
        db.execute_unprepared("UPDATE genre SET name = 'C' WHERE id = 2")
            .await
            .unwrap();
        assert_eq!(
            genre::Entity::find_by_id(2)
                .one(&db)
                .await
                .unwrap()
                .unwrap()
                .name,
            "C"
        );
        db.execute_unprepared("UPDATE genre SET name = 'Jazz' WHERE id = 2")
            .await
            .unwrap();
    }
}

/// H10: a commit that fails counts as done for the cache, and is an error for the caller.
#[tokio::test]
async fn h10_a_commit_that_fails_is_announced_and_told() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open_single().await;
    db.execute_unprepared(
        "CREATE TABLE note (id INTEGER PRIMARY KEY, genre_id INTEGER
             REFERENCES genre (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await
    .unwrap();
    let notes = || text("SELECT id FROM note").cached();
    miss!(notes().rows(&db));
    let transaction = db.begin().await.unwrap();
    transaction
        .execute_unprepared("INSERT INTO note VALUES (1, 77)")
        .await
        .unwrap();
    assert!(transaction.commit().await.is_err());
    let (rows, outcome) = read(notes().rows(&db)).await;
    assert_eq!((rows.rows.len(), outcome), (0, Outcome::Miss));
    db.execute_unprepared("INSERT INTO note VALUES (1, 1)")
        .await
        .unwrap();
    assert_eq!(notes().rows(&db).await.unwrap().rows, [[Stored::Int(1)]]);
}

/// Temporary objects belong to one connection, and no catalogue tells of them.
#[tokio::test]
async fn temporary_triggers_end_the_caching() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open_single().await;
    let names = || text("SELECT name FROM genre ORDER BY id").cached();
    miss!(names().rows(&db));
    db.execute_unprepared(
        "CREATE TEMP TRIGGER t AFTER UPDATE ON track BEGIN
             UPDATE genre SET name = 'T' WHERE id = NEW.genre_id; END",
    )
    .await
    .unwrap();
    db.execute_unprepared("UPDATE track SET unit_price = 1 WHERE id = 1")
        .await
        .unwrap();
    let (rows, queries) = larder_sea_orm::trace::scope(names().rows(&db)).await;
    assert_eq!(rows.unwrap().rows[0], [Stored::Text("T".into())]);
    assert!(matches!(queries[0].outcome, Outcome::Uncached(_)));
}

/// The policy of a cache is that of the connections on it.
#[tokio::test]
async fn the_caches_policy_holds_for_its_queries() {
    use std::time::Duration;
    let clock = std::sync::Arc::new(larder::ManualClock::default());
    let cache = Cache::builder()
        .clock(clock.clone())
        .policy(larder::Policy::new().ttl(Duration::from_secs(60)))
        .build()
        .unwrap();
    let connection = sea_orm::Database::connect("sqlite::memory:").await.unwrap();
    connection
        .execute_unprepared(crate::shop::SCHEMA)
        .await
        .unwrap();
    let db = CachedConnection::new(connection, cache).await.unwrap();
    let genres = || genre::Entity::find().cached();
    miss!(genres().all(&db));
    miss!(genres().ttl(Duration::from_secs(600)).one(&db));
    clock.advance(Duration::from_secs(61));
    miss!(genres().all(&db));
    hit!(genres().ttl(Duration::from_secs(600)).one(&db));
}

/// The word `desc` in a definition does not hide that a key is the rowid by another name.
#[tokio::test]
async fn a_column_called_desc_hides_no_key() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open_single().await;
    db.execute_unprepared("CREATE TABLE t (id INTEGER PRIMARY KEY, \"desc\" TEXT)")
        .await
        .unwrap();
    db.execute_unprepared("INSERT INTO t VALUES (1, 'x')")
        .await
        .unwrap();
    let ids = || text("SELECT id FROM t").cached();
    miss!(ids().rows(&db));
    db.execute_unprepared("UPDATE t SET rowid = 10 WHERE rowid = 1")
        .await
        .unwrap();
    assert_eq!(miss!(ids().rows(&db)).rows, [[Stored::Int(10)]]);
}

/// Virtual tables have rows that no catalogue explains.
#[tokio::test]
async fn virtual_tables_are_not_kept() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open_single().await;
    db.execute_unprepared("CREATE VIRTUAL TABLE ft USING fts5(body)")
        .await
        .unwrap();
    db.execute_unprepared("CREATE VIRTUAL TABLE words USING fts5vocab('ft', 'row')")
        .await
        .unwrap();
    for (body, words) in [("one", 1), ("two", 2)] {
        db.execute_unprepared(&format!("INSERT INTO ft VALUES ('{body}')"))
            .await
            .unwrap();
        let (rows, outcome) = read(text("SELECT term FROM words").cached().rows(&db)).await;
        assert_eq!(rows.rows.len(), words);
        assert!(matches!(outcome, Outcome::Uncached(_)));
    }
}

/// A setting that makes connections answer differently ends the caching.
#[tokio::test]
async fn settings_of_a_connection_end_the_caching() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open_single().await;
    let like = || text("SELECT name FROM genre WHERE name LIKE 'rock'").cached();
    assert_eq!(miss!(like().rows(&db)).rows.len(), 1);
    db.execute_unprepared("PRAGMA case_sensitive_like = ON")
        .await
        .unwrap();
    assert!(like().rows(&db).await.unwrap().rows.is_empty());
}

/// A write may be sent as a query: SeaORM does so where it expects rows.
#[tokio::test]
async fn an_update_sent_as_a_query_is_seen() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let one = || genre::Entity::find_by_id(1).cached();
    miss!(one().one(&db));
    let update = text("UPDATE genre SET name = 'A' WHERE id = 1");
    assert!(db.query_all_raw(update).await.unwrap().is_empty());
    assert_eq!(miss!(one().one(&db)).unwrap().name, "A");
}

/// A text with a transaction of its own that fails in the middle leaves none open.
#[tokio::test]
async fn a_text_that_fails_inside_its_transaction_is_rolled_back() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open_single().await;
    let one = || genre::Entity::find_by_id(1).cached();
    miss!(one().one(&db));
    let script = "BEGIN; UPDATE genre SET name = 'A' WHERE id = 1; INSERT INTO genre VALUES (1, 'x'); COMMIT";
    db.execute_unprepared(script).await.unwrap_err();
    assert_eq!(one().one(&db).await.unwrap().unwrap().name, "Rock");
    let transaction = db.begin().await.unwrap();
    transaction.rollback().await.unwrap();
}
