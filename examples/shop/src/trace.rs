//! What the queries of one page cost.
//!
//! A request runs inside [`page`]; each function of `queries` and `writes` runs inside [`query`],
//! which notes what larder reports of it: found in the cache or not, and how many statements
//! reached the database. What is no query runs inside [`kept`]: its load is handed [`Notes`].

use std::{
    cell::RefCell,
    future::Future,
    panic::resume_unwind,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use larder_sea_orm::trace::{self, Outcome as Source, QueryTrace as Step};
use tokio::task_local;

use crate::format::{Microseconds, plural};

task_local! {
    /// The queries of the page that this task is making.
    static PAGE: RefCell<PageTrace>;
}

/// Where a query found its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In the cache.
    Hit,
    /// In the database; from now on it is in the cache.
    Miss,
    /// In the database, as it was not asked to be cached or cannot be.
    Uncached,
    /// It changed the database.
    Write,
}

impl Outcome {
    /// The word that a page shows.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Hit => "hit",
            Outcome::Miss => "miss",
            Outcome::Uncached => "uncached",
            Outcome::Write => "write",
        }
    }

    /// The outcome of a query in several steps: that of its weightiest.
    fn of(steps: &[Step]) -> Outcome {
        let any = |wanted: fn(&Source) -> bool| steps.iter().any(|step| wanted(&step.outcome));
        if any(|source| matches!(source, Source::Write)) {
            Outcome::Write
        } else if any(|source| matches!(source, Source::Miss)) {
            Outcome::Miss
        } else if !steps.is_empty() && steps.iter().all(|step| step.outcome == Source::Hit) {
            Outcome::Hit
        } else {
            Outcome::Uncached
        }
    }
}

/// One query of a page.
#[derive(Clone, Debug)]
pub struct QueryTrace {
    /// What was asked, in a few words.
    pub label: &'static str,
    /// Where the answer was found.
    pub outcome: Outcome,
    /// How long it took in all.
    pub elapsed: Duration,
    /// What larder reports of each of its statements, those that it spared included.
    pub steps: Vec<Step>,
}

impl QueryTrace {
    /// How long it took, for people.
    pub fn time(&self) -> Microseconds {
        Microseconds(self.elapsed)
    }

    /// Why one of its steps was not cached.
    pub fn why<'a>(&self, step: &'a Step) -> Option<&'a str> {
        match &step.outcome {
            Source::Uncached(why) => Some(why),
            _ => None,
        }
    }

    /// How many statements reached the database.
    pub fn statements(&self) -> u64 {
        self.steps.iter().map(|step| step.statements).sum()
    }
}

/// All queries of a page, in order.
#[derive(Clone, Debug, Default)]
pub struct PageTrace {
    /// The queries.
    pub queries: Vec<QueryTrace>,
}

impl PageTrace {
    /// How many queries ended so.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.queries
            .iter()
            .filter(|query| query.outcome == outcome)
            .count() as u64
    }

    /// How many statements reached the database.
    pub fn statements(&self) -> u64 {
        self.queries.iter().map(QueryTrace::statements).sum()
    }

    /// How long all queries took, those from the cache included.
    pub fn elapsed(&self) -> Duration {
        self.queries.iter().map(|query| query.elapsed).sum()
    }

    /// How long those steps took that reached the database.
    fn database_time(&self) -> Duration {
        let steps = self.queries.iter().flat_map(|query| &query.steps);
        steps
            .filter(|step| step.statements > 0)
            .map(|step| step.elapsed)
            .sum()
    }

    /// The value of the `Server-Timing` header, with the name of the store.
    pub fn server_timing(&self, store: &str) -> String {
        let uncached = match self.count(Outcome::Uncached) {
            0 => String::new(),
            count => format!(", {count} uncached"),
        };
        let misses = match self.count(Outcome::Miss) {
            1 => "1 miss".to_owned(),
            count => format!("{count} misses"),
        };
        format!(
            "cache;desc=\"{}, {misses}{uncached}\", db;desc=\"{}\";dur={}, store;desc=\"{}\"",
            plural(self.count(Outcome::Hit), "hit"),
            plural(self.statements(), "statement"),
            self.database_time().as_micros() as f64 / 1000.0,
            store.replace(['"', '\\'], ""),
        )
    }
}

