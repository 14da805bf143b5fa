//! Members of a cluster, and the map of which keeps what.

use larder_servers::Cluster as Servers;

use super::*;
use crate::shape::{Columns, Shape, TagValue};
use crate::store::redis::cluster::Cluster;
use crate::store::redis::slot::slot;
use crate::store::remote::node::{Failure, Node};
use crate::store::remote::topology::Topology;
use crate::tag::Tag;

async fn connect(servers: &Servers) -> Arc<Cluster> {
    let seeds = servers.addresses();
    let seeds = seeds.iter().map(|seed| Endpoint::parse(seed, PORT_DEFAULT));
    let seeds = seeds.collect::<Result<_, _>>().expect("addresses");
    let cluster = Cluster::connect(seeds, Arc::new(settings())).await;
    cluster.unwrap_or_else(|error| panic!("{error}"))
}

async fn run(cluster: &Cluster, ops: Vec<Op>, on: &Name) -> Result<Vec<Answer>, Failure> {
    let node = cluster.node(on).map_err(Failure::Down)?;
    node.lane().await?.run(ops).await
}

#[tokio::test]
async fn every_name_goes_to_the_master_that_keeps_it() {
    let servers = Servers::start(3);
    let cluster = connect(&servers).await;
    assert_eq!(cluster.nodes().len(), 3);
    let mut used = [0; 3];
    for number in 0..60 {
        let name = name(number);
        assert_eq!(slot(&name), servers.slot(name.as_str()));
        let ops = vec![set(&name, "x"), Op::Get(name.clone())];
        let answers = run(&cluster, ops, &name).await.expect("it works");
        done(&answers[0]);
        found(&answers[1], "x");
        let owner = servers.owner(slot(&name)).expect("somebody");
        used[owner] += 1;
        let address = servers.nodes()[owner].address();
        let node = cluster.node(&name).expect("a node");
        assert_eq!(node.address(), address);
    }
    assert!(used.iter().all(|count| *count > 0), "{used:?}");
}

#[tokio::test]
async fn names_of_several_slots_are_one_trip_to_their_master() {
    let servers = Servers::start(3);
    let cluster = connect(&servers).await;
    let names = Names::new(&Namespace::new("shop"), None);
    let table = Tag::table("", "track");
    let shape = Shape::new(["id"], Columns::All);
    let row = |id| names.tag(&Tag::shape(&table, &shape, &[TagValue::Int(id)]));
    let tags = vec![names.tag(&table), row(1), row(2)];
    assert!(tags.iter().all(|tag| slot(tag) == slot(&tags[0])));
    let master = servers.owner(slot(&tags[0])).expect("somebody");
    // Entries on the same master, each in a slot of its own.
    let here = |name: &Name| servers.owner(slot(name)) == Some(master);
    let entries = (0..).map(name).filter(here).take(2).collect::<Vec<_>>();
    for name in tags.iter().chain(&entries) {
        let answers = run(&cluster, vec![set(name, name.as_str())], name).await;
        done(&answers.expect("it works")[0]);
    }
    let server = &servers.nodes()[master];
    let before = (calls(server, "mget"), calls(server, "get"));
    let all: Vec<&Name> = entries.iter().chain(&tags).collect();
    let gets = all.iter().map(|name| Op::Get((*name).clone())).collect();
    let answers = run(&cluster, gets, &tags[0]).await.expect("it works");
    for (name, answer) in all.iter().zip(&answers) {
        found(answer, name.as_str());
    }
    let after = (calls(server, "mget"), calls(server, "get"));
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 2));
}

#[tokio::test]
async fn a_slot_that_moved_is_followed() {
    let servers = Servers::start(3);
    let cluster = connect(&servers).await;
    let name = name(1);
    run(&cluster, vec![set(&name, "x")], &name)
        .await
        .expect("it works");
    let from = servers.owner(slot(&name)).expect("somebody");
    let to = (from + 1) % 3;
    servers.begin_to_move_slot(slot(&name), to);
    // What is not there is asked for elsewhere: nothing is concluded from that.
    let other = vec![Op::Delete(name.clone()), Op::Get(name.clone())];
    match run(&cluster, other, &name).await {
        Err(Failure::Moved(error)) => assert!(error.is_store()),
        other => panic!("{other:?}"),
    }
    servers.move_slot(slot(&name), to);
    let moved = run(&cluster, vec![Op::Get(name.clone())], &name).await;
    assert!(matches!(moved, Err(Failure::Moved(_))), "{moved:?}");
    let address = servers.nodes()[to].address();
    let before = cluster.nodes();
    let learned = async {
        while !cluster
            .node(&name)
            .is_ok_and(|node| node.address() == address)
        {
            cluster.moved();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let learned = tokio::time::timeout(Duration::from_secs(20), learned).await;
    learned.expect("the map is learned again");
    // Whoever stayed kept its node, with link and history.
    let kept = |node: &Arc<Node>| before.iter().any(|old| Arc::ptr_eq(old, node));
    assert!(cluster.nodes().iter().all(kept));
    let answers = run(&cluster, vec![Op::Get(name.clone())], &name).await;
    missing(&answers.expect("it works")[0]);
}

#[tokio::test]
async fn a_hole_in_the_map_is_an_error_that_says_so() {
    let servers = Servers::start(3);
    servers.uncover_slot(77);
    let seeds = vec![Endpoint::parse(&servers.addresses()[0], 0).expect("an address")];
    let connected = Cluster::connect(seeds, Arc::new(settings())).await;
    let error = connected.err().expect("refused");
    assert!(error.is_config());
    assert!(error.to_string().contains("slot 77"), "{error}");
}
