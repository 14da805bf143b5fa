//! The suite that every store must pass.

use std::sync::{Arc, Mutex};

use larder::store::conformance;

use super::*;

/// A store over servers of its own for each case.
async fn check(servers: usize) {
    let kept = Mutex::new(Vec::new());
    conformance::run(|| {
        let servers: Vec<_> = (0..servers).map(|_| Server::start()).collect();
        let builder = servers
            .iter()
            .fold(Memcached::builder(), |builder, server| {
                builder.server(server.address())
            });
        let connect = async move { builder.connect().await.expect("the servers answer") };
        let store =
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(connect));
        kept.lock().expect("not poisoned").push(servers);
        Arc::new(store)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_keeps_every_promise_of_a_store() {
    check(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_keep_every_promise_of_a_store() {
    check(3).await;
}
