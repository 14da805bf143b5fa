//! AC-13, CB-3: every kind of write through a connection is seen by every process, on every store, and
//! does what it does without the cache.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::prelude::Expr;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set,
    Statement,
};

use crate::asked::counted;
use crate::entity::{album, genre, playlist_track, track};
use crate::fleet::{Fleet, Server};
use crate::shop::{BACKEND, TRIGGER};
use crate::{hit, miss};

fn of_genre(genre: i32) -> larder_sea_orm::Cached<sea_orm::Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .order_by_asc(track::Column::Id)
        .cached()
}

async fn warm(db: &CachedConnection) {
    for genre in 1..=3 {
        miss!(of_genre(genre).all(db));
    }
}

fn new(id: i32, genre_id: i32) -> track::ActiveModel {
    let model = track::Model {
        id,
        name: format!("Track {id}"),
        album_id: None,
        genre_id,
        unit_price: 9,
    };
    track::ActiveModel::from(model)
}

/// In bulk, and nobody asks for the rows.
#[tokio::test]
async fn bulk_writes_drop_what_they_change_and_no_more() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        warm(&db).await;
        let inserted = track::Entity::insert_many([new(10, 1), new(11, 1)])
            .exec_without_returning(&writer)
            .await
            .unwrap();
        assert_eq!(inserted, 2);
        assert_eq!(miss!(of_genre(1).all(&db)).len(), 4);
        hit!(of_genre(2).all(&db));
        let price = Expr::col(track::Column::UnitPrice).add(1);
        let updated = track::Entity::update_many()
            .col_expr(track::Column::UnitPrice, price)
            .filter(track::Column::GenreId.eq(1))
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(updated.rows_affected, 4);
        assert_eq!(miss!(of_genre(1).all(&db))[0].unit_price, 100);
        hit!(of_genre(2).all(&db));
        let moved = track::Entity::update_many()
            .col_expr(track::Column::GenreId, Expr::value(2))
            .filter(track::Column::GenreId.eq(3))
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(moved.rows_affected, 1);
        assert!(miss!(of_genre(3).all(&db)).is_empty());
        assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
        hit!(of_genre(1).all(&db));
        let deleted = track::Entity::delete_many()
            .filter(track::Column::GenreId.eq(2))
            .exec(&writer)
            .await
            .unwrap();
        assert_eq!(deleted.rows_affected, 2);
        assert!(miss!(of_genre(2).all(&db)).is_empty());
        hit!(of_genre(1).all(&db));
    }
}

#[tokio::test]
async fn text_with_several_statements() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        warm(&db).await;
        miss!(genre::Entity::find().cached().all(&db));
        let two = "UPDATE track SET unit_price = 1 WHERE id = 1; -- one; two\n \
                   DELETE FROM track WHERE id = 4;";
        writer.execute_unprepared(two).await.unwrap();
        assert_eq!(miss!(of_genre(1).all(&db))[0].unit_price, 1);
        assert!(miss!(of_genre(3).all(&db)).is_empty());
        hit!(genre::Entity::find().cached().all(&db));
        writer
            .execute_unprepared("BEGIN; UPDATE track SET unit_price = 2 WHERE id = 1; COMMIT;")
            .await
            .unwrap();
        assert_eq!(miss!(of_genre(1).all(&db))[0].unit_price, 2);
    }
}

#[tokio::test]
async fn transactions_by_text_on_a_pool_are_refused() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        for sql in [
            "BEGIN",
            "COMMIT",
            "SAVEPOINT a",
            "BEGIN; UPDATE track SET unit_price = 2",
            "UPDATE track SET unit_price = 2; COMMIT",
        ] {
            let error = db.execute_unprepared(sql).await.unwrap_err().to_string();
            assert!(error.contains("begin()"), "{sql}: {error}");
        }
    }
}

/// A statement that nobody understands may have changed anything.
#[tokio::test]
async fn text_that_cannot_be_parsed_drops_everything() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        warm(&db).await;
        let _ = writer
            .execute_unprepared("FROBNICATE track")
            .await
            .unwrap_err();
        for genre in 1..=3 {
            miss!(of_genre(genre).all(&db));
        }
    }
}

#[tokio::test]
async fn cascades_reach_other_tables() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        let of_album = |album| {
            track::Entity::find()
                .filter(track::Column::AlbumId.eq(album))
                .cached()
        };
        let links = || playlist_track::Entity::find().cached();
        miss!(of_album(2).all(&db));
        miss!(links().all(&db));
        // SET NULL
        album::Entity::delete_by_id(2).exec(&writer).await.unwrap();
        assert!(miss!(of_album(2).all(&db)).is_empty());
        hit!(links().all(&db));
        // CASCADE
        track::Entity::delete_by_id(3).exec(&writer).await.unwrap();
        assert_eq!(miss!(links().all(&db)).len(), 1);
    }
}

