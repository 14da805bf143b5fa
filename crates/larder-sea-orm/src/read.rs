//! One cached read, from a statement to its value.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use larder::adapter::{self, Fetch, Fetched, Group, Want};
use larder::{Event, Key, LoadError, Mode};
use larder_sql::{Explanation, Footprint, Name, Planned, ReadSet, explain};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::bind;
use crate::cached::{PLAIN, Terms};
use crate::connection::CachedConnection;
use crate::reader::{Kind, Reader};
use crate::sample::{self, Sample};
use crate::schema::Schema;
use crate::shared::Shared;
use crate::snapshot::Unit;
use crate::strict::{Strict, guards};
use crate::trace::{self, Outcome, Span};
use crate::write::{Intent, values};

use loading::{Halt, Loading};

mod loading;
mod many;

pub(crate) use many::{LoadMany, fetch_many};

/// The group of statements that cannot be cached, in events.
const UNCACHED: &str = "query";

/// So many times a read is planned again because the schema changed before its load. Then it is
/// answered past the cache.
const PLANS_MAX: usize = 4;

/// What is said then.
const KEEPS_CHANGING: &str = "the schema keeps changing";

/// What a read wants, besides the statement.
pub(crate) struct Ask<'a, T> {
    /// How the rows become a value: `all`, `one`, `count`. Part of the key.
    pub(crate) form: &'static str,
    /// More that tells this read from another with the same statement.
    pub(crate) extra: Vec<Value>,
    /// Tables that the value is made of, besides those of the statement: any row of them.
    pub(crate) also: Vec<String>,
    pub(crate) policy: Option<&'a Terms>,
    /// The type that reads the rows, where one value has several: by name, by position.
    pub(crate) reader: &'static str,
    /// Whether the value stands for "there is nothing".
    pub(crate) negative: Option<fn(&T) -> bool>,
}

impl<T> Clone for Ask<'_, T> {
    fn clone(&self) -> Self {
        Ask {
            extra: self.extra.clone(),
            also: self.also.clone(),
            ..*self
        }
    }
}

impl<T> Ask<'_, T> {
    pub(crate) fn plain(form: &'static str) -> Self {
        Ask {
            form,
            extra: Vec::new(),
            also: Vec::new(),
            policy: None,
            reader: "",
            negative: None,
        }
    }
}

impl<T> Ask<'_, Option<Arc<T>>> {
    /// The first row that `Q` gives, or that there is none.
    pub(crate) fn row<Q>() -> Self {
        Ask {
            negative: Some(Option::is_none),
            reader: std::any::type_name::<Q>(),
            ..Ask::plain("one")
        }
    }
}

impl<'a, T> Ask<'a, T> {
    fn terms(&self) -> &'a Terms {
        self.policy.unwrap_or(&PLAIN)
    }
}

/// Makes the value of a read by asking the database.
/// Cloned for a read that is compared with the database.
pub(crate) trait Load<T>: Clone + Send + 'static {
    fn load<C: ConnectionTrait>(
        self,
        connection: &C,
        statement: Statement,
    ) -> impl Future<Output = Result<T, DbErr>> + Send;
}

/// Loads by running the statement and making a value of its rows.
#[derive(Clone)]
pub(crate) struct Rows<F>(pub(crate) F);

impl<T, F> Load<T> for Rows<F>
where
    F: FnOnce(Vec<QueryResult>) -> Result<T, DbErr> + Clone + Send + 'static,
{
    async fn load<C: ConnectionTrait>(
        self,
        connection: &C,
        statement: Statement,
    ) -> Result<T, DbErr> {
        (self.0)(connection.query_all_raw(statement).await?)
    }
}

