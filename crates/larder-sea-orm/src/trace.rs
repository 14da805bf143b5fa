//! What the queries of one task did: hit or miss, how long, how many database statements.

use std::cell::RefCell;
use std::future::Future;
use std::time::{Duration, Instant};

use larder::Tag;
use sea_orm::DbErr;

tokio::task_local! {
    static RECORD: RefCell<Record>;
}

/// One statement of a traced task.
#[derive(Clone, Debug)]
pub struct QueryTrace {
    /// The statement's text, without values.
    pub sql: String,
    /// Where the answer came from.
    pub outcome: Outcome,
    /// Time from the call to its answer.
    pub elapsed: Duration,
    /// Statements sent to the database for it.
    pub statements: u64,
    /// Tags bumped by it, readable. A write inside a transaction bumps at the commit.
    pub bumped: Vec<String>,
}

/// Where an answer came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// From the cache.
    Hit,
    /// From the database; the cache has it now.
    Miss,
    /// From the database, and not cached: the reason.
    Uncached(String),
    /// A write, or the end of a transaction.
    Write,
}

#[derive(Default)]
struct Record {
    done: Vec<QueryTrace>,
    statements: u64,
    bumped: Vec<String>,
}

/// Runs `future` and tells what its queries did, in order.
///
/// Only queries awaited by `future` itself are seen, not those of tasks it spawns.
///
/// # Example: how many statements did a page cost?
/// ```
/// # async fn page() -> u32 { 7 }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (page, queries) = larder_sea_orm::trace::scope(page()).await;
/// let statements: u64 = queries.iter().map(|query| query.statements).sum();
/// assert_eq!((page, statements), (7, 0));
/// # });
/// ```
pub async fn scope<F: Future>(future: F) -> (F::Output, Vec<QueryTrace>) {
    RECORD
        .scope(RefCell::default(), async {
            let output = future.await;
            let record = RECORD.with(RefCell::take);
            (output, record.done)
        })
        .await
}

pub(crate) fn count(statements: u64) {
    let _ = RECORD.try_with(|record| record.borrow_mut().statements += statements);
}

pub(crate) fn bumped(tags: &[Tag]) {
    let _ = RECORD.try_with(|record| {
        record
            .borrow_mut()
            .bumped
            .extend(tags.iter().map(ToString::to_string));
    });
}

/// Runs `future` to its end on a task of its own, whatever becomes of the caller. What it counts
/// is counted for the caller.
pub(crate) async fn carried<T: Send + 'static>(
    future: impl Future<Output = Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    let task = tokio::spawn(RECORD.scope(RefCell::default(), async {
        let output = future.await;
        (output, RECORD.with(RefCell::take))
    }));
    match task.await {
        Ok((output, record)) => {
            let _ = RECORD.try_with(|mine| {
                let mut mine = mine.borrow_mut();
                mine.statements += record.statements;
                mine.bumped.extend(record.bumped);
            });
            output
        }
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(DbErr::Custom(
            "the runtime shut down while a statement ran".to_owned(),
        )),
    }
}

/// Measures one statement, if anybody listens.
pub(crate) struct Span(Option<(Instant, String)>);

impl Span {
    pub(crate) fn begin(sql: &str) -> Span {
        Span(RECORD.try_with(|_| (Instant::now(), sql.to_owned())).ok())
    }

    pub(crate) fn end(self, outcome: impl FnOnce() -> Outcome) {
        let Some((begin, sql)) = self.0 else { return };
        let elapsed = begin.elapsed();
        let _ = RECORD.try_with(|record| {
            let mut record = record.borrow_mut();
            let statements = std::mem::take(&mut record.statements);
            let bumped = std::mem::take(&mut record.bumped);
            record.done.push(QueryTrace {
                sql,
                outcome: outcome(),
                elapsed,
                statements,
                bumped,
            });
        });
    }
}
