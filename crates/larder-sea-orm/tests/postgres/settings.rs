//! AC-7, H31: what a transaction sets for itself ends with it, and so does what larder makes of it.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use crate::shop::{BACKEND, agree, read, text, wrapped, write};
use crate::{hit, miss};

const SCHEMA: &str = "
    CREATE TABLE thing (id integer PRIMARY KEY, kind integer NOT NULL, n integer NOT NULL);
    INSERT INTO thing VALUES (1, 1, 1), (2, 2, 1);
    CREATE SCHEMA old; CREATE TABLE old.thing (LIKE thing INCLUDING ALL);
    INSERT INTO old.thing VALUES (1, 1, 1);";

fn of_kind(kind: i32) -> Cached<Statement> {
    let sql = "SELECT n FROM thing WHERE kind = $1";
    Statement::from_sql_and_values(BACKEND, sql, [kind.into()]).cached()
}

fn old() -> Cached<Statement> {
    text("SELECT n FROM old.thing WHERE id = 1")
}

async fn warm(db: &CachedConnection) {
    of_kind(1).rows(db).await.expect("read");
    of_kind(2).rows(db).await.expect("read");
    old().rows(db).await.expect("read");
}

/// What the application sets for its triggers and policies, and how long it is willing to wait.
#[tokio::test]
async fn what_changes_no_meaning_costs_no_precision() {
    let (db, _) = wrapped(SCHEMA).await;
    for sql in [
        "SET LOCAL lock_timeout = '5s'",
        "SET LOCAL app.tenant = '7'",
        "SELECT set_config('app.tenant', '7', true)",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    ] {
        warm(&db).await;
        let transaction = db.begin().await.expect("begun");
        transaction.execute_unprepared(sql).await.expect("set");
        let update = "UPDATE thing SET n = n + 1 WHERE id = 1";
        transaction
            .execute_unprepared(update)
            .await
            .expect("written");
        transaction.commit().await.expect("committed");
        assert_eq!(read(of_kind(1).rows(&db)).await.1, Outcome::Miss, "{sql}");
        assert_eq!(read(of_kind(2).rows(&db)).await.1, Outcome::Hit, "{sql}");
        assert_eq!(read(old().rows(&db)).await.1, Outcome::Hit, "{sql}");
    }
}

/// The same words mean another table.
#[tokio::test]
async fn h31_what_gives_names_another_meaning_drops_everything_once() {
    let (db, _) = wrapped(SCHEMA).await;
    for sql in [
        "SET LOCAL search_path = old",
        "SELECT set_config('search_path', 'old', true)",
        "SET LOCAL search_path = old; SELECT 1",
    ] {
        warm(&db).await;
        let transaction = db.begin().await.expect("begun");
        transaction.execute_unprepared(sql).await.expect("set");
        for update in [
            "UPDATE thing SET n = n + 1 WHERE id = 1",
            "INSERT INTO thing VALUES (1, 1, 1) ON CONFLICT (id) DO UPDATE SET n = thing.n + 1",
        ] {
            transaction
                .execute_unprepared(update)
                .await
                .expect("written");
        }
        hit!(old().rows(&db));
        transaction.commit().await.expect("committed");
        agree(&db, old, sql).await;
        agree(&db, || of_kind(1), sql).await;
        // And that was all: reads are kept, and writes are known by their rows.
        warm(&db).await;
        hit!(of_kind(1).rows(&db));
        write(&db, "UPDATE thing SET n = n + 1 WHERE id = 1").await;
        hit!(of_kind(2).rows(&db));
        miss!(of_kind(1).rows(&db));
    }
}

#[tokio::test]
async fn h7_what_is_rolled_back_was_never_set() {
    let (db, _) = wrapped(SCHEMA).await;
    warm(&db).await;
    let transaction = db.begin().await.expect("begun");
    for sql in [
        "SET LOCAL search_path = old",
        "UPDATE thing SET n = 9 WHERE id = 1",
    ] {
        transaction.execute_unprepared(sql).await.expect("done");
    }
    transaction.rollback().await.expect("rolled back");
    hit!(old().rows(&db));
    hit!(of_kind(1).rows(&db));
}

/// A trigger that asks for what the transaction has set.
#[tokio::test]
async fn h29_a_trigger_that_reads_what_was_set_drops_what_it_writes() {
    let (db, _) = wrapped(&format!(
        "{SCHEMA}
         CREATE TABLE log (tenant text NOT NULL, n integer NOT NULL);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO log VALUES (current_setting('app.tenant', true), NEW.n); RETURN NEW; END $$;
         CREATE TRIGGER noted AFTER UPDATE ON thing FOR EACH ROW EXECUTE FUNCTION note();"
    ))
    .await;
    let of_tenant = || text("SELECT n FROM log WHERE tenant = '7'");
    assert!(miss!(of_tenant().rows(&db)).rows.is_empty());
    let transaction = db.begin().await.expect("begun");
    for sql in [
        "SET LOCAL app.tenant = '7'",
        "UPDATE thing SET n = 2 WHERE id = 1",
    ] {
        transaction.execute_unprepared(sql).await.expect("done");
    }
    transaction.commit().await.expect("committed");
    assert_eq!(miss!(of_tenant().rows(&db)).rows.len(), 1);
}

/// What stays with a connection of the pool ends caching, as before.
#[tokio::test]
async fn h31_what_outlives_its_transaction_ends_caching() {
    for sql in [
        "SET search_path = 'public'",
        "SET LOCAL standard_conforming_strings = off",
        "SELECT set_config('app.tenant', '7', false)",
        "INSERT INTO thing VALUES (3, 3, 3) RETURNING set_config('app.tenant', '7', false)",
    ] {
        let (db, _) = wrapped(SCHEMA).await;
        warm(&db).await;
        let transaction = db.begin().await.expect("begun");
        transaction.execute_unprepared(sql).await.expect("set");
        transaction.commit().await.expect("committed");
        let (_, outcome) = read(of_kind(1).rows(&db)).await;
        assert!(
            matches!(outcome, Outcome::Uncached(_)),
            "{sql}: {outcome:?}"
        );
    }
}
