//! A walk through the shop in a terminal: every step is made twice, with the cache and without it,
//! and the statements that reached the database are counted.

mod ground;
mod step;
mod way;

use std::{
    fmt,
    io::{self, Write},
};

use sea_orm::DbErr;

use crate::{
    database::{Address, StartError},
    format::plural,
};
use ground::Ground;
use step::Step;
use way::Way;

/// A chapter of the walk.
struct Chapter {
    title: &'static str,
    steps: &'static [(&'static str, Step)],
}

const ROCK: i32 = 1;
const JAZZ: i32 = 2;
const OPERA: i32 = 25;

/// "Let's Get It Up", by AC/DC, which is Rock.
const TUNE: i32 = 7;

const WALK: [Chapter; 8] = [
    Chapter {
        title: "Looking around",
        steps: &[
            ("The genres with their tracks counted", Step::Genres),
            ("The next visitor asks for the same", Step::Genres),
            (
                "Tracks named \"love\", up to $1, two to four minutes",
                Step::Search("love"),
            ),
            (
                "The next visitor searches for the same",
                Step::Search("love"),
            ),
            ("A search that finds nothing", Step::Search("no such tune")),
            (
                "Again: that there is nothing is remembered, too",
                Step::Search("no such tune"),
            ),
            (
                "A track's page: itself, its sales, its playlists",
                Step::Track(TUNE),
            ),
            ("The next visitor opens it", Step::Track(TUNE)),
        ],
    },
    Chapter {
        title: "A track gets a new price",
        steps: &[
            (
                "How many tracks are Rock? This reads no price",
                Step::TrackCount(ROCK),
            ),
            ("The back office sells it for $1.29", Step::Price(TUNE, 129)),
            (
                "Its page shows the new price; sales and playlists stay",
                Step::Track(TUNE),
            ),
            (
                "How many tracks are Rock? Not touched by a price",
                Step::TrackCount(ROCK),
            ),
            ("Another track's page, for the first time", Step::Track(12)),
            (
                "The first one changes again, to $1.49",
                Step::Price(TUNE, 149),
            ),
            ("The sales and the count are still there", Step::Sales(12)),
        ],
    },
    Chapter {
        title: "A track moves to another genre",
        steps: &[
            ("How many tracks are Opera?", Step::TrackCount(OPERA)),
            ("How many tracks are Jazz?", Step::TrackCount(JAZZ)),
            (
                "The back office calls the track Opera",
                Step::Move(TUNE, OPERA),
            ),
            (
                "How many are Rock? The genre that it left",
                Step::TrackCount(ROCK),
            ),
            (
                "How many are Opera? The genre that it entered",
                Step::TrackCount(OPERA),
            ),
            ("How many are Jazz? Not concerned", Step::TrackCount(JAZZ)),
        ],
    },
    Chapter {
        title: "A whole genre gets a new price, in one statement",
        steps: &[
            ("All Jazz for $1.19", Step::Reprice(JAZZ, 119)),
            ("The genres show it", Step::Genres),
            (
                "How many are Jazz? The same as before",
                Step::TrackCount(JAZZ),
            ),
        ],
    },
    Chapter {
        title: "A change that is taken back",
        steps: &[
            (
                "In a transaction, all Rock is free; then it rolls back",
                Step::RolledBack(ROCK),
            ),
            (
                "The genres: nothing happened, so nothing is asked",
                Step::Genres,
            ),
        ],
    },
    Chapter {
        title: "A purchase",
        steps: &[
            ("The customer's page", Step::Customer(5)),
            (
                "A basket with two tracks is bought, in one transaction",
                Step::Buy(5, &[TUNE, 2819]),
            ),
            ("The customer's page has the new invoice", Step::Customer(5)),
            ("Another customer's page", Step::Customer(6)),
            ("The track's sales", Step::Sales(TUNE)),
        ],
    },
    Chapter {
        title: "A change by hand, as SQL text",
        steps: &[
            ("An artist's page", Step::Artist(1)),
            ("Another artist's page", Step::Artist(2)),
            (
                "UPDATE artist SET name = ? WHERE id = ?",
                Step::Rename(1, "AC-DC"),
            ),
            ("The artist's page has the new name", Step::Artist(1)),
            ("The other artist's page", Step::Artist(2)),
        ],
    },
    Chapter {
        title: "A crowd",
        steps: &[
            (
                "A hundred visitors open a page that nobody has seen yet",
                Step::Crowd(100),
            ),
            ("A hundred more", Step::Crowd(100)),
        ],
    },
];

