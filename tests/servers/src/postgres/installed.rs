//! Where PostgreSQL's programs are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program;

/// Debian keeps every version's programs in a folder of its own here, off the PATH.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The folder of the programs: where PATH finds `initdb`, or else Debian's newest version.
///
/// # Panics
///
/// If it is not installed; the message names its Debian package.
#[track_caller]
pub(super) fn folder() -> PathBuf {
    // It may be a link: its neighbours are where it really is.
    let on_path = program::find("initdb").and_then(|initdb| fs::canonicalize(initdb).ok());
    on_path
        .and_then(|initdb| Some(initdb.parent()?.to_owned()))
        .or_else(|| newest(Path::new(VERSIONS)))
        .unwrap_or_else(|| program::missing("initdb", "postgresql"))
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(versions).ok()?.flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let folders = numbers.map(|number| (number, versions.join(number.to_string()).join("bin")));
    folders
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max()
        .map(|(_, folder)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_versions_the_newest_that_has_a_server_is_taken() {
        let versions = tempfile::tempdir().expect("a temporary folder can be made");
        let bin = |version: &str| versions.path().join(version).join("bin");
        for version in ["9.6", "9", "15", "16"] {
            fs::create_dir_all(bin(version)).expect("a folder can be made");
        }
        assert_eq!(newest(versions.path()), None);
        // Of 16 only the client is there.
        for version in ["9", "15"] {
            fs::write(bin(version).join("initdb"), "").expect("a file can be written");
        }
        assert_eq!(newest(versions.path()), Some(bin("15")));
        assert_eq!(newest(&versions.path().join("nowhere")), None);
    }
}
