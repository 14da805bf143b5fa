//! Strict reads (L4) where a commit can be made to wait for readers.

use std::sync::Arc;
use std::time::Instant;

use larder::{Event, MissReason, Observer};
use larder_sea_orm::{Cached, CachedExt, RawRows, Stored};
use sea_orm::{ConnectionTrait, Database, DbBackend, EntityTrait, Statement, TransactionTrait};
use sqlx::sqlite::SqliteJournalMode;
use tokio::sync::watch;

use crate::entity::genre;
use crate::fleet::{Fleet, PATIENCE, Server};
use crate::shop::Place;
use crate::strictly::is_hit;

fn count(table: &str) -> Cached<Statement> {
    let sql = format!("SELECT count(*) FROM {table}");
    Statement::from_string(DbBackend::Sqlite, sql).cached()
}

/// Counts the misses that a mark has caused.
#[derive(Default)]
struct Marked(watch::Sender<u32>);

impl Observer for Marked {
    fn event(&self, event: &Event<'_>) {
        if let Event::Miss {
            reason: MissReason::Marked,
            ..
        } = event
        {
            self.0.send_modify(|count| *count += 1);
        }
    }
}

/// A write is held up between its marks and the end of its commit: in a database without a
/// write-ahead log a commit waits for the readers.
#[tokio::test]
async fn only_strict_tables_are_marked() {
    for server in Server::all() {
        let name = server.name();
        let fleet = Fleet::at(Place::journalled(SqliteJournalMode::Delete).await, server);
        let marked = Arc::new(Marked::default());
        let watched = fleet.server.watched(Some(marked.clone())).await;
        let one = fleet
            .built(|builder| builder.strict_tables(["Track"]))
            .await;
        // One write changes both tables.
        one.execute_unprepared(
            "CREATE TRIGGER noted AFTER INSERT ON track \
             BEGIN INSERT INTO genre (name) VALUES (new.name); END",
        )
        .await
        .expect("a trigger");
        let other = fleet
            .with(watched, |builder| builder.strict_tables(["track"]))
            .await;
        for table in ["track", "genre"] {
            let deadline = Instant::now() + PATIENCE;
            while !is_hit(count(table).rows(&other)).await {
                assert!(Instant::now() < deadline, "{name}: {table} is cached");
            }
        }
        let stranger = Database::connect(fleet.options()).await.expect("a pool");
        let reader = stranger.begin().await.expect("a transaction");
        let seen = genre::Entity::find().all(&reader).await;
        assert_eq!(seen.expect("genres").len(), 3);
        let writer = tokio::spawn(async move {
            one.execute_unprepared(
                "INSERT INTO track (name, genre_id, unit_price) VALUES ('New', 1, 99)",
            )
            .await
        });
        // Until the mark is there this is a hit; then it may wait for the writer.
        let mut told = marked.0.subscribe();
        let bypass = {
            let other = other.clone();
            tokio::spawn(async move {
                while is_hit(count("track").rows(&other)).await {
                    tokio::task::yield_now().await;
                }
            })
        };
        let seen = tokio::time::timeout(PATIENCE, told.wait_for(|count| *count > 0)).await;
        seen.expect("track is marked").expect("an observer");
        assert!(
            is_hit(count("genre").rows(&other)).await,
            "{name}: genre is not strict"
        );
        reader.rollback().await.expect("the reader goes");
        writer.await.expect("a task").expect("a track more");
        bypass.await.expect("a read");
        let number = |rows: Arc<RawRows>| rows.rows[0][0].clone();
        let tracks = count("track").rows(&other).await.expect("rows");
        assert_eq!(number(tracks), Stored::Int(5), "{name}");
        let genres = count("genre").rows(&other).await.expect("rows");
        assert_eq!(number(genres), Stored::Int(4), "{name}");
    }
}
