//! The first build of the service.

use larder::CacheModel;
use larder_builds::Build;
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Same")]
struct Same {
    #[key]
    id: u32,
    age: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Added")]
struct Added {
    #[key]
    id: u32,
    age: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "AddedWithDefault")]
struct AddedWithDefault {
    #[key]
    id: u32,
    age: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Removed")]
struct Removed {
    #[key]
    id: u32,
    age: u32,
    size: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Retyped")]
struct Retyped {
    #[key]
    id: u32,
    age: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Renamed")]
struct Renamed {
    #[key]
    id: u32,
    age: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Swapped")]
struct Swapped {
    #[key]
    id: u32,
    age: u32,
    size: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Binary")]
struct Binary {
    #[key]
    id: u32,
    #[binary]
    age: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let build = Build::begin().await;
    let (id, age, size) = (1, 7, 8);
    build.knows(Same { id, age }).await;
    build.knows(Added { id, age }).await;
    build.knows(AddedWithDefault { id, age }).await;
    build.knows(Removed { id, age, size }).await;
    build.knows(Retyped { id, age }).await;
    build.knows(Renamed { id, age }).await;
    build.knows(Swapped { id, age, size }).await;
    build.knows(Binary { id, age }).await;
}