/// Gives the value of `statement` from the cache, or from the database.
pub(crate) async fn fetch<T, M, L>(
    reader: Reader<'_>,
    statement: Statement,
    ask: Ask<'_, T>,
    load: L,
) -> Result<Arc<T>, DbErr>
where
    T: Send + Sync + 'static,
    M: Mode<T>,
    L: Load<T>,
{
    let by = match reader.0 {
        // What a transaction sees is nobody else's business.
        Kind::Direct(transaction) => {
            return load.load(transaction, statement).await.map(Arc::new);
        }
        Kind::Cached(connection) => By {
            connection,
            unit: None,
        },
        Kind::Noted(unit) => By {
            connection: &unit.connection,
            unit: Some(unit),
        },
    };
    let shared = &by.connection.shared;
    let span = Span::begin(&statement.sql);
    let terms = ask.terms();
    let mut load = load;
    let mut plans = 0;
    let (value, outcome) = loop {
        let schema = shared.known_schema().await?;
        let planned = schema.plan(&statement.sql);
        plans += 1;
        let read = match cacheable(shared, &schema, &planned, terms) {
            Ok(_) if plans > PLANS_MAX => Err(KEEPS_CHANGING.to_owned()),
            read => read,
        };
        let why = match read {
            Ok(read) => {
                match cached::<T, M, L>(by, &schema, &planned, read, &statement, &ask, load).await {
                    Attempt::Done(value, outcome) => break (value, outcome),
                    Attempt::Moved(again) => {
                        load = again;
                        continue;
                    }
                }
            }
            Err(why) => why,
        };
        terms.cache(&shared.cache).emit(&Event::Uncached {
            group: UNCACHED,
            what: Some(&planned.plan.text),
            why: &why,
        });
        let is_read = matches!(Intent::of(shared, &schema, &statement.sql), Intent::Read);
        match by.unit {
            Some(unit) if !is_read => return Err(unit.refuse()),
            Some(unit) => unit.note_uncached(),
            None => {}
        }
        if !is_read {
            // A write that gives rows, or a text that may be one: as any other.
            return load.load(by.connection, statement).await.map(Arc::new);
        }
        shared.count(1);
        let value = load.load(&shared.inner, statement).await;
        break (value.map(Arc::new), Outcome::Uncached(why));
    };
    span.end(|| outcome);
    value
}

/// Who reads.
#[derive(Clone, Copy)]
struct By<'a> {
    connection: &'a CachedConnection,
    /// The reads that it is one of, if they are to be of one instant.
    unit: Option<&'a Unit>,
}

impl By<'_> {
    /// The tables that the read is strict about: see [`Strict::of`].
    fn strict<'r>(self, read: &'r ReadSet, also: &'r [String]) -> Option<Vec<&'r str>> {
        match self.unit {
            Some(_) => Strict::Everything.of(read, also),
            None => self.connection.shared.strict.of(read, also),
        }
    }
}

/// What the statement reads, or why its answer cannot be kept.
fn cacheable<'a>(
    shared: &Shared,
    schema: &Schema,
    planned: &'a Planned,
    terms: &Terms,
) -> Result<&'a ReadSet, String> {
    if let Some(why) = terms.uncached() {
        return Err(why.to_owned());
    }
    if shared.connections_differ() {
        return Err(
            "connections of the pool differ: temporary objects, attached databases or settings"
                .to_owned(),
        );
    }
    match &planned.plan.footprint {
        Footprint::Read(read) => match &read.uncacheable {
            None if read
                .tables
                .iter()
                .any(|read| schema.is_virtual(&read.table)) =>
            {
                Err("a table in it has rows that are not its own (a virtual or foreign table), or shows each role \
                     others (row security)"
                    .to_owned())
            }
            None => match excluded(shared, read) {
                Some(table) => Err(format!("reads of the table {table} are not kept")),
                None => Ok(read),
            },
            Some(reason) => Err(reason.to_string()),
        },
        Footprint::Unknown(reason) => Err(reason.to_string()),
        _ => Err("it is not a plain read".to_owned()),
    }
}

/// The first table of a read that the connection was told not to keep.
fn excluded<'a>(shared: &Shared, read: &'a ReadSet) -> Option<&'a str> {
    let names = read.tables.iter().map(|read| &*read.table);
    names.into_iter().find(|name| shared.excluded.has(name))
}

