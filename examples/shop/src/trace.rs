//! What the queries of one page cost.
//!
//! A request runs inside [`page`]; each function of `queries` and `writes` runs inside [`query`],
//! which notes what larder reports of it: found in the cache or not, and how many statements
//! reached the database.

use std::{
    cell::RefCell,
    future::Future,
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
    // Outside a page nobody asks for the trace.
    let _ = PAGE.try_with(|page| page.borrow_mut().queries.push(query));
    result
}
