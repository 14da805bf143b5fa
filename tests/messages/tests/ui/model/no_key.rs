use larder::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
struct User {
    username: String,
}

fn main() {}
