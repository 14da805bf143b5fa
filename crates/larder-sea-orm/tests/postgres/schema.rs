//! What PostgreSQL's catalogue tells: schemas, views, partitions, keys, and changes of all that.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedExt, Stored};
use sea_orm::{ConnectionTrait, Database, DbErr, Statement};

use crate::shop::{BACKEND, database, options, read};
use crate::{hit, miss};

async fn open(schema: &str) -> (CachedConnection, String) {
    let url = database(schema).await;
    let db = CachedConnection::builder(larder::Cache::memory())
        .connect(options(&url, 1))
        .await
        .expect("open");
    (db, url)
}

fn text(sql: &str) -> larder_sea_orm::Cached<Statement> {
    Statement::from_string(BACKEND, sql).cached()
}

async fn write(db: &CachedConnection, sql: &str) {
    db.execute_unprepared(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test]
async fn one_table_has_one_name_whatever_a_statement_calls_it() {
    let (db, _) = open(
        "CREATE TABLE track (id integer PRIMARY KEY, n integer);
         INSERT INTO track VALUES (1, 1);
         CREATE SCHEMA old; CREATE TABLE old.track (id integer PRIMARY KEY, n integer);
         INSERT INTO old.track VALUES (1, 1);
         CREATE TABLE \"Track\" (id integer PRIMARY KEY, n integer); INSERT INTO \"Track\" VALUES (1, 1);",
    )
    .await;
    let names = [
        "track",
        "public.track",
        "TRACK",
        "\"public\".\"track\"",
        "old.track",
        "\"Track\"",
    ];
    let asked = |name: &str| text(&format!("SELECT n FROM {name} WHERE id = 1"));
    for (written, same) in [
        ("public.track", 0..4),
        ("Track", 0..4),
        ("old.track", 4..5),
        ("\"Track\"", 5..6),
    ] {
        for name in names {
            asked(name).rows(&db).await.expect("read");
        }
        write(&db, &format!("UPDATE {written} SET n = n + 1 WHERE id = 1")).await;
        for (place, name) in names.iter().enumerate() {
            let (_, outcome) = read(asked(name).rows(&db)).await;
            let expected = if same.contains(&place) {
                Outcome::Miss
            } else {
                Outcome::Hit
            };
            assert_eq!(outcome, expected, "{written} written, {name} read");
        }
    }
}

#[tokio::test]
async fn views_partitions_and_children_are_their_tables() {
    let (db, _) = open(
        "CREATE TABLE sale (id integer, day date NOT NULL, n integer) PARTITION BY RANGE (day);
         CREATE TABLE sale_26 PARTITION OF sale FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
         CREATE TABLE sale_27 PARTITION OF sale FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
         INSERT INTO sale VALUES (1, '2026-05-05', 1), (2, '2027-05-05', 1);
         CREATE VIEW cheap AS SELECT id, n FROM sale WHERE n < 5;
         CREATE TABLE person (id integer PRIMARY KEY, name text);
         CREATE TABLE singer (voice text) INHERITS (person);
         INSERT INTO singer VALUES (1, 'Ella', 'high');",
    )
    .await;
    let sum = |name: &str| text(&format!("SELECT coalesce(sum(n), 0)::int8 FROM {name}"));
    let names = || text("SELECT name FROM person");
    for sql in [
        "UPDATE sale SET n = n + 1 WHERE id = 1",
        "UPDATE sale_26 SET n = n + 1",
        "INSERT INTO sale_27 VALUES (3, '2027-06-06', 1)",
        "UPDATE sale SET day = '2027-01-02' WHERE id = 1",
        "DELETE FROM sale_27 WHERE id = 3",
        "UPDATE cheap SET n = 4 WHERE id = 2",
        "TRUNCATE sale_27",
    ] {
        for name in ["sale", "sale_26", "sale_27", "cheap"] {
            sum(name).rows(&db).await.expect("read");
        }
        write(&db, sql).await;
        for name in ["sale", "sale_26", "sale_27", "cheap"] {
            let kept = sum(name).rows(&db).await.expect("read");
            let plain = format!("SELECT coalesce(sum(n), 0)::int8 FROM {name}");
            let plain = db
                .query_one_raw(Statement::from_string(BACKEND, plain))
                .await
                .expect("read");
            let plain: i64 = plain.expect("a row").try_get_by_index(0).expect("a number");
            assert_eq!(kept.rows, [[Stored::Int(plain)]], "{sql}: {name}");
        }
    }
    miss!(names().rows(&db));
    write(&db, "UPDATE singer SET name = 'Nina'").await;
    assert_eq!(
        miss!(names().rows(&db)).rows,
        [[Stored::Text("Nina".into())]]
    );
}

/// A change of the schema by somebody else is noticed within a second.
#[tokio::test]
async fn a_trigger_that_somebody_else_made_is_noticed() {
    let (db, url) = open(
        "CREATE TABLE track (id integer PRIMARY KEY, n integer); INSERT INTO track VALUES (1, 1);
         CREATE TABLE log (n integer);",
    )
    .await;
    let logged = || text("SELECT count(*) FROM log");
    let other = Database::connect(options(&url, 1)).await.expect("open");
    other
        .execute_unprepared(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO log VALUES (NEW.n); RETURN NEW; END $$;
             CREATE TRIGGER noted AFTER UPDATE ON track FOR EACH ROW EXECUTE FUNCTION note();",
        )
        .await
        .expect("a trigger");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(miss!(logged().rows(&db)).rows, [[Stored::Int(0)]]);
    write(&db, "UPDATE track SET n = 2").await;
    assert_eq!(read(logged().rows(&db)).await.0.rows, [[Stored::Int(1)]]);
}

#[tokio::test]
async fn what_is_set_on_one_connection_ends_caching() {
    let (db, _) = open("CREATE TABLE track (id integer PRIMARY KEY)").await;
    miss!(text("SELECT id FROM track").rows(&db));
    write(&db, "SET search_path = 'nowhere'").await;
    write(&db, "SET search_path = 'public'").await;
    let (_, outcome) = read(text("SELECT id FROM track").rows(&db)).await;
    assert!(matches!(outcome, Outcome::Uncached(_)), "{outcome:?}");
}

/// Rows of which each role sees its own are not kept.
#[tokio::test]
async fn a_table_with_row_security_is_read_uncached() {
    let (db, _) = open(
        "CREATE TABLE note (id integer PRIMARY KEY, owner text);
         ALTER TABLE note ENABLE ROW LEVEL SECURITY;
         CREATE TABLE free (id integer PRIMARY KEY);",
    )
    .await;
    let (_, outcome) = read(text("SELECT id FROM note").rows(&db)).await;
    assert!(matches!(outcome, Outcome::Uncached(_)), "{outcome:?}");
    miss!(text("SELECT id FROM free").rows(&db));
    hit!(text("SELECT id FROM free").rows(&db));
}

async fn refused(
    url: &str,
    build: impl FnOnce(larder_sea_orm::Builder) -> larder_sea_orm::Builder,
) -> DbErr {
    let builder = build(CachedConnection::builder(larder::Cache::memory()));
    builder.connect(options(url, 1)).await.expect_err("refused")
}

#[tokio::test]
async fn names_that_could_mean_several_tables_are_refused() {
    let url = database("CREATE SCHEMA app; CREATE TABLE app.track (id integer PRIMARY KEY)").await;
    let elsewhere = format!("{url}?options[search_path]=app,public");
    let error = refused(&elsewhere, |builder| builder).await;
    assert!(error.to_string().contains("search_path"), "{error}");
}

/// H15: a standby shows the past.
#[tokio::test(flavor = "multi_thread")]
async fn h15_a_standby_is_refused() {
    let (primary, standby) = tokio::task::spawn_blocking(|| {
        let primary = larder_servers::Postgres::start();
        let standby = primary.replica();
        (primary, standby)
    })
    .await
    .expect("two servers");
    let error = refused(&standby.url("postgres"), |builder| builder).await;
    assert!(error.to_string().contains("standby"), "{error}");
    drop((primary, standby));
}
