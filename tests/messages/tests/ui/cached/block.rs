//! Blocks of methods.

use larder::cached;

#[derive(Clone)]
struct Home;

#[cached]
impl Home {
    async fn marked_by_nobody(&self) -> u32 {
        7
    }
}

#[cached(ttl = "60s")]
impl Home {
    #[cached]
    async fn has_its_own_options(&self) -> u32 {
        7
    }
}

trait Geo {
    async fn place(&self) -> u32;
}

impl Geo for Home {
    #[cached(on())]
    async fn place(&self) -> u32 {
        7
    }
}

fn main() {}
