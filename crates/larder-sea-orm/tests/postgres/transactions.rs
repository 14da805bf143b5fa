//! AC-7 on PostgreSQL: serialization failures, chains, commits whose answer is lost, and those that
//! another session carries out.

use std::time::Duration;

use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use larder_servers::{Postgres, Proxy};
use sea_orm::{ConnectionTrait, Database, DbErr, IsolationLevel, Statement, TransactionTrait};

use crate::shop::{BACKEND, agree, database, options, text, wrapped, write};
use crate::{hit, miss};

const THINGS: &str = "
    CREATE TABLE thing (id integer PRIMARY KEY, kind integer NOT NULL, n integer NOT NULL);
    INSERT INTO thing VALUES (1, 1, 1), (2, 2, 1);";

fn of_kind(kind: i32) -> Cached<Statement> {
    let sql = "SELECT id, n FROM thing WHERE kind = $1 ORDER BY id";
    Statement::from_sql_and_values(BACKEND, sql, [kind.into()]).cached()
}

async fn warm(db: &CachedConnection) {
    of_kind(1).rows(db).await.expect("read");
    of_kind(2).rows(db).await.expect("read");
}

/// Counts one kind, and adds as many to the other.
async fn skew(
    db: &CachedConnection,
    from: i32,
    to: i32,
) -> Result<larder_sea_orm::CachedTransaction, DbErr> {
    let level = Some(IsolationLevel::Serializable);
    let transaction = db.begin_with_config(level, None).await?;
    of_kind(from).rows(&transaction).await?;
    let sql = format!("UPDATE thing SET n = n + 1 WHERE kind = {to}");
    transaction.execute_unprepared(&sql).await?;
    Ok(transaction)
}

/// H10: PostgreSQL may refuse at the COMMIT; whoever tries again commits.
#[tokio::test]
async fn h10_a_serialization_failure_at_the_commit_and_a_second_try() {
    let (db, _) = wrapped(THINGS).await;
    warm(&db).await;
    let first = skew(&db, 1, 2).await.expect("written");
    let second = skew(&db, 2, 1).await.expect("written");
    first.commit().await.expect("committed");
    second.commit().await.expect_err("one of two that cross");
    for kind in 1..=2 {
        agree(&db, || of_kind(kind), "after the failure").await;
    }
    let again = skew(&db, 2, 1).await.expect("written");
    hit!(of_kind(1).rows(&db));
    again.commit().await.expect("committed");
    miss!(of_kind(1).rows(&db));
    hit!(of_kind(2).rows(&db));
    for kind in 1..=2 {
        agree(&db, || of_kind(kind), "after the second try").await;
    }
}

/// H27: where an update met a row that has changed since the transaction began, the question before it
/// is refused as the update would have been.
#[tokio::test]
async fn h27_an_update_that_came_too_late_is_refused_as_without_the_cache() {
    let (db, _) = wrapped(THINGS).await;
    warm(&db).await;
    let level = Some(IsolationLevel::RepeatableRead);
    for late in [
        "UPDATE thing SET n = 5 WHERE kind = 1",
        "INSERT INTO thing VALUES (1, 2, 2) ON CONFLICT (id) DO UPDATE SET kind = 2",
    ] {
        let old = db.begin_with_config(level, None).await.expect("begun");
        of_kind(1).rows(&old).await.expect("read");
        write(&db, "UPDATE thing SET n = n + 1 WHERE id = 1").await;
        warm(&db).await;
        let error = old.execute_unprepared(late).await.expect_err(late);
        assert!(matches!(error, DbErr::Exec(_)), "{error:?}");
        assert!(error.to_string().contains("could not serialize"), "{error}");
        let _ = old.commit().await;
        for kind in 1..=2 {
            agree(&db, || of_kind(kind), late).await;
        }
    }
}

