//! What the queries of one page cost.
//!
//! A request runs inside [`page`]; each function of `queries` and `writes` runs inside [`query`],
//! which notes what it found in the cache and how many statements reached the database.

use std::{
    cell::RefCell,
    future::Future,
    time::{Duration, Instant},
};

use tokio::task_local;

use crate::format::Microseconds;

task_local! {
    /// The queries of the page that this task is making.
    static PAGE: RefCell<PageTrace>;
    /// The statements of the query that this task is running.
    static STATEMENTS: RefCell<Vec<Statement>>;
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
}

impl Outcome {
    /// The word that a page shows.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Hit => "hit",
            Outcome::Miss => "miss",
            Outcome::Uncached => "uncached",
        }
    }
}

/// A statement that reached the database.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its text, with placeholders.
    pub sql: String,
    /// How long the database took.
    pub elapsed: Duration,
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
    /// The statements that reached the database.
    pub statements: Vec<Statement>,
}

impl QueryTrace {
    /// How long it took, for people.
    pub fn time(&self) -> Microseconds {
        Microseconds(self.elapsed)
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
        self.queries
            .iter()
            .map(|query| query.statements.len() as u64)
            .sum()
    }

    /// How long the database took.
    pub fn database_time(&self) -> Duration {
        self.queries
            .iter()
            .flat_map(|query| &query.statements)
            .map(|statement| statement.elapsed)
            .sum()
    }

    /// How long all queries took, those from the cache included.
    pub fn elapsed(&self) -> Duration {
        self.queries.iter().map(|query| query.elapsed).sum()
    }

    /// The value of the `Server-Timing` header.
    pub fn server_timing(&self) -> String {
        let uncached = match self.count(Outcome::Uncached) {
            0 => String::new(),
            count => format!(", {count} uncached"),
        };
        format!(
            "cache;desc=\"{}, {}{uncached}\", db;desc=\"{}\";dur={}",
            crate::format::plural(self.count(Outcome::Hit), "hit"),
            match self.count(Outcome::Miss) {
                1 => "1 miss".to_owned(),
                count => format!("{count} misses"),
            },
            crate::format::plural(self.statements(), "statement"),
            self.database_time().as_micros() as f64 / 1000.0,
        )
    }
}

/// Runs `work` and gives its result with the trace of its queries so far through `finish`.
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
    let (result, statements) = STATEMENTS
        .scope(RefCell::default(), async {
            let result = work.await;
            (result, STATEMENTS.with(RefCell::take))
        })
        .await;
    let trace = QueryTrace {
        label,
        outcome: Outcome::Uncached,
        elapsed: started.elapsed(),
        statements,
    };
    // Outside a page nobody asks for the trace.
    let _ = PAGE.try_with(|page| page.borrow_mut().queries.push(trace));
    result
}

/// Notes a statement that reached the database; the connection calls this.
pub fn statement(sql: &str, elapsed: Duration) {
    let statement = || Statement {
        sql: sql.to_owned(),
        elapsed,
    };
    // A statement outside a query belongs to no page.
    let _ = STATEMENTS.try_with(|statements| statements.borrow_mut().push(statement()));
}
