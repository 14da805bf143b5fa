//! L5 with the cache: how often a snapshot runs, what it costs, and what it does between a commit and its
//! announcement.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use larder::{Memory, Near, Tag};
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{CachedConnection, CachedExt, Snapshot};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, EntityTrait, Statement,
    TransactionTrait,
};

use crate::entity::track;
use crate::fleet::{Fleet, Server};
use crate::shop::{Shop, options};

const REPRICE: &str = "UPDATE track SET unit_price = unit_price + 1 WHERE id IN (1, 2)";

async fn price(id: i32, at: &Snapshot) -> Result<i32, DbErr> {
    let track = track::Entity::find_by_id(id).cached().one(at).await?;
    Ok(track.map_or(0, |track| track.unit_price))
}

/// The prices of two tracks that always cost the same, with something done between the reads of each run.
struct Watched<'a> {
    db: &'a CachedConnection,
    runs: AtomicU32,
}

impl Watched<'_> {
    fn of(db: &CachedConnection) -> Watched<'_> {
        Watched {
            db,
            runs: AtomicU32::new(0),
        }
    }

    /// The two prices, how often it ran, and where the answers of its reads came from.
    async fn prices(
        &self,
        between: impl AsyncFn(u32) -> Result<(), DbErr>,
    ) -> ((i32, i32), u32, Vec<Outcome>) {
        self.runs.store(0, Ordering::SeqCst);
        let snapshot = self.db.snapshot(|at| {
            let between = &between;
            async move {
                let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
                let one = price(1, &at).await?;
                between(run).await?;
                Ok((one, price(2, &at).await?))
            }
        });
        let (prices, queries) = trace::scope(snapshot).await;
        let reads = queries
            .into_iter()
            .filter(|query| query.sql.starts_with("SELECT"));
        (
            prices.expect("it works"),
            self.runs.load(Ordering::SeqCst),
            reads.map(|query| query.outcome).collect(),
        )
    }
}

async fn nothing(_run: u32) -> Result<(), DbErr> {
    Ok(())
}

#[tokio::test]
async fn l5_reads_that_nobody_disturbs_run_once_and_are_hits() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let watched = Watched::of(&db);
    let (prices, runs, outcomes) = watched.prices(nothing).await;
    assert_eq!((prices, runs), ((99, 99), 1));
    assert_eq!(outcomes, [Outcome::Miss, Outcome::Miss]);
    let statements = db.statements();
    let (prices, runs, outcomes) = watched.prices(nothing).await;
    assert_eq!((prices, runs), ((99, 99), 1));
    assert_eq!(outcomes, [Outcome::Hit, Outcome::Hit]);
    assert_eq!(db.statements(), statements);
}

#[tokio::test]
async fn l5_a_write_between_two_reads_leads_to_a_second_run_and_a_second_one_to_a_transaction() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let watched = Watched::of(&db);
    for (writes, runs_expected, expected) in [(1, 2, 100), (2, 3, 102), (3, 3, 104), (9, 3, 107)] {
        let (prices, runs, _) = watched
            .prices(async |run| {
                if run <= writes {
                    db.execute_unprepared(REPRICE).await?;
                }
                Ok(())
            })
            .await;
        // What the last run has read first is what all of it shows: a write during it is not seen.
        assert_eq!(
            (prices, runs),
            ((expected, expected), runs_expected),
            "{writes}"
        );
    }
    // A write of another table, or of another row, disturbs nobody.
    for sql in [
        "UPDATE genre SET name = 'Blues' WHERE id = 2",
        "UPDATE track SET unit_price = 1 WHERE id = 3",
    ] {
        watched.prices(nothing).await;
        let (_, runs, _) = watched
            .prices(async |_| db.execute_unprepared(sql).await.map(|_| ()))
            .await;
        assert_eq!(runs, 1, "{sql}");
    }
}

/// A transaction of another program's that is committed and not announced, with its mark or without.
async fn commit(direct: &DatabaseConnection) -> Result<(), DbErr> {
    direct.execute_unprepared(REPRICE).await.map(|_| ())
}

