//! CB-3 where MySQL takes values for equal that are not the same: a row that is found by another
//! spelling of its value drops the answer that found it.

use larder_sea_orm::trace::Outcome;
use larder_sea_orm::{Cached, CachedConnection};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use crate::shop::{Shop, bound, read, text};
use crate::{hit, miss};

const SCHEMA: &str = "
    CREATE TABLE t (
        id INT PRIMARY KEY,
        n INT, u BIGINT UNSIGNED, flag BOOLEAN,
        loose VARCHAR(20), bytewise VARCHAR(20) COLLATE utf8mb4_bin,
        nopad VARCHAR(20) COLLATE utf8mb4_nopad_bin, fixed CHAR(8) COLLATE utf8mb4_bin,
        latin VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin,
        raw VARBINARY(20), filled BINARY(4),
        price DECIMAL(8,2), ratio DOUBLE, mood ENUM('loud', 'quiet'), tags SET('a', 'b'),
        y YEAR, bits BIT(8), day DATE, moment DATETIME, spent TIME, data JSON,
        other INT NOT NULL DEFAULT 0);
    INSERT INTO t (id, n, u, flag, loose, bytewise, nopad, fixed, latin, raw, filled, price, ratio, mood,
            tags, y, bits, day, moment, spent, data) VALUES
        (1, 7, 18446744073709551615, TRUE, 'Rock', 'Rock', 'Rock', 'Rock', 'Rock', 'Rock', 'ab', 7.50, 0.5,
            'loud', 'a,b', 2024, b'111', '2024-05-01', '2024-05-01 00:00:00', '10:00:00', '{\"a\": 1}'),
        (2, 8, 8, FALSE, 'Jazz', 'Jazz', 'Jazz', 'Jazz', 'Jazz', 'Jazz', 'cd', 8.50, 1.5,
            'quiet', 'a', 2023, b'1', '2023-05-01', '2023-05-01 12:00:00', '11:00:00', '{\"a\": 2}'),
        (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            NULL, NULL, NULL, NULL);";

fn by(condition: &str, value: impl Into<Value>) -> Cached<Statement> {
    bound(
        &format!("SELECT id, other FROM t WHERE {condition}"),
        [value.into()],
    )
}

async fn touch(db: &CachedConnection, id: i32) {
    let sql = "UPDATE t SET other = other + 1 WHERE id = ?";
    let update = Statement::from_sql_and_values(DbBackend::MySql, sql, [id.into()]);
    db.execute_raw(update).await.expect("an update");
}

/// The row that `condition` finds is row 1; after it has changed the answer is another.
async fn check(db: &CachedConnection, condition: &str, value: impl Into<Value>) {
    let value = value.into();
    let found = by(condition, value.clone()).rows(db).await.unwrap();
    let ids: Vec<_> = found.rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(
        ids,
        [larder_sea_orm::Stored::Int(1)],
        "{condition} with {value:?}"
    );
    touch(db, 1).await;
    let again = by(condition, value.clone()).rows(db).await.unwrap();
    assert_ne!(again, found, "{condition} with {value:?} is old");
}

#[tokio::test]
async fn cb3_numbers_by_other_spellings() {
    let Shop { db, .. } = Shop::of(SCHEMA).await;
    let db = &db;
    check(db, "n = ?", 7).await;
    check(db, "n = ?", 7_u64).await;
    check(db, "n = ?", "7").await;
    check(db, "n = ?", "7abc").await;
    check(db, "n = ?", " 7.0").await;
    check(db, "n = ?", 7.0).await;
    check(db, "n IN (?, 'x')", "7").await;
    check(db, "n IN (1, ?)", "7.0").await;
    check(db, "n = '7' AND id < ?", 9).await;
    check(db, "n = 7.0 AND id < ?", 9).await;
    check(db, "n = 7e0 AND id < ?", 9).await;
    check(db, "n = 0x07 AND id < ?", 9).await;
    check(db, "n = ? + 0", 7).await;
    check(db, "n <=> ?", 7).await;
    check(db, "flag = ?", true).await;
    check(db, "flag = TRUE AND id < ?", 9).await;
    check(db, "flag = ?", 1.0).await;
    check(db, "flag AND id < ?", 9).await;
    check(db, "u = ?", u64::MAX).await;
    check(db, "u = ?", "18446744073709551615").await;
    check(db, "u = 18446744073709551615 AND id < ?", 9).await;
    check(db, "(n, id) = (?, 1)", 7).await;
    check(db, "? = n", 7).await;
}

#[tokio::test]
async fn cb3_text_by_other_spellings() {
    let Shop { db, .. } = Shop::of(SCHEMA).await;
    let db = &db;
    for column in ["loose", "bytewise", "fixed", "latin", "nopad"] {
        check(db, &format!("{column} = ?"), "Rock").await;
    }
    // PAD SPACE, and trailing blanks that are not stored.
    for column in ["loose", "bytewise", "fixed", "latin"] {
        check(db, &format!("{column} = ?"), "Rock  ").await;
    }
    check(db, "loose = ?", "ROCK").await;
    check(db, "loose = ?", "röck").await;
    check(db, "loose = 'rock' AND id < ?", 9).await;
    check(db, "bytewise LIKE ?", "Ro%").await;
    check(db, "bytewise = 'Ro\\ck' AND id < ?", 9).await;
    check(db, "bytewise = \"Rock\" AND id < ?", 9).await;
    check(db, "bytewise = 'Ro' 'ck' AND id < ?", 9).await;
    check(db, "bytewise = ? COLLATE utf8mb4_general_ci", "ROCK").await;
    check(db, "latin = ?", b"Rock".to_vec()).await;
    check(db, "raw = ?", "Rock").await;
    check(db, "raw = ?", b"Rock".to_vec()).await;
    check(db, "filled = ?", b"ab\0\0".to_vec()).await;
    // A text that begins with a number equals it.
    db.execute_unprepared("UPDATE t SET bytewise = '7 up', loose = '7 up' WHERE id = 1")
        .await
        .unwrap();
    check(db, "bytewise = ?", 7).await;
    check(db, "bytewise = 7 AND id < ?", 9).await;
    check(db, "loose = ?", 7.0).await;
    check(db, "bytewise = id + ?", 6).await;
}

