//! Arguments that cannot be part of a key.

use larder::{Cache, cached};

#[derive(Clone)]
struct Database;

#[cached]
async fn find(cache: &Cache, db: &Database, id: u32) -> u32 {
    let _ = db;
    id
}

#[cached]
async fn takes(cache: &Cache, db: Database) -> u32 {
    let _ = db;
    7
}

#[derive(Clone)]
struct Home {
    db: Database,
}

impl Home {
    #[cached]
    async fn counts_whole(&self, cache: &Cache) -> u32 {
        7
    }

    #[cached(on(self.db))]
    async fn counts_by_its_database(&self, cache: &Cache) -> u32 {
        7
    }
}

fn main() {}
