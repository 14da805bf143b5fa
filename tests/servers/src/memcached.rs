//! A private memcached server.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::port::free_port;
use crate::process::{Ending, Process};
use crate::program;
use crate::wait::until;

const PORTS_TRIED_MAX: usize = 10;
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const BUSY_ASKED_AGAIN: Duration = Duration::from_millis(5);
/// How often, and after what pause, the names are listed again if some are missing.
const DUMPS_MAX: usize = 40;
const DUMP_PAUSE: Duration = Duration::from_millis(25);

/// A private memcached server. Killed when dropped.
///
/// # Panics
///
/// Every method panics if the server cannot do what is asked, with what it said.
#[derive(Debug)]
pub struct Memcached {
    program: PathBuf,
    arguments: Vec<String>,
    process: Mutex<Option<Process>>,
    folder: TempDir,
    port: u16,
    socket: bool,
}

/// Settings of a private [`Memcached`] server.
#[derive(Clone, Debug, Default)]
pub struct MemcachedBuilder {
    arguments: Vec<String>,
    socket: bool,
}

impl MemcachedBuilder {
    /// How much it may hold: at least two, or it does not start.
    pub fn megabytes_max(mut self, megabytes: u32) -> MemcachedBuilder {
        self.arguments
            .extend(["-m".to_owned(), megabytes.to_string()]);
        self
    }

    /// More arguments: `["-I", "2m"]`.
    pub fn arguments(mut self, arguments: &[&str]) -> MemcachedBuilder {
        self.arguments
            .extend(arguments.iter().map(|&word| word.to_owned()));
        self
    }

    /// A unix socket instead of a port.
    pub fn socket(mut self) -> MemcachedBuilder {
        self.socket = true;
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it is not installed, or does not start; the message says what it logged.
    pub fn start(self) -> Memcached {
        let mut memcached = Memcached {
            program: program::need("memcached", "memcached"),
            arguments: self.arguments,
            process: Mutex::new(None),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            port: 0,
            socket: self.socket,
        };
        for _ in 0..PORTS_TRIED_MAX {
            memcached.port = free_port();
            if memcached.launch() {
                return memcached;
            }
        }
        panic!("no memcached got a port");
    }
}

impl Memcached {
    /// A memcached server.
    pub fn start() -> Memcached {
        Memcached::builder().start()
    }

    /// A server with settings.
    pub fn builder() -> MemcachedBuilder {
        MemcachedBuilder::default()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `memcached://127.0.0.1:port`, or `memcached+unix:///path` if it has a socket.
    pub fn url(&self) -> String {
        match self.socket {
            true => format!("memcached+unix://{}", self.socket().display()),
            false => format!("memcached://{}", self.address()),
        }
    }

    /// Its unix socket, if it has one.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.with_process(|process| process.id())
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) {
        *self.process.lock().expect("not poisoned") = None;
    }

    /// Starts it again on its port, empty, after [`kill`](Self::kill) or instead of it.
    pub fn restart(&self) {
        self.kill();
        until("a server has its old port again", || self.launch());
    }

    /// Stops it with SIGSTOP: its connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.with_process(|process| process.pause());
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.with_process(|process| process.resume());
    }

    /// One number or word of `stats`.
    pub fn stat(&self, name: &str) -> String {
        let lines = self.lines("stats", "END");
        let prefix = format!("STAT {name} ");
        let value = lines.iter().find_map(|line| line.strip_prefix(&prefix));
        value
            .unwrap_or_else(|| panic!("stats has no {name}"))
            .to_owned()
    }

    /// The names of everything that it holds, in order.
    pub fn names(&self) -> Vec<String> {
        for _ in 0..DUMPS_MAX {
            let count = self.stat("curr_items");
            let names = self.dump();
            if names.len().to_string() == count {
                return names;
            }
            // Its own crawler was in the way, or something is over and not cleared away yet.
            thread::sleep(DUMP_PAUSE);
        }
        self.dump()
    }

    fn dump(&self) -> Vec<String> {
        let lines = self.lines("lru_crawler metadump all", "END");
        let name = |line: &String| Some(decoded(line.split(' ').next()?.strip_prefix("key=")?));
        let mut names: Vec<String> = lines.iter().filter_map(name).collect();
        names.sort();
        names
    }

