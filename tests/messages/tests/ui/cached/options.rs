//! Options that are none, or cannot be meant.

use larder::cached;

#[cached(lifetime = "60s")]
async fn unknown() {}

#[cached(ttl = "60s", ttl = "30s")]
async fn twice() {}

#[cached(ttl)]
async fn without_value() {}

#[cached(skip = db)]
async fn without_list(db: u32) {}

#[cached(skip(database))]
async fn skips_nothing(db: u32) {}

#[cached(skip(db, db))]
async fn skips_twice(db: u32) {}

#[cached(map(id = id / 2))]
async fn maps_nothing(number: u32) {}

#[cached(map(id))]
async fn maps_to_nothing(id: u32) {}

#[cached(skip(id), map(id = id / 2))]
async fn skips_and_maps(id: u32) {}

#[cached(key = id, map(id = id / 2))]
async fn has_two_keys(id: u32) {}

#[cached(name = NAME)]
async fn has_no_fixed_name() {}

#[cached(name = "")]
async fn has_no_name() {}

#[cached(on(self.id))]
async fn has_no_self(id: u32) {}

#[cached(wait = "2s")]
async fn cannot_say_that_it_took_too_long() -> u32 {
    7
}

struct Home {
    id: u32,
}

impl Home {
    #[cached(on(id))]
    async fn does_not_say_whose(&self) {}
}

fn main() {}
