//! Cached SeaORM queries and their writes on real databases, each beside the same without a cache.

use clap::Args;

use crate::fleet::{Scale, process};
use database::{Kind, Place};

mod change;
mod database;
mod entity;
mod mix;
mod query;
mod reads;
mod table;
mod turn;
mod writes;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What is measured, and how it is told.
#[derive(Args, Clone)]
pub(crate) struct Options {
    /// One JSON object a row.
    #[arg(long)]
    json: bool,
    /// A fifth of everything.
    #[arg(long)]
    quick: bool,
    /// A database that is left out; may be said several times.
    #[arg(long, value_name = "DATABASE")]
    without: Vec<Kind>,
    /// The mixed load over a private Redis as well.
    #[arg(long)]
    redis: bool,
}

impl Options {
    fn scale(&self) -> Scale {
        match self.quick {
            true => Scale::Quick,
            false => Scale::Whole,
        }
    }
}

pub(crate) fn run(options: Options) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let runtime = process()?;
    // On a task: what is measured runs where a service's tasks run.
    let measured = runtime.spawn(async move {
        for kind in Kind::ALL {
            if options.without.contains(&kind) {
                continue;
            }
            let place = Place::new(kind)?;
            reads::rows(&place, &options).await?;
            writes::rows(&place, &options).await?;
            mix::rows(&place, &options).await?;
        }
        Result::Ok(())
    });
    let done = runtime.block_on(measured)?;
    done.map_err(|error| error as Box<dyn std::error::Error>)
}
