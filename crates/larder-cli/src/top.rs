//! `larder top`: how a fleet's cache does, live.

use std::io::IsTerminal as _;
use std::num::NonZeroU64;
use std::time::Duration;

use larder::Cache;
use larder_report::Fleet;
use larder_report::shown::{ago, short};
use tokio::time::Instant;

use self::screen::{Key, Screen};
use crate::failure::Failure;
use crate::place::Place;
use crate::say::{is_read, remark, say, say_json};
use crate::summary;

mod screen;

/// How often the view is drawn.
const DRAWN_EVERY: Duration = Duration::from_secs(1);

/// So many of the last writes are shown.
const CAUSES_MAX: usize = 8;

/// Arguments of `larder top`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// End after so many frames. One, where standard output is no terminal.
    #[arg(long, value_name = "COUNT")]
    frames: Option<NonZeroU64>,
    /// One JSON object a line, for each frame.
    #[arg(long)]
    json: bool,
}

/// Whether any process reported to the last frame.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let cache = arguments.place.open().await?;
    // The first look is not forgiven: a store that is away is told as such, and not drawn.
    let mut fleet = Ok(arguments.place.fleet(&cache).await?);
    let is_terminal = std::io::stdout().is_terminal();
    let frames = match (arguments.frames, is_terminal) {
        (Some(frames), _) => frames.get(),
        (None, true) => u64::MAX,
        (None, false) => 1,
    };
    let mut screen = match is_terminal && !arguments.json {
        true => Some(Screen::open()?),
        false => None,
    };
    let mut any = false;
    // One for all frames: what is pressed while the store is asked is not lost.
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    for frame in 1..=frames {
        let next = Instant::now() + DRAWN_EVERY;
        any = matches!(&fleet, Ok(fleet) if !fleet.reports().is_empty());
        let lines = match (&fleet, arguments.json) {
            (Ok(fleet), true) => {
                say_json(&summary::as_json(&cache, fleet, summary::now()));
                Vec::new()
            }
            (Ok(_), false) if !any => vec![silence(&arguments.place, &cache).await],
            (Ok(fleet), false) => view(&cache, fleet),
            (Err(error), _) => vec![format!(
                "the store does not answer, and is asked again: {error}"
            )],
        };
        match &mut screen {
            Some(screen) => {
                screen.draw(&lines)?;
                if screen.key_until(next).await == Some(Key::Quit) {
                    return Ok(any);
                }
            }
            // One that is told again and again is a remark.
            None if !any => lines.iter().for_each(remark),
            None => lines.iter().for_each(say),
        }
        if frame == frames || !is_read() {
            break;
        }
        // A screen waits by itself, and knows by itself when it is to end.
        let looked = async {
            if screen.is_none() {
                tokio::time::sleep_until(next).await;
            }
            larder_report::fleet(&cache).await
        };
        let ended = async {
            match &screen {
                Some(screen) => screen.asked_to_end().await,
                None => drop((&mut interrupted).await),
            }
        };
        fleet = tokio::select! {
            looked = looked => looked,
            () = ended => return Ok(any),
        };
    }
    Ok(any)
}

/// Why there is nothing to see.
async fn silence(place: &Place, cache: &Cache) -> String {
    let said = place.silence(cache).await;
    said.unwrap_or_else(|failure| failure.to_string())
}

/// What `stats` says, and the last writes.
fn view(cache: &Cache, fleet: &Fleet) -> Vec<String> {
    let now = summary::now();
    let mut lines = summary::lines(cache, fleet, now);
    let causes = fleet.causes();
    if !causes.is_empty() {
        lines.extend([String::new(), "LAST WRITES".to_owned()]);
    }
    for told in causes.iter().take(CAUSES_MAX) {
        lines.push(format!(
            "{:>16}  {}  {}  dropped {}",
            ago(told.cause.at, now),
            short(told.process, 24),
            short(&told.cause.text, 160),
            told.dropped.len()
        ));
    }
    lines
}
