//! Child processes: this test's own program, run again with a role to play.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::{died, leader, stampede};

/// The environment variable that names a child's role.
const ROLE: &str = "LARDER_FLEET_ROLE";
/// What is before each line that a child says to its parent, among the lines of the test's harness.
const SAYS: &str = "child says: ";

/// A child process. Killed when dropped.
pub(crate) struct Child {
    process: std::process::Child,
    says: BufReader<std::process::ChildStdout>,
}

impl Child {
    /// Starts a child with a role and what it needs to know.
    pub(crate) fn start(role: &str, knows: &[(&str, &str)]) -> Child {
        let program = env::current_exe().expect("a test knows its program");
        let mut process = Command::new(program)
            .args(["child::plays_its_role", "--exact", "--nocapture"])
            .env(ROLE, role)
            .envs(knows.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a test can start itself");
        let says = process.stdout.take().expect("its output is piped");
        Child {
            process,
            says: BufReader::new(says),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next thing that the child says; nothing if it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.says.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            // The harness begins the line in which the first thing is said.
            if let Some((_, said)) = line.trim_end().split_once(SAYS) {
                return Some(said.to_owned());
            }
        }
    }

    /// Lets a child go on that waits for its parent.
    pub(crate) fn tell(&mut self) {
        let stdin = self.process.stdin.as_mut().expect("its input is piped");
        stdin.write_all(b"go\n").expect("the child listens");
    }

    /// Stops it with SIGSTOP: it does nothing, and knows nothing of it.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -\"$0\" \"$1\"", signal, &self.id().to_string()]);
        assert!(kill.status().expect("sh can be started").success());
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("the child can be killed");
        self.process.wait().expect("the child can be waited for");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// In a child: says something to the parent.
pub(crate) fn say(what: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{SAYS}{what}").expect("the parent listens");
    stdout.flush().expect("the parent listens");
}

/// In a child: waits for [`Child::tell`].
pub(crate) fn wait() {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .expect("the parent says something");
}

/// In a child: what it was told at its start.
pub(crate) fn known(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("a child needs {name}"))
}

/// Not a test of its own: where a child begins. Without a role there is nothing to play.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plays_its_role() {
    match env::var(ROLE).as_deref() {
        Ok("stampedes") => stampede::play().await,
        Ok("dies") => died::play().await,
        Ok("leads") => leader::play().await,
        Ok(other) => panic!("no child plays {other}"),
        Err(_) => {}
    }
}
