//! `larder try`: a script of SQL, run through the cache.

use std::path::PathBuf;

use crate::database::Target;
use crate::failure::Failure;

mod report;
mod runner;
mod script;
mod session;

/// Arguments of `larder try`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The script. Statements end as in the database's own shell; a comment line before one may direct
    /// it: `-- @conn b`, `-- @expect hit|miss|uncached|error`, `-- @params 1, "Rock", null`.
    file: PathBuf,
    /// The database: `sqlite://FILE`, `postgres://…`, `mysql://…`, `mariadb://…`. Unless said, a
    /// scratch database of SQLite that is gone afterwards.
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
    let target = arguments.database.as_deref().map(Target::parse);
    let target = target.transpose()?;
    let dialect = target.as_ref().map(Target::dialect).unwrap_or_default();
    let steps = script::parse(&text, dialect)?;
    let mut runner = runner::Runner::open(target).await?;
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
