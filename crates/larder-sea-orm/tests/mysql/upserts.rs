//! AC-13, CB-3, H27: upserts, `REPLACE` and `INSERT IGNORE`, of which MySQL tells a count and no rows.

use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{Cached, CachedConnection};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use crate::miss;
use crate::shop::{Shop, bound, read};

const PEOPLE: &str = "
    CREATE TABLE person (
        id INT AUTO_INCREMENT PRIMARY KEY,
        mail VARCHAR(20) UNIQUE,
        team INT NOT NULL DEFAULT 1,
        name VARCHAR(20) NOT NULL DEFAULT '');
    INSERT INTO person (id, mail, team) VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
    CREATE TABLE pet (id INT PRIMARY KEY, owner INT NOT NULL,
        FOREIGN KEY (owner) REFERENCES person (id) ON DELETE CASCADE);
    INSERT INTO pet VALUES (1, 1), (2, 2);";

fn team(team: i32) -> Cached<Statement> {
    bound(
        "SELECT id, mail, name FROM person WHERE team = ? ORDER BY id",
        [team.into()],
    )
}

/// Keeps all teams, runs a text, and gives the teams of which the answer was dropped. Whatever they are,
/// what is kept is what the database has.
async fn dropped(db: &CachedConnection, sql: &str) -> Vec<i32> {
    for number in 1..=5 {
        team(number).rows(db).await.expect("read");
    }
    db.execute_unprepared(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut dropped = Vec::new();
    for number in 1..=5 {
        let (_, outcome) = read(team(number).rows(db)).await;
        if outcome != Outcome::Hit {
            dropped.push(number);
        }
    }
    agree(db, sql).await;
    dropped
}

/// Every team as it is kept is the team as it is.
async fn agree(db: &CachedConnection, why: &str) {
    for number in 1..=5 {
        let kept = team(number).rows(db).await.expect("read");
        let now = db.begin().await.expect("begun");
        let fresh = team(number).rows(&now).await.expect("read");
        now.rollback().await.expect("rolled back");
        assert_eq!(kept.rows, fresh.rows, "{why}: team {number}");
    }
}

const ALL: [i32; 5] = [1, 2, 3, 4, 5];

#[tokio::test]
async fn cb3_an_upsert_is_known_by_the_keys_that_it_is_given() {
    let Shop { db, .. } = Shop::of(PEOPLE).await;
    for (sql, expected) in [
        (
            "INSERT INTO person (id, mail, team) VALUES (1, 'a', 4) \
             ON DUPLICATE KEY UPDATE team = VALUES(team)",
            vec![1, 4],
        ),
        (
            "INSERT INTO person (id, mail, team) VALUES (2, 'b', 3), (10, 'n', 5) \
             ON DUPLICATE KEY UPDATE team = VALUES(team), name = 'moved'",
            vec![2, 3, 5],
        ),
        // Met, and left as it is.
        (
            "INSERT INTO person (id, mail, team) VALUES (3, 'x', 3) \
             ON DUPLICATE KEY UPDATE team = VALUES(team)",
            vec![],
        ),
        (
            "INSERT INTO person (id, mail, team) VALUES (3, 'x', 1) ON DUPLICATE KEY UPDATE id = id",
            vec![],
        ),
        // Met by another key than the one that is given.
        (
            "INSERT INTO person (id, mail, team) VALUES (20, 'a', 1) \
             ON DUPLICATE KEY UPDATE team = VALUES(team)",
            ALL.to_vec(),
        ),
        // Twice the same row, and back to where it was.
        (
            "INSERT INTO person (id, mail, team) VALUES (1, 'a', 5), (1, 'a', 1) \
             ON DUPLICATE KEY UPDATE team = VALUES(team)",
            ALL.to_vec(),
        ),
        // Its key is given by the database.
        (
            "INSERT INTO person (mail, team) VALUES ('a', 2) \
             ON DUPLICATE KEY UPDATE team = VALUES(team)",
            ALL.to_vec(),
        ),
        (
            "INSERT INTO person (id, mail, team) SELECT 1, 'a', 1 \
             ON DUPLICATE KEY UPDATE team = VALUES(team)",
            ALL.to_vec(),
        ),
    ] {
        assert_eq!(dropped(&db, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn cb3_replace_is_known_by_the_keys_that_it_is_given() {
    let Shop { db, .. } = Shop::of(PEOPLE).await;
    let pets = || bound("SELECT id FROM pet ORDER BY id", []);
    assert_eq!(miss!(pets().rows(&db)).rows.len(), 2);
    for (sql, expected) in [
        (
            "REPLACE INTO person (id, mail, team) VALUES (1, 'a', 4)",
            vec![1, 4],
        ),
        (
            "REPLACE INTO person (id, mail, team, name) VALUES (1, 'a', 4, 'named'), (11, 'o', 5, 'x')",
            vec![4, 5],
        ),
        // It takes the mail of another, and with it the other.
        (
            "REPLACE INTO person (id, mail, team, name) VALUES (1, 'b', 4, 'named')",
            ALL.to_vec(),
        ),
        (
            "REPLACE INTO person (mail, team) VALUES ('c', 1)",
            ALL.to_vec(),
        ),
    ] {
        assert_eq!(dropped(&db, sql).await, expected, "{sql}");
    }
    // Those whose owner was deleted and came again are gone.
    assert!(miss!(pets().rows(&db)).rows.is_empty());
}

/// One that counts nothing for a row that stays as it was must not hide one that it deletes.
#[tokio::test]
async fn h27_a_replace_that_changes_nothing_hides_no_other() {
    let Shop { db, .. } = Shop::of(
        "CREATE TABLE person (id INT PRIMARY KEY, mail VARCHAR(20) UNIQUE, team INT NOT NULL,
             name VARCHAR(20) NOT NULL DEFAULT '');
         INSERT INTO person (id, mail, team) VALUES (1, 'a', 1), (2, 'b', 2), (9, 'z', 5);",
    )
    .await;
    let sql = "REPLACE INTO person (id, mail, team) VALUES (1, 'a', 1), (2, 'z', 2)";
    assert_eq!(dropped(&db, sql).await, ALL);
}

#[tokio::test]
async fn cb3_what_insert_ignore_passes_over_drops_no_more_than_itself() {
    let Shop { db, .. } = Shop::of(PEOPLE).await;
    for (sql, expected) in [
        (
            "INSERT IGNORE INTO person (id, mail, team) VALUES (12, 'p', 4)",
            vec![4],
        ),
        // Passed over, but named: taken for new where it is.
        (
            "INSERT IGNORE INTO person (id, mail, team) VALUES (1, 'x', 2), (13, 'q', 5)",
            vec![1, 5],
        ),
        // Passed over for its mail: no such key.
        (
            "INSERT IGNORE INTO person (id, mail, team) VALUES (14, 'b', 3), (15, 'r', 3)",
            ALL.to_vec(),
        ),
        // Made to fit.
        (
            "INSERT IGNORE INTO person (id, mail, team) VALUES (99999999999, 's', 2)",
            ALL.to_vec(),
        ),
    ] {
        assert_eq!(dropped(&db, sql).await, expected, "{sql}");
    }
}

/// H27: a row that comes in after it was looked for, and is met.
#[tokio::test(flavor = "multi_thread")]
async fn h27_a_row_that_comes_in_before_the_upsert_meets_it_is_widened() {
    for upsert in [
        "INSERT INTO person (id, mail, team) VALUES (50, 'new', 5) \
         ON DUPLICATE KEY UPDATE team = VALUES(team)",
        "REPLACE INTO person (id, mail, team) VALUES (50, 'new', 5)",
    ] {
        let Shop { db, .. } = Shop::of(PEOPLE).await;
        let first = db.begin().await.expect("begun");
        let insert = "INSERT INTO person (id, mail, team) VALUES (50, 'new', 4)";
        first.execute_unprepared(insert).await.expect("written");
        for number in 1..=5 {
            team(number).rows(&db).await.expect("read");
        }
        let second = db.begin().await.expect("begun");
        let waits = tokio::spawn(async move {
            second.execute_unprepared(upsert).await.expect("written");
            second
        });
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(!waits.is_finished(), "it waits for the first");
        first.commit().await.expect("committed");
        let second = waits.await.expect("no panic");
        // Somebody keeps the row as the first has left it.
        assert_eq!(miss!(team(4).rows(&db)).rows.len(), 1, "{upsert}");
        second.commit().await.expect("committed");
        agree(&db, upsert).await;
    }
}

/// H5, H27: a transaction that sees the past counts by the present.
#[tokio::test]
async fn h5_an_upsert_in_a_transaction_that_sees_the_past() {
    let Shop { db, .. } = Shop::of(PEOPLE).await;
    let old = db.begin().await.expect("begun");
    let past = Statement::from_string(crate::shop::BACKEND, "SELECT team FROM person");
    old.query_all_raw(past).await.expect("read");
    db.execute_unprepared("UPDATE person SET team = 4 WHERE id = 1")
        .await
        .expect("written");
    db.execute_unprepared("INSERT INTO person (id, mail, team) VALUES (30, 'late', 4)")
        .await
        .expect("written");
    for number in 1..=5 {
        team(number).rows(&db).await.expect("read");
    }
    // The first is what it is to be already, the second was not there.
    let upsert = "INSERT INTO person (id, mail, team) VALUES (1, 'a', 4), (30, 'late', 2) \
                  ON DUPLICATE KEY UPDATE team = VALUES(team)";
    old.execute_unprepared(upsert).await.expect("written");
    old.commit().await.expect("committed");
    agree(&db, upsert).await;
}

/// H27: those that put the same people into teams, all at once. New ones do not wait for each other's
/// places.
#[tokio::test(flavor = "multi_thread")]
async fn h27_upserts_beside_one_another_leave_nothing_old() {
    let Shop { db, .. } = Shop::of(PEOPLE).await;
    for round in 0..4 {
        let writers = (0..3).map(|writer| {
            let db = db.clone();
            tokio::spawn(async move {
                for step in 0..25 {
                    let id = 100 + (step * 7 + writer * 3 + round) % 5;
                    let number = 1 + (step + writer) % 5;
                    let sql = match step % 5 {
                        4 => format!("DELETE FROM person WHERE id = {id}"),
                        3 => format!("REPLACE INTO person (id, team) VALUES ({id}, {number})"),
                        _ => format!(
                            "INSERT INTO person (id, team) VALUES ({id}, {number}) \
                             ON DUPLICATE KEY UPDATE team = VALUES(team)"
                        ),
                    };
                    // A deadlock is an answer, too.
                    let _ = db.execute_unprepared(&sql).await;
                    team(number).rows(&db).await.expect("read");
                    team(1 + number % 5).rows(&db).await.expect("read");
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.expect("no panic");
        }
        agree(&db, &format!("round {round}")).await;
    }
}

/// New rows beside one another: what is not there is not locked, so that nobody waits for ever.
#[tokio::test(flavor = "multi_thread")]
async fn upserts_of_new_rows_do_not_fail_each_other() {
    let Shop { db, .. } = Shop::of(PEOPLE).await;
    team(1).rows(&db).await.expect("read");
    let writers = (0..4).map(|writer| {
        let db = db.clone();
        tokio::spawn(async move {
            for step in 0..20 {
                let id = 1000 + step * 4 + writer;
                let sql = format!(
                    "INSERT INTO person (id, team) VALUES ({id}, 1) \
                     ON DUPLICATE KEY UPDATE team = VALUES(team)"
                );
                db.execute_unprepared(&sql).await.expect("no deadlock");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no panic");
    }
    agree(&db, "new rows").await;
}

/// The look after an upsert that met a row by another key finds nothing under the key that was given, and locks no
/// place there: others write beside it while its transaction is open.
#[tokio::test]
async fn an_upsert_that_meets_another_key_locks_no_place() {
    let Shop { db, .. } = Shop::of(PEOPLE).await;
    for number in 1..=3 {
        miss!(team(number).rows(&db));
    }
    let open = db.begin().await.expect("begun");
    let meets = "INSERT INTO person (id, mail, team) VALUES (60, 'a', 2) \
                 ON DUPLICATE KEY UPDATE team = VALUES(team)";
    open.execute_unprepared(meets).await.expect("written");
    let beside = "INSERT INTO person (id, mail, team) VALUES (61, 'z', 3)";
    let limit = std::time::Duration::from_secs(10);
    let beside = tokio::time::timeout(limit, db.execute_unprepared(beside)).await;
    beside.expect("it waits for nobody").expect("written");
    miss!(team(3).rows(&db));
    open.commit().await.expect("committed");
    agree(&db, meets).await;
}

/// BEGIN, what is there, its lock, the upsert, what is there now, COMMIT.
#[tokio::test]
async fn an_upsert_costs_six_statements() {
    let Shop { db, .. } = Shop::of(PEOPLE).await;
    miss!(team(1).rows(&db));
    for (id, expected) in [(1, 6), (60, 5)] {
        let upsert = format!(
            "INSERT INTO person (id, team) VALUES ({id}, 2) ON DUPLICATE KEY UPDATE team = VALUES(team)"
        );
        let (done, queries) = trace::scope(db.execute_unprepared(&upsert)).await;
        done.expect("written");
        // Once a second the schema is compared, too.
        let sent = queries[0].statements;
        assert!((expected..=expected + 1).contains(&sent), "{queries:?}");
    }
}
