//! What a name means, and what changes it: databases, views, DDL, settings, privileges.

use larder::Cache;
use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedConnection, CachedExt};
use larder_servers::MariaDb;
use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, EntityTrait, QueryFilter, Select,
};

use crate::entity::track;
use crate::shop::{SCHEMA, Shop, bound, make, plain, read, text};
use crate::{hit, miss};

fn of_genre(genre: i32) -> Cached<Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .cached()
}

async fn run(db: &CachedConnection, sql: &str) {
    db.execute_unprepared(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// `shop.track` and `track` are one table.
#[tokio::test]
async fn a_table_has_one_name_with_its_database_and_without() {
    let shop = Shop::open().await;
    let (db, name) = (shop.db.clone(), shop.name());
    let full = |genre: i32| {
        let sql = format!("SELECT id, unit_price FROM `{name}`.track WHERE genre_id = ?");
        bound(&sql, [genre.into()])
    };
    let columns =
        format!("SELECT {name}.track.unit_price FROM {name}.track WHERE {name}.track.genre_id = 1");
    miss!(of_genre(1).all(&db));
    miss!(of_genre(2).all(&db));
    miss!(full(1).rows(&db));
    miss!(full(2).rows(&db));
    miss!(text(&columns).rows(&db));
    run(
        &db,
        &format!("UPDATE {name}.track SET unit_price = 1 WHERE id = 1"),
    )
    .await;
    miss!(of_genre(1).all(&db));
    miss!(full(1).rows(&db));
    miss!(text(&columns).rows(&db));
    hit!(of_genre(2).all(&db));
    hit!(full(2).rows(&db));
    run(&db, "UPDATE track SET unit_price = 2 WHERE id = 2").await;
    miss!(full(1).rows(&db));
    miss!(text(&columns).rows(&db));
    hit!(full(2).rows(&db));
    run(&db, "UPDATE track SET unit_price = 2 WHERE id = 3").await;
    hit!(text(&columns).rows(&db));
    run(&db, &format!("DELETE t FROM {name}.track t WHERE t.id = 3")).await;
    assert!(miss!(full(2).rows(&db)).rows.is_empty());
}

/// Triggers and foreign keys of another database lead back here: what is written there drops
/// everything, and what is read there is not kept.
#[tokio::test]
async fn another_database_on_the_server_is_not_trusted() {
    let shop = Shop::open().await;
    let db = &shop.db;
    let (name, other) = (
        shop.name(),
        make("CREATE TABLE log (id INT PRIMARY KEY, track_id INT)"),
    );
    MariaDb::shared().run_sql(
        &other,
        &format!(
            "CREATE TRIGGER back AFTER INSERT ON log FOR EACH ROW
                 UPDATE {name}.track SET unit_price = unit_price + 1 WHERE id = NEW.track_id;
             CREATE TABLE child (id INT PRIMARY KEY, genre_id INT,
                 FOREIGN KEY (genre_id) REFERENCES {name}.album (id) ON DELETE CASCADE);
             INSERT INTO child VALUES (1, 3);
             CREATE TABLE {name}.grandchild (id INT PRIMARY KEY, child_id INT,
                 FOREIGN KEY (child_id) REFERENCES {other}.child (id) ON DELETE CASCADE);
             INSERT INTO {name}.grandchild VALUES (1, 1);"
        ),
    );
    db.schema_changed().await.unwrap();
    let log = format!("SELECT * FROM {other}.log");
    let (_, outcome) = read(text(&log).rows(db)).await;
    assert!(matches!(outcome, Outcome::Uncached(_)), "{outcome:?}");
    let before = miss!(of_genre(1).all(db));
    run(db, &format!("INSERT INTO {other}.log VALUES (1, 1)")).await;
    assert_ne!(miss!(of_genre(1).all(db)), before);
    let grandchildren = || text("SELECT id FROM grandchild");
    assert_eq!(miss!(grandchildren().rows(db)).rows.len(), 1);
    run(db, "DELETE FROM album WHERE id = 3").await;
    assert!(miss!(grandchildren().rows(db)).rows.is_empty());
}

#[tokio::test]
async fn names_that_differ_by_case_alone_are_refused() {
    let name = make("CREATE TABLE Track (id INT); CREATE TABLE track (id INT)");
    let error = CachedConnection::new(plain(&name).await, Cache::memory()).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("Track") && error.contains("upper and lower case"),
        "{error}"
    );
}

/// Rows that may never be committed would be kept.
#[tokio::test]
async fn a_server_that_shows_what_is_not_committed_is_refused() {
    let settings = [("transaction-isolation", "READ-UNCOMMITTED")];
    let server = MariaDb::builder().config(&settings).start();
    let url = server.database("shop");
    let connection = Database::connect(url).await.unwrap();
    let error = CachedConnection::new(connection, Cache::memory())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("READ UNCOMMITTED"), "{error}");
}

