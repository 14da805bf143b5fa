//! `larder keys`: the keys that a cache holds.

use std::cmp::Reverse;
use std::num::NonZeroUsize;

use larder::{Clock as _, KeyInfo, KeyList, Moment, SystemClock};
use larder_report::shown::{bytes, number, time};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::place::{self, Place};
use crate::say::{remark, say, say_json};
use crate::table::{self, Align};

/// So many keys are listed, unless said.
const LIMIT_DEFAULT: NonZeroUsize =
    NonZeroUsize::new(larder::KEYS_LISTED_DEFAULT).expect("it is more than none");

/// Arguments of `larder keys`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The first parts of keys, whole, with commas between them, such as `product` or `product, 7`. Without, all keys.
    #[arg(default_value = "", hide_default_value = true)]
    prefix: String,
    #[command(flatten)]
    place: Place,
    /// How many at most.
    #[arg(long, value_name = "COUNT", default_value_t = LIMIT_DEFAULT)]
    limit: NonZeroUsize,
    /// In which order. It is that of the keys listed: with a limit, of those that the store told of first.
    #[arg(long, value_enum, default_value_t = Order::Key)]
    sort: Order,
    /// Only the keys, one a line, in the form that begins with @: no shell changes anything in it.
    #[arg(long, conflicts_with = "json")]
    opaque: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    /// As they read.
    Key,
    /// Largest first.
    Size,
    /// Oldest first.
    Age,
    /// What expires next first.
    Left,
    /// What depends on most first.
    Tags,
}

/// Lists; that there is nothing is no failure.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let prefix = place::key(&arguments.prefix)?;
    let cache = arguments.place.open().await?;
    let listed = larder_report::keys(&cache, &prefix, arguments.limit.get()).await;
    let mut list = listed.map_err(|error| match error.is_unsupported() {
        true => Failure::new(
            "this store cannot list its keys: Redis and Valkey can, memcached cannot. `larder show KEY` looks at \
             an entry whose key is known",
        ),
        false => place::failed(&error),
    })?;
    if list.keys.is_empty()
        && let Some(stranger) = arguments.place.stranger(&cache).await?
    {
        return Err(Failure::new(stranger));
    }
    let now = SystemClock.now();
    sort(&mut list, arguments.sort, now);
    if arguments.json {
        say_json(&as_json(&list, now));
        return Ok(true);
    }
    if arguments.opaque {
        for info in &list.keys {
            say(format!("@{}", info.key.to_opaque()));
        }
    } else {
        print(&list, !arguments.prefix.is_empty(), now);
    }
    if !list.complete {
        remark(format!(
            "this list is not complete: it is made of the first {} that the store told of; --limit lists more, a \
             longer PREFIX looks for fewer",
            entries(list.keys.len())
        ));
    }
    Ok(true)
}

/// What is left of an entry's ttl.
fn left(info: &KeyInfo, now: Moment) -> std::time::Duration {
    info.ttl.saturating_sub(now.since(info.written_at))
}

/// Each order is that of the keys where it says nothing: the list came in it.
fn sort(list: &mut KeyList, order: Order, now: Moment) {
    match order {
        Order::Key => {}
        Order::Size => list.keys.sort_by_key(|info| Reverse(info.weight)),
        Order::Age => list.keys.sort_by_key(|info| info.written_at),
        Order::Left => list.keys.sort_by_key(|info| left(info, now)),
        Order::Tags => list.keys.sort_by_key(|info| Reverse(info.tags.len())),
    }
}

fn print(list: &KeyList, has_prefix: bool, now: Moment) {
    if list.keys.is_empty() {
        say(match has_prefix {
            true => "no entries (PREFIX is whole parts)",
            false => "no entries",
        });
        return;
    }
    let right = ["SIZE", "AGE", "LEFT", "TAGS"].map(|name| (name, Align::Right));
    let head: Vec<_> = right.into_iter().chain([("KEY", Align::Left)]).collect();
    let rows = list.keys.iter().map(|info| {
        let age = now.since(info.written_at);
        vec![
            bytes(info.weight as u64),
            time(std::time::Duration::from_secs(age.as_secs())),
            time(left(info, now)),
            info.tags.len().to_string(),
            info.key.to_typed(),
        ]
    });
    for line in table::lines(&head, rows) {
        say(line);
    }
    if list.complete {
        say(entries(list.keys.len()));
    }
}

fn entries(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        count => format!("{} entries", number(count as u64)),
    }
}

fn as_json(list: &KeyList, now: Moment) -> Value {
    let keys = list.keys.iter().map(|info| {
        json!({
            "key": info.key.to_typed(),
            "opaque": format!("@{}", info.key.to_opaque()),
            "bytes": info.weight,
            "age_ms": now.since(info.written_at).as_millis() as u64,
            "ttl_ms": info.ttl.as_millis() as u64,
            "left_ms": left(info, now).as_millis() as u64,
            "tags": info.tags.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    json!({ "complete": list.complete, "keys": keys.collect::<Vec<_>>() })
}
