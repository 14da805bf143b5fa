//! Functions that block.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use larder::{Cache, cached};

#[derive(Clone, Default)]
struct Runs(Arc<AtomicUsize>);

impl Runs {
    fn count(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

#[cached(ttl = "1h", skip(runs))]
fn length(cache: &Cache, text: &str, runs: &Runs) -> usize {
    runs.count();
    text.len()
}

#[cached(skip(runs))]
fn parsed(cache: &Cache, text: &str, runs: &Runs) -> Result<u32, std::num::ParseIntError> {
    runs.count();
    if text == "panic" {
        panic!("not a number at all");
    }
    text.parse()
}

#[test]
fn bc23_a_thread_without_a_runtime_calls_a_cached_function() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    assert_eq!(length(&cache, "Ulm", &runs), 3);
    assert_eq!(length(&cache, "Ulm", &runs), 3);
    assert_eq!(runs.count(), 2);
    assert_eq!(length::get(&cache, "Ulm").expect("memory answers"), Some(3));
    length::prime(&cache, "Ulm", 4).expect("memory answers");
    assert_eq!(length(&cache, "Ulm", &runs), 4);
    assert_eq!(length::refresh(&cache, "Ulm", &runs), 3);
    length::invalidate(&cache, "Ulm").expect("memory answers");
    assert_eq!(length::get(&cache, "Ulm").expect("memory answers"), None);
    length(&cache, "Ulm", &runs);
    length::invalidate_all(&cache).expect("memory answers");
    assert_eq!(length::get(&cache, "Ulm").expect("memory answers"), None);
}

#[test]
fn bc22_threads_share_one_run_of_a_function() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    let barrier = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(length(&cache, "Bonn", &runs), 4);
            });
        }
    });
    assert_eq!(runs.count(), 2);
}

#[test]
fn bc22_errors_and_panics_of_functions_that_block_reach_their_callers() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    for _ in 0..2 {
        parsed(&cache, "x", &runs).expect_err("no number");
    }
    assert_eq!(runs.count(), 3, "an error is not kept");
    assert_eq!(parsed(&cache, "7", &runs), Ok(7));
    let panicking = || parsed(&cache, "panic", &runs);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panicking));
    let said = ended.expect_err("the panic reaches the caller");
    let said = said.downcast_ref::<String>().map(String::as_str);
    assert_eq!(said, Some("not a number at all"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bc23_a_function_that_blocks_may_be_called_within_a_runtime() {
    let (cache, runs) = (Cache::memory(), Runs::default());
    assert_eq!(length(&cache, "Ulm", &runs), 3);
    assert_eq!(length(&cache, "Ulm", &runs), 3);
    assert_eq!(runs.count(), 2);
}