    /// The bytes under a name.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut peer = self.peer();
        peer.say(format!("mg {name} v\r\n").as_bytes());
        let head = peer.line();
        if head == "EN" {
            return None;
        }
        let length = head.strip_prefix("VA ");
        let length = length.and_then(|rest| rest.split(' ').next()?.parse().ok());
        let length: usize = length.unwrap_or_else(|| panic!("memcached said {head}"));
        Some(peer.bytes(length))
    }

    /// Writes bytes under a name, to live as long as those that are there, or for ever.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        assert!(self.try_write(name, bytes), "memcached took no value");
    }

    /// The same. Whether the server took it.
    pub fn try_write(&self, name: &str, bytes: &[u8]) -> bool {
        let mut peer = self.peer();
        peer.say(format!("mg {name} t\r\n").as_bytes());
        let head = peer.line();
        let lives = head.strip_prefix("HD t").filter(|seconds| *seconds != "-1");
        let lives = lives.unwrap_or("0");
        // In one piece: the kernel would hold a second one back for a while.
        let head = format!("ms {name} {} T{lives}\r\n", bytes.len());
        peer.say(&[head.as_bytes(), bytes, b"\r\n"].concat());
        peer.line() == "HD"
    }

    /// Deletes what is under a name, if anything is.
    pub fn remove(&self, name: &str) {
        let mut peer = self.peer();
        peer.say(format!("md {name}\r\n").as_bytes());
        let done = peer.line();
        assert!(done == "HD" || done == "NF", "memcached said {done}");
    }

    /// Deletes everything.
    pub fn flush(&self) {
        let mut peer = self.peer();
        peer.say(b"flush_all\r\n");
        assert_eq!(peer.line(), "OK", "memcached did not flush");
    }

    fn with_process<T>(&self, act: impl FnOnce(&Process) -> T) -> T {
        let process = self.process.lock().expect("not poisoned");
        act(process.as_ref().expect("the server was killed"))
    }

    fn lines(&self, command: &str, end: &str) -> Vec<String> {
        let mut peer = self.peer();
        peer.say(format!("{command}\r\n").as_bytes());
        let mut lines = Vec::new();
        loop {
            let line = peer.line();
            if line == end {
                return lines;
            }
            // It walks through its values for somebody else, or for itself.
            if line.starts_with("BUSY") {
                std::thread::sleep(BUSY_ASKED_AGAIN);
                peer.say(format!("{command}\r\n").as_bytes());
                continue;
            }
            lines.push(line);
        }
    }

    fn peer(&self) -> Peer {
        Peer::connect(self).unwrap_or_else(|error| panic!("memcached does not answer: {error}"))
    }

    /// Starts the process and waits until it answers. Whether it did; if not, its port was taken.
    fn launch(&self) -> bool {
        std::fs::remove_file(self.socket()).ok();
        let mut command = Command::new(&self.program);
        match self.socket {
            true => command.arg("-s").arg(self.socket()),
            false => command.args(["-l", "127.0.0.1", "-U", "0", "-p", &self.port.to_string()]),
        };
        if rustix::process::geteuid().is_root() {
            // It refuses to be root unless it is told so.
            command.args(["-u", "root"]);
        }
        command.args(&self.arguments);
        let log = self.folder.path().join("log");
        let folder = Some(self.folder.path());
        let mut process = Process::start_to_end(&mut command, &log, Ending::Kill, folder);
        let mut ended = false;
        until("memcached answers", || {
            ended = !process.runs();
            ended || self.answers()
        });
        if ended {
            let log = std::fs::read_to_string(log).unwrap_or_default();
            assert!(
                log.contains("bind") || log.contains("listen"),
                "memcached ended: {log}"
            );
            return false;
        }
        *self.process.lock().expect("not poisoned") = Some(process);
        true
    }

    fn answers(&self) -> bool {
        let Ok(mut peer) = Peer::connect(self) else {
            return false;
        };
        peer.say(b"version\r\n");
        peer.line().starts_with("VERSION ")
    }
}

/// A name as it was before memcached wrote its punctuation as `%3A`.
fn decoded(name: &str) -> String {
    let mut pieces = name.split('%');
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece
            .split_at_checked(2)
            .expect("two digits stand behind %");
        let code = u8::from_str_radix(code, 16).expect("they are hexadecimal");
        whole.push(code.into());
        whole.push_str(rest);
    }
    whole
}

trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

/// A connection to a server.
struct Peer(BufReader<Box<dyn Duplex>>);

impl Peer {
    fn connect(server: &Memcached) -> io::Result<Peer> {
        let stream: Box<dyn Duplex> = if server.socket {
            let stream = std::os::unix::net::UnixStream::connect(server.socket())?;
            stream.set_read_timeout(Some(ANSWER_WITHIN))?;
            Box::new(stream)
        } else {
            let stream = TcpStream::connect(("127.0.0.1", server.port))?;
            stream.set_read_timeout(Some(ANSWER_WITHIN))?;
            Box::new(stream)
        };
        Ok(Peer(BufReader::new(stream)))
    }

    fn say(&mut self, bytes: &[u8]) {
        self.0
            .get_mut()
            .write_all(bytes)
            .expect("memcached listens");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("memcached answers");
        line.trim_end().to_owned()
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length + 2];
        self.0.read_exact(&mut bytes).expect("memcached answers");
        bytes.truncate(length);
        bytes
    }
}
