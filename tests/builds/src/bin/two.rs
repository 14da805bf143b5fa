//! The second build of the service: its models have changed as their names say.

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
    size: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "AddedWithDefault")]
struct AddedWithDefault {
    #[key]
    id: u32,
    age: u32,
    #[serde(default)]
    size: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Removed")]
struct Removed {
    #[key]
    id: u32,
    age: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Retyped")]
struct Retyped {
    #[key]
    id: u32,
    age: String,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Renamed")]
struct Renamed {
    #[key]
    id: u32,
    years: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Swapped")]
struct Swapped {
    #[key]
    id: u32,
    size: u32,
    age: u32,
}

#[derive(CacheModel, Serialize, Deserialize)]
#[cache(name = "Binary")]
struct Binary {
    #[key]
    id: u32,
    #[binary]
    age: i32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let build = Build::begin().await;
    let (id, age, size) = (1, 7, 8);
    build.knows(Same { id, age }).await;
    build.knows(Added { id, age, size }).await;
    build.knows(AddedWithDefault { id, age, size }).await;
    build.knows(Removed { id, age }).await;
    let text = age.to_string();
    build.knows(Retyped { id, age: text }).await;
    build.knows(Renamed { id, years: age }).await;
    build.knows(Swapped { id, size, age }).await;
    build.knows(Binary { id, age: 7 }).await;
}
