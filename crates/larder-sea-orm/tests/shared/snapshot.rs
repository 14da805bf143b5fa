//! L5 on every database: the answers of a snapshot are of one instant, whatever is written meanwhile.

use std::sync::atomic::{AtomicU32, Ordering};

use larder_sea_orm::{CachedConnection, CachedEntity, CachedExt};
use sea_orm::prelude::Expr;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};

use crate::entity::track;
use crate::shop::Shop;

/// One statement that gives the tracks 1 and 2 one price.
async fn reprice(db: &CachedConnection, price: i32) -> Result<(), DbErr> {
    track::Entity::update_many()
        .col_expr(track::Column::UnitPrice, Expr::value(price))
        .filter(track::Column::Id.is_in([1, 2]))
        .exec(db)
        .await?;
    Ok(())
}

/// A write between any two reads of it, in every run.
#[tokio::test]
async fn l5_writes_between_the_reads_do_not_tear_the_answers() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let price = AtomicU32::new(100);
    for _ in 0..3 {
        let answers = db.snapshot(|at| {
            let (db, price) = (&db, &price);
            async move {
                let one = track::Entity::find_by_id(1).cached().one(&at).await?;
                let now = price.fetch_add(1, Ordering::SeqCst);
                reprice(db, i32::try_from(now).expect("small")).await?;
                let other = track::Entity::find_by_id(2).cached().one(&at).await?;
                let both = track::Entity::cached(&at).get_many([1, 2]).await?;
                let rock = track::Entity::find()
                    .filter(track::Column::GenreId.eq(1))
                    .cached()
                    .all(&at)
                    .await?;
                Ok((one, other, both, rock))
            }
        });
        let (one, other, both, rock) = answers.await.unwrap();
        let price = one.unwrap().unit_price;
        assert_eq!(other.unwrap().unit_price, price);
        assert!(both.iter().flatten().all(|track| track.unit_price == price));
        assert_eq!((both.iter().flatten().count(), rock.len()), (2, 2));
        assert!(rock.iter().all(|track| track.unit_price == price));
    }
}

#[tokio::test]
async fn l5_what_it_stores_and_what_it_finds_is_right_afterwards() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    let sum = async || {
        let prices = db.snapshot(|at| async move {
            let one = track::Entity::find_by_id(1).cached().one(&at).await?;
            let other = track::Entity::find_by_id(2).cached().one(&at).await?;
            Ok([one, other]
                .into_iter()
                .flatten()
                .map(|track| track.unit_price)
                .sum::<i32>())
        });
        prices.await.unwrap()
    };
    assert_eq!(sum().await, 198);
    for price in [5, 6, 7] {
        reprice(&db, price).await.unwrap();
        assert_eq!(sum().await, 2 * price);
    }
}