/// What became of a read by one plan.
enum Attempt<T, L> {
    /// It has its answer.
    Done(Result<Arc<T>, DbErr>, Outcome),
    /// The schema is another than that of the plan: plan again.
    Moved(L),
}

async fn cached<T, M, L>(
    by: By<'_>,
    schema: &Arc<Schema>,
    planned: &Planned,
    read: &ReadSet,
    statement: &Statement,
    ask: &Ask<'_, T>,
    load: L,
) -> Attempt<T, L>
where
    T: Send + Sync + 'static,
    M: Mode<T>,
    L: Load<T>,
{
    let shared = &by.connection.shared;
    let terms = ask.terms();
    let cache = terms.cache(&shared.cache);
    let strict = by.strict(read, &ask.also);
    let key = key::<T>(by.connection, schema, statement, ask, strict.as_deref());
    // Several looks and a load may want them.
    let bound = OnceLock::new();
    let wants = || {
        let strict = strict.as_deref();
        let wants =
            bound.get_or_init(|| wants(shared, schema, planned, read, statement, ask, strict));
        wants.clone()
    };
    let policy = terms.policy(&shared.policy);
    let mut fetch = Fetch {
        key: &key,
        wants: &wants,
        // A hit is counted where its entry was.
        group: &shared.group,
        policy: &policy,
    };
    let group = || match read.tables.first() {
        Some(main) => group(shared, schema, terms, &main.table),
        None => shared.group.clone(),
    };
    let sample = || Sample {
        cache: cache.clone(),
        key: key.clone(),
        wants: wants(),
        policy,
        statement: statement.clone(),
        text: planned.plan.text.clone(),
        group: group(),
        kind: M::kind(),
    };
    if by.unit.is_none()
        && let Some(hit) = cache.lookup_now(&fetch, M::kind())
    {
        if let Some(permit) = sample::drawn(shared) {
            sample().begin(permit, load);
        }
        return Attempt::Done(Ok(hit.value), Outcome::Hit);
    }
    let main = group();
    fetch.group = &main;
    let loading = Loading::new(load, strict.is_some());
    let run = {
        let (shared, schema, loading) = (shared.clone(), schema.clone(), loading.clone());
        let statement = statement.clone();
        move || async move { loading.run(&shared, &schema, statement).await }
    };
    let fetched = cache.fetch(fetch, run, ask.negative, M::kind()).await;
    let sent = || trace::count(loading.sent());
    match fetched {
        Ok(Fetched {
            value,
            outcome,
            entry,
        }) => {
            if let Some(unit) = by.unit {
                unit.note(cache, entry);
            }
            if let adapter::Outcome::Hit = outcome
                && let Some(permit) = sample::drawn(shared)
                && let Some(load) = loading.take()
            {
                sample().begin(permit, load);
            }
            let outcome = match outcome {
                adapter::Outcome::Hit | adapter::Outcome::StaleHit | adapter::Outcome::Joined => {
                    Outcome::Hit
                }
                adapter::Outcome::Bypassed(why) => {
                    sent();
                    Outcome::Uncached(why.to_string())
                }
                _ => {
                    sent();
                    Outcome::Miss
                }
            };
            Attempt::Done(Ok(value), outcome)
        }
        Err(error) => {
            sent();
            let again = match error.failed().map(|halt| &**halt) {
                Some(Halt::Moved) => loading.take(),
                _ => None,
            };
            match again {
                Some(load) => Attempt::Moved(load),
                None => Attempt::Done(Err(failure(error)), Outcome::Miss),
            }
        }
    }
}