#[tokio::test]
async fn ddl_through_the_connection_is_noticed() {
    let Shop { db, .. } = Shop::open().await;
    let all = || text("SELECT * FROM genre ORDER BY id");
    assert_eq!(miss!(all().rows(&db)).columns.len(), 2);
    run(&db, "ALTER TABLE genre ADD COLUMN mood VARCHAR(9)").await;
    assert_eq!(miss!(all().rows(&db)).columns.len(), 3);
    run(
        &db,
        "CREATE OR REPLACE VIEW cheap AS SELECT * FROM track WHERE unit_price < 100",
    )
    .await;
    let cheap = || text("SELECT name FROM cheap");
    assert_eq!(miss!(cheap().rows(&db)).rows.len(), 3);
    run(
        &db,
        "CREATE OR REPLACE VIEW cheap AS SELECT * FROM track WHERE unit_price > 100",
    )
    .await;
    assert_eq!(miss!(cheap().rows(&db)).rows.len(), 1);
    run(&db, "RENAME TABLE album TO old_album").await;
    run(&db, "DROP TABLE playlist_track").await;
    miss!(cheap().rows(&db));
}

/// Each part of the schema is in its number.
#[tokio::test]
async fn a_change_that_nobody_tells_is_noticed_in_a_second() {
    let shop = Shop::open().await;
    let db = &shop.db;
    run(
        db,
        "CREATE VIEW cheap AS SELECT * FROM track WHERE unit_price < 100",
    )
    .await;
    let names = || text("SELECT name FROM genre ORDER BY id");
    for ddl in [
        "ALTER TABLE genre MODIFY name VARCHAR(41) NOT NULL",
        "ALTER TABLE genre MODIFY name VARCHAR(41) COLLATE utf8mb4_bin NOT NULL",
        "CREATE TRIGGER t AFTER UPDATE ON album FOR EACH ROW UPDATE genre SET name = NEW.title",
        "ALTER TABLE album ADD parent INT, ADD FOREIGN KEY (parent) REFERENCES album (id)",
        "CREATE OR REPLACE VIEW cheap AS SELECT * FROM track WHERE unit_price < 10",
        "CREATE TABLE other (id INT PRIMARY KEY)",
    ] {
        names().rows(db).await.unwrap();
        hit!(names().rows(db));
        shop.elsewhere(ddl);
        let changed = async {
            loop {
                // Any write looks, now and then.
                run(
                    db,
                    "UPDATE playlist SET name = IF(name = 'x', 'y', 'x') WHERE id = 1",
                )
                .await;
                let (_, outcome) = read(names().rows(db)).await;
                if outcome == Outcome::Miss {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let limit = std::time::Duration::from_secs(30);
        tokio::time::timeout(limit, changed)
            .await
            .unwrap_or_else(|_| panic!("unseen: {ddl}"));
    }
}

/// A setting belongs to one connection of the pool.
#[tokio::test]
async fn settings_by_text_end_caching() {
    for sql in [
        "SET SESSION sql_mode = ''",
        "SET NAMES latin1",
        "SET autocommit = 0",
        "SELECT 1; SET time_zone = '+05:00'",
        "/*! SET time_zone = '+05:00' */",
    ] {
        let Shop { db, .. } = Shop::open().await;
        miss!(of_genre(1).all(&db));
        run(&db, sql).await;
        let (_, outcome) = read(of_genre(1).all(&db)).await;
        assert!(
            matches!(outcome, Outcome::Uncached(_)),
            "{sql}: {outcome:?}"
        );
    }
}

/// What a rollback does not take back, or what is worked out anew at each reading.
#[tokio::test]
async fn tables_of_other_engines_and_columns_of_chance_are_not_kept() {
    let Shop { db, .. } = Shop::of(
        "CREATE TABLE old (id INT PRIMARY KEY, n INT) ENGINE=MyISAM;
         CREATE TABLE chance (id INT PRIMARY KEY, me INT AS (CONNECTION_ID()) VIRTUAL);
         CREATE TABLE versions (id INT PRIMARY KEY) WITH SYSTEM VERSIONING;
         CREATE SEQUENCE numbers;
         CREATE TABLE good (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 4;",
    )
    .await;
    for table in ["old", "chance", "versions", "numbers"] {
        let (_, outcome) = read(text(&format!("SELECT * FROM {table}")).rows(&db)).await;
        assert!(
            matches!(outcome, Outcome::Uncached(_)),
            "{table}: {outcome:?}"
        );
    }
    let good = |id: i32| bound("SELECT id FROM good WHERE id = ?", [id.into()]);
    miss!(good(1).rows(&db));
    miss!(good(2).rows(&db));
    run(&db, "INSERT INTO good VALUES (1)").await;
    assert_eq!(miss!(good(1).rows(&db)).rows.len(), 1);
    run(&db, "ALTER TABLE good TRUNCATE PARTITION ALL").await;
    assert!(miss!(good(1).rows(&db)).rows.is_empty());
}

/// Who may not see triggers cannot tell what they do.
#[tokio::test]
async fn without_the_privilege_to_see_triggers_a_write_drops_everything() {
    let shop = Shop::open().await;
    let (name, server) = (shop.name(), MariaDb::shared());
    shop.elsewhere(&format!(
        "CREATE TRIGGER t AFTER UPDATE ON album FOR EACH ROW UPDATE genre SET name = NEW.title;
         CREATE USER '{name}'@'127.0.0.1';
         GRANT SELECT, INSERT, UPDATE, DELETE ON `{name}`.* TO '{name}'@'127.0.0.1';
         CREATE USER '{name}_all'@'127.0.0.1';
         GRANT SELECT, UPDATE, TRIGGER ON `{name}`.* TO '{name}_all'@'127.0.0.1';"
    ));
    for (user, sees) in [(name.to_owned(), false), (format!("{name}_all"), true)] {
        let url = format!("mysql://{user}@{}/{name}", server.address());
        let connection = Database::connect(ConnectOptions::new(url)).await.unwrap();
        let db = CachedConnection::new(connection, Cache::memory())
            .await
            .unwrap();
        assert_eq!(db.catalogue().is_unreadable(), !sees, "{user}");
        let names = || text("SELECT name FROM genre WHERE id = 1");
        let before = miss!(names().rows(&db));
        run(
            &db,
            &format!("UPDATE album SET title = '{user}' WHERE id = 1"),
        )
        .await;
        assert_ne!(miss!(names().rows(&db)), before);
        miss!(of_genre(1).all(&db));
        run(&db, "UPDATE playlist SET name = 'x' WHERE id = 1").await;
        match sees {
            true => hit!(of_genre(1).all(&db)),
            false => miss!(of_genre(1).all(&db)),
        };
    }
}

/// An account that may write and not read is not kept from writing by larder's own questions.
#[tokio::test]
async fn a_question_that_is_refused_does_not_refuse_the_write() {
    let shop = Shop::of(SCHEMA).await;
    let (name, server) = (shop.name(), MariaDb::shared());
    shop.elsewhere(&format!(
        "CREATE USER '{name}'@'127.0.0.1';
         GRANT SELECT (id, genre_id), UPDATE (unit_price) ON `{name}`.track TO '{name}'@'127.0.0.1';
         GRANT TRIGGER ON `{name}`.* TO '{name}'@'127.0.0.1';"
    ));
    let url = format!("mysql://{name}@{}/{name}", server.address());
    let connection = Database::connect(ConnectOptions::new(url)).await.unwrap();
    let db = CachedConnection::new(connection, Cache::memory())
        .await
        .unwrap();
    let ids = || text("SELECT id FROM track WHERE genre_id = 1");
    let price = || text("SELECT id FROM track WHERE genre_id = 1 AND id > 0");
    miss!(ids().rows(&db));
    miss!(price().rows(&db));
    run(&db, "UPDATE track SET unit_price = 1 WHERE genre_id = 1").await;
    assert_eq!(
        shop.elsewhere("SELECT unit_price FROM track WHERE id = 1"),
        "1"
    );
}
