//! Many cached reads of one kind at once: one look for all, one load for what is missing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::adapter::FetchMany;
use larder::{Event, Key, LoadError, Mode};
use larder_sql::{Planned, ReadSet};
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::loading::Halt;
use super::{
    Ask, KEEPS_CHANGING, Load, PLANS_MAX, UNCACHED, cacheable, failure, fetch, group, key, wants,
};
use crate::connection::CachedConnection;
use crate::reader::{Kind, Reader};
use crate::replica::Source;
use crate::schema::Schema;
use crate::shared::{Sees, Shared};
use crate::trace::{self, Outcome, Span};
use crate::write::Intent;

/// Makes the values of many reads by asking the database.
pub(crate) trait LoadMany<T>: Clone + Send + Sync + 'static {
    /// The values of those of the reads that stand at `places`: of each of them one. Calls `sends`
    /// before each statement.
    fn load<C: ConnectionTrait>(
        self,
        connection: &C,
        places: Vec<usize>,
        sends: impl Fn() + Send + Sync,
    ) -> impl Future<Output = Result<Vec<(usize, T)>, DbErr>> + Send;
}

/// Gives the value of each of `statements` from the cache, or from the database, in their order.
///
/// Each is the read that [`fetch`](super::fetch) makes of it, by the same key and the same tags: both
/// find what the other has stored.
pub(crate) async fn fetch_many<T, M, L>(
    reader: Reader<'_>,
    statements: Vec<Statement>,
    ask: Ask<'_, T>,
    load: L,
) -> Result<Vec<Arc<T>>, DbErr>
where
    T: Send + Sync + 'static,
    M: Mode<T>,
    L: LoadMany<T>,
{
    let Some(first) = statements.first() else {
        return Ok(Vec::new());
    };
    let everything: Vec<usize> = (0..statements.len()).collect();
    let connection = match reader.0 {
        Kind::Direct(transaction) => {
            let loaded = load.load(transaction, everything, || ()).await?;
            return in_order(shared_values(loaded), statements.len());
        }
        Kind::Cached(connection) => connection,
        // From which entry each answer came is noted read by read.
        Kind::Noted(_) => {
            let mut values = Vec::with_capacity(statements.len());
            for (at, statement) in statements.into_iter().enumerate() {
                let load = OneOf(load.clone(), at);
                values.push(fetch::<T, M, _>(reader, statement, ask.clone(), load).await?);
            }
            return Ok(values);
        }
    };
    let shared = &connection.shared;
    let cache = ask.terms().cache(&shared.cache);
    let span = Span::begin(&first.sql);
    let mut plans = 0;
    let (values, outcome) = loop {
        let schema = shared.known_schema().await?;
        let planned: Vec<Planned> = statements
            .iter()
            .map(|statement| schema.plan(&statement.sql))
            .collect();
        plans += 1;
        let reads = planned
            .iter()
            .map(|planned| cacheable(shared, &schema, planned, ask.terms()))
            .collect();
        let reads = match (reads, cache.passed_by()) {
            (Ok(_), Some(why)) => Err(why.to_owned()),
            (Ok(_), None) if plans > PLANS_MAX => Err(KEEPS_CHANGING.to_owned()),
            (reads, _) => reads,
        };
        let reads: Vec<&ReadSet> = match reads {
            Ok(reads) => reads,
            Err(why) => {
                let group = UNCACHED;
                let what = planned.first().map(|planned| &*planned.plan.text);
                cache.emit(&Event::Uncached {
                    group,
                    what,
                    why: &why,
                });
                let only_read = |statement: &Statement| {
                    matches!(Intent::of(shared, &schema, &statement.sql), Intent::Read)
                };
                if !statements.iter().all(only_read) {
                    // Something in it may write: what its statements do is announced.
                    let connection = CachedConnection::from(shared.clone());
                    let loaded = load.load(&connection, everything, || ()).await?;
                    return in_order(shared_values(loaded), statements.len());
                }
                let loaded = load
                    .load(&shared.inner, everything, || shared.count(1))
                    .await;
                break (loaded.map(shared_values), Outcome::Uncached(why));
            }
        };
        let batch = Batch {
            connection,
            schema: &schema,
            statements: &statements,
            planned: &planned,
            reads: &reads,
        };
        match batch.fetch::<T, M, L>(&ask, load.clone()).await {
            Attempt::Done(values, outcome) => break (values, outcome),
            Attempt::Moved => {}
        }
    };
    span.end(|| outcome);
    in_order(values?, statements.len())
}

/// One read of a batch, by itself.
#[derive(Clone)]
struct OneOf<L>(L, usize);

impl<T: Send, L: LoadMany<T>> Load<T> for OneOf<L> {
    async fn load<C: ConnectionTrait>(
        self,
        connection: &C,
        _statement: Statement,
    ) -> Result<T, DbErr> {
        let OneOf(load, at) = self;
        let loaded = load.load(connection, vec![at], || ()).await?;
        let value = loaded.into_iter().next().map(|(_, value)| value);
        value.ok_or_else(unanswered)
    }
}

fn unanswered() -> DbErr {
    DbErr::Custom("a read of a batch was not answered".to_owned())
}

