//! What larder costs, beside the floors it is held against, as ratios of one run.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod measure;
mod memory;
mod row;

/// Every allocation of this process is counted.
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

/// Costs of larder beside their floors. The machine's speed does not matter: each number stands
/// beside a floor measured in turn with it.
#[derive(Parser)]
#[command(name = "larder-bench")]
struct Arguments {
    #[command(subcommand)]
    table: Table,
}

#[derive(Subcommand)]
enum Table {
    /// Everything in this process's memory: hits, queries on SQLite, analysis, bytes.
    Memory {
        /// One JSON object a row.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let Table::Memory { json } = Arguments::parse().table;
    let report = row::Report::new("memory", json);
    match memory::run(&report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("larder-bench: {error}");
            ExitCode::from(2)
        }
    }
}
