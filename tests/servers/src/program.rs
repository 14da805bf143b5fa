//! Finding the programs that are started.

use std::env;
use std::path::PathBuf;

/// Where servers are that the PATH of ordinary users does not name.
const SERVERS: &str = "/usr/sbin";

/// Where a program is, if it is installed.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([PathBuf::from(SERVERS)])
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// Where a program is.
///
/// # Panics
///
/// If it is not installed; the message names its Debian package.
#[track_caller]
pub(crate) fn need(program: &str, package: &str) -> PathBuf {
    find(program).unwrap_or_else(|| missing(program, package))
}

/// Says that a program is not installed.
///
/// # Panics
///
/// Always; the message names the program's Debian package.
#[track_caller]
pub(crate) fn missing(program: &str, package: &str) -> ! {
    panic!("{program} is missing: apt-get install {package} installs it (so does ./test)")
}
