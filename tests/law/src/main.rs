//! Runs the law test for as long as one likes.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use larder_law::{Bug, Database, Options, run};

/// Compares cached answers with fresh ones, after random writes to random schemas.
#[derive(Parser)]
struct Arguments {
    /// The database: sqlite, postgres or mariadb.
    #[arg(long, default_value = "sqlite", value_parser = database)]
    database: Database,
    /// Pairs of a read and a write.
    #[arg(long, default_value_t = 20_000)]
    pairs: u64,
    /// Different statements of every class.
    #[arg(long, default_value_t = 100)]
    statements: u64,
    /// Where randomness begins; one of its own if not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the schema with this number.
    #[arg(long)]
    schema: Option<u64>,
    /// With the pre-update hook.
    #[arg(long)]
    hook: bool,
    /// A store that two processes share: redis://HOST:PORT or memcached://HOST:PORT.
    #[arg(long)]
    store: Option<String>,
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// A bug to seed, by its name.
    #[arg(long, value_parser = bug)]
    bug: Option<Bug>,
}

fn database(name: &str) -> Result<Database, String> {
    let names = Database::ALL.map(Database::name);
    Database::ALL
        .into_iter()
        .find(|database| database.name() == name)
        .ok_or_else(|| format!("there are {names:?}"))
}

fn bug(name: &str) -> Result<Bug, String> {
    Bug::ALL
        .into_iter()
        .find(|bug| format!("{bug:?}") == name)
        .ok_or_else(|| format!("there are {:?}", Bug::ALL))
}

fn main() -> ExitCode {
    let Arguments {
        database,
        pairs,
        statements,
        seed,
        schema,
        hook,
        store,
        threads,
        bug,
    } = Arguments::parse();
    if hook && cfg!(not(feature = "sqlite-hook")) {
        eprintln!("larder-law: this build has no hook; add --features sqlite-hook");
        return ExitCode::from(2);
    }
    let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("seed {seed}");
    let begin = Instant::now();
    match run(&Options {
        database,
        seed,
        pairs,
        statements,
        schema,
        hook,
        store,
        bug,
        threads,
    }) {
        Ok(tally) => {
            println!(
                "{tally}\n0 mismatches in {:.1} s",
                begin.elapsed().as_secs_f64()
            );
            ExitCode::SUCCESS
        }
        Err(mismatch) => {
            println!("{mismatch}");
            ExitCode::FAILURE
        }
    }
}
