//! AC-13, CB-3: writes that SQLite has in its own words.

use larder_sea_orm::{CachedConnection, CachedExt, Stored};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Set,
    Statement,
};

use crate::entity::{genre, track};
use crate::shop::Shop;
use crate::{hit, miss};

fn of_genre(genre: i32) -> larder_sea_orm::Cached<sea_orm::Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
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

#[tokio::test]
async fn raw_inserts_tell_rows_and_last_id_as_without_the_cache() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    warm(&db).await;
    let result = db
        .execute_unprepared(
            "INSERT INTO track (name, genre_id, unit_price) VALUES ('a', 2, 1), ('b', 2, 1) -- two",
        )
        .await
        .unwrap();
    assert_eq!((result.rows_affected(), result.last_insert_id()), (2, 6));
    hit!(of_genre(1).all(&db));
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 3);
    let result = db
        .execute_raw(Statement::from_sql_and_values(
            DbBackend::Sqlite,
            "INSERT INTO track (name, genre_id, unit_price) SELECT name, ?, unit_price FROM track WHERE genre_id = ?;",
            [3.into(), 1.into()],
        ))
        .await
        .unwrap();
    assert_eq!(result.rows_affected(), 2);
    hit!(of_genre(1).all(&db));
    assert_eq!(miss!(of_genre(3).all(&db)).len(), 3);
}

#[tokio::test]
async fn upserts() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    warm(&db).await;
    let conflict = OnConflict::column(track::Column::Id)
        .update_column(track::Column::GenreId)
        .to_owned();
    track::Entity::insert(new(1, 2))
        .on_conflict(conflict)
        .exec(&db)
        .await
        .unwrap();
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 1);
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    hit!(of_genre(3).all(&db));
    // A new row, and the same again.
    let conflict = || {
        OnConflict::column(track::Column::Id)
            .update_columns([track::Column::Name, track::Column::GenreId])
            .to_owned()
    };
    track::Entity::insert(new(30, 3))
        .on_conflict(conflict())
        .exec(&db)
        .await
        .unwrap();
    hit!(of_genre(1).all(&db));
    hit!(of_genre(2).all(&db));
    assert_eq!(miss!(of_genre(3).all(&db)).len(), 2);
    track::Entity::insert(new(30, 3))
        .on_conflict(conflict())
        .exec(&db)
        .await
        .unwrap();
    hit!(of_genre(3).all(&db));
    let nothing = OnConflict::column(track::Column::Id)
        .do_nothing()
        .to_owned();
    let result = track::Entity::insert(new(1, 3))
        .on_conflict(nothing)
        .exec_without_returning(&db)
        .await;
    assert!(
        result.is_ok() || matches!(result, Err(sea_orm::DbErr::RecordNotInserted)),
        "{result:?}"
    );
    hit!(of_genre(1).all(&db));
}

#[tokio::test]
async fn replace_takes_the_old_row_away() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    warm(&db).await;
    db.execute_unprepared(
        "REPLACE INTO track (id, name, genre_id, unit_price) VALUES (1, 'x', 2, 1)",
    )
    .await
    .unwrap();
    assert_eq!(miss!(of_genre(1).all(&db)).len(), 1);
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
}

#[tokio::test]
async fn triggers_reach_other_tables() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    db.execute_unprepared(
        "CREATE TRIGGER renamed AFTER UPDATE OF name ON genre BEGIN
            UPDATE track SET name = name || '!' WHERE genre_id = NEW.id;
         END",
    )
    .await
    .unwrap();
    warm(&db).await;
    genre::ActiveModel {
        id: Set(1),
        name: Set("Hard".into()),
    }
    .update(&db)
    .await
    .unwrap();
    assert_eq!(miss!(of_genre(1).all(&db))[0].name, "Fast!");
}

/// A write that fails outside a transaction may have changed something: INSERT OR FAIL keeps the
/// rows before the one that failed.
#[tokio::test]
async fn a_failed_statement_drops_what_it_may_have_changed() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    warm(&db).await;
    let text = "INSERT OR FAIL INTO track (id, name, genre_id, unit_price) VALUES (20, 'a', 2, 1), (1, 'b', 2, 1)";
    db.execute_unprepared(text).await.unwrap_err();
    assert_eq!(miss!(of_genre(2).all(&db)).len(), 2);
    // And the connection is as good as before.
    db.execute_unprepared("UPDATE track SET unit_price = 7 WHERE id = 20")
        .await
        .unwrap();
    assert!(
        miss!(of_genre(2).all(&db))
            .iter()
            .any(|track| track.unit_price == 7)
    );
}

/// CB-3: of an upsert whose clause is not understood nobody knows what it sets, so that comparing what is known
/// of its rows says nothing. The table has no number of its own, by which that would be noticed anyway.
#[tokio::test]
async fn cb3_an_upsert_with_a_clause_that_is_not_understood_drops_what_it_met() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    db.execute_unprepared("CREATE TABLE stock (track TEXT PRIMARY KEY, copies INTEGER)")
        .await
        .expect("a table");
    db.execute_unprepared("INSERT INTO stock VALUES ('x', 1)")
        .await
        .expect("a row");
    let copies = || {
        let sql = "SELECT copies FROM stock WHERE track = 'x'";
        Statement::from_string(DbBackend::Sqlite, sql).cached()
    };
    for (clause, expected) in [
        (
            "ON CONFLICT (track) WHERE track IS NOT NULL DO UPDATE SET copies = excluded.copies",
            2,
        ),
        (
            "ON CONFLICT (track) DO UPDATE SET copies = excluded.copies ON CONFLICT DO NOTHING",
            3,
        ),
    ] {
        copies().rows(&db).await.expect("rows");
        let sql = format!("INSERT INTO stock VALUES ('x', {expected}) {clause}");
        db.execute_unprepared(&sql).await.expect("an upsert");
        let rows = copies().rows(&db).await.expect("rows");
        assert_eq!(rows.rows[0][0], Stored::Int(expected), "{clause}");
    }
}
