//! Lines to standard output, which may be gone, and may be a terminal.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use larder::is_unseen;
use larder_report::shown;
use serde_json::Value;

/// Whether whoever read standard output has seen enough, and is gone.
static IS_GONE: AtomicBool = AtomicBool::new(false);

/// Whether anybody reads what is said. A command that goes on for as long as somebody looks ends when nobody does.
pub(crate) fn is_read() -> bool {
    !IS_GONE.load(Ordering::Relaxed)
}

/// Prints a line, or several, with nothing in them that would drive a terminal.
pub(crate) fn say(line: impl AsRef<str>) {
    write(&format!("{}\n", shown::lines(line.as_ref())));
}

/// Prints an object as one line.
pub(crate) fn say_json(value: &Value) {
    write(&format!("{}\n", visible(&value.to_string())));
}

/// Prints a text as it is: a script, a manual page. When its reader has seen enough, nothing more is printed, and the
/// command ends as it would have; an output that cannot be written to ends it with exit status 2.
pub(crate) fn write(text: &str) {
    if !is_read() {
        return;
    }
    let mut output = std::io::stdout().lock();
    let written = output.write_all(text.as_bytes());
    let Err(error) = written.and_then(|()| output.flush()) else {
        return;
    };
    if error.kind() == ErrorKind::BrokenPipe {
        IS_GONE.store(true, Ordering::Relaxed);
        return;
    }
    // Nothing more can be done where that is gone, too.
    let _ = writeln!(
        std::io::stderr(),
        "larder: cannot write to standard output: {error}"
    );
    std::process::exit(2);
}

/// Prints a remark to standard error, beside what a command says.
pub(crate) fn remark(text: impl AsRef<str>) {
    // Nothing can be done where that is gone.
    let _ = writeln!(std::io::stderr(), "larder: {}", shown::lines(text.as_ref()));
}

/// JSON, with what is not seen escaped: JSON itself asks that of the first 32 characters only.
fn visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for next in json.chars() {
        if !is_unseen(next) {
            out.push(next);
            continue;
        }
        let mut units = [0; 2];
        for unit in next.encode_utf16(&mut units) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_and_shows_nothing_unseen() {
        let hostile = "a\u{1b}[2J\u{9b}\u{202e}\u{e0041}\n'\"ü";
        let json = visible(&Value::from(hostile).to_string());
        assert!(!json.chars().any(is_unseen), "{json}");
        let back: String = serde_json::from_str(&json).unwrap();
        assert_eq!(back, hostile);
    }
}