/// H7: what failed is not there, and a transaction in which something failed leaves what was kept as it
/// is, however it ends: rolled back, dropped, or committed as far as a savepoint.
#[tokio::test]
async fn h7_what_is_refused_and_rolled_back_drops_nothing() {
    let (db, _) = wrapped(THINGS).await;
    warm(&db).await;
    let update = "UPDATE thing SET n = n + 1 WHERE id = 1";
    let refused = "INSERT INTO thing VALUES (1, 1, 1)";
    let told = |error: DbErr| assert!(error.to_string().contains("duplicate key"), "{error}");
    // Alone.
    told(db.execute_unprepared(refused).await.expect_err("refused"));
    hit!(of_kind(1).rows(&db));
    for drops in [false, true] {
        let transaction = db.begin().await.expect("begun");
        transaction
            .execute_unprepared(update)
            .await
            .expect("written");
        told(
            transaction
                .execute_unprepared(refused)
                .await
                .expect_err("refused"),
        );
        let aborted = transaction.execute_unprepared(update).await;
        aborted.expect_err("it is spoilt");
        of_kind(1).rows(&transaction).await.expect_err("it is");
        match drops {
            true => drop(transaction),
            false => transaction.rollback().await.expect("rolled back"),
        }
        hit!(of_kind(1).rows(&db));
        hit!(of_kind(2).rows(&db));
    }
    // What is kept of it is announced, and once more what failed, which is safe.
    let transaction = db.begin().await.expect("begun");
    transaction
        .execute_unprepared(update)
        .await
        .expect("written");
    let savepoint = transaction.begin().await.expect("begun");
    told(
        savepoint
            .execute_unprepared(refused)
            .await
            .expect_err("refused"),
    );
    savepoint.rollback().await.expect("taken back");
    hit!(of_kind(1).rows(&db));
    transaction.commit().await.expect("committed");
    miss!(of_kind(1).rows(&db));
    for kind in 1..=2 {
        agree(&db, || of_kind(kind), "after the savepoint").await;
    }
}

/// What a chain begins belongs to nobody's commit: it is announced as it is written.
#[tokio::test]
async fn h7_commit_and_chain() {
    let (db, _) = wrapped(THINGS).await;
    for end in ["COMMIT AND CHAIN", "END AND CHAIN", "ROLLBACK AND CHAIN"] {
        warm(&db).await;
        let transaction = db.begin().await.expect("begun");
        for sql in ["UPDATE thing SET n = n + 1 WHERE id = 1", end] {
            transaction.execute_unprepared(sql).await.expect("done");
        }
        agree(&db, || of_kind(1), end).await;
        let update = "UPDATE thing SET n = n + 1 WHERE id = 2";
        transaction.execute_unprepared(update).await.expect("done");
        warm(&db).await;
        transaction.commit().await.expect("committed");
        for kind in 1..=2 {
            agree(&db, || of_kind(kind), end).await;
        }
    }
}

/// H11: what is prepared here is committed by another text, whoever sends it, and is seen with that.
#[tokio::test]
async fn h11_a_prepared_transaction_is_announced_when_it_is_committed() {
    let (db, url) = wrapped(THINGS).await;
    let name = url.rsplit('/').next().expect("a name").to_owned();
    for (end, n) in [("ROLLBACK", 1), ("COMMIT", 2)] {
        warm(&db).await;
        let transaction = db.begin().await.expect("begun");
        for sql in [
            "UPDATE thing SET n = n + 1 WHERE id = 1".to_owned(),
            format!("PREPARE TRANSACTION '{name}'"),
        ] {
            transaction.execute_unprepared(&sql).await.expect("done");
        }
        // It is no transaction any more: what is written in it is written.
        let update = "UPDATE thing SET n = n + 1 WHERE id = 2";
        transaction.execute_unprepared(update).await.expect("done");
        agree(&db, || of_kind(2), "written after it was prepared").await;
        let _ = transaction.commit().await;
        // Others keep what is committed meanwhile.
        warm(&db).await;
        hit!(of_kind(1).rows(&db));
        write(&db, &format!("{end} PREPARED '{name}'")).await;
        agree(&db, || of_kind(1), end).await;
        let kept = of_kind(1).rows(&db).await.expect("read");
        assert_eq!(kept.rows[0][1], larder_sea_orm::Stored::Int(n), "{end}");
    }
    let refused = db.execute_unprepared("PREPARE TRANSACTION 'x'").await;
    let refused = refused.expect_err("on a pool").to_string();
    assert!(refused.contains("begin()"), "{refused}");
}

