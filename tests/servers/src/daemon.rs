//! What every private database server has: a folder, a port, an account, a process.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

use crate::account::Account;
use crate::port::free_port;
use crate::process::{Ending, Process};
use crate::wait::until;

/// How many ports are tried if others take them first.
const PORTS_TRIED_MAX: usize = 10;

/// The process of a database server, and what it lives in. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    // Dropped before the folder: it writes there until it ends.
    process: Mutex<Option<Process>>,
    ending: Ending,
    account: Option<Account>,
    port: AtomicU16,
    folder: TempDir,
}

impl Daemon {
    /// One that is not started yet, in an empty folder that belongs to `account`.
    pub(crate) fn new(account: Option<Account>, ending: Ending) -> Daemon {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        if let Some(account) = account {
            account.own(folder.path());
        }
        Daemon {
            process: Mutex::new(None),
            ending,
            account,
            port: AtomicU16::new(0),
            folder,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    pub(crate) fn id(&self) -> u32 {
        self.with_process(|process| process.id())
    }

    pub(crate) fn kill(&self) {
        if let Some(mut process) = self.process.lock().expect("not poisoned").take() {
            process.kill();
        }
    }

    pub(crate) fn pause(&self) {
        self.with_process(|process| process.pause());
    }

    pub(crate) fn resume(&self) {
        self.with_process(|process| process.resume());
    }

    /// Writes a file of the folder, which the account can read whatever the tests' umask is.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        fs::write(&path, text)
            .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
        if let Some(account) = self.account {
            account.own(&path);
        }
    }

    /// A command that is run in the folder, by the account, and speaks English. Its temporary files
    /// are in the folder too: the account may not write where the tests do.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder())
            .env("TMPDIR", self.folder())
            .env("LC_ALL", "C");
        if let Some(account) = self.account {
            account.run(&mut command);
        }
        command
    }

    /// Runs a command of the server's package to its end.
    ///
    /// # Panics
    ///
    /// If it fails; the message says what it printed.
    #[track_caller]
    pub(crate) fn run(&self, command: &mut Command) {
        let output = command
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let (printed, errors) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "{command:?} failed: {printed}{errors}"
        );
    }

    /// Launches on one port after another until one was free.
    ///
    /// # Panics
    ///
    /// If others took ten ports first.
    pub(crate) fn start(&self, launch: impl Fn() -> bool) {
        let started = (0..PORTS_TRIED_MAX).any(|_| {
            self.port.store(free_port(), Ordering::Relaxed);
            launch()
        });
        assert!(started, "no database server got a port");
    }

    /// Kills it, if it runs, and launches it on its old port.
    pub(crate) fn restart(&self, launch: impl Fn() -> bool) {
        self.kill();
        // Somebody's port check may hold the port for a moment.
        until("a server has its old port again", launch);
    }

    /// Starts the process and waits until it answers. Whether it did; if not, its port was taken.
    ///
    /// # Panics
    ///
    /// If it ended for another reason; the message is its log.
    pub(crate) fn launch(&self, command: &mut Command, answers: impl Fn() -> bool) -> bool {
        let log = self.folder().join("log");
        let mut process = Process::start_to_end(command, &log, self.ending, Some(self.folder()));
        let mut ended = false;
        until("a database server answers", || {
            ended = !process.runs();
            ended || answers()
        });
        if ended {
            let log = fs::read_to_string(log).unwrap_or_default();
            let bound = !log.contains("could not bind") && !log.contains("Bind on TCP/IP port");
            assert!(!bound, "a database server ended: {log}");
            return false;
        }
        *self.process.lock().expect("not poisoned") = Some(process);
        true
    }

    fn with_process<T>(&self, act: impl FnOnce(&Process) -> T) -> T {
        let process = self.process.lock().expect("not poisoned");
        act(process.as_ref().expect("the server was killed"))
    }
}