/// Between a commit and its announcement an entry shows what was, a load what is, and no tag tells. The
/// writer's mark does.
#[tokio::test]
async fn l5_a_commit_that_is_not_announced_yet_tears_nothing() {
    let Shop { db, folder } = Shop::open().await;
    let direct = Database::connect(options(&folder.path().join("shop.db"), 1))
        .await
        .unwrap();
    let watched = Watched::of(&db);
    let read = |id| track::Entity::find_by_id(id).cached().one(&db);
    // One has an entry, the other has none.
    read(2).await.unwrap();
    watched.prices(nothing).await;
    let marked = Mutex::new(None);
    let (prices, runs, _) = watched
        .prices(async |run| {
            if run == 1 {
                let guard = Tag::guard(&Tag::table(db.database(), "track"));
                let mark = db.cache().mark(&[guard], &[]).await.expect("marked");
                *marked.lock().unwrap() = Some(mark);
                commit(&direct).await?;
            }
            Ok(())
        })
        .await;
    assert_eq!((prices, runs), ((100, 100), 3));
    // It goes on as long as the writer takes.
    let (prices, runs, _) = watched.prices(nothing).await;
    assert_eq!((prices, runs), ((100, 100), 3));
    // Other reads of the same moment are torn: a load and an entry.
    let one = read(1).await.unwrap().unwrap().unit_price;
    let other = read(2).await.unwrap().unwrap().unit_price;
    assert_eq!((one, other), (100, 99));
    db.invalidate_entity::<track::Entity>().await.unwrap();
    marked.lock().unwrap().take();
    let (prices, runs, _) = watched.prices(nothing).await;
    assert_eq!((prices, runs), ((100, 100), 1));
}

#[tokio::test]
async fn l5_what_cannot_be_cached_is_read_in_a_transaction_and_what_writes_is_refused() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let runs = AtomicU32::new(0);
    let text = |sql: &'static str| Statement::from_string(DbBackend::Sqlite, sql).cached();
    let rows = db.snapshot(|at| {
        runs.fetch_add(1, Ordering::SeqCst);
        async move {
            price(1, &at).await?;
            text("SELECT random()").rows(&at).await
        }
    });
    assert_eq!(rows.await.unwrap().rows.len(), 1);
    assert_eq!(runs.swap(0, Ordering::SeqCst), 2);
    let refused = db.snapshot(|at| {
        runs.fetch_add(1, Ordering::SeqCst);
        async move {
            text("INSERT INTO genre VALUES (9, 'Pop') RETURNING id")
                .rows(&at)
                .await
        }
    });
    assert!(refused.await.unwrap_err().to_string().contains("may write"));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    let genres = text("SELECT id FROM genre").rows(&db).await.unwrap();
    assert_eq!(genres.rows.len(), 3);
}

/// A sum that writers in other processes keep, over every store.
#[tokio::test]
async fn l5_sums_add_up_in_every_process() {
    for server in Server::all() {
        let name = server.name();
        let fleet = Fleet::new(server).await;
        let (reader, writer) = (fleet.process().await, fleet.process().await);
        let writes = tokio::spawn(async move {
            for n in 0..40 {
                let transaction = writer.begin().await.expect("a transaction");
                for sql in [
                    format!("UPDATE track SET unit_price = {n} WHERE id = 1"),
                    format!("UPDATE track SET unit_price = {} WHERE id = 2", 198 - n),
                ] {
                    transaction
                        .execute_unprepared(&sql)
                        .await
                        .expect("repriced");
                }
                transaction.commit().await.expect("committed");
            }
        });
        loop {
            let done = writes.is_finished();
            let sum = reader
                .snapshot(|at| async move { Ok(price(1, &at).await? + price(2, &at).await?) });
            assert_eq!(sum.await.expect("a sum"), 198, "{name}");
            if done {
                break;
            }
            // A hit waits for nothing.
            tokio::task::yield_now().await;
        }
        writes.await.expect("the writer is done");
    }
}

/// Where a snapshot is a transaction from the start, it refuses what may write all the same.
#[tokio::test]
async fn l5_what_writes_is_refused_also_where_a_snapshot_is_always_a_transaction() {
    let fleet = Fleet::new(Server::redis()).await;
    let near = Near::pushed(Memory::bytes_max(1 << 20));
    let cache = fleet.server.builder().await.near(near).build();
    let db = fleet.with(cache.expect("a cache"), |builder| builder).await;
    let text = |sql: &'static str| Statement::from_string(DbBackend::Sqlite, sql).cached();
    let prices = db.snapshot(|at| async move { price(1, &at).await });
    assert_eq!(prices.await.unwrap(), 99);
    let refused = db.snapshot(|at| async move {
        text("INSERT INTO genre VALUES (9, 'Pop') RETURNING id")
            .rows(&at)
            .await
    });
    assert!(refused.await.unwrap_err().to_string().contains("may write"));
    let genres = text("SELECT id FROM genre").rows(&db).await.unwrap();
    assert_eq!(genres.rows.len(), 3);
}