/// What became of a batch by one plan.
enum Attempt<T> {
    Done(Result<HashMap<usize, Arc<T>>, DbErr>, Outcome),
    /// The schema is another than that of the plan: plan again.
    Moved,
}

/// Reads that are planned.
struct Batch<'a> {
    connection: &'a CachedConnection,
    schema: &'a Arc<Schema>,
    statements: &'a [Statement],
    planned: &'a [Planned],
    reads: &'a [&'a ReadSet],
}

impl Batch<'_> {
    async fn fetch<T, M, L>(&self, ask: &Ask<'_, T>, load: L) -> Attempt<T>
    where
        T: Send + Sync + 'static,
        M: Mode<T>,
        L: LoadMany<T>,
    {
        let Batch {
            connection, schema, ..
        } = *self;
        let shared = &connection.shared;
        let terms = ask.terms();
        let strict = |at: usize| shared.strict.of(self.reads[at], &ask.also);
        let keys: Vec<Key> = (0..self.statements.len())
            .map(|at| {
                let statement = &self.statements[at];
                key::<T>(connection, schema, statement, ask, strict(at).as_deref())
            })
            .collect();
        // Equal reads are one: the first of them.
        let mut places: HashMap<Key, usize> = HashMap::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            places.entry(key.clone()).or_insert(at);
        }
        let places = Arc::new(places);
        let wants = |key: &Key| match places.get(key) {
            None => Vec::new(),
            Some(&at) => wants(
                shared,
                schema,
                &self.planned[at],
                self.reads[at],
                &self.statements[at],
                ask,
                strict(at).as_deref(),
            ),
        };
        let sent = Arc::new(AtomicU64::new(0));
        // One of them, all of them: the statements are for all.
        let is_strict = (0..self.statements.len()).any(|at| strict(at).is_some());
        let run = {
            let (shared, schema) = (shared.clone(), schema.clone());
            let (places, sent) = (places.clone(), sent.clone());
            move |keys: Vec<Key>| run(shared, schema, keys, places, sent, load, is_strict)
        };
        let main = self.reads.first().and_then(|read| read.tables.first());
        let group = match main {
            Some(main) => group(shared, schema, terms, &main.table),
            None => shared.group.clone(),
        };
        let policy = terms.policy(&shared.policy);
        let fetch = FetchMany {
            keys: &keys,
            wants: &wants,
            group: &group,
            policy: &policy,
        };
        let cache = terms.cache(&shared.cache);
        let fetched = cache.fetch_many(fetch, run, ask.negative, M::kind()).await;
        let sent = sent.load(Ordering::Relaxed);
        trace::count(sent);
        match fetched {
            Ok(values) => {
                let outcome = match sent {
                    0 => Outcome::Hit,
                    _ => Outcome::Miss,
                };
                let found = keys.iter().enumerate();
                let found = found.filter_map(|(at, key)| Some((at, values.get(key)?.clone())));
                Attempt::Done(Ok(found.collect()), outcome)
            }
            Err(error) if has_moved(&error) => Attempt::Moved,
            Err(error) => Attempt::Done(Err(failure(error)), Outcome::Miss),
        }
    }
}

/// Loads what is missing, after the versions of its tags were noted.
async fn run<T, L: LoadMany<T>>(
    shared: Arc<Shared>,
    schema: Arc<Schema>,
    keys: Vec<Key>,
    places: Arc<HashMap<Key, usize>>,
    sent: Arc<AtomicU64>,
    load: L,
    strict: bool,
) -> Result<Vec<(Key, T)>, Halt> {
    let sends = || {
        shared.sent(1);
        sent.fetch_add(1, Ordering::Relaxed);
    };
    if shared.distant {
        let at = shared.is_at(&shared.inner, Sees::Present, &schema).await?;
        (0..at.statements).for_each(|_| sends());
        if !at.same {
            shared.follow(&schema).await?;
            return Err(Halt::Moved);
        }
    }
    let mut keys: HashMap<usize, Key> = keys
        .into_iter()
        .filter_map(|key| Some((*places.get(&key)?, key)))
        .collect();
    let mut missing: Vec<usize> = keys.keys().copied().collect();
    missing.sort_unstable();
    let source = match strict {
        true => None,
        false => Source::of(&shared, &sends).await,
    };
    let loaded = match &source {
        // It counts what it sends to the database.
        Some(source) => load.load(source, missing, || ()).await?,
        None => load.load(&shared.inner, missing, sends).await?,
    };
    let loaded = loaded.into_iter();
    Ok(loaded
        .filter_map(|(at, value)| Some((keys.remove(&at)?, value)))
        .collect())
}

fn has_moved(error: &LoadError<Halt>) -> bool {
    matches!(error.failed().map(|halt| &**halt), Some(Halt::Moved))
}

fn shared_values<T>(loaded: Vec<(usize, T)>) -> HashMap<usize, Arc<T>> {
    let loaded = loaded.into_iter();
    loaded.map(|(at, value)| (at, Arc::new(value))).collect()
}

fn in_order<T>(values: HashMap<usize, Arc<T>>, count: usize) -> Result<Vec<Arc<T>>, DbErr> {
    let value = |at| values.get(&at).cloned();
    let all: Option<Vec<Arc<T>>> = (0..count).map(value).collect();
    all.ok_or_else(unanswered)
}
