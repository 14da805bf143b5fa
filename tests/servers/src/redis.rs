//! A private Redis or Valkey server.

mod builder;
mod monitor;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

pub use builder::RedisBuilder;
pub use monitor::Monitor;

use crate::process::{Ending, Process};
use crate::program;
use crate::resp::{Reply, Wire};
use crate::tls::Certificates;
use crate::wait::until;

/// The user by which the tests look into a server, whatever its other users may do.
const KEEPER: &str = "larder-tests";

/// A private Redis or Valkey server. Killed when dropped.
///
/// The environment variable `LARDER_REDIS_PROGRAM` names another program than `redis-server`, so that
/// all tests of Redis are tests of `valkey-server` as well.
///
/// # Panics
///
/// Every method panics if the server cannot do what is asked, with what it said.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    arguments: Vec<String>,
    process: Mutex<Option<Process>>,
    folder: TempDir,
    port: u16,
    certificates: Option<Certificates>,
}

impl Redis {
    /// A Redis server.
    pub fn start() -> Redis {
        Redis::builder().start()
    }

    /// A Valkey server; nothing if it is not installed.
    pub fn start_valkey() -> Option<Redis> {
        Some(Redis::builder().valkey()?.start())
    }

    /// A server with settings.
    pub fn builder() -> RedisBuilder {
        RedisBuilder::default()
    }

    /// Its port: of TCP, or of TLS if it speaks TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `redis://127.0.0.1:port`, or `rediss://…` if it speaks TLS.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme(), self.address())
    }

    /// The same with a user and a password.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("{}://{user}:{password}@{}", self.scheme(), self.address())
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Its temporary folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The certificates with which it speaks TLS, if it does.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.with_process(|process| process.id())
    }

    /// Kills it with SIGKILL. What it has not saved is lost.
    pub fn kill(&self) {
        *self.process.lock().expect("not poisoned") = None;
    }

    /// Starts it again on its port, after [`kill`](Self::kill) or instead of it. It finds what
    /// [`save`](Self::save) has written, if that was called; else it is empty.
    pub fn restart(&self) {
        self.kill();
        // Somebody's port check may hold the port for a moment.
        until("a server has its old port again", || self.launch());
    }

    /// Starts it again, empty.
    pub fn restart_empty(&self) {
        self.kill();
        std::fs::remove_file(self.folder.path().join("dump.rdb")).ok();
        self.restart();
    }

    /// Writes all that it holds to its disk, where [`restart`](Self::restart) finds it.
    pub fn save(&self) {
        self.ask(&["SAVE"]).ok();
    }

    /// Stops it with SIGSTOP: its connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.with_process(|process| process.pause());
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.with_process(|process| process.resume());
    }

    /// Asks it one command, as a user who may do everything.
    pub fn ask<W: AsRef<[u8]>>(&self, words: &[W]) -> Reply {
        self.try_ask(words)
            .unwrap_or_else(|error| panic!("a redis server does not answer: {error}"))
    }

    /// What `redis-cli` prints for a command.
    pub fn cli(&self, words: &[&str]) -> String {
        let output = Command::new(program::need("redis-cli", "redis-tools"))
            .arg("-s")
            .arg(self.socket())
            .args(["--user", KEEPER, "--pass", KEEPER, "--no-auth-warning"])
            .args(words)
            .stdin(Stdio::null())
            .output()
            .expect("redis-cli can be started");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "redis-cli failed: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Changes a setting of the running server.
    pub fn configure(&self, setting: &str, value: &str) {
        self.ask(&["CONFIG", "SET", setting, value]).ok();
    }

    /// One field of `INFO`.
    pub fn info(&self, field: &str) -> String {
        let info = self.look(&["INFO", "everything"]).text();
        let prefix = format!("{field}:");
        let line = info.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("INFO has no field {field}"))
            .to_owned()
    }

    /// The names of everything that it holds, in order.
    pub fn names(&self) -> Vec<String> {
        let keys = self.look(&["KEYS", "*"]).list();
        let mut names: Vec<String> = keys.iter().map(Reply::text).collect();
        names.sort();
        names
    }

    /// The bytes under a name.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.look(&["GET", name]).bytes()
    }

    /// Writes bytes under a name; how long they live does not change.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let words: [&[u8]; 4] = [b"SET", name.as_bytes(), bytes, b"KEEPTTL"];
        self.ask(&words).ok();
    }

    /// Deletes everything.
    pub fn flush(&self) {
        self.ask(&["FLUSHALL"]).ok();
    }

    /// Begins to collect what clients ask.
    pub fn monitor(&self) -> Monitor<'_> {
        Monitor::begin(self)
    }

    /// Makes it a replica of the server at `address`, and waits until it is in step.
    pub fn replicate(&self, address: &str) {
        let (host, port) = address.rsplit_once(':').expect("host:port");
        self.ask(&["REPLICAOF", host, port]).ok();
        until("a replica is in step", || {
            self.info("master_link_status") == "up"
        });
    }

    /// Makes a replica a master.
    pub fn promote(&self) {
        self.ask(&["REPLICAOF", "NO", "ONE"]).ok();
    }

    fn scheme(&self) -> &'static str {
        match self.certificates {
            Some(_) => "rediss",
            None => "redis",
        }
    }

    fn with_process<T>(&self, act: impl FnOnce(&Process) -> T) -> T {
        let process = self.process.lock().expect("not poisoned");
        act(process.as_ref().expect("the server was killed"))
    }

    fn try_ask<W: AsRef<[u8]>>(&self, words: &[W]) -> std::io::Result<Reply> {
        self.wire()?.ask(words)
    }

    /// Asks again if the connection ends, as all do when a server becomes a replica: only for what may
    /// be asked twice.
    fn look(&self, words: &[&str]) -> Reply {
        let mut reply = None;
        until("a redis server answers", || {
            reply = self.try_ask(words).ok();
            reply.is_some()
        });
        reply.expect("it was awaited").ok()
    }

    fn wire(&self) -> std::io::Result<Wire> {
        let mut wire = Wire::connect(&self.socket())?;
        wire.ask(&["AUTH", KEEPER, KEEPER])?.ok();
        Ok(wire)
    }

    /// Starts the process and waits until it answers. Whether it did; if not, its port was taken.
    fn launch(&self) -> bool {
        // The file of a killed server is still there, and nobody listens on it.
        std::fs::remove_file(self.socket()).ok();
        let mut command = Command::new(&self.program);
        command
            .arg(self.folder.path().join("redis.conf"))
            .args(&self.arguments)
            .current_dir(self.folder.path());
        let log = self.folder.path().join("log");
        let folder = Some(self.folder.path());
        let mut process = Process::start_to_end(&mut command, &log, Ending::Kill, folder);
        let mut ended = false;
        until("a redis server answers", || {
            ended = !process.runs();
            ended || self.answers()
        });
        if ended {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            assert!(log.contains("bind"), "a redis server ended: {log}");
            return false;
        }
        *self.process.lock().expect("not poisoned") = Some(process);
        true
    }

    fn answers(&self) -> bool {
        matches!(self.try_ping(), Ok(Reply::Status(pong)) if pong == "PONG")
    }

    fn try_ping(&self) -> std::io::Result<Reply> {
        let mut wire = Wire::connect(&self.socket())?;
        // A sentinel has no such user, and needs none.
        let _ = wire.ask(&["AUTH", KEEPER, KEEPER])?;
        wire.ask(&["PING"])
    }
}
