//! What the shop keeps that is no query: a model, a cached function, a cached form.
//!
//! larder sees what a query reads, and what a write to the database changes for it. What stands here
//! depends on the database by way of the shop's own code, where larder sees nothing. So each says
//! what it depends on, and whoever writes [tells](tell) what was written.

pub mod also_bought;
pub mod basket;
pub mod search;

use larder::{CacheModel, Error, Tag};

use crate::database::Db;
use basket::Basket;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Tracks: their names, prices, genres.
    Catalogue,
    /// This visitor's basket.
    Basket(String),
    /// This visitor's basket became an invoice.
    Sale(String),
}

/// Carried by whatever shows tracks. Shops with files of their own have tags of their own.
fn catalogue(db: &Db) -> Tag {
    Tag::named_parts(("catalogue", db.database()))
}

/// Carried by whatever knows who bought what.
fn sales(db: &Db) -> Tag {
    Tag::named_parts(("sales", db.database()))
}

/// Drops what depends on what was written.
pub async fn tell(db: &Db, change: &Change) {
    let cache = db.cache();
    let told: Result<(), Error> = async {
        match change {
            Change::Catalogue => cache.invalidate([catalogue(db)]).await,
            Change::Basket(visitor) => Basket::delete(cache, (db.database(), visitor)).await,
            Change::Sale(visitor) => {
                // Both, whatever becomes of the other.
                let sold = cache.invalidate([sales(db)]).await;
                let emptied = Basket::delete(cache, (db.database(), visitor)).await;
                sold.and(emptied)
            }
        }
    }
    .await;
    // What was written is written. Where the store could not be told, what it holds ends by its ttl.
    if let Err(error) = told {
        eprintln!("shop: {error}");
    }
}
