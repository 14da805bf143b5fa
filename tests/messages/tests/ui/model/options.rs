use larder::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(ttk = "15m")]
struct Misspelt {
    #[key]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(ttl = "15 minutes")]
struct NoTime {
    #[key]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(ttl = "0s")]
struct NeverFound {
    #[key]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(version = 1, version = 2)]
struct Twice {
    #[key]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(version = "two")]
struct NoNumber {
    #[key]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "user@2")]
struct NoName {
    #[key]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[key]
struct OnTheStruct {
    id: u32,
}

fn main() {}
