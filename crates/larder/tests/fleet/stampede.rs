//! One load for one cold key, among many processes.

use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use larder::{Cache, Policy};
use larder_servers::until;

use crate::child::{Child, known, say, wait};
use crate::engine::{Engine, Server};

const PROCESSES: usize = 8;
const TASKS: usize = 500;
const LOAD: Duration = Duration::from_millis(200);
/// How long a load takes whose process is to be killed during it.
const LOAD_TO_BE_KILLED: Duration = Duration::from_millis(1500);
/// How long a lease lasts whose holder is dead.
const LEASE: Duration = Duration::from_secs(1);
const VALUE: u64 = 42;

#[test]
fn eight_processes_load_a_cold_key_once_from_redis() {
    loads_once(Engine::Redis);
}

#[test]
fn eight_processes_load_a_cold_key_once_from_memcached() {
    loads_once(Engine::Memcached);
}

#[test]
fn kc12_eight_processes_run_a_cached_function_once_on_redis() {
    runs_once(Engine::Redis);
}

#[test]
fn kc12_eight_processes_run_a_cached_function_once_on_memcached() {
    runs_once(Engine::Memcached);
}

#[test]
fn when_the_leader_is_killed_one_more_process_loads_from_redis() {
    loads_twice_at_most(Engine::Redis, Asks::TheCache);
}

#[test]
fn when_the_leader_is_killed_one_more_process_loads_from_memcached() {
    loads_twice_at_most(Engine::Memcached, Asks::TheCache);
}

#[test]
fn kc12_when_the_process_that_runs_a_cached_function_is_killed_one_more_runs_it_on_redis() {
    loads_twice_at_most(Engine::Redis, Asks::AFunction);
}

#[test]
fn kc12_when_the_process_that_runs_a_cached_function_is_killed_one_more_runs_it_on_memcached() {
    loads_twice_at_most(Engine::Memcached, Asks::AFunction);
}

/// What a process asks for its value.
#[derive(Debug)]
enum Asks {
    TheCache,
    AFunction,
}

/// The processes, ready to begin, and the file in which each load leaves its process's id.
struct Herd {
    children: Vec<Child>,
    loads: PathBuf,
    _server: Server,
    _folder: tempfile::TempDir,
}

impl Herd {
    /// Of processes that ask the cache, or call a function that is cached.
    fn gather(engine: Engine, load: Duration, asks: Asks) -> Herd {
        let server = engine.start();
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let loads = folder.path().join("loads");
        let knows = [
            ("ENGINE", format!("{engine:?}")),
            ("ADDRESS", server.address()),
            ("LOADS", loads.display().to_string()),
            ("LOAD_MILLIS", load.as_millis().to_string()),
            ("ASKS", format!("{asks:?}")),
        ];
        let knows: Vec<(&str, &str)> = knows
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let mut children: Vec<Child> = (0..PROCESSES)
            .map(|_| Child::start("stampedes", &knows))
            .collect();
        for child in &mut children {
            assert_eq!(child.hear().as_deref(), Some("ready"));
        }
        for child in &mut children {
            child.tell();
        }
        Herd {
            children,
            loads,
            _server: server,
            _folder: folder,
        }
    }

    /// The process id of each load.
    fn loads(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(&self.loads).unwrap_or_default();
        text.lines()
            .map(|line| line.parse().expect("a process id"))
            .collect()
    }

    /// Waits until every task of these processes has its value.
    fn all_served(&mut self) {
        for child in &mut self.children {
            let served = format!("{TASKS} tasks have {VALUE}");
            assert_eq!(child.hear().as_deref(), Some(&*served));
        }
    }
}

fn loads_once(engine: Engine) {
    let mut herd = Herd::gather(engine, LOAD, Asks::TheCache);
    herd.all_served();
    assert_eq!(herd.loads().len(), 1);
}

fn runs_once(engine: Engine) {
    let mut herd = Herd::gather(engine, LOAD, Asks::AFunction);
    herd.all_served();
    assert_eq!(herd.loads().len(), 1);
}

fn loads_twice_at_most(engine: Engine, asks: Asks) {
    let mut herd = Herd::gather(engine, LOAD_TO_BE_KILLED, asks);
    until("a process loads", || !herd.loads().is_empty());
    let leader = herd.loads()[0];
    let at = herd.children.iter().position(|child| child.id() == leader);
    let mut leader = herd.children.remove(at.expect("a child loads"));
    leader.kill();
    assert_eq!(
        leader.hear(),
        None,
        "the leader had ended before it was killed"
    );
    herd.all_served();
    assert_eq!(herd.loads().len(), 2);
}

/// In a child: many tasks that want one value.
pub(crate) async fn play() {
    let engine = Engine::of(&known("ENGINE"));
    let loads = known("LOADS");
    let millis = known("LOAD_MILLIS").parse().expect("a number");
    let cache = engine
        .connect_within(&[known("ADDRESS")], Duration::from_secs(10))
        .await
        .policy(Policy::new().lease(LEASE))
        .build()
        .expect("the settings are valid");
    let asks = known("ASKS");
    say("ready");
    tokio::task::block_in_place(wait);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let (cache, loads) = (cache.clone(), loads.clone());
        if asks == "AFunction" {
            tasks.spawn(async move { cold(&cache, 1, loads, millis).await });
            continue;
        }
        tasks.spawn(async move {
            let load = move || async move {
                note(Path::new(&loads));
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok::<_, Infallible>(VALUE)
            };
            *cache
                .get_or_load(("cold", 1), load)
                .await
                .expect("it cannot fail")
        });
    }
    let values = tasks.join_all().await;
    let right = values.iter().filter(|value| **value == VALUE).count();
    say(&format!("{right} tasks have {VALUE}"));
}

#[larder::cached(ttl = "1h", skip(loads, millis))]
async fn cold(cache: &Cache, id: u32, loads: String, millis: u64) -> u64 {
    let _ = id;
    note(Path::new(&loads));
    tokio::time::sleep(Duration::from_millis(millis)).await;
    VALUE
}

/// Leaves this process's id in the file of loads.
fn note(loads: &Path) {
    let file = OpenOptions::new().create(true).append(true).open(loads);
    let line = format!("{}\n", std::process::id());
    file.expect("the file can be opened")
        .write_all(line.as_bytes())
        .expect("the file can be written");
}