/// Runs the making of a page, and remembers its queries for [`so_far`].
pub async fn page<T>(work: impl Future<Output = T>) -> T {
    PAGE.scope(RefCell::default(), work).await
}

/// The trace of the page that this task is making; empty outside [`page`].
pub fn so_far() -> PageTrace {
    PAGE.try_with(|page| page.borrow().clone())
        .unwrap_or_default()
}

/// Runs one query and notes it under `label` on the page that this task is making.
pub async fn query<T>(label: &'static str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let (result, steps) = trace::scope(work).await;
    let query = QueryTrace {
        label,
        outcome: Outcome::of(&steps),
        elapsed: started.elapsed(),
        steps,
    };
    note([query]);
    result
}

/// What the load of a value did, which runs on a task of its own and knows of no page. Whoever asks
/// for the value hands them in, and reads them when it has its answer.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Vec<Step>>>);

impl Notes {
    /// Runs a load, and notes what its queries did.
    pub async fn load<T>(&self, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let work = Box::pin(work);
        let work = page(async { (work.await, so_far()) });
        let ((result, loaded), own) = trace::scope(work).await;
        self.note([of_value("the load", Source::Miss, started.elapsed())]);
        self.note(own);
        self.note(loaded.queries.into_iter().flat_map(|query| query.steps));
        result
    }

    /// Runs a load that is one statement, on a connection that tells larder nothing.
    pub async fn statement<T>(&self, sql: String, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = work.await;
        self.note([Step {
            statements: 1,
            ..of_value(sql, Source::Miss, started.elapsed())
        }]);
        result
    }

    /// Nothing was looked for and nothing ran, and why.
    pub fn nothing(&self, why: &str) {
        let outcome = Source::Uncached(why.to_owned());
        self.note([of_value("nothing", outcome, Duration::ZERO)]);
    }

    fn note(&self, steps: impl IntoIterator<Item = Step>) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.extend(steps);
    }

    fn taken(&self) -> Vec<Step> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A step that is no query.
fn of_value(what: impl Into<String>, outcome: Source, elapsed: Duration) -> Step {
    Step {
        sql: what.into(),
        outcome,
        elapsed,
        statements: 0,
        bumped: Vec::new(),
    }
}

/// Asks for a value that is no query, and notes under `label` whether it was there or what its load
/// did. `what` says what is kept, where a query has its statement.
pub async fn kept<T, F: Future<Output = T>>(
    label: &'static str,
    what: &'static str,
    work: impl FnOnce(Notes) -> F,
) -> T {
    let started = Instant::now();
    let notes = Notes::default();
    let result = work(notes.clone()).await;
    let elapsed = started.elapsed();
    let mut steps = notes.taken();
    if steps.is_empty() {
        steps.push(of_value(what, Source::Hit, elapsed));
    }
    note([QueryTrace {
        label,
        outcome: Outcome::of(&steps),
        elapsed,
        steps,
    }]);
    result
}

/// Runs work to its end on a task of its own, whatever becomes of the visitor. What it asks is noted
/// on the visitor's page.
pub async fn carried<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let work = Box::pin(work);
    let task = tokio::spawn(page(async { (work.await, so_far()) }));
    match task.await {
        Ok((result, trace)) => {
            note(trace.queries);
            result
        }
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is going away, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Outside a page nobody asks for the trace.
fn note(queries: impl IntoIterator<Item = QueryTrace>) {
    let _ = PAGE.try_with(|page| page.borrow_mut().queries.extend(queries));
}
