use larder::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
struct Pair(#[key] u32, String);

#[derive(CacheModel, Serialize, Deserialize)]
enum Either {
    Left { #[key] id: u32 },
}

fn main() {}
