//! Callers that go away.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

const NAMES: u64 = 500;

/// So many callers go away before they are answered.
const CANCELLED: u64 = 100_000;

/// A value that tells its name, in sizes from a few bytes to some thousands.
fn value(number: u64) -> String {
    format!("{number};").repeat(1 + (number as usize * 37) % 800)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_cancelled_callers_cross_no_reply() {
    let server = Server::start();
    let link = link(&server).await;
    let sets = (0..NAMES).map(|number| set(&name(number), value(number)));
    ask_all(&link, sets.collect()).await;

    let cancelled = Arc::new(AtomicU64::new(0));
    let tasks = (0..16u64).map(|task| {
        let (link, cancelled) = (link.clone(), cancelled.clone());
        tokio::spawn(async move {
            let mut answered = 0u64;
            let mut number = task;
            while cancelled.load(Ordering::Relaxed) < CANCELLED {
                number = (number * 31 + 7) % NAMES;
                // From not even sent to almost answered.
                let patience = number % 12;
                let name = name(number);
                tokio::select! {
                    biased;
                    found = get(&link, &name) => {
                        let found = found.expect("it is there");
                        let own = &*found.bytes == value(number).as_bytes();
                        assert!(own, "the value of name {number} is another's");
                        answered += 1;
                    }
                    () = wait(patience) => {
                        cancelled.fetch_add(1, Ordering::Relaxed);
                    }
                }
                number += task;
            }
            answered
        })
    });
    let mut answered = 0;
    for task in tasks.collect::<Vec<_>>() {
        answered += task.await.expect("no reply is crossed");
    }
    assert!(answered > 1000, "only {answered} stayed for their answers");
    // And the link is none the worse for it.
    for number in 0..NAMES {
        assert_eq!(
            bytes(&link, &name(number)).await,
            Some(value(number).into())
        );
    }
}

async fn wait(turns: u64) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_dropped_link_ends_its_connection() {
    let server = Server::start();
    let link = link(&server).await;
    ask(&link, set(&name(1), "x")).await;
    let open = || {
        server
            .stat("curr_connections")
            .parse::<u32>()
            .expect("a number")
    };
    let with = open();
    drop(link);
    // The server notices when it does: the runtime must be let to close the socket.
    while open() != with - 1 {
        tokio::task::yield_now().await;
    }
}
