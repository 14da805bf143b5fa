//! A child process that does not outlive its test.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{fs, io};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// A running server. Killed when dropped; killed by its watchdog if this process is.
#[derive(Debug)]
pub struct Process {
    child: Child,
    watchdog: Child,
}

impl Process {
    /// Starts `command` with its output in the file `log`.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn start(command: &mut Command, log: &Path) -> Process {
        let output = fs::File::create(log).expect("the log file of a server can be made");
        let errors = output.try_clone().expect("a file handle can be cloned");
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let watchdog = watch(child.id()).expect("sh can be started");
        Process { child, watchdog }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it with SIGKILL, and waits until it has ended.
    pub fn kill(&mut self) {
        // The watchdog goes first: it must not kill a stranger that gets the same id.
        self.watchdog.kill().ok();
        self.watchdog.wait().ok();
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Ends it with SIGTERM, as a service manager does, and waits until it has ended.
    pub fn terminate(&mut self) {
        self.watchdog.kill().ok();
        self.watchdog.wait().ok();
        self.signal(Signal::TERM).ok();
        self.child.wait().ok();
    }

    /// Stops it with SIGSTOP: its connections stay open, and nothing answers. Returns when it stands.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn pause(&self) {
        self.signal(Signal::STOP)
            .expect("a server that is to be paused is running");
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid()), options).expect("a child can be waited for");
    }

    /// Lets it go on after [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn resume(&self) {
        self.signal(Signal::CONT)
            .expect("a server that is to be resumed is there");
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(self.pid(), signal)?)
    }

    fn pid(&self) -> Pid {
        let id = i32::try_from(self.child.id()).expect("a process id is positive");
        Pid::from_raw(id).expect("a process id is not zero")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A shell that waits on a pipe which only this process holds open, and then kills `id`.
fn watch(id: u32) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", "read -r _; kill -9 \"$0\"", &id.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
