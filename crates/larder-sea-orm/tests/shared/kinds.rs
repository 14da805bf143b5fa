//! CB-3, CB-6: queries of every kind are right after every kind of change, for another process than the
//! one that made it, on every store.

use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use sea_orm::{ConnectionTrait, Statement};

use crate::fleet::{Fleet, Server};
use crate::hit;
use crate::shop::BACKEND;

const QUERIES: [&str; 18] = [
    "SELECT * FROM track WHERE id IN (1, 3, 9) ORDER BY id",
    "SELECT * FROM track WHERE NOT (genre_id = 1) ORDER BY id",
    "SELECT * FROM track WHERE genre_id = 1 OR album_id = 2 ORDER BY id",
    "SELECT id FROM track WHERE unit_price BETWEEN 50 AND 150 ORDER BY id",
    "SELECT id FROM track WHERE name LIKE 'S%' ORDER BY id",
    "SELECT id FROM track WHERE album_id IS NULL ORDER BY id",
    "SELECT id FROM track WHERE id IN (SELECT track_id FROM playlist_track WHERE playlist_id = 1) ORDER BY id",
    "SELECT id FROM album WHERE NOT EXISTS (SELECT 1 FROM track WHERE track.album_id = album.id) ORDER BY id",
    "SELECT name FROM genre WHERE id = 1 UNION SELECT title FROM album WHERE id = 1 ORDER BY 1",
    "WITH cheap AS (SELECT * FROM track WHERE unit_price < 100) SELECT count(*) FROM cheap",
    "SELECT genre_id, count(*), max(unit_price) FROM track GROUP BY genre_id HAVING count(*) > 1 ORDER BY genre_id",
    "SELECT id FROM track ORDER BY unit_price DESC, id LIMIT 2 OFFSET 1",
    "SELECT album.id, track.id FROM album LEFT JOIN track ON track.album_id = album.id ORDER BY album.id, track.id",
    "SELECT track.id, album.title FROM track JOIN album ON album.id = track.album_id ORDER BY track.id",
    "SELECT p.name, g.name FROM playlist p JOIN playlist_track l ON l.playlist_id = p.id \
     JOIN track t ON t.id = l.track_id JOIN genre g ON g.id = t.genre_id WHERE p.id = 1 ORDER BY g.id, t.id",
    "SELECT a.id, b.id FROM track a JOIN track b ON a.genre_id = b.genre_id AND a.id < b.id ORDER BY 1, 2",
    "SELECT DISTINCT genre_id FROM track ORDER BY genre_id",
    "SELECT sum(unit_price) FROM track WHERE genre_id = 1",
];

const CHANGES: [&str; 11] = [
    "UPDATE track SET genre_id = 2 WHERE id = 2",
    "UPDATE track SET unit_price = 101, name = 'Sad' WHERE id = 1",
    "UPDATE track SET album_id = 3 WHERE album_id IS NULL",
    "INSERT INTO track VALUES (9, 'Slower', 2, 1, 60)",
    "INSERT INTO playlist_track VALUES (1, 9)",
    "UPDATE genre SET name = 'Roll' WHERE id = 1",
    "UPDATE album SET title = 'Calm' WHERE id = 1",
    "UPDATE playlist SET name = 'Noon' WHERE id = 1",
    "DELETE FROM playlist_track WHERE track_id = 3",
    "DELETE FROM album WHERE id = 2",
    "DELETE FROM track",
];

fn text(sql: &str) -> Cached<Statement> {
    Statement::from_string(BACKEND, sql).cached()
}

/// Every query's answer is the database's own, and stays at hand.
async fn agree(db: &CachedConnection, after: &str) {
    for sql in QUERIES {
        let kept = text(sql).rows(db).await.expect(sql);
        let fresh = db.cache().bypass(text(sql).rows(db)).await.expect(sql);
        assert_eq!(kept, fresh, "{sql} after {after}");
        hit!(text(sql).rows(db));
    }
}

#[tokio::test]
async fn cb3_cb6_every_kind_of_query_is_right_after_every_kind_of_change() {
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        agree(&db, "nothing").await;
        for sql in CHANGES {
            writer.execute_unprepared(sql).await.expect(sql);
            agree(&db, sql).await;
        }
    }
}

/// A change that concerns none of them drops none of those that pin their rows.
#[tokio::test]
async fn cb4_other_rows_drop_nothing_of_what_is_pinned() {
    let pinned = [
        "SELECT * FROM track WHERE id IN (1, 3) ORDER BY id",
        "SELECT sum(unit_price) FROM track WHERE genre_id = 1",
        "SELECT t.id, a.title FROM track t JOIN album a ON a.id = t.album_id WHERE t.album_id = 1 ORDER BY t.id",
    ];
    for server in Server::all() {
        let fleet = Fleet::new(server).await;
        let (db, writer) = fleet.two().await;
        for sql in pinned {
            text(sql).rows(&db).await.expect(sql);
        }
        for sql in [
            "UPDATE track SET unit_price = 5 WHERE id = 4",
            "INSERT INTO track VALUES (9, 'New', 2, 2, 60)",
            "DELETE FROM track WHERE id = 9",
            "UPDATE album SET title = 'Still' WHERE id = 2",
        ] {
            writer.execute_unprepared(sql).await.expect(sql);
            for sql in pinned {
                hit!(text(sql).rows(&db));
            }
        }
    }
}
