//! AC-13, CB-3: writes that MySQL has in words of its own are seen, and do what they do without the
//! cache. What holds on every database: `../shared/writes.rs`.

use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Select, Set, Statement,
};

use crate::entity::{playlist_track, track};
use crate::shop::{Shop, bound, text};
use crate::{hit, miss};

fn of_genre(genre: i32) -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .cached()
}

async fn warm(db: &CachedConnection) {
    for genre in 1..=3 {
        miss!(of_genre(genre).all(db));
    }
}

/// How many tracks each genre has, as the cache tells.
async fn counts(db: &CachedConnection) -> [usize; 3] {
    let mut counts = [0; 3];
    for (genre, count) in (1..).zip(&mut counts) {
        *count = of_genre(genre).all(db).await.unwrap().len();
    }
    counts
}

fn new(id: i32, genre_id: i32) -> track::ActiveModel {
    track::ActiveModel::from(track::Model {
        id,
        name: format!("Track {id}"),
        album_id: None,
        genre_id,
        unit_price: 9,
    })
}

#[tokio::test]
async fn one_new_row_with_a_number_of_its_own_is_learned() {
    let Shop { db, .. } = Shop::open().await;
    warm(&db).await;
    let inserted = track::Entity::insert(new(10, 1)).exec(&db).await.unwrap();
    assert_eq!(inserted.last_insert_id, 10);
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 3);
    hit!(of_genre(2).all(&db));
    let text = "INSERT INTO track (name, genre_id, unit_price) VALUES ('a', 2, 1)";
    let result = db.execute_unprepared(text).await.unwrap();
    assert_eq!((result.rows_affected(), result.last_insert_id()), (1, 11));
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    hit!(of_genre(1).all(&db));
    hit!(of_genre(3).all(&db));
}

#[tokio::test]
async fn insert_many_insert_select_and_insert_ignore() {
    let Shop { db, .. } = Shop::open().await;
    warm(&db).await;
    track::Entity::insert_many([new(10, 1), new(11, 2)])
        .exec(&db)
        .await
        .unwrap();
    hit!(of_genre(3).all(&db));
    assert_eq!(counts(&db).await, [3, 2, 1]);
    db.execute_unprepared(
        "INSERT INTO track (name, genre_id, unit_price) SELECT name, 3, 1 FROM track WHERE genre_id = 1",
    )
    .await
    .unwrap();
    assert_eq!(counts(&db).await, [3, 2, 4]);
    // One of two is passed over: the number that is told is the wrong one's.
    for sql in [
        "INSERT IGNORE INTO track VALUES (30, 'x', NULL, 1, 1), (1, 'y', NULL, 2, 1)",
        "INSERT /* all */ IGNORE INTO track VALUES (1, 'x', NULL, 2, 1), (31, 'y', NULL, 1, 1)",
    ] {
        let result = db.execute_unprepared(sql).await.unwrap();
        assert_eq!(result.rows_affected(), 1);
    }
    assert_eq!(counts(&db).await, [5, 2, 4]);
}

/// Links have no number: their keys are those that the text gives them.
#[tokio::test]
async fn ac11_links_are_learned_by_the_keys_that_they_are_given() {
    let Shop { db, .. } = Shop::open().await;
    let links = |playlist: i32| {
        playlist_track::Entity::find()
            .filter(playlist_track::Column::PlaylistId.eq(playlist))
            .cached()
    };
    miss!(links(1).all(&db));
    miss!(links(2).all(&db));
    let link = playlist_track::ActiveModel {
        playlist_id: Set(2),
        track_id: Set(1),
    };
    playlist_track::Entity::insert(link)
        .exec_without_returning(&db)
        .await
        .unwrap();
    hit!(links(1).all(&db));
    assert_eq!(miss!(links(2).all(&db)).len(), 2);
    let text = "INSERT INTO playlist_track VALUES (2, 2), (2, 4)";
    db.execute_unprepared(text).await.unwrap();
    hit!(links(1).all(&db));
    assert_eq!(miss!(links(2).all(&db)).len(), 4);
}

/// A key of zero asks for a number, and finds the row that has it.
#[tokio::test]
async fn a_key_of_zero_is_no_key() {
    let Shop { db, .. } = Shop::of(
        "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
         CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, g INT);
         INSERT INTO t VALUES (0, 1);",
    )
    .await;
    let of = |g: i32| bound("SELECT id FROM t WHERE g = ?", [g.into()]);
    miss!(of(1).rows(&db));
    miss!(of(2).rows(&db));
    db.execute_unprepared("INSERT INTO t VALUES (0, 2)")
        .await
        .unwrap();
    assert_eq!(miss!(of(2).rows(&db)).rows.len(), 1);
    hit!(of(1).rows(&db));
}

