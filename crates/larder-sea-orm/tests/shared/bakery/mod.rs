//! CB-1, CB-3, AC-13: what SeaORM's guide teaches, asked of a bakery. Each query is put to the cached
//! connection and to one beside it that caches nothing; each write is done there and in a twin
//! database without any cache. Nobody can tell the answers apart: cold, warm, and after every write.

use sea_orm::{Database, DatabaseConnection};

use crate::shop::Shop;

mod asked;
mod entity;
mod filtered;
mod joined;
mod paged;
mod shaped;
mod written;

use asked::Asked;

/// Every query of the bakery, once.
async fn ask(asked: &mut Asked<'_>) {
    // Each on the heap: so many statements are too much for one stack.
    Box::pin(filtered::ask(asked)).await;
    Box::pin(shaped::ask(asked)).await;
    Box::pin(joined::ask(asked)).await;
    Box::pin(paged::ask(asked)).await;
}

/// A connection that caches nothing.
async fn plain(shop: &Shop) -> DatabaseConnection {
    Database::connect(shop.url()).await.expect("a connection")
}

#[tokio::test]
async fn cb1_cb3_the_queries_of_the_guide_answer_as_without_the_cache() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    entity::make(&shop.db).await.expect("tables and rows");
    let beside = plain(&shop).await;
    let twin = plain(&other).await;
    entity::make(&twin).await.expect("tables and rows");

    let mut asked = Asked::new(&shop.db, &beside);
    asked.round("cold");
    ask(&mut asked).await;
    asked.round("warm");
    ask(&mut asked).await;
    let unkept = asked.not_hit();
    assert!(unkept.is_empty(), "asked the database again: {unkept:?}");
    for step in 0.. {
        let Some((name, here)) = written::step(&shop.db, step).await else {
            break;
        };
        let (_, there) = written::step(&twin, step).await.expect("the same steps");
        assert_eq!(here, there, "what {name} gave");
        asked.round(name);
        ask(&mut asked).await;
        asked.round(name);
        ask(&mut asked).await;
        let unkept = asked.not_hit();
        assert!(unkept.is_empty(), "after {name}: {unkept:?}");
    }
    println!("{asked}");
}
