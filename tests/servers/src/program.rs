//! Finding the programs that are started.

use std::env;
use std::path::PathBuf;

/// Where a program is, if it is installed.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
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
    find(program).unwrap_or_else(|| {
        panic!("{program} is missing: apt-get install {package} installs it (so does ./test)")
    })
}
