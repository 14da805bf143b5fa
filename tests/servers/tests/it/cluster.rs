use larder_servers::{Cluster, Reply};

#[test]
fn a_cluster_covers_every_slot_and_moves_them() {
    let cluster = Cluster::start(3);
    let owner = |slot| cluster.owner(slot);
    assert_eq!(
        (owner(0), owner(8_000), owner(16_383)),
        (Some(0), Some(1), Some(2))
    );

    let slot = cluster.slot("a");
    let (from, to) = (owner(slot).expect("it is covered"), 0);
    assert_ne!(from, to, "`a` is not in the first node's slots");
    cluster.nodes()[from].ask(&["SET", "a", "1"]).ok();
    cluster.begin_to_move_slot(slot, to);
    let other = format!("{{a}}{}", "b");
    let answer = cluster.nodes()[from].ask(&["GET", &other]);
    assert!(matches!(answer, Reply::Error(error) if error.starts_with("ASK")));
    cluster.move_slot(slot, to);
    assert_eq!(cluster.nodes()[to].read("a").as_deref(), Some(&b"1"[..]));
    let answer = cluster.nodes()[from].ask(&["GET", "a"]);
    assert!(matches!(answer, Reply::Error(error) if error.starts_with("MOVED")));
}

#[test]
fn a_cluster_with_a_hole_refuses() {
    let cluster = Cluster::start(3);
    cluster.uncover_slot(7);
    assert_eq!(cluster.owner(7), None);
    let answer = cluster.nodes()[0].ask(&["GET", "b"]);
    assert!(matches!(answer, Reply::Error(_)), "{answer:?}");
}
