//! Schedules that are known to be dangerous, again and again with other delays.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastrand::Rng;
use larder_sea_orm::{Cached, CachedConnection, CachedExt, Stored};
use sea_orm::{ConnectionTrait, IsolationLevel, Statement, TransactionTrait};

use super::Ground;
use super::reads::Reads;
use crate::shop::BACKEND;

/// A read that takes a while: what it sees was there when it began.
const SLOW: &str = "\
    SELECT t.unit_price, (SELECT count(*) FROM track a, track b, track c, track d, track e) \
    FROM track t WHERE t.id = 1";

fn slow() -> Cached<Statement> {
    Statement::from_string(BACKEND, SLOW).cached()
}

/// The price that the slow read tells.
async fn price(db: &CachedConnection) -> i64 {
    let rows = slow().rows(db).await.expect("it reads");
    match rows.rows[0][0] {
        Stored::Int(price) => price,
        ref other => panic!("no price: {other:?}"),
    }
}

async fn set_price(db: &CachedConnection, price: u32) {
    let text = format!("UPDATE track SET unit_price = {price} WHERE id = 1");
    db.execute_unprepared(&text).await.expect("it writes");
}

/// So that the slow read takes some milliseconds.
async fn fill(db: &CachedConnection) {
    let rows: Vec<String> = (10..16)
        .map(|id| format!("({id}, 'More', NULL, 2, 1)"))
        .collect();
    let text = format!("INSERT INTO track VALUES {}", rows.join(", "));
    db.execute_unprepared(&text).await.expect("it writes");
}

/// H1: a write commits before, between and after the load's look at the versions, its statement, and
/// the entry. Whoever reads after the write has returned sees it.
#[tokio::test(flavor = "multi_thread")]
async fn h1_a_load_that_a_write_overtakes_is_not_kept() {
    let ground = Ground::new().await;
    let [db, other] = &ground.writers;
    fill(db).await;
    let began = std::time::Instant::now();
    price(db).await;
    let once = began.elapsed();
    let mut rng = Rng::with_seed(7);
    for new in 1000..1025 {
        // Makes the next read a load.
        set_price(db, new - 500).await;
        let load = tokio::spawn({
            let db = db.clone();
            async move { price(&db).await }
        });
        tokio::time::sleep(once.mul_f64(rng.f64() * 1.2)).await;
        set_price(other, new).await;
        assert_eq!(price(db).await, i64::from(new), "after the write");
        load.await.expect("no panic");
        assert_eq!(price(other).await, i64::from(new), "after the load");
    }
}

/// H38: many ask for what is not there while it is written. Each that begins after the write has
/// returned sees it, though it may find a load under way; and few loads are made for all of them.
#[tokio::test(flavor = "multi_thread")]
async fn h38_a_crowd_that_a_write_overtakes_sees_it() {
    let ground = Ground::new().await;
    let [db, other] = ground.writers.clone();
    fill(&db).await;
    let acked = Arc::new(AtomicU32::new(99));
    let mut rng = Rng::with_seed(8);
    for new in 2000..2006 {
        let crowd = (0..24).map(|_| {
            let (db, acked) = (db.clone(), acked.clone());
            let delay = Duration::from_micros(rng.u64(0..6000));
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                let floor = acked.load(Ordering::SeqCst);
                let seen = price(&db).await;
                assert!(seen >= i64::from(floor), "{seen} after {floor}");
            })
        });
        let crowd: Vec<_> = crowd.collect();
        tokio::time::sleep(Duration::from_micros(rng.u64(0..4000))).await;
        set_price(&other, new).await;
        acked.store(new, Ordering::SeqCst);
        for reader in crowd {
            reader.await.expect("nobody saw the past");
        }
        assert_eq!(price(&db).await, i64::from(new));
    }
}

/// H5: a transaction sees the past, and what it reads is kept by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn h5_a_transaction_of_the_past_fills_nothing() {
    let ground = Ground::new().await;
    let [db, other] = &ground.writers;
    for (new, level) in
        (3000..3010).zip([None, Some(IsolationLevel::RepeatableRead)].iter().cycle())
    {
        let past = db.begin_with_config(*level, None).await.expect("begun");
        let seen = slow().rows(&past).await.expect("it reads");
        set_price(other, new).await;
        let again = slow().rows(&past).await.expect("it reads");
        assert_eq!(price(db).await, i64::from(new), "while it is open");
        // Both may be of the past; with READ COMMITTED the second is not.
        drop((seen, again));
        past.commit().await.expect("ended");
        assert_eq!(price(other).await, i64::from(new), "after it");
        for place in 0..Reads::COUNT {
            let checked = ground.reads.check(db, place).await;
            checked.expect("nothing is old");
        }
    }
}

/// H27: a write waits for another's row, and finds it changed: what the row was before is what the
/// other has made of it.
#[tokio::test(flavor = "multi_thread")]
async fn h27_a_row_that_changes_while_a_write_waits_for_it_is_left_by_all() {
    let ground = Ground::new().await;
    let [db, other] = &ground.writers;
    for round in 0..12 {
        for place in 0..Reads::COUNT {
            ground.reads.check(db, place).await.expect("nothing is old");
        }
        let (from, way, to) = (1 + round % 3, 1 + (round + 1) % 3, 1 + (round + 2) % 3);
        let first = db.begin().await.expect("begun");
        let text = format!("UPDATE track SET genre_id = {way} WHERE id = 1");
        first.execute_unprepared(&text).await.expect("written");
        let waits = tokio::spawn({
            let other = other.clone();
            async move {
                let text = format!("UPDATE track SET genre_id = {to} WHERE id = 1");
                other.execute_unprepared(&text).await
            }
        });
        tokio::time::sleep(Duration::from_millis(15)).await;
        // Meanwhile somebody keeps what the row is in the end for the first.
        first.commit().await.expect("committed");
        for place in 3..6 {
            Reads::kept(db, place).await.expect("it reads");
        }
        waits.await.expect("no panic").expect("written");
        for place in 0..Reads::COUNT {
            let checked = ground.reads.check(other, place).await;
            checked.unwrap_or_else(|wrong| panic!("round {round}, from {from}: {wrong}"));
        }
    }
}

/// H3, H36: whoever asked for a commit goes away in the middle of it. It is told all the same.
#[tokio::test(flavor = "multi_thread")]
async fn h36_a_commit_that_nobody_waits_for_is_told() {
    let ground = Ground::new().await;
    let [db, other] = &ground.writers;
    let mut rng = Rng::with_seed(9);
    for round in 0..20 {
        let transaction = db.begin().await.expect("begun");
        let text = format!(
            "UPDATE track SET unit_price = {} WHERE id = 1",
            4000 + round
        );
        transaction
            .execute_unprepared(&text)
            .await
            .expect("written");
        let limit = Duration::from_micros(rng.u64(0..600));
        let _ = tokio::time::timeout(limit, transaction.commit()).await;
        agree(&ground, other, round).await;
        let write = "UPDATE genre SET name = 'Quiet' WHERE id = 3";
        other.execute_unprepared(write).await.expect("written");
        // The commit may have been later than all that.
        agree(&ground, db, round).await;
    }
}

/// When what nobody waits for ends nobody knows: until then the database may change between two looks, and
/// what was kept may be older. In the end it is not.
async fn agree(ground: &Ground, db: &CachedConnection, round: i32) {
    let mut last = Ok(());
    for _ in 0..500 {
        last = Ok(());
        for place in [0, 3, 6] {
            last = last.and(ground.reads.check(db, place).await);
        }
        if last.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    last.unwrap_or_else(|wrong| panic!("round {round}: {wrong}"));
}
