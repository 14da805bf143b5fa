//! Strict reads (L4) where writers write beside one another and a commit may take its time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use larder::{Cache, Redis};
use larder_sea_orm::{CachedConnection, trace};
use larder_servers::{Postgres, Proxy};
use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait};

use crate::entity::genre;
use crate::fleet::{Fleet, PATIENCE, Server};
use crate::shop::Place;
use crate::strictly::{is_hit, one, rename};

/// Longer than a new guard is left alone before it is confirmed.
const RIPE: Duration = Duration::from_millis(1_000);

fn a_redis() -> Server {
    Server::redis()
}

fn redis(fleet: &Fleet) -> &larder_servers::Redis {
    match &fleet.server {
        Server::Redis(redis) => redis,
        _ => unreachable!("it was asked for"),
    }
}

/// A server of its own: what is done to it is done to all who are on it.
async fn own() -> Arc<Postgres> {
    let started = tokio::task::spawn_blocking(|| Arc::new(Postgres::start())).await;
    started.expect("a server")
}

/// Commits wait for a standby that is not there, or no longer.
fn hold_commits(postgres: &Postgres, hold: bool) {
    let order = match hold {
        true => "SET synchronous_standby_names = 'nobody'",
        false => "RESET synchronous_standby_names",
    };
    postgres.run_sql("postgres", &format!("ALTER SYSTEM {order};"));
    postgres.run_sql("postgres", "SELECT pg_reload_conf();");
    let wanted = if hold { "nobody" } else { "" };
    larder_servers::until("the order has arrived", || {
        postgres.run_sql("postgres", "SHOW synchronous_standby_names") == wanted
    });
}

