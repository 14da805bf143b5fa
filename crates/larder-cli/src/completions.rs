//! `larder completions`: commands and options, completed by a shell.

use clap_complete::Shell;

use crate::failure::Failure;
use crate::say::write;

/// Arguments of `larder completions`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Writes the script.
pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<bool, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "larder", &mut script);
    write(&String::from_utf8_lossy(&script));
    Ok(true)
}
