use larder::{CacheModel, Reference};
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
struct Right {
    #[key]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
struct OptionsOnAField {
    #[key]
    id: u32,
    #[cache(default = "1")]
    level: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
struct UnknownOnAKey {
    #[key(hashed)]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
struct NoExpression {
    #[key(default = "1 +")]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
struct DefaultFirst {
    #[key(default = "1")]
    level: u32,
    #[key]
    player: String,
}

#[derive(CacheModel, Serialize, Deserialize)]
struct ReferenceAsKey {
    #[key]
    player: Reference<Right>,
}

#[derive(CacheModel, Serialize, Deserialize)]
struct Skipped {
    #[key]
    #[serde(skip)]
    id: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
struct BinaryReference {
    #[key]
    id: u32,
    #[binary]
    next: Reference<Right>,
}

#[derive(CacheModel, Serialize, Deserialize)]
struct BinaryAndWith {
    #[key]
    id: u32,
    #[binary]
    #[serde(with = "larder::model::binary")]
    raw: Vec<u8>,
}

fn main() {}
