//! What one get follows at most.

use larder::model::{COPIES_MAX, GraphLimit, OBJECTS_MAX, REFERENCES_DEPTH_MAX};
use larder::{CacheModel, ModelError, Reference};
use serde::{Deserialize, Serialize};

use crate::world::World;

#[derive(CacheModel, Debug, Serialize, Deserialize)]
struct Link {
    #[key]
    id: usize,
    next: Vec<Reference<Link>>,
}

async fn save(world: &World, id: usize, next: impl IntoIterator<Item = usize>) {
    let next = next.into_iter().map(Reference::to_key).collect();
    let link = Link { id, next };
    link.save(&world.cache).await.expect("memory answers");
}

#[tokio::test]
async fn references_are_followed_to_a_depth_and_no_further() {
    let world = World::memory();
    let last = REFERENCES_DEPTH_MAX + 1;
    for id in 0..last {
        save(&world, id, [id + 1]).await;
    }
    save(&world, last, []).await;
    let deep = Link::get(&world.cache, 0).await;
    assert!(
        matches!(deep, Err(ModelError::TooMany(GraphLimit::Depth))),
        "{deep:?}"
    );
    let just = Link::get(&world.cache, 1).await.expect("this is allowed");
    let mut link = &*just;
    while let Some(next) = link.next.first() {
        link = next.get().expect("all are loaded");
    }
    assert_eq!(link.id, last);
}

#[tokio::test]
async fn so_many_objects_are_loaded_and_no_more() {
    let world = World::memory();
    for id in 1..=OBJECTS_MAX + 1 {
        save(&world, id, []).await;
    }
    save(&world, 0, 1..=OBJECTS_MAX + 1).await;
    let many = Link::get(&world.cache, 0).await;
    assert!(
        matches!(many, Err(ModelError::TooMany(GraphLimit::Objects))),
        "{many:?}"
    );
    // The same one many times is one.
    save(&world, 0, (1..=OBJECTS_MAX).chain(1..=OBJECTS_MAX)).await;
    let just = Link::get(&world.cache, 0).await.expect("this is allowed");
    assert_eq!(just.next.len(), 2 * OBJECTS_MAX);
}

#[tokio::test]
async fn circles_are_put_together_so_often_and_no_more() {
    const CIRCLE: usize = 500;
    let world = World::memory();
    // All refer to the first, and it to all: put together for each that is asked for.
    save(&world, 0, 1..CIRCLE).await;
    for id in 1..CIRCLE {
        save(&world, id, [0]).await;
    }
    save(&world, CIRCLE, []).await;
    let fits = COPIES_MAX / CIRCLE;
    let just = Link::get_many(&world.cache, 0..fits).await;
    for got in just {
        let got = got.expect("this is allowed");
        let first = got.next[0].get().expect("it is loaded");
        assert!(first.next[0].get().is_some());
    }
    let many = Link::get_many(&world.cache, (0..=CIRCLE).rev()).await;
    assert!(many[0].is_ok(), "it is in no circle");
    let refused = many.iter().filter(|got| {
        let limit = ModelError::TooMany(GraphLimit::Copies);
        got.as_ref()
            .is_err_and(|error| error.to_string() == limit.to_string())
    });
    assert!(refused.count() > 0);
    assert!(
        many[1].is_ok()
            && many.iter().all(|got| match got {
                Ok(got) => got.next.iter().all(|next| next.get().is_some()),
                Err(_) => true,
            })
    );
}
