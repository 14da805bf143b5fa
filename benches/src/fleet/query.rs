//! A cached query, as an adapter of a database asks it, and the write that ends it.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use larder::adapter::{Changes, Fetched, Group, Outcome, RowImage, RowsChange};
use larder::{Cache, Columns, Fetch, Key, Name, Policy, Shape, Tag, TagValue, ValueKind, Want};

use super::bare::Place;
use super::servers::Servers;

/// The table that everything here is about.
pub(crate) fn table() -> Tag {
    Tag::table("", "track")
}

/// The cached answer to `SELECT … FROM track WHERE c<column> = value`: an entry that carries the
/// tags of the namespace, the database, the table, and one of a shape.
#[derive(Clone)]
pub(crate) struct Query {
    pub(crate) key: Key,
    want: Want,
}

impl Query {
    pub(crate) fn new(column: usize, value: i64) -> Query {
        Query {
            key: Key::new(("track by", column as u64, value)),
            want: Want::Shape {
                table: table(),
                shape: Shape::new([pinned(column)], Columns::set(["id", "name"])),
                values: std::iter::once(TagValue::Int(value)).collect(),
            },
        }
    }

    /// An answer that depends on the whole table.
    fn of_the_table() -> Query {
        Query {
            key: Key::new("all tracks"),
            want: Want::Tag(table()),
        }
    }
}

fn pinned(column: usize) -> String {
    format!("c{column}")
}

/// One row of the table gets other values in its first so many columns: what a writer publishes.
pub(crate) fn change(columns: usize) -> Changes {
    let mut changes = Changes::new();
    changes.cause("UPDATE track SET …");
    let names: Arc<[Name]> = (0..columns).map(|n| Name::from(&*pinned(n))).collect();
    let image = |value| Some(vec![TagValue::Int(value); columns]);
    let rows = vec![RowImage {
        old: image(1),
        new: image(2),
    }];
    changes.rows(
        "",
        "track",
        RowsChange {
            columns: names,
            changed: Columns::All,
            rows,
        },
    );
    changes
}

/// A cache of one process, and what an adapter keeps beside it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) cache: Cache,
    group: Arc<Group>,
    policy: Policy,
}

impl Process {
    pub(crate) fn new(cache: Cache) -> Process {
        Process {
            group: cache.group("track"),
            policy: Policy::new(),
            cache,
        }
    }

    /// The answer from the cache, or else from `load`.
    pub(crate) async fn ask<F>(
        &self,
        query: &Query,
        load: impl FnOnce() -> F + Send + 'static,
    ) -> Fetched<String>
    where
        F: Future<Output = Result<String, Infallible>> + Send + 'static,
    {
        let wants = || vec![query.want.clone()];
        let fetch = self.fetch(query, &wants);
        let fetched = self
            .cache
            .fetch(fetch, load, None, ValueKind::serde())
            .await;
        fetched.expect("the load cannot fail")
    }

    /// The answer, which is in the cache.
    pub(crate) async fn hit(&self, query: &Query) -> Arc<String> {
        let fetched = self.ask(query, async || Ok(String::new())).await;
        assert_eq!(fetched.outcome, Outcome::Hit, "the entry is there");
        fetched.value
    }

    /// Whether the answer is at hand without asking anybody.
    pub(crate) fn hits_at_once(&self, query: &Query) -> bool {
        let wants = || vec![query.want.clone()];
        let hit = self
            .cache
            .lookup_now::<String>(&self.fetch(query, &wants), ValueKind::serde());
        hit.is_some()
    }

    fn fetch<'a>(
        &'a self,
        query: &'a Query,
        wants: &'a (dyn Fn() -> Vec<Want> + Send + Sync),
    ) -> Fetch<'a> {
        Fetch {
            key: &query.key,
            wants,
            group: &self.group,
            policy: &self.policy,
        }
    }

    /// Stores an answer.
    pub(crate) async fn fill(&self, query: &Query, answer: &str) {
        let answer = answer.to_owned();
        self.ask(query, async move || Ok(answer)).await;
    }
}

/// Text that no compression shortens.
pub(crate) fn payload(bytes: usize) -> String {
    let mut random = fastrand::Rng::with_seed(7);
    (0..bytes).map(|_| random.alphanumeric()).collect()
}

/// Queries with their answers stored, and where each of them keeps what: its tags, then its entry.
pub(crate) async fn stored(
    servers: &Servers,
    process: &Process,
    count: usize,
    bytes: usize,
) -> Result<(Vec<Query>, Vec<Vec<Place>>), Box<dyn Error>> {
    let mut known = servers.names();
    let mut new = || {
        let now = servers.names();
        let new: Vec<Place> = now
            .iter()
            .filter(|name| !known.contains(name))
            .map(|(server, name)| Place {
                server: *server,
                name: name.clone(),
            })
            .collect();
        known = now;
        new
    };
    let is_entry = |place: &Place| place.name.contains(":e1:");
    process.fill(&Query::of_the_table(), "").await;
    let coarse: Vec<Place> = new().into_iter().filter(|place| !is_entry(place)).collect();
    let (mut queries, mut places) = (Vec::new(), Vec::new());
    for n in 0..count {
        let query = Query::new(0, n as i64);
        process.fill(&query, &payload(bytes)).await;
        let (entry, tag): (Vec<Place>, Vec<Place>) = new().into_iter().partition(is_entry);
        let all: Vec<Place> = coarse.iter().cloned().chain(tag).chain(entry).collect();
        if all.len() != 5 {
            return Err(format!("a cached query is five values, not {all:?}").into());
        }
        queries.push(query);
        places.push(all);
    }
    Ok((queries, places))
}
