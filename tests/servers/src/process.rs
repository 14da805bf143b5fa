//! A child process that does not outlive its test.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::family;

/// How long a server may take to end by itself before it is killed.
const QUITS_WITHIN: Duration = Duration::from_secs(10);
const QUITS_ASKED_AGAIN: Duration = Duration::from_millis(2);

/// Waits on a pipe that only the test's process holds open. Then it has the server end as `$2` says,
/// kills it if that takes five seconds, and deletes the folder `$3`, if one is given.
///
/// SIGINT is for the tests: a terminal sends it to everybody.
const WATCH: &str = r#"
trap '' INT
read -r _
kill -s CONT "$1"
kill -s "$2" "$1"
tenths=0
while kill -s 0 "$1"; do
    if [ "$tenths" -ge 50 ]; then
        kill -s KILL "$1"
        break
    fi
    sleep 0.1
    tenths=$((tenths + 1))
done
if [ -n "$3" ]; then
    rm -rf -- "$3"
fi
"#;

/// How a server ends that nobody needs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By SIGKILL.
    Kill,
    /// By SIGQUIT, for a server that would leave more than files behind.
    Quit,
}

/// A running server, with the processes that it makes. Killed when dropped; killed by its watchdog if
/// this process is.
#[derive(Debug)]
pub struct Process {
    child: Child,
    watchdog: Child,
    ending: Ending,
}

impl Process {
    /// Starts `command` with its output in the file `log`.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn start(command: &mut Command, log: &Path) -> Process {
        Process::start_to_end(command, log, Ending::Kill, None)
    }

    /// The same, with an ending of its own, and a folder that the watchdog deletes.
    pub(crate) fn start_to_end(
        command: &mut Command,
        log: &Path,
        ending: Ending,
        folder: Option<&Path>,
    ) -> Process {
        let output = fs::File::create(log).expect("the log file of a server can be made");
        let errors = output.try_clone().expect("a file handle can be cloned");
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let watchdog = watch(child.id(), ending, folder).expect("sh can be started");
        Process {
            child,
            watchdog,
            ending,
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it and its children with SIGKILL, and waits until they have ended.
    pub fn kill(&mut self) {
        self.dismiss_watchdog();
        if self.runs() {
            // While it stands it makes no more children, and none of their ids becomes a stranger's:
            // nobody else takes note that they have ended.
            self.pause();
            family::signal(&family::children(self.pid()), Signal::KILL, "ZX");
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Ends it with SIGTERM, as a service manager does, and waits until it has ended.
    pub fn terminate(&mut self) {
        self.dismiss_watchdog();
        self.signal(Signal::TERM).ok();
        self.child.wait().ok();
    }

    /// Stops it and its children with SIGSTOP: its connections stay open, and nothing answers. Returns
    /// when all stand.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn pause(&self) {
        self.signal(Signal::STOP)
            .expect("a server that is to be paused is running");
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid()), options).expect("a child can be waited for");
        family::signal(&family::children(self.pid()), Signal::STOP, "TZX");
    }

    /// Lets it go on after [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn resume(&self) {
        for child in family::children(self.pid()) {
            kill_process(child, Signal::CONT).ok();
        }
        self.signal(Signal::CONT)
            .expect("a server that is to be resumed is there");
    }

    /// Has it end by itself, while somebody waits for it.
    fn quit(&mut self) {
        self.dismiss_watchdog();
        let deadline = Instant::now() + QUITS_WITHIN;
        if self.runs() {
            self.resume();
            self.signal(Signal::QUIT).ok();
        }
        while self.runs() && Instant::now() < deadline {
            thread::sleep(QUITS_ASKED_AGAIN);
        }
    }

    /// The watchdog goes before the server does: it must not kill a stranger that gets the same id.
    fn dismiss_watchdog(&mut self) {
        self.watchdog.kill().ok();
        self.watchdog.wait().ok();
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
        if self.ending == Ending::Quit {
            self.quit();
        }
        self.kill();
    }
}

fn watch(id: u32, ending: Ending, folder: Option<&Path>) -> io::Result<Child> {
    let signal = match ending {
        Ending::Kill => "KILL",
        Ending::Quit => "QUIT",
    };
    Command::new("sh")
        .args(["-c", WATCH, "watchdog", &id.to_string(), signal])
        .args(folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
