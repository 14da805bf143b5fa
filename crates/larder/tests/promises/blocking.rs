//! Threads without a runtime use the same cache.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use larder::{Blocking, Cache, LoadError, Policy, Tag};

use crate::support::{Bench, Broken, Gate, seconds};

/// A loader that counts itself and gives `value`.
fn gives(loads: &Arc<AtomicUsize>, value: u64) -> impl FnOnce() -> Result<u64, Broken> + use<> {
    let loads = loads.clone();
    move || {
        loads.fetch_add(1, Ordering::SeqCst);
        Ok(value)
    }
}

/// Every call once.
fn use_all_of(cache: &Blocking) {
    assert_eq!(cache.get::<u64>("a").wait().expect("no store failed"), None);
    let loads = Arc::new(AtomicUsize::new(0));
    for _ in 0..2 {
        let value = cache.get_or_load("a", gives(&loads, 1)).ttl(seconds(60));
        let value = value.tags([Tag::named("t")]).wait();
        assert_eq!(*value.expect("it loads"), 1);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    cache.invalidate([Tag::named("t")]).expect("it is bumped");
    assert_eq!(cache.get::<u64>("a").wait().expect("no store failed"), None);

    cache.insert("b", 2u64).wait().expect("it is stored");
    cache.insert_many([("c", 3u64)]).expect("they are stored");
    let many = cache.get_many::<u64>(["b", "c", "d"]).expect("found");
    let many: Vec<Option<u64>> = many.into_iter().map(|value| value.map(|v| *v)).collect();
    assert_eq!(many, [Some(2), Some(3), None]);
    let found = cache.get_or_load_many(["c", "d"], |missing| {
        assert_eq!(missing, ["d"]);
        Ok::<_, Broken>([("d", 4u64)])
    });
    assert_eq!(*found.expect("they load")["d"], 4);
    cache.remove("b").expect("it is removed");
    cache.remove_tree("tree").expect("it is removed");
    cache.remove_many(["c"]).expect("it is removed");
    let many = cache.get_many::<u64>(["b", "c"]).expect("found");
    assert_eq!(many, [None, None]);
    cache.clear().expect("it is cleared");
    assert_eq!(cache.get::<u64>("d").wait().expect("no store failed"), None);
}

#[test]
fn a_thread_without_a_runtime_can_do_everything() {
    use_all_of(&Cache::memory().blocking());
}

#[tokio::test(flavor = "current_thread")]
async fn within_a_current_thread_runtime_nothing_panics() {
    use_all_of(&Cache::memory().blocking());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn within_a_worker_nothing_panics() {
    let cache = Cache::memory().blocking();
    use_all_of(&cache);
    tokio::spawn(async move { use_all_of(&cache) })
        .await
        .expect("no panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn within_a_local_set_nothing_panics() {
    let local = tokio::task::LocalSet::new();
    let used = local.run_until(async { use_all_of(&Cache::memory().blocking()) });
    used.await;
}

#[tokio::test(flavor = "current_thread")]
async fn on_a_blocking_thread_of_a_runtime_nothing_panics() {
    let cache = Cache::memory().blocking();
    tokio::task::spawn_blocking(move || use_all_of(&cache))
        .await
        .expect("no panic");
}

#[test]
fn a_hundred_threads_cost_one_load() {
    let (cache, loads) = (Cache::memory().blocking(), Arc::new(AtomicUsize::new(0)));
    let (open, opened) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let barrier = Arc::new(Barrier::new(100));
    let opened = Arc::new(parking(opened));
    let threads: Vec<_> = (0..100)
        .map(|_| {
            let (cache, loads, barrier) = (cache.clone(), loads.clone(), barrier.clone());
            let (began, opened) = (began.clone(), opened.clone());
            thread::spawn(move || {
                barrier.wait();
                let load = move || {
                    loads.fetch_add(1, Ordering::SeqCst);
                    began.send(()).expect("the test waits");
                    opened();
                    Ok::<u64, Broken>(7)
                };
                *cache.get_or_load("k", load).wait().expect("it loads")
            })
        })
        .collect();
    begun.recv().expect("one load begins");
    open.send(()).expect("the load waits");
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), 7);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
}

/// A function that waits for a message.
fn parking(messages: mpsc::Receiver<()>) -> impl Fn() + Send + Sync {
    let messages = std::sync::Mutex::new(messages);
    move || {
        let messages = messages.lock().expect("no panic");
        messages.recv().expect("it is sent");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn async_callers_share_the_load_of_a_thread() {
    let cache = Cache::memory();
    let (open, opened) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let thread = thread::spawn({
        let cache = cache.blocking();
        move || {
            let load = move || {
                began.send(()).expect("the test waits");
                opened.recv().expect("it is opened");
                Ok::<u64, Broken>(7)
            };
            cache.get_or_load("k", load).wait()
        }
    });
    begun.recv().expect("the load begins");
    let joined = cache.get_or_load("k", async || Ok::<u64, Broken>(8));
    let (joined, ()) = tokio::join!(joined, async { open.send(()).expect("the load waits") });
    assert_eq!(*joined.expect("it loads"), 7);
    assert_eq!(*thread.join().expect("no panic").expect("it loads"), 7);
    assert_eq!(cache.stats()[0].loads, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_worker_that_waits_does_not_hold_up_the_load_that_it_waits_for() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let (cache, inner) = (bench.cache.clone(), gate.clone());
    let loading = tokio::spawn(async move {
        let load = async move || {
            inner.pass().await;
            // It has to run again on the only worker.
            tokio::task::yield_now().await;
            Ok::<u64, Broken>(7)
        };
        cache.get_or_load("k", load).await
    });
    gate.started().await;
    let cache = bench.cache.clone();
    let waiting = tokio::spawn(async move {
        gate.open();
        let load = || Ok::<u64, Broken>(8);
        *cache
            .blocking()
            .get_or_load("k", load)
            .wait()
            .expect("it loads")
    });
    assert_eq!(waiting.await.expect("no panic"), 7);
    assert_eq!(*loading.await.expect("no panic").expect("it loads"), 7);
}

#[test]
fn a_panic_of_a_loader_reaches_its_caller_and_leaves_nothing_behind() {
    let cache = Cache::memory().blocking();
    let called = thread::spawn({
        let cache = cache.clone();
        move || {
            cache
                .get_or_load("k", || -> Result<u64, Broken> { panic!("no such luck") })
                .wait()
        }
    });
    let panic = called.join().expect_err("it panics");
    assert_eq!(
        panic.downcast_ref::<String>().expect("text"),
        "no such luck"
    );
    let loads = Arc::default();
    let value = cache.get_or_load("k", gives(&loads, 7)).wait();
    assert_eq!(*value.expect("it loads"), 7);
}

#[test]
fn an_error_of_a_loader_reaches_its_caller_and_is_not_kept() {
    let cache = Cache::memory().blocking();
    let failed = cache.get_or_load("k", || Err::<u64, _>(Broken)).wait();
    let error = failed.expect_err("it fails");
    assert_eq!(**error.failed().expect("the loader's own"), Broken);
    let loads = Arc::default();
    let value = cache.get_or_load("k", gives(&loads, 7)).wait();
    assert_eq!(*value.expect("it loads"), 7);
}

#[test]
fn kc13_a_thread_waits_no_longer_than_it_wants_and_the_load_goes_on() {
    let cache = Cache::memory().blocking();
    let (open, opened) = mpsc::channel::<()>();
    let load = move || {
        opened.recv().expect("it is opened");
        Ok::<u64, Broken>(7)
    };
    let waited = cache
        .get_or_load("k", load)
        .wait_timeout(Duration::from_millis(1))
        .wait();
    assert!(matches!(waited, Err(LoadError::TimedOut)));
    open.send(()).expect("the load goes on");
    let loads = Arc::default();
    let value = cache.get_or_load("k", gives(&loads, 8)).wait();
    assert_eq!(*value.expect("it is joined"), 7);
}

#[test]
fn kc12_an_invalidation_during_a_threads_load_wins() {
    let cache = Cache::memory().blocking();
    let (open, opened) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let loading = thread::spawn({
        let cache = cache.clone();
        move || {
            let load = move || {
                began.send(()).expect("the test waits");
                opened.recv().expect("it is opened");
                Ok::<u64, Broken>(7)
            };
            let read = cache.get_or_load("k", load).tags([Tag::named("t")]);
            read.wait()
        }
    });
    begun.recv().expect("the load begins");
    cache.invalidate([Tag::named("t")]).expect("it is bumped");
    let loads = Arc::default();
    let read = cache.get_or_load("k", gives(&loads, 8));
    let value = read.tags([Tag::named("t")]).wait();
    assert_eq!(*value.expect("it loads"), 8);
    open.send(()).expect("the load waits");
    assert_eq!(*loading.join().expect("no panic").expect("it loads"), 7);
    let kept = cache.get::<u64>("k").wait().expect("no store failed");
    assert_eq!(kept.as_deref(), Some(&8));
}

#[test]
fn a_stale_entry_is_served_to_a_thread_and_its_loader_runs_behind_it() {
    let bench = Bench::with_policy(Policy::new().stale_while_revalidate(seconds(60)));
    let cache = bench.cache.blocking();
    let read = |value| {
        let read = cache.get_or_load("k", gives(&bench.loads, value));
        *read.ttl(seconds(10)).wait().expect("it loads")
    };
    assert_eq!(read(1), 1);
    bench.advance(15);
    assert_eq!(read(2), 1);
    while bench.loads() < 2 || bench.cache.loads_running() > 0 {
        thread::yield_now();
    }
    assert_eq!(read(3), 2);
}

/// Whether this process has the helper's thread. Linux tells the names.
fn helper_runs() -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this is Linux");
    tasks.flatten().any(|task| {
        std::fs::read_to_string(task.path().join("comm"))
            .is_ok_and(|name| name.trim() == "larder-blocking")
    })
}

/// Run by the test below in a process of its own, where no other test has started the helper.
#[test]
#[ignore = "a part of `a_hit_in_memory_starts_no_thread`"]
fn a_process_with_one_hit() {
    let cache = Cache::memory();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let inserting = async { cache.insert("k", 7u64).await };
    let inserted = runtime.expect("it starts").block_on(inserting);
    inserted.expect("it is stored");
    let cache = cache.blocking();
    let loads = Arc::default();
    let hit = cache.get_or_load("k", gives(&loads, 8)).wait();
    assert_eq!(*hit.expect("a hit"), 7);
    let hit = cache.get::<u64>("k").wait().expect("no store failed");
    assert_eq!(hit.as_deref(), Some(&7));
    assert!(!helper_runs());
    assert!(cache.get::<u64>("other").wait().expect("a miss").is_none());
    // It gives itself its name a moment after it was started.
    while !helper_runs() {
        thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_hit_in_memory_starts_no_thread() {
    let this = std::env::current_exe().expect("it runs");
    let mut alone = std::process::Command::new(this);
    alone.args(["--ignored", "--exact", "blocking::a_process_with_one_hit"]);
    let output = alone.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
}
