//! A server, a database and some processes; and a load on them while something goes wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use larder_servers::Proxy;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::database::Database;
use crate::engine::{Engine, Server};
use crate::process::{Process, eventually};

/// How many tasks of each process read.
const READERS: usize = 3;
/// A process writes once for so many reads of its own.
const READS_PER_WRITE: u32 = 8;

/// A server, its database, and processes that share both.
pub(crate) struct World {
    pub(crate) server: Arc<Server>,
    pub(crate) database: Arc<Database>,
    pub(crate) processes: Vec<Process>,
}

impl World {
    /// Processes with direct connections.
    pub(crate) async fn start(engine: Engine, processes: usize, rows: usize) -> World {
        World::over(engine.start(), processes, rows).await
    }

    pub(crate) async fn over(server: Server, processes: usize, rows: usize) -> World {
        let mut world = World {
            database: Arc::new(Database::new(rows)),
            processes: Vec::new(),
            server: Arc::new(server),
        };
        for _ in 0..processes {
            world.join(world.server.address()).await;
        }
        world
    }

    /// Two processes: the first reaches the server through a proxy, the second directly.
    pub(crate) async fn through_proxy(engine: Engine, rows: usize) -> (World, Proxy) {
        let mut world = World::start(engine, 0, rows).await;
        let proxy = Proxy::start(&world.server.address());
        world.join(proxy.address()).await;
        world.join(world.server.address()).await;
        (world, proxy)
    }

    /// One more process, which reaches the server at this address.
    pub(crate) async fn join(&mut self, address: String) {
        let builder = self.server.engine().connect(&[address]).await;
        let process = Process::new(builder, self.database.clone());
        self.processes.push(process);
    }

    /// Reads every row in every process, until all of them are entries in the store.
    pub(crate) async fn warm_up(&self) {
        for row in 0..self.database.len() {
            for process in &self.processes {
                process.read_until_hit(row).await;
            }
        }
    }

    /// Reads and writes in all processes while `faults` run, checks every read, and in the end that
    /// no process is left with anything old.
    pub(crate) async fn survives(&self, faults: impl AsyncFnOnce(&Tally)) -> Arc<Tally> {
        let tally = Arc::new(Tally::default());
        let mut tasks = JoinSet::new();
        for process in &self.processes {
            for _ in 0..READERS {
                tasks.spawn(load(process.clone(), tally.clone()));
            }
        }
        let broken = async {
            match tasks.join_next().await {
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
                _ => panic!("a reader ended"),
            }
        };
        tokio::select! {
            () = faults(&tally) => {}
            () = broken => {}
        }
        tally.stop.store(true, SeqCst);
        while let Some(ended) = tasks.join_next().await {
            if let Err(panic) = ended {
                std::panic::resume_unwind(panic.into_panic());
            }
        }
        self.is_settled().await;
        tally
    }

    /// Every process sees every row as it is, soon and from then on.
    pub(crate) async fn is_settled(&self) {
        for (index, process) in self.processes.iter().enumerate() {
            for row in 0..self.database.len() {
                let newest = self.database.now(row);
                let what = format!("process {index} sees row {row} as it is");
                eventually(&what, async || {
                    (process.read(row).await == newest).then_some(())
                })
                .await;
                process.read_until_hit(row).await;
                assert_eq!(process.read(row).await, newest, "{what}, and goes on to");
            }
        }
    }
}

/// What was done under a fault.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    stop: AtomicBool,
    pub(crate) reads: AtomicU64,
    /// Reads of a row that was between a commit and its bump at their beginning or end: the ones
    /// that could go wrong.
    pub(crate) at_risk: AtomicU64,
    pub(crate) writes: AtomicU64,
    /// Writes that the store has not acknowledged.
    pub(crate) unacknowledged: AtomicU64,
    done: Notify,
}

impl Tally {
    /// Waits until so many more reads have ended.
    pub(crate) async fn reads_more(&self, more: u64) {
        let goal = self.reads.load(SeqCst) + more;
        let reached = async {
            loop {
                let done = self.done.notified();
                if self.reads.load(SeqCst) >= goal {
                    return;
                }
                done.await;
            }
        };
        let reached = tokio::time::timeout(Duration::from_secs(60), reached).await;
        reached.expect("reads go on whatever happens");
    }
}

async fn load(process: Process, tally: Arc<Tally>) {
    let database = process.database.clone();
    while !tally.stop.load(SeqCst) {
        let row = fastrand::usize(..database.len());
        if fastrand::u32(..READS_PER_WRITE) == 0 {
            tally.writes.fetch_add(1, SeqCst);
            if !process.write(row).await {
                tally.unacknowledged.fetch_add(1, SeqCst);
            }
        }
        let risk = database.is_being_written(row);
        process.read(row).await;
        if risk || database.is_being_written(row) {
            tally.at_risk.fetch_add(1, SeqCst);
        }
        tally.reads.fetch_add(1, SeqCst);
        tally.done.notify_waiters();
    }
}
