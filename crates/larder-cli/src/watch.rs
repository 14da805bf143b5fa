//! `larder watch`: writes as they happen, and what they dropped.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use larder_report::shown::short;
use larder_report::{Cause, Fleet, FleetCause, KeyText};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::failure::Failure;
use crate::place::Place;
use crate::say::{is_read, remark, say, say_json};

/// How often the reports are read. Processes write them every few seconds.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// So many causes are remembered to be told once. Beyond, those go that no report has any more.
const KNOWN_MAX: usize = 10_000;

/// Arguments of `larder watch`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// End after so many seconds; unless said, with Ctrl-C.
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Begin with the writes that the processes remember, and not with the next one.
    #[arg(long)]
    all: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Watches until it is told to end, or nobody reads it.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let cache = arguments.place.open().await?;
    // A time that no clock reaches is none.
    let lasts = arguments.seconds.map(Duration::from_secs);
    let end = lasts.and_then(|lasts| Instant::now().checked_add(lasts));
    let mut told = Told::default();
    // The first look is not forgiven: who watches nothing should know at once.
    let fleet = arguments.place.fleet(&cache).await?;
    if fleet.reports().is_empty() {
        remark(arguments.place.silence(&cache).await?);
    }
    let news = told.take(&fleet);
    if arguments.all {
        news.iter().for_each(|news| print(news, arguments.json));
    }
    if !arguments.json {
        remark("watching; what happens is told some seconds later, when its process reports");
    }
    let mut is_away = false;
    // One for all rounds: what is pressed while the store is asked is not lost.
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    while is_read() {
        let next = Instant::now() + ASKED_EVERY;
        let next = end.map_or(next, |end| next.min(end));
        tokio::select! {
            () = sleep_until(next) => {}
            _ = &mut interrupted => return Ok(true),
        }
        let looked = tokio::select! {
            looked = larder_report::fleet(&cache) => looked,
            _ = &mut interrupted => return Ok(true),
        };
        match looked {
            Ok(fleet) => {
                if std::mem::take(&mut is_away) {
                    remark("the store answers again");
                }
                let news = told.take(&fleet);
                news.iter().for_each(|news| print(news, arguments.json));
            }
            Err(error) if !is_away => {
                is_away = true;
                remark(format!(
                    "the store does not answer, and is asked again: {error}"
                ));
            }
            Err(_) => {}
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            break;
        }
    }
    Ok(true)
}

/// What was told before.
#[derive(Default)]
struct Told(HashMap<CauseId, HashSet<KeyText>>);

/// What tells a cause from others. Of two alike, by one process in one millisecond, one is told.
#[derive(Clone, PartialEq, Eq, Hash)]
struct CauseId {
    at: u64,
    process: String,
    text: String,
    marks: Vec<u64>,
}

/// Something that was not told before.
struct News {
    cause: Cause,
    process: String,
    /// Whether the cause was told, and only what it dropped was not.
    again: bool,
    dropped: Vec<KeyText>,
}

impl Told {
    /// What is new, oldest first.
    fn take(&mut self, fleet: &Fleet) -> Vec<News> {
        let causes = fleet.causes();
        if self.0.len() > KNOWN_MAX {
            let here: HashSet<CauseId> = causes.iter().map(CauseId::of).collect();
            self.0.retain(|id, _| here.contains(id));
        }
        causes
            .iter()
            .rev()
            .filter_map(|told| self.one(told))
            .collect()
    }

    fn one(&mut self, told: &FleetCause<'_>) -> Option<News> {
        let id = CauseId::of(told);
        let again = self.0.contains_key(&id);
        let known = self.0.entry(id).or_default();
        let dropped: Vec<KeyText> = told
            .dropped
            .iter()
            .filter(|key| known.insert((**key).clone()))
            .map(|key| (*key).clone())
            .collect();
        (!again || !dropped.is_empty()).then(|| News {
            cause: told.cause.clone(),
            process: told.process.to_owned(),
            again,
            dropped,
        })
    }
}

impl CauseId {
    fn of(told: &FleetCause<'_>) -> CauseId {
        CauseId {
            at: told.cause.at,
            process: told.process.to_owned(),
            text: told.cause.text.clone(),
            marks: told.cause.marks.clone(),
        }
    }
}

fn print(news: &News, as_line: bool) {
    let News {
        cause,
        process,
        again,
        dropped,
    } = news;
    if as_line {
        say_json(&as_json(news));
        return;
    }
    let at = clock(cause.at);
    let text = match cause.text.as_str() {
        "" => "not told by which statement",
        text => text,
    };
    say(format!(
        "{at}  {}  {}",
        short(process, 40),
        short(text, 500)
    ));
    if !again {
        let mut tags: Vec<String> = cause.tags.iter().map(|tag| short(&tag.text, 160)).collect();
        let more = cause.tags_count.saturating_sub(tags.len());
        if more > 0 {
            tags.push(format!("and {more} more"));
        }
        say(format!("              bumped   {}", tags.join(", ")));
    }
    for key in dropped {
        say(format!(
            "              dropped  {}",
            short(&key.readable, 200)
        ));
    }
}

fn as_json(news: &News) -> Value {
    let key = |key: &KeyText| json!({ "key": key.readable, "opaque": key.opaque.as_ref().map(|text| format!("@{text}")) });
    json!({
        "at": news.cause.at,
        "process": news.process,
        // Whether only what it dropped is new.
        "again": news.again,
        "statement": news.cause.text,
        "tags": news.cause.tags.iter().map(|tag| &tag.text).collect::<Vec<_>>(),
        "tags_count": news.cause.tags_count,
        "dropped": news.dropped.iter().map(key).collect::<Vec<_>>(),
    })
}

/// The time of day at a moment given in milliseconds since 1970, as Greenwich has it.
fn clock(at: u64) -> String {
    let of_day = at % 86_400_000;
    let (seconds, millis) = (of_day / 1_000, of_day % 1_000);
    format!(
        "{:02}:{:02}:{:02}.{millis:03}",
        seconds / 3_600,
        seconds % 3_600 / 60,
        seconds % 60
    )
}
