//! The suite that every store must pass.

use larder::store::conformance;
use larder_servers::Cluster;

use super::*;

/// A store of its own for each case, over servers that were emptied.
async fn check(servers: &[&Server], builder: RedisBuilder) {
    conformance::run(|| {
        servers.iter().for_each(|server| server.flush());
        let connect = connected(builder.clone());
        let runtime = tokio::runtime::Handle::current();
        Arc::new(tokio::task::block_in_place(|| runtime.block_on(connect)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_keeps_every_promise_of_a_store() {
    let server = Server::start();
    check(&[&server], Redis::builder().url(&server.url())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_every_promise_is_kept() {
    let server = Server::builder()
        .acl("ann", "xyzzy", "~* +@all -@scripting")
        .start();
    check(
        &[&server],
        Redis::builder().url(&server.url_of("ann", "xyzzy")),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_numbered_database_on_a_unix_socket_keeps_every_promise() {
    let server = Server::start();
    let url = format!("unix://{}?db=3", server.socket().display());
    check(&[&server], Redis::builder().url(&url)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_keeps_every_promise_of_a_store() {
    let cluster = Cluster::start(3);
    let servers: Vec<&Server> = cluster.nodes().iter().collect();
    check(&servers, Redis::builder().url(&cluster.url())).await;
}
