//! Starts the record shop; everything else is in the library beside it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    shop::cli::run(std::env::args_os()).await
}
