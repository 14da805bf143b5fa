//! What a load cannot take with it.

use larder::{Cache, cached};

struct Database;

impl Database {
    async fn query(&self) -> u32 {
        7
    }
}

#[cached(skip(db))]
async fn find(cache: &Cache, db: &Database) -> u32 {
    db.query().await
}

struct Home {
    db: Database,
}

impl Home {
    #[cached(on())]
    async fn find(&self, cache: &Cache) -> u32 {
        self.db.query().await
    }
}

fn main() {}