#[tokio::test]
async fn cb3_other_types_by_other_spellings() {
    let Shop { db, .. } = Shop::of(SCHEMA).await;
    let db = &db;
    check(db, "price = ?", 7.5).await;
    check(db, "price = ?", "7.500").await;
    check(db, "ratio = ?", "0.5").await;
    check(db, "mood = ?", "LOUD").await;
    check(db, "mood = ?", 1).await;
    check(db, "tags = ?", "a,b").await;
    check(db, "tags = ?", 3).await;
    check(db, "y = ?", 2024).await;
    check(db, "y = ?", "24").await;
    check(db, "bits = ?", 7).await;
    check(db, "day = ?", "2024-5-1").await;
    check(db, "day = ?", 20240501).await;
    check(db, "moment = ?", "2024-05-01").await;
    check(db, "spent = ?", "10:00").await;
    check(db, "spent = ?", 100000).await;
}

/// CB-4: what is compared byte by byte is pinned, and the rows of others do not matter.
#[tokio::test]
async fn cb4_what_can_be_pinned_is() {
    let Shop { db, .. } = Shop::of(SCHEMA).await;
    let pinned: [(&str, Value); 10] = [
        ("n = ?", 7.into()),
        ("n = ?", 7_u8.into()),
        ("u = ?", u64::MAX.into()),
        ("flag = ?", true.into()),
        ("bytewise = ?", "Rock".into()),
        ("nopad = ?", "Rock".into()),
        ("fixed = ?", "Rock".into()),
        ("raw = ?", "Rock".into()),
        ("raw = ?", b"Rock".to_vec().into()),
        ("filled = ?", b"ab\0\0".to_vec().into()),
    ];
    for (condition, value) in pinned {
        by(condition, value.clone()).rows(&db).await.unwrap();
        touch(&db, 2).await;
        touch(&db, 3).await;
        let (_, outcome) = read(by(condition, value.clone()).rows(&db)).await;
        assert_eq!(outcome, Outcome::Hit, "{condition} with {value:?}");
        touch(&db, 1).await;
        miss!(by(condition, value.clone()).rows(&db));
    }
    let none = || text("SELECT id, other FROM t WHERE n IS NULL");
    miss!(none().rows(&db));
    touch(&db, 1).await;
    hit!(none().rows(&db));
    touch(&db, 3).await;
    miss!(none().rows(&db));
}

/// A value changed into one that equals it is another value.
#[tokio::test]
async fn cb3_a_change_between_equal_values_is_a_change() {
    let Shop { db, .. } = Shop::of(SCHEMA).await;
    for (column, value) in [
        ("loose", "'ROCK'"),
        ("bytewise", "'Rock '"),
        ("nopad", "'Rock '"),
        ("mood", "'quiet'"),
        ("price", "7.51"),
        ("day", "'2024-05-02'"),
        ("data", "'{\"a\":1}'"),
        ("u", "18446744073709551614"),
    ] {
        let read = || bound(&format!("SELECT {column} FROM t WHERE id = ?"), [1.into()]);
        let before = miss!(read().rows(&db));
        let update = format!("UPDATE IGNORE t SET {column} = {value} WHERE id = 1");
        db.execute_unprepared(&update).await.unwrap();
        assert_ne!(read().rows(&db).await.unwrap(), before, "{column}");
    }
}

/// A day of zeros is NULL to the driver, and none to the database.
#[tokio::test]
async fn cb3_a_day_of_zeros_is_not_null() {
    let Shop { db, .. } = Shop::of(SCHEMA).await;
    let read = || bound("SELECT day IS NULL FROM t WHERE id = ?", [3.into()]);
    let before = miss!(read().rows(&db));
    // Not by this session's mode, but by the statement's own.
    let update = "UPDATE IGNORE t SET day = '0000-00-00' WHERE id = 3";
    db.execute_unprepared(update).await.unwrap();
    assert_ne!(read().rows(&db).await.unwrap(), before);
}

/// `binary` is filled up with zeros when it is stored; whether the shorter value finds it or not, the
/// answer is right.
#[tokio::test]
async fn cb3_short_values_of_binary_columns() {
    let Shop { db, .. } = Shop::of(
        "CREATE TABLE k (id BINARY(4) PRIMARY KEY, n INT); INSERT INTO k VALUES ('ab', 1), ('cd', 2);",
    )
    .await;
    for key in [b"ab".to_vec(), b"ab\0\0".to_vec(), b"ab\0".to_vec()] {
        let read = || bound("SELECT n FROM k WHERE id = ?", [key.clone().into()]);
        let before = read().rows(&db).await.unwrap();
        db.execute_unprepared("UPDATE k SET n = n + 1 WHERE id = 'ab\\0\\0'")
            .await
            .unwrap();
        let after = read().rows(&db).await.unwrap();
        assert_eq!(after.rows.is_empty(), before.rows.is_empty());
        assert!(after.rows.is_empty() || after != before, "{key:?}");
    }
}
