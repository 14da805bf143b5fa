//! `larder`: looks at a cache from outside, and makes it explain itself.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

mod attempt;
mod completions;
mod database;
mod doctor;
mod explain;
mod failure;
mod invalidate;
mod keys;
mod man;
mod place;
mod rm;
mod say;
mod show;
mod stats;
mod summary;
mod table;
mod top;
mod watch;

/// What every help ends with.
const EXIT_STATUS: &str = "\
Exit status:
  0  It was done, and all is well.
  1  It was done, and the answer is no: an expectation of `try` is not met, `show` or `rm` found no entry,
     nothing that is kept depends on what `invalidate` was given, no process reports to `stats` or `top`,
     `doctor` found something unsafe.
  2  It could not be done. A sentence on standard error says why, and what to do.";

/// Looks at a cache from outside: what it holds, how it does, why something is gone, whether its servers are
/// fit for it.
#[derive(Parser)]
#[command(name = "larder", version, after_help = EXIT_STATUS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What a statement reads or writes, its shapes and tags, and what was widened.
    #[command(after_help = EXIT_STATUS)]
    Explain(explain::Arguments),
    /// Runs a script of SQL through the cache and shows what happens at each statement.
    #[command(after_help = EXIT_STATUS)]
    Try(attempt::Arguments),
    /// How the cache does: hits, loads, invalidations of the last ten minutes, of all processes that report.
    #[command(after_help = EXIT_STATUS)]
    Stats(stats::Arguments),
    /// The same, live: redrawn every second until q or Ctrl-C.
    #[command(after_help = EXIT_STATUS)]
    Top(top::Arguments),
    /// The keys that begin with some parts.
    #[command(after_help = EXIT_STATUS)]
    Keys(keys::Arguments),
    /// One entry: its ttl, age, size, codec, its tags and whether they are current.
    #[command(after_help = EXIT_STATUS)]
    Show(show::Arguments),
    /// Deletes an entry, or everything below its key.
    #[command(after_help = EXIT_STATUS)]
    Rm(rm::Arguments),
    /// Drops what was read of a table, under the conditions of a query, by a tag, or everything, from a store that
    /// a service's processes share.
    #[command(after_help = EXIT_STATUS)]
    Invalidate(invalidate::Arguments),
    /// Writes as they happen: which statements bumped which tags, and which entries that dropped.
    #[command(after_help = EXIT_STATUS)]
    Watch(watch::Arguments),
    /// Whether the servers, and the database, are fit for a cache: what is unsafe, and why.
    #[command(after_help = EXIT_STATUS)]
    Doctor(doctor::Arguments),
    /// A script that completes commands and options in a shell.
    Completions(completions::Arguments),
    /// The manual page, for `man -l -`.
    Man,
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Explain(arguments) => explain::run(&arguments).await,
        Command::Try(arguments) => attempt::run(&arguments).await,
        Command::Stats(arguments) => stats::run(&arguments).await,
        Command::Top(arguments) => top::run(&arguments).await,
        Command::Keys(arguments) => keys::run(&arguments).await,
        Command::Show(arguments) => show::run(&arguments).await,
        Command::Rm(arguments) => rm::run(&arguments).await,
        Command::Invalidate(arguments) => invalidate::run(&arguments).await,
        Command::Watch(arguments) => watch::run(&arguments).await,
        Command::Doctor(arguments) => doctor::run(&arguments).await,
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
        Command::Man => man::run(Arguments::command()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            say::remark(failure.to_string());
            ExitCode::from(2)
        }
    }
}
