//! `larder stats`: how a fleet's cache does.

use crate::failure::Failure;
use crate::place::Place;
use crate::say::{remark, say, say_json};
use crate::summary;

/// Arguments of `larder stats`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Whether any process reports.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let cache = arguments.place.open().await?;
    let fleet = arguments.place.fleet(&cache).await?;
    let now = summary::now();
    if arguments.json {
        say_json(&summary::as_json(&cache, &fleet, now));
    }
    if fleet.reports().is_empty() {
        remark(arguments.place.silence(&cache).await?);
        return Ok(false);
    }
    if !arguments.json {
        for line in summary::lines(&cache, &fleet, now) {
            say(line);
        }
    }
    Ok(true)
}
