//! H28, H29, H30: texts that change more than they say. Whatever they do, what is kept afterwards is what
//! the database has.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedConnection, CachedEntity, CachedExt};
use sea_orm::{ConnectionTrait, EntityTrait, Statement};

use crate::shop::{BACKEND, agree, read, text, wrapped, write};
use crate::{hit, miss};

const SCHEMA: &str = "
    CREATE TABLE thing (id integer PRIMARY KEY, kind integer NOT NULL, n integer NOT NULL);
    INSERT INTO thing VALUES (1, 1, 1), (2, 2, 1), (3, 3, 1);
    CREATE TABLE log (id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY, kind integer NOT NULL);";

fn of_kind(kind: i32) -> Cached<Statement> {
    let sql = "SELECT id, n FROM thing WHERE kind = $1 ORDER BY id";
    Statement::from_sql_and_values(BACKEND, sql, [kind.into()]).cached()
}

fn log() -> Cached<Statement> {
    text("SELECT id, kind FROM log WHERE kind = 1 ORDER BY id")
}

/// Runs each text with everything kept, in the way of the caller's choice, and compares.
async fn check(db: &CachedConnection, texts: &[&str]) {
    for sql in texts {
        for kind in 1..=3 {
            of_kind(kind).rows(db).await.expect("read");
        }
        log().rows(db).await.expect("read");
        let statement = Statement::from_string(BACKEND, *sql);
        let done = match sql.starts_with("SELECT") || sql.contains("RETURNING") {
            true => db.query_all_raw(statement).await.map(|_| ()),
            false => db.execute_raw(statement).await.map(|_| ()),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
        for kind in 1..=3 {
            agree(db, || of_kind(kind), sql).await;
        }
        agree(db, log, sql).await;
    }
}

#[tokio::test]
async fn h29_rules_that_write_elsewhere_or_instead() {
    let (db, _) = wrapped(&format!(
        "{SCHEMA}
         CREATE RULE noted AS ON UPDATE TO thing DO ALSO INSERT INTO log (kind) VALUES (NEW.kind);
         CREATE RULE kept AS ON DELETE TO thing DO INSTEAD UPDATE thing SET n = -1 WHERE id = OLD.id;
         CREATE VIEW cheap AS SELECT * FROM thing WHERE n < 9;
         CREATE RULE added AS ON INSERT TO cheap DO INSTEAD INSERT INTO thing VALUES (NEW.id, 1, NEW.n);"
    ))
    .await;
    check(
        &db,
        &[
            "UPDATE thing SET n = 5 WHERE id = 1",
            "DELETE FROM thing WHERE id = 2",
            "INSERT INTO cheap VALUES (9, 3, 3)",
        ],
    )
    .await;
}

#[tokio::test]
async fn h29_writable_ctes() {
    let (db, _) = wrapped(SCHEMA).await;
    check(
        &db,
        &[
            "WITH moved AS (UPDATE thing SET kind = 2 WHERE kind = 1 RETURNING id) SELECT * FROM moved",
            "WITH moved AS (DELETE FROM thing WHERE kind = 3 RETURNING kind) \
             INSERT INTO log (kind) SELECT 1 FROM moved",
            "WITH one AS (SELECT 1 AS id) UPDATE thing SET kind = 1 FROM one WHERE thing.id = one.id",
            "WITH added AS (INSERT INTO log (kind) VALUES (1) RETURNING id) \
             UPDATE thing SET n = 7 WHERE kind = 1 RETURNING id",
            "WITH x AS (UPDATE thing SET kind = 3 WHERE id = 2 RETURNING 1) \
             INSERT INTO thing VALUES (1, 3, 3) ON CONFLICT (id) DO UPDATE SET kind = 3",
        ],
    )
    .await;
}

/// No rows come back, and rows have changed.
#[tokio::test]
async fn h28_statements_that_change_rows_and_give_none() {
    let (db, _) = wrapped(SCHEMA).await;
    for sql in [
        "UPDATE thing SET n = n + 1 WHERE kind = 1",
        "INSERT INTO thing VALUES (4, 1, 1)",
        "INSERT INTO thing VALUES (4, 1, 9) ON CONFLICT (id) DO UPDATE SET n = excluded.n",
        "DELETE FROM thing WHERE id = 4",
    ] {
        of_kind(1).rows(&db).await.expect("read");
        let statement = Statement::from_string(BACKEND, sql);
        let rows = db.query_all_raw(statement).await.expect("written");
        assert!(rows.is_empty());
        agree(&db, || of_kind(1), sql).await;
        of_kind(1).rows(&db).await.expect("read");
        let other = sql.replace("(4,", "(5,").replace("id = 4", "id = 5");
        let statement = Statement::from_string(BACKEND, other);
        let row = db.query_one_raw(statement).await.expect("written");
        assert!(row.is_none());
        agree(&db, || of_kind(1), sql).await;
    }
}

#[tokio::test]
async fn h29_functions_that_write() {
    let (db, _) = wrapped(&format!(
        "{SCHEMA}
         CREATE FUNCTION noted(what integer) RETURNS integer LANGUAGE sql VOLATILE AS
             'INSERT INTO log (kind) VALUES (what) RETURNING what';
         CREATE PROCEDURE moved() LANGUAGE sql AS 'UPDATE thing SET kind = 3';
         CREATE VIEW loud AS SELECT id, noted(kind) AS kind FROM thing;"
    ))
    .await;
    check(
        &db,
        &[
            "SELECT noted(1)",
            "SELECT * FROM noted(1)",
            "SELECT kind FROM loud WHERE id = 1",
            "UPDATE thing SET n = noted(1) WHERE id = 2",
            "UPDATE thing SET n = 3 WHERE id = 2 AND noted(1) = 1",
            "DELETE FROM thing WHERE id = 77 RETURNING noted(1)",
            "INSERT INTO thing VALUES (8, 1, 1) RETURNING noted(1)",
            "INSERT INTO thing VALUES (8, 1, 1) ON CONFLICT (id) DO UPDATE SET n = noted(1)",
            "CALL moved()",
            "DO $$ BEGIN UPDATE thing SET kind = 1; END $$",
        ],
    )
    .await;
}

mod loud {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
    #[sea_orm(table_name = "loud")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub kind: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// H29, H30: rows of a view that calls a function which writes: each look is a write.
#[tokio::test]
async fn h29_a_batch_over_a_view_that_writes_is_a_write() {
    let (db, _) = wrapped(&format!(
        "{SCHEMA}
         CREATE FUNCTION noted(what integer) RETURNS integer LANGUAGE sql VOLATILE AS
             'INSERT INTO log (kind) VALUES (what) RETURNING what';
         CREATE VIEW loud AS SELECT id, noted(1) AS kind FROM thing;"
    ))
    .await;
    for round in 1..=2 {
        log().rows(&db).await.expect("read");
        let rows = loud::Entity::cached(&db).get_many([1, 2, 77]).await;
        let rows = rows.expect("read");
        assert!(rows[0].is_some() && rows[1].is_some() && rows[2].is_none());
        agree(&db, log, &format!("a batch, round {round}")).await;
        log().rows(&db).await.expect("read");
        assert!(
            loud::Entity::cached(&db)
                .get(1)
                .await
                .expect("read")
                .is_some()
        );
        agree(&db, log, &format!("one row, round {round}")).await;
        let all = loud::Entity::find().cached().all(&db).await.expect("read");
        assert_eq!(all.len(), 3);
        agree(&db, log, &format!("all rows, round {round}")).await;
    }
}

#[tokio::test]
async fn h29_h30_views_that_hold_their_rows_and_tables_that_are_emptied() {
    let (db, _) = wrapped(&format!(
        "{SCHEMA}
         CREATE MATERIALIZED VIEW total AS SELECT kind, sum(n)::int8 AS n FROM thing GROUP BY kind;
         CREATE UNIQUE INDEX ON total (kind);
         CREATE FUNCTION emptied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO log (kind) VALUES (1); RETURN NULL; END $$;
         CREATE TRIGGER emptied AFTER TRUNCATE ON thing EXECUTE FUNCTION emptied();"
    ))
    .await;
    let total = || text("SELECT n FROM total WHERE kind = 1");
    miss!(total().rows(&db));
    for sql in [
        "UPDATE thing SET n = 5 WHERE kind = 1",
        "REFRESH MATERIALIZED VIEW total",
        "DELETE FROM thing WHERE kind = 1",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY total",
    ] {
        total().rows(&db).await.expect("read");
        write(&db, sql).await;
        agree(&db, total, sql).await;
    }
    check(&db, &["TRUNCATE thing", "TRUNCATE log RESTART IDENTITY"]).await;
}

/// What no statement writes and every write changes, and what a sequence gives.
#[tokio::test]
async fn h31_where_a_row_lies_and_what_a_sequence_gives_is_not_kept() {
    let (db, _) = wrapped(&format!("{SCHEMA} CREATE SEQUENCE number;")).await;
    for sql in [
        "SELECT xmin::text FROM thing WHERE id = 1",
        "SELECT ctid::text FROM thing WHERE id = 1",
        "SELECT t.xmax::text FROM thing t WHERE id = 1",
        "SELECT id FROM thing WHERE ctid = '(0,1)'",
        "SELECT last_value FROM number",
        "SELECT last_value FROM log_id_seq",
        "SELECT nextval('number')",
    ] {
        let (_, outcome) = read(text(sql).rows(&db)).await;
        assert!(
            matches!(outcome, Outcome::Uncached(_)),
            "{sql}: {outcome:?}"
        );
        write(&db, "UPDATE thing SET n = n + 1").await;
        write(&db, "INSERT INTO log (kind) VALUES (1)").await;
        if !sql.contains("nextval") {
            agree(&db, || text(sql), sql).await;
        }
    }
    // A number that is taken drops nothing.
    miss!(of_kind(1).rows(&db));
    let next = Statement::from_string(BACKEND, "SELECT nextval('number')");
    db.query_one_raw(next).await.expect("a number");
    hit!(of_kind(1).rows(&db));
}

/// A part of a table whose rows are a file of somebody's.
#[tokio::test]
async fn h34_a_table_with_a_foreign_part_is_not_kept() {
    let folder = larder_servers::Postgres::shared().folder().to_owned();
    let file = folder.join("sales.csv");
    std::fs::write(&file, "1,2027,1\n").expect("a file");
    let (db, _) = wrapped(&format!(
        "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
         CREATE TABLE sale (id integer, year integer NOT NULL, n integer) PARTITION BY LIST (year);
         CREATE TABLE sale_26 PARTITION OF sale FOR VALUES IN (2026);
         CREATE FOREIGN TABLE sale_27 PARTITION OF sale FOR VALUES IN (2027) SERVER files
             OPTIONS (filename '{}', format 'csv');
         INSERT INTO sale_26 VALUES (1, 2026, 1);",
        file.display()
    ))
    .await;
    for table in ["sale", "sale_26", "sale_27"] {
        let sum = || text(&format!("SELECT sum(n)::int8 FROM {table}"));
        sum().rows(&db).await.expect("read");
        std::fs::write(&file, "1,2027,5\n").expect("a file");
        agree(&db, sum, table).await;
        write(&db, "UPDATE sale_26 SET n = n + 1").await;
        agree(&db, sum, table).await;
        std::fs::write(&file, "1,2027,1\n").expect("a file");
        agree(&db, sum, table).await;
    }
}

/// The row as it was, in words that newer servers have, is not the row as it is.
#[tokio::test]
async fn h27_old_in_returning_is_not_what_is_there_now() {
    let (db, _) = wrapped(SCHEMA).await;
    check(
        &db,
        &[
            // Here a table that is called so.
            "UPDATE thing AS old SET kind = 2 WHERE id = 1 RETURNING old.id, old.kind",
            "UPDATE thing AS new SET kind = 3 WHERE id = 1 RETURNING new.id, new.kind",
            "DELETE FROM thing AS old WHERE id = 1 RETURNING old.id, old.kind",
            "INSERT INTO thing AS old VALUES (2, 1, 1) ON CONFLICT (id) DO UPDATE SET kind = 1 \
             RETURNING old.id, old.kind",
            // Under another name.
            "UPDATE thing SET kind = 2 WHERE id = 2 RETURNING n AS id, n AS kind, id AS n",
        ],
    )
    .await;
}
