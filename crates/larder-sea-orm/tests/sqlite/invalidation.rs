//! CB-3 on SQLite: collations.

use larder_sea_orm::CachedExt;
use sea_orm::ConnectionTrait;

use crate::shop::Shop;
use crate::{hit, miss};

/// 'rock' set to 'Rock' is the same tag in a NOCASE column, and another answer.
#[tokio::test]
async fn a_change_of_case_in_a_nocase_column_is_a_change() {
    use sea_orm::{DbBackend, Statement};
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    db.execute_unprepared("CREATE TABLE word (id INTEGER PRIMARY KEY, w TEXT COLLATE NOCASE)")
        .await
        .unwrap();
    db.execute_unprepared("INSERT INTO word VALUES (1, 'rock'), (2, 'jazz')")
        .await
        .unwrap();
    let words = |w: &str| {
        Statement::from_sql_and_values(
            DbBackend::Sqlite,
            "SELECT * FROM word WHERE w = ?",
            [w.into()],
        )
        .cached()
    };
    miss!(words("ROCK").rows(&db));
    miss!(words("jazz").rows(&db));
    db.execute_unprepared("UPDATE word SET w = 'Rock' WHERE id = 1")
        .await
        .unwrap();
    let rows = miss!(words("ROCK").rows(&db));
    assert_eq!(rows.rows[0][1], larder_sea_orm::Stored::Text("Rock".into()));
    hit!(words("jazz").rows(&db));
}