#[tokio::test]
async fn ddl_through_the_connection_is_noticed() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.single().await;
        let all = || Statement::from_string(BACKEND, "SELECT * FROM genre ORDER BY id").cached();
        assert_eq!(miss!(all().rows(&db)).columns.len(), 2);
        db.execute_unprepared("ALTER TABLE genre ADD COLUMN mood TEXT")
            .await
            .unwrap();
        assert_eq!(miss!(all().rows(&db)).columns.len(), 3);
    }
}

/// H32: migrations and schema sync run on the inner connection: SeaORM accepts no wrapper there. The next
/// read knows, and so does the next write, over every store.
#[tokio::test]
async fn h32_ddl_on_the_inner_connection_is_noticed_by_the_next_read() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.single().await;
        let all = || Statement::from_string(BACKEND, "SELECT * FROM genre ORDER BY id").cached();
        let columns = async || all().rows(&db).await.unwrap().columns.len();
        assert_eq!(columns().await, 2);
        let inner = db.inner();
        for (count, column) in (3..).zip(["mood", "tempo", "colour"]) {
            // Kept, by the schema that is about to go.
            assert_eq!(columns().await, count - 1);
            let alter = format!("ALTER TABLE genre ADD COLUMN {column} VARCHAR(9)");
            inner.execute_unprepared(&alter).await.unwrap();
            assert_eq!(
                columns().await,
                count,
                "{column} over {}",
                fleet.server.name()
            );
        }
        // One that was given out before, and is gone before anybody reads.
        inner
            .execute_unprepared("ALTER TABLE genre ADD COLUMN year INTEGER")
            .await
            .unwrap();
        drop(inner);
        assert_eq!(columns().await, 6);
        // To look costs a statement, until it is said that it need not be.
        let (_, outcomes, statements) = counted(all().rows(&db)).await;
        assert_eq!((outcomes, statements), (vec![Outcome::Hit], 1));
        db.schema_changed().await.unwrap();
        all().rows(&db).await.unwrap();
        hit!(all().rows(&db));
        db.execute_unprepared("UPDATE genre SET mood = 'loud' WHERE id = 1")
            .await
            .unwrap();
        let rows = all().rows(&db).await.unwrap();
        assert_eq!(rows.rows[0][2], larder_sea_orm::Stored::Text("loud".into()));
    }
}

/// H29, H32: a trigger that came by the inner connection reaches what the next write changes by it.
#[tokio::test]
async fn h32_a_trigger_made_on_the_inner_connection_is_known_to_the_next_write() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let prices = || {
            Statement::from_string(BACKEND, "SELECT unit_price FROM track WHERE id = 1").cached()
        };
        miss!(prices().rows(&db));
        let inner = db.inner();
        for sql in TRIGGER {
            inner.execute_unprepared(sql).await.unwrap();
        }
        db.execute_unprepared("UPDATE genre SET name = 'Loud' WHERE id = 3")
            .await
            .unwrap();
        let rows = prices().rows(&db).await.unwrap();
        assert_eq!(
            rows.rows[0][0],
            larder_sea_orm::Stored::Int(3),
            "over {}",
            fleet.server.name()
        );
    }
}

/// A caller that goes away in the middle of a write leaves no stale answer behind: the write runs to
/// its end, and is announced.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_write_is_announced_all_the_same() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let db = fleet.process().await;
        let one = || genre::Entity::find_by_id(1);
        for round in 0..40 {
            let name = format!("Rock {round}");
            let write = genre::ActiveModel {
                id: Set(1),
                name: Set(name.clone()),
            };
            // Polled a few times, then dropped. Dropped before its first poll it has not begun.
            let limit = std::time::Duration::from_micros(20 * (round % 10));
            let ended = tokio::time::timeout(limit, write.update(&db)).await;
            one().cached().one(&db).await.unwrap();
            if ended.is_ok() {
                assert_eq!(one().cached().one(&db).await.unwrap().unwrap().name, name);
                continue;
            }
            // Nobody is told when it ends: look until both agree on the new name, or on an old one that
            // stays because the write had not begun.
            for _ in 0..300 {
                let fresh = one().one(&db).await.unwrap().unwrap();
                let kept = one().cached().one(&db).await.unwrap().unwrap();
                if *kept == fresh && fresh.name == name {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            let fresh = one().one(&db).await.unwrap().unwrap();
            assert_eq!(
                *one().cached().one(&db).await.unwrap().unwrap(),
                fresh,
                "round {round}"
            );
        }
    }
}
