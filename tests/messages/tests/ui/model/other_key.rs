use larder::{Cache, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
struct Score {
    #[key]
    player: String,
    #[key]
    level: u32,
}

async fn of_another_type(cache: &Cache) {
    let _ = Score::get(cache, ("bob", "three")).await;
}

async fn too_many(cache: &Cache) {
    let _ = Score::delete(cache, ("bob", 3, "blitz")).await;
}

fn main() {}
