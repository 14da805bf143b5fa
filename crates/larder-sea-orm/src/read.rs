//! One cached read, from a statement to its value.

use std::sync::{Arc, OnceLock};

use larder::adapter::{self, Fetch, Fetched};
use larder::{Event, LoadError, Mode};
use larder_sql::{Planned, ReadSet};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use crate::cached::{PLAIN, Terms};
use crate::connection::CachedConnection;
use crate::reader::{Kind, Reader};
use crate::sample::{self, Sample};
use crate::schema::Schema;
use crate::snapshot::Unit;
use crate::strict::Strict;
use crate::trace::{self, Outcome, Span};
use crate::write::Intent;

use loading::{Halt, Loading};

mod identity;
mod kept;
mod loading;
mod many;

use identity::{group, key, wants};
use kept::cacheable;

pub(crate) use kept::explained;
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

/// Makes the value of a read by asking the database. Cloned where a hit is compared with it.
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

fn failure(error: LoadError<Halt>) -> DbErr {
    match error.failed().map(|halt| &**halt) {
        Some(Halt::Failed(error)) => error.clone(),
        _ => DbErr::Custom(error.to_string()),
    }
}