/// What the server has, whatever comes between it and us.
async fn truth(name: &str) -> String {
    let name = name.to_owned();
    let sql = "SELECT n FROM thing WHERE id = 1";
    let asked = tokio::task::spawn_blocking(move || Postgres::shared().run_sql(&name, sql));
    asked.await.expect("asked").trim().to_owned()
}

/// Waits until the server has something else.
async fn has_changed(name: &str, before: &str) {
    for _ in 0..200 {
        if truth(name).await != before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it has never arrived");
}

/// H10: nobody knows whether a COMMIT without an answer has happened: it counts as if it had.
#[tokio::test(flavor = "multi_thread")]
async fn h10_a_commit_whose_answer_is_lost_counts_as_done() {
    let url = database(THINGS).await;
    let name = url.rsplit('/').next().expect("a name").to_owned();
    let proxy = Proxy::start(&Postgres::shared().address());
    let through = Postgres::shared().url_at(&proxy.address(), &name);
    let db = CachedConnection::builder(larder::Cache::memory())
        .connect(options(&through, 4))
        .await
        .expect("open");
    for arrives in [true, false] {
        warm(&db).await;
        let before = truth(&name).await;
        let transaction = db.begin().await.expect("begun");
        let update = "UPDATE thing SET n = n + 1 WHERE id = 1";
        transaction.execute_unprepared(update).await.expect("done");
        tokio::task::block_in_place(|| match arrives {
            true => proxy.half_open(),
            false => proxy.blackhole(),
        });
        let commits = tokio::spawn(transaction.commit());
        match arrives {
            true => has_changed(&name, &before).await,
            false => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        tokio::task::block_in_place(|| {
            proxy.cut();
            proxy.restore();
        });
        commits.await.expect("no panic").expect_err("no answer");
        assert_eq!(truth(&name).await != before, arrives);
        agree(&db, || of_kind(1), "after a commit without an answer").await;
    }
}

/// H10: the same for one write outside a transaction.
#[tokio::test(flavor = "multi_thread")]
async fn h10_a_write_whose_answer_is_lost_counts_as_done() {
    let url = database(THINGS).await;
    let name = url.rsplit('/').next().expect("a name").to_owned();
    let proxy = Proxy::start(&Postgres::shared().address());
    let through = Postgres::shared().url_at(&proxy.address(), &name);
    let db = CachedConnection::builder(larder::Cache::memory())
        .connect(options(&through, 4))
        .await
        .expect("open");
    // Nothing asks for values: the statement runs alone.
    let all = || text("SELECT id, n FROM thing ORDER BY id");
    miss!(all().rows(&db));
    let before = truth(&name).await;
    // It waits for another, so that its answer comes when nobody hears it.
    let other = Database::connect(options(&url, 1)).await.expect("open");
    let other = other.begin().await.expect("begun");
    let holds = "UPDATE thing SET n = n WHERE id = 1";
    other.execute_unprepared(holds).await.expect("held");
    let writes = tokio::spawn({
        let db = db.clone();
        let delete = "DELETE FROM thing WHERE id = 1";
        async move { db.execute_unprepared(delete).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    tokio::task::block_in_place(|| proxy.half_open());
    other.rollback().await.expect("let go");
    has_changed(&name, &before).await;
    tokio::task::block_in_place(|| {
        proxy.cut();
        proxy.restore();
    });
    writes.await.expect("no panic").expect_err("no answer");
    agree(&db, all, "after a write without an answer").await;
}
