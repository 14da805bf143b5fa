//! What larder costs, beside the floors it is held against, as ratios of one run.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use fleet::Scale;
use row::Report;

mod codecs;
mod fleet;
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
    /// Values as stored bytes and back: codecs, compression, checksum and secret.
    Codecs {
        /// One JSON object a row.
        #[arg(long)]
        json: bool,
    },
    /// Servers that processes share: Redis, a Redis Cluster, memcached. It starts its own.
    Fleet {
        /// One JSON object a row.
        #[arg(long)]
        json: bool,
        /// A fifth of everything: enough to see a budget that is missed by far.
        #[arg(long)]
        quick: bool,
    },
}

fn main() -> ExitCode {
    let ran = match Arguments::parse().table {
        Table::Memory { json } => memory::run(&Report::new("memory", json)),
        Table::Codecs { json } => codecs::run(&Report::new("codecs", json)),
        Table::Fleet { json, quick } => {
            let scale = if quick { Scale::Quick } else { Scale::Whole };
            fleet::run(&Report::new("fleet", json), scale)
        }
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("larder-bench: {error}");
            ExitCode::from(2)
        }
    }
}