/// The number that is told is that of a column that is not the key.
#[tokio::test]
async fn a_number_that_is_not_the_keys_names_no_row() {
    let Shop { db, .. } = Shop::of(
        "CREATE TABLE t (code INT PRIMARY KEY, n INT AUTO_INCREMENT UNIQUE, g INT);
         INSERT INTO t VALUES (1, 1, 1), (2, 2, 2);",
    )
    .await;
    let of = |g: i32| bound("SELECT code FROM t WHERE g = ?", [g.into()]);
    miss!(of(1).rows(&db));
    miss!(of(3).rows(&db));
    // Its number will be 3, and there is a row with that code, of another group.
    db.execute_unprepared("INSERT INTO t (code, g) VALUES (3, 1)")
        .await
        .unwrap();
    assert_eq!(miss!(of(1).rows(&db)).rows.len(), 2);
    db.execute_unprepared("INSERT INTO t (code, g) VALUES (9, 3)")
        .await
        .unwrap();
    assert_eq!(miss!(of(3).rows(&db)).rows.len(), 1);
}

/// H28: rows that a statement gives back are not counted by the database where nobody asks for them;
/// zero rows do not mean that nothing was written.
#[tokio::test]
async fn h28_a_statement_whose_returned_rows_nobody_wants_is_seen() {
    let Shop { db, .. } = Shop::open().await;
    for (sql, expected) in [
        (
            "INSERT INTO track (name, genre_id, unit_price) VALUES ('a', 1, 1) RETURNING id",
            [3, 1, 1],
        ),
        (
            "INSERT IGNORE INTO track VALUES (20, 'b', NULL, 2, 1), (1, 'c', NULL, 2, 1) RETURNING name",
            [3, 2, 1],
        ),
        (
            "REPLACE INTO track VALUES (20, 'd', NULL, 3, 1) RETURNING id",
            [3, 1, 2],
        ),
        (
            "DELETE FROM track WHERE genre_id = 3 RETURNING id",
            [3, 1, 0],
        ),
    ] {
        counts(&db).await;
        let statement = Statement::from_string(DbBackend::MySql, sql);
        db.execute_raw(statement).await.unwrap();
        assert_eq!(counts(&db).await, expected, "{sql}");
    }
    counts(&db).await;
    let text = "DELETE FROM track WHERE genre_id = 1 RETURNING id";
    db.execute_unprepared(text).await.unwrap();
    assert_eq!(counts(&db).await, [0, 1, 0]);
}