async fn until_cached(db: &CachedConnection) {
    let deadline = Instant::now() + PATIENCE;
    while !is_hit(one().one(db)).await {
        assert!(Instant::now() < deadline, "cached");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until_uncached(db: &CachedConnection) {
    let deadline = Instant::now() + PATIENCE;
    while is_hit(one().one(db)).await {
        assert!(Instant::now() < deadline, "marked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the database says, and what a strict read says after it.
async fn both(db: &CachedConnection) -> (String, String) {
    let direct = genre::Entity::find_by_id(1).one(db).await;
    let direct = direct.expect("a read").expect("a genre").name;
    let cached = one().one(db).await.expect("a read").expect("a genre");
    (direct, cached.name.clone())
}

/// For so long nothing is served or stored, and every answer is the database's.
async fn never_cached_for(db: &CachedConnection, time: Duration, why: &str) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        assert!(!is_hit(one().one(db)).await, "{why}");
        let (direct, cached) = both(db).await;
        assert_eq!(direct, cached, "{why}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// H4: everybody else sees the commit, and the writer cannot say so yet.
#[tokio::test(flavor = "multi_thread")]
async fn h4_a_writer_between_its_commit_and_its_bump_is_never_hidden_from_a_strict_reader() {
    let postgres = own().await;
    let fleet = Fleet::at(Place::on(&postgres).await, a_redis());
    let proxy = Proxy::start(&redis(&fleet).address());
    let far = Redis::builder()
        .url(&format!("redis://{}", proxy.address()))
        .connect_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .connect()
        .await
        .expect("a server");
    let reader = fleet.built(|builder| builder.strict()).await;
    let namespace = reader.cache().namespace().name();
    let cache = Cache::builder().namespace(namespace).store(far).build();
    let writer = fleet.with(cache.expect("a cache"), |builder| builder).await;
    until_cached(&reader).await;
    hold_commits(&postgres, true);
    let writing = tokio::spawn(async move { rename(&writer, "New").await });
    until_uncached(&reader).await;
    assert_eq!(both(&reader).await, ("Rock".to_owned(), "Rock".to_owned()));
    proxy.stall();
    hold_commits(&postgres, false);
    let deadline = Instant::now() + PATIENCE;
    while both(&reader).await.0 != "New" {
        assert!(Instant::now() < deadline, "committed");
    }
    never_cached_for(&reader, RIPE, "a commit that is not announced").await;
    assert!(!writing.is_finished());
    proxy.restore();
    writing.await.expect("a task").expect("a new name");
    until_cached(&reader).await;
    assert_eq!(both(&reader).await, ("New".to_owned(), "New".to_owned()));
}

/// H14: the store loses the mark of a writer whose commit is on its way.
#[tokio::test(flavor = "multi_thread")]
async fn h14_a_mark_that_is_lost_before_a_slow_commit_hides_nothing() {
    let postgres = own().await;
    let fleet = Fleet::at(Place::on(&postgres).await, a_redis());
    let writer = fleet.built(|builder| builder.strict()).await;
    let reader = fleet.built(|builder| builder.strict()).await;
    until_cached(&reader).await;
    hold_commits(&postgres, true);
    let writing = tokio::spawn(async move { rename(&writer, "New").await });
    until_uncached(&reader).await;
    redis(&fleet).flush();
    never_cached_for(&reader, RIPE, "a mark was lost").await;
    assert!(!writing.is_finished());
    hold_commits(&postgres, false);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (direct, cached) = both(&reader).await;
        assert!(direct == cached || direct == "Rock", "{cached}");
        if direct == "New" {
            break;
        }
        assert!(Instant::now() < deadline, "committed");
    }
    writing.await.expect("a task").expect("a new name");
    until_cached(&reader).await;
    assert_eq!(both(&reader).await, ("New".to_owned(), "New".to_owned()));
}

/// H11: what is prepared may be committed by anyone at any time.
#[tokio::test(flavor = "multi_thread")]
async fn h11_a_prepared_transaction_is_a_writer_that_has_not_ended() {
    let postgres = own().await;
    let fleet = Fleet::at(Place::on(&postgres).await, a_redis());
    let reader = fleet.built(|builder| builder.strict()).await;
    let prepare = "BEGIN; UPDATE genre SET name = 'New' WHERE id = 1; PREPARE TRANSACTION 'p';";
    postgres.run_sql("shop", prepare);
    never_cached_for(&reader, RIPE, "prepared").await;
    reader
        .execute_unprepared("COMMIT PREPARED 'p'")
        .await
        .expect("a commit");
    assert_eq!(both(&reader).await, ("New".to_owned(), "New".to_owned()));
    until_cached(&reader).await;
    assert_eq!(both(&reader).await, ("New".to_owned(), "New".to_owned()));
}

/// Transactions of which one is always at work put off only the guards that were there when they wrote.
#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_overlap_do_not_put_off_for_ever() {
    let postgres = own().await;
    let fleet = Fleet::at(Place::on(&postgres).await, a_redis());
    let (reader, writer) = (
        fleet.built(|builder| builder.strict()).await,
        fleet.process().await,
    );
    let begin = async || {
        let transaction = writer.begin().await.expect("a transaction");
        let insert = "INSERT INTO album (title) VALUES ('New')";
        transaction.execute_unprepared(insert).await.expect("one");
        transaction
    };
    let mut last = begin().await;
    never_cached_for(&reader, RIPE, "a writer is at work").await;
    let deadline = Instant::now() + PATIENCE;
    while !is_hit(one().one(&reader)).await {
        let next = begin().await;
        last.rollback().await.expect("no album more");
        last = next;
        assert!(Instant::now() < deadline, "cached");
    }
    last.rollback().await.expect("no album more");
}

/// What a strict read and a strict write cost.
#[tokio::test]
async fn a_strict_hit_is_one_trip_and_a_strict_write_no_statement_more() {
    let (fleet, others) = (Fleet::new(a_redis()).await, Fleet::new(a_redis()).await);
    let strict = fleet.built(|builder| builder.strict()).await;
    let plain = others.process().await;
    // So that both have to learn their rows.
    until_cached(&plain).await;
    let (_, queries) = trace::scope(rename(&plain, "One")).await;
    let usual: u64 = queries.iter().map(|query| query.statements).sum();
    until_cached(&strict).await;

    let monitor = redis(&fleet).monitor();
    let before = strict.statements();
    assert!(is_hit(one().one(&strict)).await);
    assert_eq!(
        strict.statements(),
        before,
        "a hit asks the database nothing"
    );
    let asked = asked_of(monitor.stop());
    assert_eq!(asked, ["MGET"], "a hit");

    let monitor = redis(&fleet).monitor();
    let (_, queries) = trace::scope(rename(&strict, "One")).await;
    let statements: u64 = queries.iter().map(|query| query.statements).sum();
    assert_eq!(statements, usual, "{queries:?}");
    // One look and one script for the marks, before the bumps. They go after the write, on a task.
    let asked = asked_of(monitor.stop());
    let bumps = asked.iter().position(|command| command == "GETRANGE");
    let marks = &asked[..bumps.expect("bumps")];
    let scripts = marks.iter().filter(|command| *command == "EVALSHA");
    assert!(scripts.count() == 1 && marks.len() <= 4, "{asked:?}");
}

/// The commands that a server was sent, without those by which a link asks whether it is still the
/// same server.
fn asked_of(lines: Vec<String>) -> Vec<String> {
    let command = |line: &String| line.split('"').nth(1).unwrap_or_default().to_owned();
    let commands = lines.iter().map(command);
    commands.filter(|command| command != "INFO").collect()
}
