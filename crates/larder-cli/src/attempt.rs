//! `larder try`: a script of SQL, run through the cache.

use std::path::PathBuf;

use crate::failure::Failure;

mod report;
mod runner;
mod script;
mod session;

/// Arguments of `larder try`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The script. Statements end as in SQLite's own shell; a comment line before one may direct
    /// it: `-- @conn b`, `-- @expect hit|miss|uncached|error`, `-- @params 1, "Rock", null`.
    file: PathBuf,
    /// The database, as in `sqlite://shop.db`. Unless said, a scratch database that is gone
    /// afterwards.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// A last line that sums up.
    #[arg(long)]
    summary: bool,
}

/// Whether everything was as expected.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let text = Failure::read(&arguments.file)?;
    let steps = script::parse(&text)?;
    let mut runner = runner::Runner::open(arguments.database.as_deref()).await?;
    let mut summary = report::Summary::default();
    for step in &steps {
        let line = runner.step(step).await?;
        summary.add(&line);
        report::print(&line, arguments.json);
    }
    if arguments.summary {
        report::print_summary(&summary, arguments.json);
    }
    Ok(summary.is_good())
}
