//! `larder`: makes the cache explain itself.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod attempt;
mod database;
mod explain;
mod failure;
mod invalidate;
mod say;
mod store;

/// Explains what larder caches, and why.
#[derive(Parser)]
#[command(name = "larder", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a statement reads or writes, its shapes and tags, and what was widened.
    Explain(explain::Arguments),
    /// Runs a script of SQL through the cache and shows what happens at each statement.
    Try(attempt::Arguments),
    /// Drops what was read of a table, under the conditions of a query, by a tag, or everything, from a store that
    /// a service's processes share.
    Invalidate(invalidate::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Explain(arguments) => explain::run(&arguments).await,
        Command::Try(arguments) => attempt::run(&arguments).await,
        Command::Invalidate(arguments) => invalidate::run(&arguments).await,
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("larder: {failure}");
            ExitCode::from(2)
        }
    }
}
