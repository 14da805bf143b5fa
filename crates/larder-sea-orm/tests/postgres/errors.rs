//! Errors on PostgreSQL, where one spoils the whole transaction: callers are told what they would be told
//! without the cache, and nothing is committed behind their backs.

use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use sea_orm::{ConnectionTrait, Database, DbErr, SqlErr, Statement, TransactionTrait};

use crate::shop::{BACKEND, agree, options, text, wrapped};
use crate::{hit, miss};

const THINGS: &str = "
    CREATE TABLE thing (id integer PRIMARY KEY, kind integer NOT NULL, n integer NOT NULL);
    INSERT INTO thing VALUES (1, 1, 1), (2, 2, 1);
    CREATE TABLE part (id integer PRIMARY KEY, thing integer NOT NULL REFERENCES thing (id));";

fn of_kind(kind: i32) -> Cached<Statement> {
    let sql = "SELECT id, n FROM thing WHERE kind = $1 ORDER BY id";
    Statement::from_sql_and_values(BACKEND, sql, [kind.into()]).cached()
}

async fn warm(db: &CachedConnection) {
    of_kind(1).rows(db).await.expect("read");
    of_kind(2).rows(db).await.expect("read");
}

/// A condition that fails does so in the question before the update.
#[tokio::test]
async fn h27_a_question_that_fails_spoils_the_transaction_and_is_told() {
    let (db, _) = wrapped(THINGS).await;
    warm(&db).await;
    let fails = "UPDATE thing SET n = 7 WHERE n / (id - 1) > 0";
    let told = |error: DbErr| {
        assert!(matches!(error, DbErr::Exec(_)), "{error:?}");
        assert!(error.to_string().contains("division by zero"), "{error}");
    };
    told(db.execute_unprepared(fails).await.expect_err("alone"));
    let transaction = db.begin().await.expect("begun");
    let update = "UPDATE thing SET n = 5 WHERE id = 2";
    transaction
        .execute_unprepared(update)
        .await
        .expect("written");
    told(
        transaction
            .execute_unprepared(fails)
            .await
            .expect_err("in it"),
    );
    let error = transaction.execute_unprepared(update).await;
    let error = error.expect_err("spoilt").to_string();
    assert!(error.contains("aborted"), "{error}");
    let _ = transaction.commit().await;
    for kind in 1..=2 {
        agree(&db, || of_kind(kind), fails).await;
    }
    // A savepoint takes the error back, and the transaction goes on.
    warm(&db).await;
    let transaction = db.begin().await.expect("begun");
    let savepoint = transaction.begin().await.expect("begun");
    told(
        savepoint
            .execute_unprepared(fails)
            .await
            .expect_err("in it"),
    );
    savepoint.rollback().await.expect("taken back");
    transaction
        .execute_unprepared(update)
        .await
        .expect("written");
    transaction.commit().await.expect("committed");
    for kind in 1..=2 {
        agree(&db, || of_kind(kind), "after a savepoint").await;
    }
}

/// What is wrong is said in the database's own words and kinds.
#[tokio::test]
async fn the_callers_own_error_is_not_hidden() {
    let (db, _) = wrapped(THINGS).await;
    warm(&db).await;
    let taken = "INSERT INTO thing VALUES (3, 1, 1), (1, 1, 1)";
    let missing = "INSERT INTO part VALUES (1, 99)";
    let unique =
        |error: Option<SqlErr>| matches!(error, Some(SqlErr::UniqueConstraintViolation(_)));
    let foreign =
        |error: Option<SqlErr>| matches!(error, Some(SqlErr::ForeignKeyConstraintViolation(_)));
    let error = db.execute_unprepared(taken).await.expect_err("taken");
    assert!(unique(error.sql_err()), "{error:?}");
    let error = db.execute_unprepared(missing).await.expect_err("missing");
    assert!(foreign(error.sql_err()), "{error:?}");
    let transaction = db.begin().await.expect("begun");
    let error = transaction.execute_unprepared(taken).await;
    let error = error.expect_err("taken");
    assert!(unique(error.sql_err()), "{error:?}");
    transaction.rollback().await.expect("rolled back");
    let returning = format!("{taken} RETURNING id");
    let error = db
        .query_all_raw(Statement::from_string(BACKEND, returning))
        .await;
    let error = error.expect_err("taken");
    assert!(unique(error.sql_err()), "{error:?}");
    let unknown = "UPDATE thing SET colour = 1 WHERE kind = 1";
    let error = db.execute_unprepared(unknown).await.expect_err("unknown");
    assert!(error.to_string().contains("colour"), "{error}");
    for kind in 1..=2 {
        agree(&db, || of_kind(kind), "after errors").await;
    }
}

/// Two that have added rows to one parent, of which one then changes the parent: neither waits.
#[tokio::test]
async fn images_take_no_lock_that_checks_of_foreign_keys_wait_for() {
    let (db, _) = wrapped(THINGS).await;
    warm(&db).await;
    let first = db.begin().await.expect("begun");
    let second = db.begin().await.expect("begun");
    let part = |id| format!("INSERT INTO part VALUES ({id}, 1)");
    first.execute_unprepared(&part(1)).await.expect("written");
    second.execute_unprepared(&part(2)).await.expect("written");
    let update = "UPDATE thing SET n = n + 1 WHERE kind = 1";
    let limit = std::time::Duration::from_secs(20);
    let written = tokio::time::timeout(limit, first.execute_unprepared(update)).await;
    written.expect("it does not wait").expect("written");
    first.commit().await.expect("committed");
    second.commit().await.expect("committed");
    miss!(of_kind(1).rows(&db));
    hit!(of_kind(2).rows(&db));
}

/// Who may write and not read writes as without the cache, and others see it.
#[tokio::test]
async fn missing_privileges_widen_and_forbid_nothing() {
    let (db, url) = wrapped(THINGS).await;
    let name = url.rsplit('/').next().expect("a name").to_owned();
    let writer = format!("writer_{name}");
    db.execute_unprepared(&format!(
        "CREATE ROLE {writer} LOGIN; GRANT INSERT, UPDATE (n), DELETE ON thing TO {writer};"
    ))
    .await
    .expect("a role");
    let as_writer = url.replacen("postgres@", &format!("{writer}@"), 1);
    assert_ne!(as_writer, url);
    let plain = Database::connect(options(&as_writer, 2))
        .await
        .expect("open");
    let blind = CachedConnection::new(plain, db.cache().clone())
        .await
        .expect("open");
    for sql in [
        "UPDATE thing SET n = 5",
        "INSERT INTO thing VALUES (3, 1, 1)",
        "INSERT INTO thing VALUES (4, 2, 1) ON CONFLICT DO NOTHING",
        "DELETE FROM thing",
    ] {
        warm(&db).await;
        blind
            .execute_unprepared(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        for kind in 1..=2 {
            agree(&db, || of_kind(kind), sql).await;
        }
    }
    let error = text("SELECT n FROM thing").rows(&blind).await;
    let error = error.expect_err("it may not read").to_string();
    assert!(error.contains("permission denied"), "{error}");
}
