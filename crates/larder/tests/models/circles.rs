//! References that lead in a circle.

use std::sync::{Arc, Weak};

use larder::{CacheModel, Reference};
use serde::{Deserialize, Serialize};

use crate::world::{World, on_every_store};

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    #[key]
    id: u32,
    next: Vec<Reference<Node>>,
}

async fn save(world: &World, edges: &[(u32, &[u32])]) {
    for (id, next) in edges {
        let next = next.iter().map(|id| Reference::to_key(*id)).collect();
        let node = Node { id: *id, next };
        node.save(&world.cache).await.expect("the store answers");
    }
}

async fn get(world: &World, id: u32) -> (Arc<Node>, usize) {
    let (got, trips) = world.trips(Node::get(&world.cache, id)).await;
    (got.unwrap_or_else(|error| panic!("{error}")), trips)
}

/// The node that this way leads to; nothing if it ends before.
fn walk(node: &Node, way: &[usize]) -> Option<u32> {
    let mut node = node;
    for step in way {
        node = node.next.get(*step)?.get()?;
    }
    Some(node.id)
}

/// All that a node holds.
fn held(node: &Node) -> String {
    let loaded = node.next.iter().filter_map(Reference::get);
    let inside: Vec<String> = loaded.map(held).collect();
    match inside.is_empty() {
        true => node.id.to_string(),
        false => format!("{}({})", node.id, inside.join(",")),
    }
}

on_every_store! {
    async fn bc14_an_object_that_refers_to_itself(world) {
        save(world, &[(1, &[1])]).await;
        let (one, trips) = get(world, 1).await;
        assert_eq!(trips, 1, "it was loaded already");
        assert_eq!(walk(&one, &[0]), Some(1));
        assert_eq!(walk(&one, &[0, 0]), None, "the circle ends");
    }

    async fn bc14_two_objects_that_refer_to_each_other(world) {
        save(world, &[(1, &[2]), (2, &[1])]).await;
        let (one, trips) = get(world, 1).await;
        assert_eq!(trips, 2);
        assert_eq!(walk(&one, &[0]), Some(2));
        assert_eq!(walk(&one, &[0, 0]), Some(1));
        assert_eq!(walk(&one, &[0, 0, 0]), None);
        let again = one.next[0].get().expect("it is loaded").next[0].load(&world.cache).await;
        assert_eq!(walk(&again.expect("it is there"), &[0, 0]), Some(1));
    }

    async fn bc14_circles_in_circles_and_what_is_reached_twice(world) {
        save(world, &[(1, &[2, 3, 1]), (2, &[3, 4]), (3, &[2, 1]), (4, &[])]).await;
        let (one, trips) = get(world, 1).await;
        assert_eq!(trips, 3);
        for (way, id) in [(&[0][..], 2), (&[1], 3), (&[2], 1), (&[0, 1], 4), (&[0, 0, 1], 1), (&[1, 1], 1)] {
            assert_eq!(walk(&one, way), Some(id), "{way:?}");
        }
        let many = Node::get_many(&world.cache, [1, 2, 3, 4]).await;
        assert!(many.iter().all(Result::is_ok));
    }

    async fn bc14_what_a_circle_holds_does_not_depend_on_what_else_is_asked_for(world) {
        // Two circles that meet in 3, and ways into them and out of them.
        save(world, &[(1, &[2, 6]), (2, &[3, 1]), (3, &[4, 2, 3]), (4, &[3, 5]), (5, &[]), (6, &[4, 2])])
            .await;
        let ids = [1, 2, 3, 4, 5, 6];
        let mut alone = Vec::new();
        for id in ids {
            alone.push(held(&get(world, id).await.0));
        }
        assert_eq!(alone[1], "2(3(4(3,5),2,3),1(2,6(4(3,5),2)))");
        let mut random = fastrand::Rng::with_seed(14);
        for _ in 0..20 {
            let mut asked: Vec<u32> = ids.to_vec();
            random.shuffle(&mut asked);
            asked.truncate(random.usize(1..=asked.len()));
            let many = Node::get_many(&world.cache, asked.iter().copied()).await;
            for (id, got) in asked.iter().zip(many) {
                let got = held(&got.expect("it is there"));
                assert_eq!(got, alone[*id as usize - 1], "{asked:?}");
            }
        }
    }

    async fn bc14_nothing_of_a_circle_outlives_its_last_holder(world) {
        save(world, &[(1, &[2]), (2, &[3]), (3, &[1, 3])]).await;
        let (one, _) = get(world, 1).await;
        let two = Arc::downgrade(one.next[0].shared().expect("it is loaded"));
        let one = { let weak = Arc::downgrade(&one); drop(one); weak };
        assert_eq!(one.upgrade(), None);
        assert_eq!(two.upgrade(), None);
        assert_eq!(Weak::strong_count(&two), 0);
    }

    async fn bc14_every_graph_of_five_objects_ends(world) {
        // Each of the objects refers to some of the five, by the bits of a number.
        let mut random = fastrand::Rng::with_seed(14);
        let rounds = if world.is_shared() { 20 } else { 500 };
        for _ in 0..rounds {
            let bits = random.u32(..1 << 25);
            let edges: Vec<(u32, Vec<u32>)> = (0..5)
                .map(|from| (from, (0..5).filter(|to| bits >> (from * 5 + to) & 1 == 1).collect()))
                .collect();
            let edges: Vec<(u32, &[u32])> = edges.iter().map(|(id, next)| (*id, &next[..])).collect();
            save(world, &edges).await;
            for (id, _) in &edges {
                let (got, trips) = get(world, *id).await;
                assert_eq!(*got, *Node::get(&world.cache, *id).await.expect("it is there"));
                assert!(trips <= 5, "{bits:b}: {trips} levels of five objects");
                // What is referred to by the object itself is always loaded.
                assert!(got.next.iter().all(|next| next.get().is_some()), "{bits:b}");
            }
        }
    }
}
