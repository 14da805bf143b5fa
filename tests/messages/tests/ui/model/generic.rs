use larder::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
struct Page<T> {
    #[key]
    number: u32,
    rows: Vec<T>,
}

fn main() {}
