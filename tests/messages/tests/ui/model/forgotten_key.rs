use larder::{Cache, CacheModel};
use serde::{Deserialize, Serialize};

#[derive(CacheModel, Serialize, Deserialize)]
struct Score {
    #[key]
    player: String,
    #[key]
    level: u32,
    #[key(default = "\"classic\"")]
    mode: String,
}

async fn forgotten(cache: &Cache) {
    let _ = Score::get(cache, ("bob",)).await;
}

async fn alone(cache: &Cache) {
    let _ = Score::get_many(cache, ["bob"]).await;
}

fn main() {}
