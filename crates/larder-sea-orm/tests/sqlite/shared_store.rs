//! Processes that share a store: what one writes, the next read of another sees, and a hit costs
//! neither of them a statement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use larder::{Event, Observer};
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedConnection, CachedExt, RawRows, Stored};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, Database, DbBackend, EntityTrait, QueryFilter,
    Select, Set, Statement,
};

use crate::entity::track;
use crate::fleet::{Fleet, PATIENCE, Server};
use crate::shop::read;
use crate::{hit, miss};

fn rock() -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(1))
        .cached()
}

async fn reprice<C: ConnectionTrait>(db: &C, id: i32, price: i32) {
    let track = track::ActiveModel {
        id: Set(id),
        unit_price: Set(price),
        ..Default::default()
    };
    track.update(db).await.expect("a new price");
}

fn text(sql: &str) -> Cached<Statement> {
    Statement::from_string(DbBackend::Sqlite, sql).cached()
}

fn numbers(rows: &RawRows) -> Vec<i64> {
    let number = |row: &Vec<Stored>| match row[0] {
        Stored::Int(number) => number,
        ref other => panic!("a number: {other:?}"),
    };
    rows.rows.iter().map(number).collect()
}

#[tokio::test]
async fn a_hit_is_one_mget() {
    let fleet = Fleet::new(Server::redis()).await;
    let Server::Redis(redis) = &fleet.server else {
        unreachable!("it was asked for")
    };
    let db = fleet.process().await;
    miss!(rock().all(&db));
    let monitor = redis.monitor();
    hit!(rock().all(&db));
    let mut asked = monitor.stop();
    // A link asks now and then whether its server is still the one that it was.
    asked.retain(|line| !line.starts_with("\"INFO\""));
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert!(asked[0].starts_with("\"MGET\""), "{asked:#?}");
}

const CHEAP: &str = "SELECT id FROM cheap ORDER BY id";

async fn define(db: &CachedConnection, select: &str) {
    db.execute_unprepared("DROP VIEW IF EXISTS cheap")
        .await
        .expect("no view");
    db.execute_unprepared(&format!("CREATE VIEW cheap AS {select}"))
        .await
        .expect("a view");
}

/// The other process has a plan, and entries made by it, for a schema that is no more.
#[tokio::test]
async fn a_schema_changed_by_one_process_is_followed_by_the_next_read_of_another() {
    for server in Server::far() {
        let fleet = Fleet::new(server).await;
        let one = fleet.process().await;
        define(&one, "SELECT id FROM track WHERE unit_price = 99").await;
        let other = fleet.process().await;
        let (cheap, _) = read(text(CHEAP).rows(&one)).await;
        assert_eq!(numbers(&cheap), [1, 2, 4]);
        hit!(text(CHEAP).rows(&other));

        define(&one, "SELECT id FROM album WHERE id < 3").await;
        let (albums, queries) = larder_sea_orm::trace::scope(text(CHEAP).rows(&other)).await;
        assert_eq!(numbers(&albums.expect("rows")), [1, 2]);
        assert_eq!(queries[0].outcome, Outcome::Miss);
        hit!(text(CHEAP).rows(&other));
        // Whoever comes second has what the first has loaded, by the same plan.
        hit!(text(CHEAP).rows(&one));

        // Its tags are those of the new view.
        one.execute_unprepared("DELETE FROM album WHERE id = 2")
            .await
            .expect("an album less");
        assert_eq!(numbers(&read(text(CHEAP).rows(&other)).await.0), [1]);
        hit!(text(CHEAP).rows(&other));
        reprice(&one, 3, 99).await;
        hit!(text(CHEAP).rows(&other));
    }
}

/// Lets another process change the schema as soon as this one has looked for an answer in vain.
struct Meddler {
    other: CachedConnection,
    done: AtomicBool,
}

impl Observer for Meddler {
    fn event(&self, event: &Event<'_>) {
        if !matches!(event, Event::Miss { .. }) || self.done.swap(true, Ordering::Relaxed) {
            return;
        }
        let change = define(&self.other, "SELECT id FROM album WHERE id < 3");
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(change));
    }
}

