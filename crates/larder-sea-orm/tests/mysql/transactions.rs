//! AC-7 on MariaDB: commits whose answer is lost, distributed transactions, and the level that locks what
//! it reads.

use std::time::Duration;

use larder_sea_orm::{Cached, CachedConnection};
use larder_servers::{MariaDb, Proxy};
use sea_orm::{ConnectOptions, ConnectionTrait, IsolationLevel, Statement, TransactionTrait};

use crate::shop::{Shop, bound, make};
use crate::{hit, miss};

const THINGS: &str = "
    CREATE TABLE thing (id INT PRIMARY KEY, kind INT NOT NULL, n INT NOT NULL);
    INSERT INTO thing VALUES (1, 1, 1), (2, 2, 1);";

fn of_kind(kind: i32) -> Cached<Statement> {
    let sql = "SELECT id, n FROM thing WHERE kind = ? ORDER BY id";
    bound(sql, [kind.into()])
}

async fn warm(db: &CachedConnection) {
    of_kind(1).rows(db).await.expect("read");
    of_kind(2).rows(db).await.expect("read");
}

/// What is kept is what the database has.
async fn agree(db: &CachedConnection, why: &str) {
    for kind in 1..=2 {
        let kept = of_kind(kind).rows(db).await.expect("read");
        let now = db.begin().await.expect("begun");
        let fresh = of_kind(kind).rows(&now).await.expect("read");
        now.rollback().await.expect("rolled back");
        assert_eq!(kept.rows, fresh.rows, "{why}: kind {kind}");
    }
}

/// What the server has, whatever comes between it and us.
async fn truth(name: &str) -> String {
    let name = name.to_owned();
    let sql = "SELECT n FROM thing WHERE id = 1";
    let asked = tokio::task::spawn_blocking(move || MariaDb::shared().run_sql(&name, sql));
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
    let name = make(THINGS);
    let proxy = Proxy::start(&MariaDb::shared().address());
    let mut options = ConnectOptions::new(MariaDb::shared().url_at(&proxy.address(), &name));
    options.max_connections(4).sqlx_logging(false);
    let db = CachedConnection::builder(larder::Cache::memory())
        .connect(options)
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
        agree(&db, "after a commit without an answer").await;
    }
}

/// Waits until the server has ended a session: before, nobody else can end what it has prepared.
async fn has_ended(shop: &Shop, session: &str) {
    let number = session.lines().last().expect("the session's number");
    let there = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE id = {number}");
    for _ in 0..200 {
        if shop.elsewhere(&there).lines().last() == Some("0") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("session {number} has never ended");
}

/// H11: what another session has prepared is seen when it is committed through the connection.
#[tokio::test]
async fn h11_a_prepared_transaction_is_announced_when_it_is_committed() {
    let shop = Shop::of(THINGS).await;
    let (db, name) = (&shop.db, shop.name());
    for (end, n) in [("ROLLBACK", 1), ("COMMIT", 2)] {
        let session = shop.elsewhere(&format!(
            "SELECT CONNECTION_ID(); XA START '{name}'; UPDATE thing SET n = n + 1 WHERE id = 1;
             XA END '{name}'; XA PREPARE '{name}';"
        ));
        has_ended(&shop, &session).await;
        warm(db).await;
        hit!(of_kind(1).rows(db));
        db.execute_unprepared(&format!("XA {end} '{name}'"))
            .await
            .expect("ended");
        let kept = miss!(of_kind(1).rows(db));
        assert_eq!(kept.rows[0][1], larder_sea_orm::Stored::Int(n), "{end}");
        agree(db, end).await;
    }
}

/// H6, H11: one that stays with a connection of the pool would show others what nobody has committed.
#[tokio::test]
async fn h11_a_distributed_transaction_on_a_pool_is_refused() {
    let Shop { db, .. } = Shop::of(THINGS).await;
    for sql in [
        "START TRANSACTION",
        "XA START 'a'",
        "xa begin 'a'",
        "XA START 'a'; UPDATE thing SET n = 9; XA END 'a'; XA PREPARE 'a'",
    ] {
        let error = db.execute_unprepared(sql).await.expect_err(sql).to_string();
        assert!(error.contains("begin()"), "{sql}: {error}");
    }
    warm(&db).await;
    agree(&db, "nothing was begun").await;
}

/// A level at which reads lock: its locks are the transaction's, and its writes are known.
#[tokio::test]
async fn h7_a_serializable_transaction_that_read_and_wrote() {
    let Shop { db, .. } = Shop::of(THINGS).await;
    warm(&db).await;
    let level = Some(IsolationLevel::Serializable);
    let transaction = db.begin_with_config(level, None).await.expect("begun");
    of_kind(1).rows(&transaction).await.expect("read");
    for sql in [
        "UPDATE thing SET n = n + 1 WHERE kind = 1",
        "INSERT INTO thing VALUES (1, 1, 5) ON DUPLICATE KEY UPDATE n = n + 10",
    ] {
        transaction.execute_unprepared(sql).await.expect("written");
    }
    hit!(of_kind(1).rows(&db));
    transaction.commit().await.expect("committed");
    miss!(of_kind(1).rows(&db));
    hit!(of_kind(2).rows(&db));
    agree(&db, "serializable").await;
}
