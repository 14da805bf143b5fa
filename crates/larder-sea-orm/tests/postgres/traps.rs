//! Values that PostgreSQL calls equal although they look different: what is found by one spelling
//! must be dropped when a row of the other changes.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{CachedConnection, CachedExt, Stored};
use sea_orm::{ConnectionTrait, Statement, Value};

use crate::shop::{BACKEND, database, options, read};
use crate::{hit, miss};

async fn open(schema: &str) -> CachedConnection {
    let url = database(schema).await;
    CachedConnection::builder(larder::Cache::memory())
        .connect(options(&url, 2))
        .await
        .expect("open")
}

fn text(sql: &str, values: impl IntoIterator<Item = Value>) -> larder_sea_orm::Cached<Statement> {
    Statement::from_sql_and_values(BACKEND, sql, values).cached()
}

/// A row that `condition` finds is changed by its id: the answer is dropped.
async fn check(kind: &str, stored: &str, condition: &str, value: Option<Value>) {
    let db = open(&format!(
        "CREATE TABLE thing (id integer PRIMARY KEY, v {kind}, n integer NOT NULL);
             INSERT INTO thing VALUES (1, {stored}, 1), (2, NULL, 1);"
    ))
    .await;
    let sql = format!("SELECT n FROM thing WHERE {condition}");
    let asked = || text(&sql, value.clone());
    assert_eq!(
        miss!(asked().rows(&db)).rows,
        [[Stored::Int(1)]],
        "{kind} {condition}"
    );
    db.execute_unprepared("UPDATE thing SET n = 2 WHERE id = 1")
        .await
        .expect("written");
    let (rows, outcome) = read(asked().rows(&db)).await;
    assert_eq!(outcome, Outcome::Miss, "{kind} {condition}");
    assert_eq!(rows.rows, [[Stored::Int(2)]], "{kind} {condition}");
    // A row that comes to be found.
    db.execute_unprepared(&format!(
        "UPDATE thing SET v = {stored}, n = 3 WHERE id = 2"
    ))
    .await
    .expect("written");
    assert_eq!(
        read(asked().rows(&db)).await.0.rows.len(),
        2,
        "{kind} {condition}"
    );
    db.execute_unprepared("DELETE FROM thing WHERE id = 1")
        .await
        .expect("written");
    assert_eq!(
        read(asked().rows(&db)).await.0.rows,
        [[Stored::Int(3)]],
        "{kind} {condition}"
    );
}

#[tokio::test]
async fn char_n_ignores_trailing_blanks() {
    check("char(8)", "'rock'", "v = 'rock   '", None).await;
    check("char(8)", "'rock  '", "v = 'rock'", None).await;
}

#[tokio::test]
async fn decimals_and_floats_compare_as_numbers() {
    check("numeric", "1.50", "v = 1.5", None).await;
    check("numeric(10,2)", "1.5", "v = 1.500", None).await;
    check("double precision", "0.0", "v = '-0'", None).await;
    check("double precision", "'NaN'", "v = 'NaN'", None).await;
    check("integer", "5", "v = 5.0", None).await;
    check("bigint", "5", "v = $1", Some(5.0.into())).await;
    check("bigint", "5", "v = ' 5 '", None).await;
}

#[tokio::test]
async fn truth_has_many_names() {
    check("boolean", "true", "v = 'yes'", None).await;
    check("boolean", "true", "v = $1", Some(true.into())).await;
    check("boolean", "true", "v", None).await;
    check("boolean", "true", "v IS TRUE", None).await;
    check("boolean", "false", "NOT v", None).await;
}

#[tokio::test]
async fn uuids_bytes_and_times_have_several_spellings() {
    let uuid = "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'";
    check(
        "uuid",
        uuid,
        "v = '{A0EEBC99-9C0B4EF8BB6D6BB9BD380A11}'",
        None,
    )
    .await;
    check("bytea", "'\\x6162'", "v = 'ab'", None).await;
    check(
        "timestamptz",
        "'2026-01-01 12:00+00'",
        "v = '2026-01-01 13:00+01'",
        None,
    )
    .await;
    check("interval", "'1 day'", "v = '24 hours'", None).await;
    check("inet", "'10.0.0.1'", "v = '10.0.0.1/32'", None).await;
    check(
        "jsonb",
        "'{\"a\": 1, \"b\": 2}'",
        "v = '{\"b\":2,\"a\":1.0}'",
        None,
    )
    .await;
}

#[tokio::test]
async fn text_is_its_bytes_and_pins() {
    check("text", "'rock'", "v = 'rock'", None).await;
    check("text", "'rock'", "v = $1", Some("rock".into())).await;
    check("varchar(20)", "'rock'", "v = $1", Some("rock".into())).await;
    check("text", "'Rock'", "lower(v) = 'rock'", None).await;
    check("text", "'Rock'", "v ILIKE 'rOCK'", None).await;
    let db = open(
        "CREATE TABLE thing (id integer PRIMARY KEY, v text);
         INSERT INTO thing VALUES (1, 'rock'), (2, 'Rock');",
    )
    .await;
    let of = |v: &str| text("SELECT id FROM thing WHERE v = $1", [v.into()]);
    miss!(of("rock").rows(&db));
    miss!(of("Rock").rows(&db));
    db.execute_unprepared("UPDATE thing SET v = 'ROCK' WHERE id = 2")
        .await
        .expect("written");
    hit!(of("rock").rows(&db));
    assert!(miss!(of("Rock").rows(&db)).rows.is_empty());
}

/// A collation that does not tell letters apart.
#[tokio::test]
async fn a_nondeterministic_collation_does_not_pin() {
    let db = open(
        "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         CREATE TABLE thing (id integer PRIMARY KEY, v text COLLATE nocase, n integer NOT NULL);
         INSERT INTO thing VALUES (1, 'Rock', 1);",
    )
    .await;
    let asked = || text("SELECT n FROM thing WHERE v = $1", ["rock".into()]);
    assert_eq!(miss!(asked().rows(&db)).rows.len(), 1);
    db.execute_unprepared("UPDATE thing SET n = 2 WHERE v = 'ROCK'")
        .await
        .expect("written");
    assert_eq!(read(asked().rows(&db)).await.0.rows, [[Stored::Int(2)]]);
}

#[tokio::test]
async fn arrays_and_enums_are_compared_by_the_database() {
    check("integer[]", "'{1,2}'", "v = '{1, 2}'", None).await;
    check("integer", "5", "v = ANY('{4,5}')", None).await;
    let db = open(
        "CREATE TYPE mood AS ENUM ('calm', 'loud');
         CREATE TABLE thing (id integer PRIMARY KEY, v mood);
         INSERT INTO thing VALUES (1, 'calm');",
    )
    .await;
    let asked = || text("SELECT id FROM thing WHERE v = 'calm'", []);
    assert_eq!(miss!(asked().rows(&db)).rows.len(), 1);
    db.execute_unprepared("UPDATE thing SET v = 'loud'")
        .await
        .expect("written");
    assert!(read(asked().rows(&db)).await.0.rows.is_empty());
}
