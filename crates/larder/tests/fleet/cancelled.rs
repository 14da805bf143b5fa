//! Callers that go away.

use std::time::Duration;

use crate::engine::Engine;
use crate::world::World;

/// How many callers are cancelled.
const CANCELLED: usize = 100_000;
/// How many call at the same time.
const TASKS: usize = 64;
const KEYS: u64 = 50;

on_each_engine! {
    async fn a_hundred_thousand_cancelled_callers_leave_no_answer_to_others(engine: Engine) {
        let world = World::start(engine, 1, 1).await;
        let cache = &world.processes[0].cache;
        for key in 0..KEYS {
            cache.insert(("key", key), text(key)).await.expect("the server is there");
        }
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..TASKS {
            let cache = cache.clone();
            tasks.spawn(async move {
                let (mut cancelled, mut answered) = (0, 0_usize);
                while cancelled < CANCELLED / TASKS + 1 {
                    let key = fastrand::u64(..KEYS);
                    let wanted = cache.get::<String>(("key", key));
                    let polls = fastrand::u32(1..5);
                    match within_polls(polls, wanted).await {
                        None => cancelled += 1,
                        Some(found) => {
                            answered += 1;
                            if let Some(found) = found.expect("the server is there") {
                                assert_eq!(*found, text(key), "another caller's answer");
                            }
                        }
                    }
                }
                (cancelled, answered)
            });
        }
        let (mut cancelled, mut answered) = (0, 0);
        while let Some(ended) = tasks.join_next().await {
            let counts = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
            cancelled += counts.0;
            answered += counts.1;
        }
        assert!(cancelled >= CANCELLED, "{cancelled}");
        assert!(answered > 0, "nobody was ever answered");
        for key in 0..KEYS {
            let found = cache.get::<String>(("key", key)).await.expect("the server is there");
            assert_eq!(found.as_deref(), Some(&text(key)), "the connection is good still");
        }
    }
}

/// Different lengths, so that a shifted answer cannot look right.
fn text(key: u64) -> String {
    format!("{key}:").repeat(key as usize * 7 + 1)
}

/// Polls a future so many times, and a moment longer, then drops it.
async fn within_polls<T>(polls: u32, future: impl IntoFuture<Output = T>) -> Option<T> {
    let future = future.into_future();
    tokio::pin!(future);
    for _ in 0..polls {
        tokio::select! {
            biased;
            done = &mut future => return Some(done),
            () = tokio::task::yield_now() => {}
        }
    }
    if polls == 4 {
        return tokio::time::timeout(Duration::from_micros(200), future)
            .await
            .ok();
    }
    None
}
