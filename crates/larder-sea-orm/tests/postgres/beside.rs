//! Writers beside one another: what an update met may be another row than the one that was read
//! before it.

use larder_sea_orm::{CachedConnection, CachedExt};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, TransactionTrait};

use crate::entity::track;
use crate::shop::Shop;

fn of_genre(genre: i32) -> larder_sea_orm::Cached<sea_orm::Select<track::Entity>> {
    track::Entity::find()
        .filter(track::Column::GenreId.eq(genre))
        .cached()
}

async fn moved(db: CachedConnection, from: i32, to: i32, rounds: u32) -> Result<(), DbErr> {
    for _ in 0..rounds {
        let text = format!("UPDATE track SET genre_id = {to} WHERE genre_id = {from}");
        db.execute_unprepared(&text).await?;
        of_genre(to).all(&db).await?;
        of_genre(from).all(&db).await?;
    }
    Ok(())
}

/// H27: three writers move rows in a ring while everybody reads. When all are done, every cached
/// answer is the database's.
#[tokio::test(flavor = "multi_thread")]
async fn h27_rows_that_are_moved_by_several_at_once_are_never_lost() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for round in 0..8 {
        let moves = [(1, 2), (2, 3), (3, 1)];
        let movers = moves.map(|(from, to)| tokio::spawn(moved(db.clone(), from, to, 15)));
        for mover in movers {
            mover.await.expect("no panic").expect("moved");
        }
        for genre in 1..=3 {
            let kept = of_genre(genre).all(&db).await.expect("read");
            let mut kept: Vec<i32> = kept.iter().map(|track| track.id).collect();
            let plain = track::Entity::find().filter(track::Column::GenreId.eq(genre));
            let mut plain: Vec<i32> = plain
                .all(&db)
                .await
                .expect("read")
                .iter()
                .map(|track| track.id)
                .collect();
            kept.sort_unstable();
            plain.sort_unstable();
            assert_eq!(kept, plain, "round {round}, genre {genre}");
        }
    }
}

/// A row that is moved into the condition of an update while that waits.
#[tokio::test(flavor = "multi_thread")]
async fn h27_a_row_that_comes_in_while_an_update_waits_is_seen() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for genre in 1..=3 {
        of_genre(genre).all(&db).await.expect("read");
    }
    // It holds the lock of track 1, and moves track 3 from genre 2 to genre 1.
    let first = db.begin().await.expect("begun");
    first
        .execute_unprepared("UPDATE track SET unit_price = 1 WHERE id = 1")
        .await
        .expect("written");
    first
        .execute_unprepared("UPDATE track SET genre_id = 1 WHERE id = 3")
        .await
        .expect("written");
    let second = tokio::spawn({
        let db = db.clone();
        async move {
            let text = "UPDATE track SET genre_id = 3 WHERE genre_id = 1";
            db.execute_unprepared(text).await
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    first.commit().await.expect("committed");
    second.await.expect("no panic").expect("written");
    for genre in 1..=3 {
        let kept = of_genre(genre).all(&db).await.expect("read").len();
        let plain = track::Entity::find().filter(track::Column::GenreId.eq(genre));
        assert_eq!(
            kept,
            plain.all(&db).await.expect("read").len(),
            "genre {genre}"
        );
    }
}

/// An error spoils PostgreSQL's transaction; its commit is a rollback. What it wrote is dropped, which
/// is more than needed and never less.
#[tokio::test]
async fn a_failed_statement_spoils_the_transaction_as_without_the_cache() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    of_genre(1).all(&db).await.expect("read");
    let transaction = db.begin().await.expect("begun");
    transaction
        .execute_unprepared("UPDATE track SET unit_price = 1 WHERE id = 1")
        .await
        .expect("written");
    let taken = "INSERT INTO genre VALUES (1, 'x')";
    transaction
        .execute_unprepared(taken)
        .await
        .expect_err("the key is taken");
    let spoilt = "UPDATE track SET unit_price = 2 WHERE id = 1";
    transaction
        .execute_unprepared(spoilt)
        .await
        .expect_err("nothing more");
    let _ = transaction.commit().await;
    let kept = of_genre(1).all(&db).await.expect("read");
    assert!(kept.iter().all(|track| track.unit_price == 99));
}
