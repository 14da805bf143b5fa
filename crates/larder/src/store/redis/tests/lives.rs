//! Lives of servers: restarts, promotions, demotions.

use super::*;
use crate::store::redis::LIFE_ASKED_EVERY;

#[tokio::test]
async fn two_links_to_one_life_agree_and_a_restart_is_another() {
    let server = Server::start();
    let (first, second) = (link(&server).await, link(&server).await);
    assert_eq!(first.incarnation(), second.incarnation());
    done(&ask(&first, set(&name(1), "x")).await);
    server.save();
    server.restart();
    match first.run(vec![Op::Get(name(1))]).await {
        Err(Fault::Broken(error)) => assert!(error.is_store(), "{error}"),
        other => panic!("{other:?}"),
    }
    let third = link(&server).await;
    // It found its data again, but in another life.
    found(&ask(&third, Op::Get(name(1))).await, "x");
    assert_ne!(first.incarnation(), third.incarnation());
}

#[tokio::test]
async fn a_broken_link_stays_broken() {
    let server = Server::start();
    let link = link(&server).await;
    server.ask(&["CLIENT", "KILL", "TYPE", "normal"]).ok();
    for _ in 0..3 {
        let answer = link.run(vec![Op::Get(name(1))]).await;
        assert!(matches!(answer, Err(Fault::Broken(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_promoted_replica_is_another_life() {
    let (master, replica) = (Server::start(), Server::start());
    replica.replicate(&master.address());
    let before = link(&master).await.incarnation();
    let refused = dial_with(&replica.address(), settings(), false).await;
    let error = refused.err().expect("a replica is refused");
    assert!(error.is_store());
    assert!(error.to_string().contains("is a replica"), "{error}");
    replica.promote();
    assert_ne!(link(&replica).await.incarnation(), before);
}

#[tokio::test]
async fn a_master_that_was_a_replica_for_a_while_is_another_life() {
    let (first, second) = (Server::start(), Server::start());
    let old = link(&first).await;
    first.replicate(&second.address());
    first.promote();
    let new = link(&first).await;
    assert_ne!(old.incarnation(), new.incarnation());
}

#[tokio::test]
async fn a_write_to_a_demoted_master_breaks_the_link() {
    let (master, other) = (Server::start(), Server::start());
    let link = link(&master).await;
    master.replicate(&other.address());
    match link.run(vec![set(&name(1), "x")]).await {
        Err(Fault::Broken(error)) => {
            assert!(error.to_string().contains("no longer a master"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_read_from_a_demoted_master_breaks_the_link_in_time() {
    let (master, other) = (Server::start(), Server::start());
    let link = link(&master).await;
    master.replicate(&other.address());
    tokio::time::pause();
    tokio::time::advance(LIFE_ASKED_EVERY).await;
    tokio::time::resume();
    let answer = link.run(vec![Op::Get(name(1))]).await;
    assert!(matches!(answer, Err(Fault::Broken(_))), "{answer:?}");
}

#[tokio::test]
async fn the_life_is_asked_for_seldom() {
    let server = Server::start();
    let link = link(&server).await;
    let before = calls(&server, "info");
    let begun = std::time::Instant::now();
    for _ in 0..1_000 {
        missing(&ask(&link, Op::Get(name(1))).await);
    }
    // Our own question counts as well.
    let asked = calls(&server, "info") - before;
    let most = 2 + begun.elapsed().as_secs() / LIFE_ASKED_EVERY.as_secs();
    assert!(asked <= most, "{asked} of {most}");
}

#[tokio::test]
async fn a_conditional_write_to_a_demoted_master_breaks_the_link() {
    let master = Server::start();
    let link = link(&master).await;
    done(&ask(&link, set(&name(1), "old")).await);
    // Nobody is there: it keeps what it has.
    master
        .ask(&[
            "REPLICAOF",
            "127.0.0.1",
            &larder_servers::free_port().to_string(),
        ])
        .ok();
    for op in [
        swap(&name(1), "old", "new"),
        Op::Take {
            name: name(1),
            seen: seen("old"),
        },
        Op::Renew {
            name: name(1),
            seen: seen("old"),
            keep: KEEP,
        },
    ] {
        let answer = link.run(vec![op]).await;
        assert!(matches!(answer, Err(Fault::Broken(_))), "{answer:?}");
    }
}