/// What a read depends on: the guards of strict tables, and the tags that cover every row which could
/// change the answer.
fn wants<T>(
    shared: &Shared,
    schema: &Schema,
    planned: &Planned,
    read: &ReadSet,
    statement: &Statement,
    ask: &Ask<'_, T>,
    strict: Option<&[&str]>,
) -> Vec<Want> {
    let mut wants = match strict {
        Some(tables) => guards(&shared.database, tables),
        None => Vec::new(),
    };
    let read = listening(schema, read, ask.terms());
    wants.extend(bind::wants(
        &*shared.engine,
        &shared.database,
        &schema.catalogue,
        planned,
        &read,
        values(statement),
        &ask.also,
    ));
    wants
}

/// The read with the columns by which its reader wants to hear of changes.
fn listening<'a>(schema: &Schema, read: &'a ReadSet, terms: &Terms) -> Cow<'a, ReadSet> {
    match terms.on() {
        Some(on) => Cow::Owned(read.on(&on.listened(schema))),
        None => Cow::Borrowed(read),
    }
}

/// What a statement depends on, for people.
pub(crate) async fn explained(
    shared: &Shared,
    statement: &Statement,
    terms: &Terms,
) -> Result<Explanation, DbErr> {
    let schema = shared.known_schema().await?;
    let planned = schema.plan(&statement.sql);
    let heard = match terms.on() {
        Some(on) => planned.on(&on.listened(&schema)),
        None => planned.clone(),
    };
    let mut explanation = explain(&heard, &schema.catalogue);
    if let Err(why) = cacheable(shared, &schema, &planned, terms) {
        explanation.uncacheable.get_or_insert(why);
    }
    Ok(explanation)
}

/// Where reads of a table are counted.
fn group(shared: &Shared, schema: &Schema, terms: &Terms, table: &Name) -> Arc<Group> {
    match terms.own_cache() {
        Some(cache) => cache.group(table),
        None => schema.group(&shared.cache, table),
    }
}

/// Identity of a read: the type and form of its value, the statement's text, its values.
///
/// The schema's version is part of it: tags of an entry were made canonical by the columns as they
/// were, and a connection that knows the new schema must not meet it. So are the strict tables: what
/// was stored without their guards may not be served to a strict read.
fn key<T>(
    connection: &CachedConnection,
    schema: &Schema,
    statement: &Statement,
    ask: &Ask<'_, T>,
    strict: Option<&[&str]>,
) -> Key {
    let CachedConnection { shared, context } = connection;
    // Built in place: a builder that moves carries its bytes along at every step.
    let mut key = Key::builder();
    key.push("query");
    if let Some(tables) = strict {
        key.push(("strict", tables.len() as u64));
        for table in tables {
            key.push(*table);
        }
    }
    if let Some(on) = ask.terms().on() {
        on.push_to(&mut key);
    }
    context.push_to(&mut key);
    key.push(&*shared.database);
    key.push(schema.version);
    key.push(ask.form);
    key.push(std::any::type_name::<T>());
    key.push(ask.reader);
    key.push(statement.sql.as_str());
    if let Some(rows) = ask.terms().rows() {
        if let Some(name) = &rows.name {
            key.push(("key", &**name));
        }
        if let Some(version) = rows.version {
            key.push(("version", version));
        }
    }
    for value in values(statement).iter().chain(&ask.extra) {
        match value {
            Value::Bool(Some(b)) => key.push(*b),
            Value::TinyInt(Some(i)) => key.push(*i),
            Value::SmallInt(Some(i)) => key.push(*i),
            Value::Int(Some(i)) => key.push(*i),
            Value::BigInt(Some(i)) => key.push(*i),
            Value::Unsigned(Some(i)) => key.push(*i),
            Value::BigUnsigned(Some(i)) => key.push(*i),
            Value::String(Some(s)) => key.push(s.as_str()),
            Value::Bytes(Some(b)) => key.push(b.as_slice()),
            // Every other type, and every NULL, in its own words.
            other => key.push((None::<bool>, format!("{other:?}"))),
        }
    }
    key.build()
}

fn failure(error: LoadError<Halt>) -> DbErr {
    match error.failed().map(|halt| &**halt) {
        Some(Halt::Failed(error)) => error.clone(),
        _ => DbErr::Custom(error.to_string()),
    }
}