const INTRODUCTION: &str = "\
A walk through the record shop, made twice: without the cache and with it. Each way has a
scratch database of its own. What is counted are the statements that reach it, besides BEGIN
and COMMIT; what the steps show is compared. With the cache a write takes a few statements
more, which look at the rows before and after it to learn what must be forgotten.
";

/// Columns of a step's text.
const TITLE_COLUMNS: usize = 60;

/// Why the walk ended before its end.
#[derive(Debug)]
pub enum TourError {
    /// The scratch databases could not be made.
    Start(StartError),
    /// A step failed: its name and why.
    Step(&'static str, DbErr),
    /// A step showed something else with the cache than without it.
    Stale {
        /// Its name.
        step: &'static str,
        /// What it showed with the cache.
        seen: String,
        /// What it should have shown.
        expected: String,
    },
    /// Nobody reads any more.
    Output(io::Error),
}

impl fmt::Display for TourError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TourError::Start(error) => write!(f, "{error}"),
            TourError::Step(step, error) => write!(f, "the tour stopped at \"{step}\": {error}"),
            TourError::Stale {
                step,
                seen,
                expected,
            } => {
                write!(
                    f,
                    "STALE: \"{step}\" showed \"{seen}\" instead of \"{expected}\""
                )
            }
            TourError::Output(error) => write!(f, "the tour cannot be shown: {error}"),
        }
    }
}

impl std::error::Error for TourError {}

impl From<StartError> for TourError {
    fn from(error: StartError) -> Self {
        TourError::Start(error)
    }
}

impl From<io::Error> for TourError {
    fn from(error: io::Error) -> Self {
        TourError::Output(error)
    }
}

/// Walks through the shop and tells `out` what each step cost. It walks on scratch databases of the
/// kind of this one: in a temporary folder, or on the same server. Afterwards they are gone.
///
/// # Errors
///
/// When a step fails, or shows something else with the cache than without it.
pub async fn walk(address: &Address, out: &mut impl Write) -> Result<(), TourError> {
    let ground = Ground::beside(address).await?;
    let walked = Box::pin(walk_on(ground.addresses(), out)).await;
    let cleared = ground.clear().await;
    walked?;
    Ok(cleared?)
}

async fn walk_on([without, with]: [Address; 2], out: &mut impl Write) -> Result<(), TourError> {
    let without = Way::without_cache(&without).await?;
    let with = Way::with_cache(&with).await?;

    out.write_all(INTRODUCTION.as_bytes())?;
    let (mut sum_without, mut sum_with) = (0, 0);
    for chapter in &WALK {
        writeln!(out, "\n{:TITLE_COLUMNS$}  without  with", chapter.title)?;
        for &(name, step) in chapter.steps {
            let (expected, cost_without) = without
                .make(step)
                .await
                .map_err(|error| TourError::Step(name, error))?;
            let (seen, cost_with) = with
                .make(step)
                .await
                .map_err(|error| TourError::Step(name, error))?;
            let width = TITLE_COLUMNS - 2;
            writeln!(
                out,
                "  {name:width$}  {cost_without:>7}  {cost_with:>4}\n      {seen}"
            )?;
            if seen != expected {
                return Err(TourError::Stale {
                    step: name,
                    seen,
                    expected,
                });
            }
            sum_without += cost_without;
            sum_with += cost_with;
        }
    }
    writeln!(
        out,
        "\nIn all: {} without the cache, {sum_with} with it. Every step showed the same both ways.",
        plural(sum_without, "statement"),
    )?;
    for way in [without, with] {
        way.close().await;
    }
    Ok(())
}
