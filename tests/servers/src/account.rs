//! The account that a server has which refuses to be root.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// An account that may do little, as the server's package makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The account `name` if the tests are root; else none, and the server is run by whoever runs the
    /// tests.
    ///
    /// # Panics
    ///
    /// If there is no such account; the message names the Debian package that makes it.
    #[track_caller]
    pub(crate) fn unless_harmless(name: &str, package: &str) -> Option<Account> {
        rustix::process::geteuid().is_root().then(|| {
            let number = |option: &str| {
                number(name, option).unwrap_or_else(|| {
                    panic!(
                        "there is no user {name}, and root may not run the server: \
                         apt-get install {package} makes it (so does ./test)"
                    )
                })
            };
            Account {
                user: number("-u"),
                group: number("-g"),
            }
        })
    }

    /// Makes a file or a folder its own.
    pub(crate) fn own(self, path: &Path) {
        chown(path, Some(self.user), Some(self.group))
            .unwrap_or_else(|error| panic!("{} cannot be given away: {error}", path.display()));
    }

    /// Has a command run by it, without root's other groups.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

fn number(name: &str, option: &str) -> Option<u32> {
    let mut command = Command::new("id");
    command.args([option, name]).stderr(Stdio::null());
    let output = command.output().expect("id can be started");
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}
