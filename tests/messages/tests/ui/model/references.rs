use std::collections::LinkedList;

use larder::{CacheModel, Reference};
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
struct ReferencesInAList {
    #[key]
    id: u32,
    next: LinkedList<Reference<ReferencesInAList>>,
}

fn main() {}
