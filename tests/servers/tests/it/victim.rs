//! A test's process that is killed while it has a server.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use larder_servers::until;
use tempfile::TempDir;

/// Where the victim tells of its server.
const FILE: &str = "LARDER_SERVERS_VICTIM";

/// What is left of a server whose test was killed.
pub(crate) struct Left {
    pub(crate) folder: PathBuf,
    // What nobody deleted goes with it.
    _scratch: TempDir,
}

/// Runs the test `name` once more in a process of its own: there, this starts a server, tells its id
/// and its folder, and waits to be killed. Here, it kills that process, and waits until the server
/// is gone.
pub(crate) fn kill<S>(name: &str, start: impl FnOnce() -> (S, u32, PathBuf)) -> Left {
    if let Some(file) = env::var_os(FILE) {
        let (_server, id, folder) = start();
        let whole = format!("{id} {}\n", folder.display());
        // In one piece, for somebody reads it again and again.
        let part = Path::new(&file).with_extension("part");
        fs::write(&part, whole).expect("the file can be written");
        fs::rename(&part, &file).expect("the file can be renamed");
        loop {
            thread::park();
        }
    }
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    // A server may have an account of its own.
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o755))
        .expect("a folder can be opened to all");
    let file = scratch.path().join("id");
    let this = env::current_exe().expect("a test knows its program");
    let mut victim = Command::new(this)
        .args([name, "--exact"])
        .env(FILE, &file)
        .env("TMPDIR", scratch.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("the test can start itself");
    let mut told = String::new();
    until("the victim has a server", || {
        told = fs::read_to_string(&file).unwrap_or_default();
        let ended = victim.try_wait().expect("the victim can be waited for");
        assert!(ended.is_none(), "the victim has ended by itself");
        !told.is_empty()
    });
    victim.kill().expect("the victim can be killed");
    victim.wait().expect("the victim can be waited for");
    let (id, folder) = told.trim_end().split_once(' ').expect("an id and a folder");
    let process = format!("/proc/{id}/stat");
    until("its server is gone", || {
        // A zombie without a parent that cares is gone as well.
        fs::read_to_string(&process).map_or(true, |stat| stat.contains(") Z "))
    });
    Left {
        folder: folder.into(),
        _scratch: scratch,
    }
}
