//! What larder costs, beside the floors it is held against, as ratios of one run.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use fleet::Scale;
use row::Report;

mod codecs;
mod expansion;
mod fleet;
mod functions;
mod measure;
mod memory;
mod observe;
mod orm;
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
    /// What is cached by an attribute, a derive or a scope: functions, models, requests.
    Functions {
        /// One JSON object a row.
        #[arg(long)]
        json: bool,
        /// A fifth of everything that asks a server.
        #[arg(long)]
        quick: bool,
    },
    /// Building a crate of a hundred cached functions. It runs cargo, in a folder of its own.
    Expansion {
        /// One JSON object a row.
        #[arg(long)]
        json: bool,
    },
    /// What it costs to see: events, metrics, causes.
    Observe {
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
    /// SeaORM's queries and writes on SQLite, PostgreSQL and MariaDB, with the cache and without it. It
    /// starts its own servers.
    Orm(orm::Options),
}

fn main() -> ExitCode {
    let ran = match Arguments::parse().table {
        Table::Memory { json } => memory::run(&Report::new("memory", json)),
        Table::Codecs { json } => codecs::run(&Report::new("codecs", json)),
        Table::Functions { json, quick } => {
            functions::run(&Report::new("functions", json), scale(quick))
        }
        Table::Expansion { json } => expansion::run(&Report::new("expansion", json)),
        Table::Orm(options) => orm::run(options),
        Table::Observe { json } => observe::run(&Report::new("observe", json)),
        Table::Fleet { json, quick } => fleet::run(&Report::new("fleet", json), scale(quick)),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("larder-bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn scale(quick: bool) -> Scale {
    if quick { Scale::Quick } else { Scale::Whole }
}
