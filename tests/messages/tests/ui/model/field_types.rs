use larder::CacheModel;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct NoKeyPart;

#[derive(CacheModel, Serialize, Deserialize)]
struct KeyThatIsNone {
    #[key]
    id: NoKeyPart,
}

#[derive(Serialize, Deserialize)]
struct NoClone;

#[derive(CacheModel, Serialize, Deserialize)]
struct CannotBeCopied {
    #[key]
    id: u32,
    value: NoClone,
}

fn main() {}
