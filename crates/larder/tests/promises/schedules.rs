//! Requests, tasks and writers in thousands of random orders: no read is older than a write that had
//! returned when it began.
//!
//! The database is a number for each key, which writers count up. A read asks beforehand which
//! number has been acknowledged, and may not get a smaller one. Everything pauses at random between
//! its steps, as does the store in each of its operations. A failure names its seed.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use fastrand::Rng;
use larder::{Policy, Scope, Tag};
use tokio::sync::Mutex;

use crate::shared::{Shared, change_of};
use crate::support::{Bench, Broken};

const SCHEDULES: u64 = 1_000;
const KEYS: usize = 2;

struct World {
    bench: Bench,
    store: Shared,
    rows: [Row; KEYS],
}

#[derive(Default)]
struct Row {
    committed: AtomicU64,
    acknowledged: AtomicU64,
    /// One writer at a time, as a database has it: `insert` puts what its own write has made.
    writing: Mutex<()>,
}

thread_local! {
    static CHANCE: RefCell<Rng> = RefCell::new(Rng::new());
}

fn draw(below: usize) -> usize {
    CHANCE.with_borrow_mut(|chance| chance.usize(..below))
}

async fn pause() {
    for _ in 0..draw(4) {
        tokio::task::yield_now().await;
    }
}

impl World {
    fn new(far: bool) -> World {
        let store = Shared::default();
        // Some answers are overtaken by many others.
        store.delays(|| if draw(4) == 0 { draw(60) } else { draw(3) });
        World {
            bench: match far {
                true => store.process(Policy::new()),
                false => Bench::new(),
            },
            store,
            rows: Default::default(),
        }
    }

    /// What a read that begins now may see at least.
    fn floor(&self, key: usize) -> u64 {
        self.rows[key].acknowledged.load(Ordering::SeqCst)
    }
}

/// A load of the key's number.
async fn load(world: Arc<World>, key: usize) -> Result<u64, Broken> {
    pause().await;
    let number = world.rows[key].committed.load(Ordering::SeqCst);
    pause().await;
    // Some fail, as loads do.
    match draw(20) {
        0 => Err(Broken),
        _ => Ok(number),
    }
}

fn tags(key: usize) -> [Tag; 2] {
    [Tag::named_parts(("row", key as u64)), Tag::table("", "row")]
}

async fn read(world: &Arc<World>, key: usize) {
    let floor = world.floor(key);
    let cache = &world.bench.cache;
    let number = match draw(6) {
        0 => cache.get::<u64>(key as u64).await.expect("a miss is none"),
        1 => {
            let found = cache.get_many::<u64>([key as u64]).await;
            found.expect("a miss is none").remove(0)
        }
        2 => {
            let world = world.clone();
            // Its entries carry no tags of their own: a key that no tag ends.
            let load = async move |keys: Vec<(u64, &'static str)>| {
                let mut rows = Vec::new();
                for key in keys {
                    rows.push((key, load(world.clone(), key.0 as usize).await?));
                }
                Ok::<_, Broken>(rows)
            };
            let asked = (key as u64, "many");
            let found = cache.get_or_load_many([asked], load).await;
            found.ok().and_then(|found| found.get(&asked).cloned())
        }
        _ => {
            let inner = world.clone();
            let read = cache.get_or_load(key as u64, move || load(inner, key));
            read.tags(tags(key)).await.ok()
        }
    };
    if let Some(number) = number {
        assert!(
            *number >= floor,
            "key {key}: {number} is older than {floor}"
        );
    }
}

async fn write(world: &Arc<World>, key: usize) {
    let row = &world.rows[key];
    let turn = row.writing.lock().await;
    let number = row.committed.fetch_add(1, Ordering::SeqCst) + 1;
    pause().await;
    let cache = world.bench.cache.clone();
    // Entries of batches carry the namespace's tag only: their keys are removed beside.
    let change = async move {
        let many = cache.remove((key as u64, "many")).await;
        many.expect("the store removes");
        match draw(6) {
            0 => {
                let inserted = cache.insert(key as u64, number).tags(tags(key)).await;
                inserted.expect("it is stored");
            }
            1 => cache.remove(key as u64).await.expect("it is removed"),
            2 => {
                cache.publish(change_of("row")).await;
            }
            3 => {
                // It fails as often as the store does, and counts all the same.
                let _ = cache.clear().await;
            }
            _ => {
                let _ = cache.invalidate([tags(key)[0].clone()]).await;
            }
        }
    };
    match draw(2) {
        0 => change.await,
        _ => tokio::spawn(change).await.expect("no panic"),
    }
    row.acknowledged.fetch_max(number, Ordering::SeqCst);
    drop(turn);
}

/// What one task of a request does.
async fn steps(world: Arc<World>) {
    for _ in 0..draw(8) {
        pause().await;
        let key = draw(KEYS);
        match draw(4) {
            0 => write(&world, key).await,
            // A caller who goes away in the middle.
            1 if draw(3) == 0 => {
                let mut reading = Box::pin(read(&world, key));
                for _ in 0..draw(4) {
                    if step(&mut reading).await {
                        break;
                    }
                    pause().await;
                }
            }
            _ => read(&world, key).await,
        }
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One step of a future; whether it is done.
async fn step(future: &mut (impl Future<Output = ()> + Unpin)) -> bool {
    std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_ready()))
        .await
}

async fn request(world: Arc<World>) {
    let scope = Scope::current();
    let tasks: Vec<Task> = (0..1 + draw(3))
        .map(|_| -> Task {
            let steps = steps(world.clone());
            match &scope {
                Some(scope) if draw(2) == 0 => Box::pin(scope.enter(steps)),
                _ => Box::pin(steps),
            }
        })
        .collect();
    let mut spawned = Vec::new();
    let mut own = Vec::new();
    for task in tasks {
        match draw(2) {
            0 => spawned.push(tokio::spawn(task)),
            _ => own.push(task),
        }
    }
    futures_util::future::join_all(own).await;
    for task in spawned {
        task.await.expect("no panic");
    }
}

async fn schedule(far: bool) {
    let world = Arc::new(World::new(far));
    let requests: Vec<_> = (0..1 + draw(3))
        .map(|_| {
            let request = request(world.clone());
            match draw(4) {
                0 => tokio::spawn(request),
                _ => tokio::spawn(world.bench.cache.request_scope(request)),
            }
        })
        .collect();
    if far && draw(4) == 0 {
        pause().await;
        world.store.fails(["bump"]);
        for _ in 0..draw(6) {
            pause().await;
        }
        world.store.is_back();
    }
    for request in requests {
        request.await.expect("no panic");
    }
}

fn check(far: bool) {
    for seed in 0..SCHEDULES {
        CHANCE.set(Rng::with_seed(seed));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("it starts");
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(schedule(far));
        }));
        assert!(ran.is_ok(), "seed {seed}");
    }
}

#[test]
fn kc30_no_order_of_steps_makes_a_request_miss_a_write_in_memory() {
    check(false);
}

#[test]
fn kc30_no_order_of_steps_makes_a_request_miss_a_write_on_a_store_far_away() {
    check(true);
}
