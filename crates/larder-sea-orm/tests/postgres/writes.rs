//! AC-13, CB-3: writes as PostgreSQL has them, beside others.

use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};

use crate::entity::{genre, track};
use crate::shop::{BACKEND, Shop};
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

#[tokio::test]
async fn raw_writes_tell_their_rows_as_without_the_cache() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for (text, rows) in [
        (
            "INSERT INTO track (name, genre_id, unit_price) VALUES ('a', 2, 1), ('b', 2, 1) -- two",
            2,
        ),
        ("UPDATE track SET unit_price = 2 WHERE genre_id = 2;", 3),
        ("UPDATE track SET genre_id = 2 WHERE id = 777", 0),
        ("DELETE FROM track WHERE genre_id = 2", 3),
    ] {
        warm(&db).await;
        let done = db.execute_unprepared(text).await.expect("written");
        assert_eq!(done.rows_affected(), rows, "{text}");
        hit!(of_genre(1).all(&db));
        hit!(of_genre(3).all(&db));
        db.cache().clear().await.expect("cleared");
    }
    warm(&db).await;
    let statement = Statement::from_sql_and_values(
        BACKEND,
        "INSERT INTO track (name, genre_id, unit_price) SELECT name, $1, unit_price FROM track WHERE genre_id = $2;",
        [3.into(), 1.into()],
    );
    assert_eq!(
        db.execute_raw(statement)
            .await
            .expect("written")
            .rows_affected(),
        2
    );
    hit!(of_genre(1).all(&db));
    assert_eq!(miss!(of_genre(3).all(&db)).len(), 3);
}

#[tokio::test]
async fn triggers_reach_what_they_write() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    db.execute_unprepared(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            UPDATE track SET name = name || '!' WHERE genre_id = NEW.id; RETURN NEW; END $$;
         CREATE TRIGGER renamed AFTER UPDATE OF name ON genre FOR EACH ROW EXECUTE FUNCTION shout();
         CREATE FUNCTION lower_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            NEW.name := lower(NEW.name); RETURN NEW; END $$;
         CREATE TRIGGER lowered BEFORE INSERT OR UPDATE ON track FOR EACH ROW EXECUTE FUNCTION lower_name();",
    )
    .await
    .expect("two triggers");
    warm(&db).await;
    db.execute_unprepared("UPDATE genre SET name = 'Hard' WHERE id = 1")
        .await
        .expect("written");
    assert_eq!(miss!(of_genre(1).all(&db))[0].name, "fast!");
    // A function that only changes its row.
    let names = || {
        track::Entity::find()
            .filter(track::Column::Name.eq("blue"))
            .cached()
    };
    let genres = || genre::Entity::find().cached();
    assert!(miss!(names().all(&db)).is_empty());
    miss!(genres().all(&db));
    db.execute_unprepared("UPDATE track SET unit_price = 5 WHERE id = 3")
        .await
        .expect("written");
    assert_eq!(miss!(names().all(&db)).len(), 1);
    hit!(genres().all(&db));
}