/// The read was planned with the old schema, and its load begins with the new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_changed_between_the_look_and_the_load_is_followed() {
    for server in Server::far() {
        let fleet = Fleet::new(server).await;
        let other = fleet.process().await;
        define(&other, "SELECT id FROM track WHERE unit_price = 99").await;
        let meddler = Meddler {
            other: other.clone(),
            done: AtomicBool::new(false),
        };
        let cache = fleet.server.watched(Some(Arc::new(meddler))).await;
        let one = fleet.with(cache, |builder| builder).await;
        let albums = text(CHEAP).rows(&one).await.expect("rows");
        assert_eq!(numbers(&albums), [1, 2]);
        hit!(text(CHEAP).rows(&one));
        // Its tags are those of the new view.
        other
            .execute_unprepared("DELETE FROM album WHERE id = 2")
            .await
            .expect("an album less");
        let albums = text(CHEAP).rows(&one).await.expect("rows");
        assert_eq!(numbers(&albums), [1], "{}", fleet.server.name());
    }
}

/// CAVEATS: the entries that another program's change of the schema makes wrong are served until
/// somebody loads or writes; then no more, by no process.
#[tokio::test]
async fn a_schema_changed_behind_our_back_is_noticed_by_the_next_load_of_any_process() {
    for server in Server::far() {
        let fleet = Fleet::new(server).await;
        let (one, other) = (fleet.process().await, fleet.process().await);
        define(&one, "SELECT id FROM track WHERE unit_price = 99").await;
        let (_, _) = read(text(CHEAP).rows(&one)).await;
        let _ = larder_sea_orm::trace::scope(text(CHEAP).rows(&other)).await;
        hit!(text(CHEAP).rows(&other));

        let stranger = Database::connect(fleet.options())
            .await
            .expect("a connection");
        for sql in [
            "DROP VIEW cheap",
            "CREATE VIEW cheap AS SELECT id FROM album WHERE id < 3",
        ] {
            stranger.execute_unprepared(sql).await.expect("a view");
        }
        hit!(text(CHEAP).rows(&other));
        // A load of something else, in the other process.
        let (_, queries) =
            larder_sea_orm::trace::scope(text("SELECT count(*) FROM genre").rows(&one)).await;
        assert_eq!(queries[0].outcome, Outcome::Miss);
        let (albums, _) = larder_sea_orm::trace::scope(text(CHEAP).rows(&other)).await;
        assert_eq!(
            numbers(&albums.expect("rows")),
            [1, 2],
            "{}",
            fleet.server.name()
        );
        hit!(text(CHEAP).rows(&other));
    }
}

/// A statement that fails is not run a second time by a plan that did not change.
#[tokio::test]
async fn a_load_that_fails_is_the_callers_to_repeat() {
    for server in Server::far() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let nothing = "SELECT id FROM track WHERE nothing = 1";
        let before = db.statements();
        let failed = text(nothing).rows(&db).await.expect_err("no such column");
        assert!(failed.to_string().contains("nothing"), "{failed}");
        assert_eq!(
            db.statements() - before,
            2,
            "the schema, and the statement once"
        );
    }
}

#[tokio::test]
async fn reads_and_writes_go_on_while_the_server_is_down() {
    let fleet = Fleet::new(Server::redis()).await;
    let Server::Redis(redis) = &fleet.server else {
        unreachable!("it was asked for")
    };
    let (one, other) = (fleet.process().await, fleet.process().await);
    miss!(rock().all(&one));
    redis.kill();
    let (tracks, outcome) = read(rock().all(&other)).await;
    assert_ne!(outcome, Outcome::Hit);
    assert_eq!(tracks[0].unit_price, 99);
    reprice(&one, 1, 129).await;
    assert_eq!(rock().all(&other).await.expect("tracks")[0].unit_price, 129);
    redis.restart();
    // Links come back a little later.
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let (tracks, outcome) = read(rock().all(&other)).await;
        assert_eq!(tracks[0].unit_price, 129);
        if outcome == Outcome::Hit {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "cached again");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
