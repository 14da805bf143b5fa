//! How old a pushed copy may be: from when a writer was told that its invalidation is done to the
//! last read of another process that began later and got what was there before.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use larder::{Cache, Memory, Near, Store, Tag};
use larder_servers::Proxy;

use super::servers::Servers;
use super::{Scale, process};
use crate::row::Report;

fn tag() -> Tag {
    Tag::named("prices")
}

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let servers = Servers::redis();
    let writes = scale.of(1_000) as u64;
    let runtime = process()?;
    let writer = runtime.block_on(async { servers.connect().await?.build() })?;
    let reader = Reader::start(&servers.address(), "price", writes)?;
    let mut told = Vec::new();
    runtime.block_on(async {
        for n in 1..=writes {
            told.push(reader.write(&writer, n).await?);
            reader.sees(n).await;
            // Until the copy is kept again: what is measured is how it ends.
            reader.is_served_at_once().await;
        }
        Ok::<_, larder::Error>(())
    })?;
    let mut ages = reader.ages(&told);
    ages.sort_by(f64::total_cmp);
    let limit = delay_max(&runtime, &servers)?.as_secs_f64() * 1e6;
    let at = |percent: usize| ages[(ages.len() * percent / 100).min(ages.len() - 1)];
    for (name, age) in [("p50", at(50)), ("p99", at(99)), ("max", at(100))] {
        report.row(
            &format!("pushed, age of the last old answer, {name}"),
            (age, "us"),
            ("the store's delay_max", limit),
            age / limit,
            1.0,
        );
    }

    let proxy = Proxy::start(&servers.address());
    let reader = Reader::start(&proxy.address(), "another price", 1)?;
    let told = runtime.block_on(async {
        reader.is_served_at_once().await;
        // Its connections stay open, and bring nothing any more.
        proxy.blackhole();
        let told = reader.write(&writer, 1).await?;
        reader.sees(1).await;
        Ok::<_, larder::Error>(told)
    })?;
    let age = reader.ages(&[told])[0];
    report.row(
        "the same, its connections silent from then on",
        (age, "us"),
        ("the store's delay_max", limit),
        age / limit,
        1.0,
    );
    Ok(())
}

fn delay_max(
    runtime: &tokio::runtime::Runtime,
    servers: &Servers,
) -> Result<Duration, Box<dyn Error>> {
    let url = format!("redis://{}", servers.address());
    let store = runtime.block_on(larder::Redis::connect(&url))?;
    let push = store.push().ok_or("redis tells of changes")?;
    Ok(push.delay_max())
}

/// Another process: a thread with a runtime and connections of its own, which reads one key again
/// and again.
struct Reader {
    shared: Arc<Shared>,
    runs: Option<JoinHandle<()>>,
}

struct Shared {
    /// What is in the database: the number of the last write.
    database: AtomicU64,
    /// What was read last.
    seen: AtomicU64,
    reads: AtomicU64,
    loads: AtomicU64,
    stop: AtomicBool,
    /// When the last read began that got so old a value, by value.
    last: Mutex<Vec<Option<Instant>>>,
}

impl Reader {
    fn start(address: &str, key: &'static str, writes: u64) -> Result<Reader, Box<dyn Error>> {
        let shared = Arc::new(Shared {
            database: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            loads: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            last: Mutex::new(vec![None; writes as usize + 1]),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let url = format!("redis://{address}");
        let cache = runtime.block_on(async {
            let near = Near::pushed(Memory::new());
            let store = larder::Redis::connect(&url).await?;
            Cache::builder()
                .namespace("bench")
                .store(store)
                .near(near)
                .build()
        })?;
        let runs = std::thread::spawn({
            let shared = shared.clone();
            move || runtime.block_on(shared.read(&cache, key))
        });
        Ok(Reader {
            shared,
            runs: Some(runs),
        })
    }

    /// Commits a value and invalidates what was read of the one before; when that was done.
    async fn write(&self, cache: &Cache, value: u64) -> larder::Result<Instant> {
        self.shared.database.store(value, SeqCst);
        cache.invalidate([tag()]).await?;
        Ok(Instant::now())
    }

    async fn sees(&self, value: u64) {
        while self.shared.seen.load(SeqCst) != value {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until many reads in a row load nothing.
    async fn is_served_at_once(&self) {
        loop {
            let count = || {
                let shared = &self.shared;
                (shared.loads.load(SeqCst), shared.reads.load(SeqCst))
            };
            let (loads, reads) = count();
            tokio::time::sleep(Duration::from_millis(1)).await;
            let (loads_now, reads_now) = count();
            if loads > 0 && loads == loads_now && reads_now > reads + 100 {
                return;
            }
        }
    }

    /// Microseconds from each write's return to the last older answer to a read begun after it.
    fn ages(self, told: &[Instant]) -> Vec<f64> {
        let last = self.shared.last.lock().expect("not poisoned").clone();
        let older = |value: usize| last[..value].iter().flatten().max();
        told.iter()
            .enumerate()
            .map(|(write, told)| {
                let old = older(write + 1);
                old.map_or(0.0, |old| {
                    old.saturating_duration_since(*told).as_secs_f64() * 1e6
                })
            })
            .collect()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        if let Some(runs) = self.runs.take() {
            let _ = runs.join();
        }
    }
}

impl Shared {
    async fn read(self: &Arc<Shared>, cache: &Cache, key: &'static str) {
        while !self.stop.load(SeqCst) {
            let begin = Instant::now();
            let shared = self.clone();
            let load = async move || {
                shared.loads.fetch_add(1, SeqCst);
                Ok::<u64, Infallible>(shared.database.load(SeqCst))
            };
            let value = cache.get_or_load(key, load).tags([tag()]).await;
            let value = *value.expect("the load cannot fail");
            self.last.lock().expect("not poisoned")[value as usize] = Some(begin);
            self.seen.store(value, SeqCst);
            self.reads.fetch_add(1, SeqCst);
            // The news must be heard, too.
            tokio::task::yield_now().await;
        }
    }
}