#[tokio::test]
async fn writes_that_choose_their_rows_in_ways_of_their_own() {
    let Shop { db, .. } = Shop::open().await;
    for (sql, expected) in [
        (
            "UPDATE track SET genre_id = 2 ORDER BY id DESC LIMIT 1",
            [2, 2, 0],
        ),
        (
            "UPDATE track t JOIN album a ON a.id = t.album_id SET t.genre_id = 3 WHERE a.title = 'Restless'",
            [0, 2, 2],
        ),
        (
            "UPDATE track t, album a SET t.genre_id = 1, a.title = 'x' WHERE a.id = t.album_id AND a.id = 2",
            [1, 1, 2],
        ),
        (
            "UPDATE IGNORE track SET genre_id = 1 WHERE id = 4",
            [2, 0, 2],
        ),
        (
            "DELETE t FROM track t JOIN album a ON a.id = t.album_id WHERE a.id = 2",
            [1, 0, 2],
        ),
        ("DELETE FROM track ORDER BY id LIMIT 1", [1, 0, 1]),
        (
            "DELETE FROM t USING track AS t WHERE t.genre_id = 3",
            [1, 0, 0],
        ),
        ("DELETE FROM track", [0, 0, 0]),
    ] {
        counts(&db).await;
        db.execute_unprepared(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(counts(&db).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn truncate_and_load_data() {
    let shop = Shop::open().await;
    let db = &shop.db;
    let links = || playlist_track::Entity::find().cached();
    assert_eq!(miss!(links().all(db)).len(), 3);
    db.execute_unprepared("TRUNCATE TABLE playlist_track")
        .await
        .unwrap();
    assert!(miss!(links().all(db)).is_empty());
    let file = larder_servers::MariaDb::shared().folder().join("links.tsv");
    std::fs::write(&file, "1\t1\n2\t2\n").unwrap();
    let text = format!(
        "LOAD DATA INFILE '{}' INTO TABLE playlist_track",
        file.display()
    );
    db.execute_unprepared(&text).await.unwrap();
    assert_eq!(miss!(links().all(db)).len(), 2);
}

/// What is a comment elsewhere, and none here.
#[tokio::test]
async fn what_only_looks_like_a_comment_is_seen() {
    let Shop { db, .. } = Shop::open().await;
    for (sql, expected) in [
        (
            "UPDATE track SET unit_price = 5--1; DELETE FROM track WHERE id = 4",
            [2, 1, 0],
        ),
        (
            "UPDATE genre SET name = 'x'; /*! DELETE FROM track WHERE id = 3 */",
            [2, 0, 0],
        ),
        (
            "UPDATE genre SET name = 'y'; /*M! DELETE FROM track WHERE id = 2 */",
            [1, 0, 0],
        ),
        (
            "UPDATE genre SET name = 'z' # ;\n; DELETE FROM track",
            [0, 0, 0],
        ),
    ] {
        counts(&db).await;
        db.execute_unprepared(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(counts(&db).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn triggers_reach_other_tables_and_their_own_rows() {
    let Shop { db, .. } = Shop::open().await;
    for trigger in [
        "CREATE TRIGGER renamed AFTER UPDATE ON genre FOR EACH ROW \
             UPDATE track SET name = CONCAT(name, '!') WHERE genre_id = NEW.id",
        "CREATE TRIGGER moved BEFORE UPDATE ON track FOR EACH ROW BEGIN \
             SET NEW.album_id = 1; END",
    ] {
        db.execute_unprepared(trigger).await.unwrap();
    }
    warm(&db).await;
    db.execute_unprepared("UPDATE genre SET name = 'Hard' WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(miss!(of_genre(1).all(&db))[0].name, "Fast!");
    let first = || {
        track::Entity::find()
            .filter(track::Column::AlbumId.eq(1))
            .cached()
    };
    assert_eq!(miss!(first().all(&db)).len(), 2);
    db.execute_unprepared("UPDATE track SET unit_price = 1 WHERE id = 4")
        .await
        .unwrap();
    assert_eq!(miss!(first().all(&db)).len(), 3);
}

/// Columns that the statement does not name, and that change with those that it does.
#[tokio::test]
async fn columns_that_the_database_sets_by_itself_are_seen() {
    let Shop { db, .. } = Shop::of(
        "CREATE TABLE t (id INT PRIMARY KEY, n INT, twice INT AS (n * 2) STORED, more INT AS (n + 1),
             changed TIMESTAMP(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6));
         INSERT INTO t (id, n) VALUES (1, 1), (2, 2);",
    )
    .await;
    let twice = |n: i32| bound("SELECT id FROM t WHERE twice = ?", [n.into()]);
    let more = |n: i32| bound("SELECT id FROM t WHERE more = ?", [n.into()]);
    let changed = |id: i32| bound("SELECT changed IS NULL FROM t WHERE id = ?", [id.into()]);
    miss!(twice(2).rows(&db));
    miss!(twice(10).rows(&db));
    miss!(more(6).rows(&db));
    miss!(changed(1).rows(&db));
    miss!(changed(2).rows(&db));
    let update = "UPDATE t SET n = ? WHERE id = ?";
    let values = [5.into(), 1.into()];
    let update = Statement::from_sql_and_values(DbBackend::MySql, update, values);
    db.execute_raw(update).await.unwrap();
    assert!(miss!(twice(2).rows(&db)).rows.is_empty());
    assert_eq!(miss!(twice(10).rows(&db)).rows.len(), 1);
    assert_eq!(miss!(more(6).rows(&db)).rows.len(), 1);
    assert_eq!(
        miss!(changed(1).rows(&db)).rows[0],
        [larder_sea_orm::Stored::Int(0)]
    );
    hit!(changed(2).rows(&db));
}

#[tokio::test]
async fn writes_through_views_reach_their_tables() {
    let Shop { db, .. } = Shop::open().await;
    db.execute_unprepared("CREATE VIEW rock AS SELECT * FROM track WHERE genre_id = 1")
        .await
        .unwrap();
    let names = || text("SELECT name FROM rock ORDER BY id");
    miss!(names().rows(&db));
    warm(&db).await;
    db.execute_unprepared("UPDATE rock SET genre_id = 2 WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(counts(&db).await, [1, 2, 1]);
    assert_eq!(miss!(names().rows(&db)).rows.len(), 1);
}

/// A write that fails does what it does without the cache: nothing.
#[tokio::test]
async fn a_failed_statement_leaves_the_connection_as_good_as_before() {
    let Shop { db, .. } = Shop::open().await;
    warm(&db).await;
    let text =
        "INSERT INTO track (id, name, genre_id, unit_price) VALUES (20, 'a', 2, 1), (1, 'b', 2, 1)";
    db.execute_unprepared(text).await.unwrap_err();
    assert_eq!(counts(&db).await, [2, 1, 1]);
    db.execute_unprepared("FROBNICATE track").await.unwrap_err();
    db.execute_unprepared("UPDATE track SET genre_id = 2 WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(counts(&db).await, [1, 2, 1]);
}
