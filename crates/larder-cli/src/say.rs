//! Lines to standard output, which may be gone.

use std::io::{ErrorKind, Write};

/// Prints a line. A reader that has seen enough ends the command quietly; an output that cannot be
/// written to ends it with exit status 2.
pub(crate) fn say(line: impl AsRef<str>) {
    let mut output = std::io::stdout().lock();
    let Err(error) = writeln!(output, "{}", line.as_ref()) else {
        return;
    };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    // Nothing more can be done where that is gone, too.
    let _ = writeln!(
        std::io::stderr(),
        "larder: cannot write to standard output: {error}"
    );
    std::process::exit(2);
}
