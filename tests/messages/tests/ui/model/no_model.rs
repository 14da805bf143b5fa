use larder::{Cache, CacheModel, Reference};

struct NoModel {
    id: u32,
}

async fn asked(cache: &Cache, refers: Reference<NoModel>) {
    let _ = NoModel::get(cache, 1).await;
}

fn main() {}
