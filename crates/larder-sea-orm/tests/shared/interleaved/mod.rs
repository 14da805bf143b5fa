//! L2 of the levels, on every database: a read that begins after a write has returned is never older
//! than that write, and when all is quiet nothing is. Two writers with open transactions beside
//! cached reads: schedules by chance, each with its seed, and those that are known to be dangerous.

mod forced;
mod reads;
mod schedule;
mod steps;
mod writer;

use larder_sea_orm::CachedConnection;
use sea_orm::{ConnectOptions, Database};

use crate::shop::Shop;
use reads::Reads;

/// Two connections behind one cache, and one that caches nothing.
struct Ground {
    writers: [CachedConnection; 2],
    reads: Reads,
    _shop: Shop,
}

impl Ground {
    async fn new() -> Ground {
        let shop = Shop::open().await;
        let mut options = ConnectOptions::new(shop.url());
        options.max_connections(4).sqlx_logging(false);
        let plain = || Database::connect(options.clone());
        let other = plain().await.expect("a connection");
        let other = CachedConnection::new(other, shop.db.cache().clone()).await;
        let beside = plain().await.expect("a connection");
        Ground {
            writers: [shop.db.clone(), other.expect("a connection")],
            reads: Reads::new(beside),
            _shop: shop,
        }
    }
}
