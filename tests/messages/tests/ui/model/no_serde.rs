use larder::CacheModel;
use serde::Serialize;

#[derive(CacheModel)]
struct Neither {
    #[key]
    id: u32,
}

#[derive(CacheModel, Serialize)]
struct OneOnly {
    #[key]
    id: u32,
}

fn main() {}
