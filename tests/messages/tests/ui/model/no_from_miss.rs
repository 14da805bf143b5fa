use larder::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(from_miss)]
struct User {
    #[key]
    username: String,
}

fn main() {}
