//! The suite that every store must pass.

use std::sync::{Arc, Mutex};

use larder::store::conformance;

use super::*;

/// A store over servers of its own for each case.
async fn check(count: usize) {
    let kept = Mutex::new(Vec::new());
    conformance::run(|| {
        let servers: Vec<_> = (0..count).map(|_| server()).collect();
        let connect = builder(&servers).connect();
        let store =
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(connect));
        // Those of the case before are not needed any more.
        *kept.lock().expect("not poisoned") = servers;
        Arc::new(store.expect("the servers answer"))
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
