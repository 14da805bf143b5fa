//! Starts the record shop; everything else is in the library beside it, where it is compiled once for
//! this program and the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    shop::cli::run(std::env::args_os().collect())
}
