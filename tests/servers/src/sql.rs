//! Speaking SQL through a database's own command-line client.

use std::io::{Seek, Write};
use std::process::{Command, Stdio};

/// Runs a text: what the client printed without its last line's end, or what it complained of.
pub(crate) fn run(client: &mut Command, text: &str) -> Result<String, String> {
    // In a file: a pipe that is full in both directions would stop both sides.
    let mut input = tempfile::tempfile().expect("a temporary file can be made");
    input
        .write_all(text.as_bytes())
        .expect("a temporary file can be written");
    input.rewind().expect("a temporary file can be rewound");
    let output = client
        .stdin(Stdio::from(input))
        .output()
        .unwrap_or_else(|error| panic!("cannot start {client:?}: {error}"));
    match output.status.success() {
        true => {
            let printed = String::from_utf8_lossy(&output.stdout);
            Ok(printed.strip_suffix('\n').unwrap_or(&printed).to_owned())
        }
        false => Err(String::from_utf8_lossy(&output.stderr)
            .trim_end()
            .to_owned()),
    }
}

/// Itself, as a name needs neither quotes in SQL nor escapes in a URL.
///
/// # Panics
///
/// If it has anything but small letters, digits and underscores in it.
#[track_caller]
pub(crate) fn plain(name: &str) -> &str {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    assert!(
        !name.is_empty() && name.bytes().all(is_plain),
        "the name of a test's database has small letters, digits and underscores, not {name:?}"
    );
    name
}
