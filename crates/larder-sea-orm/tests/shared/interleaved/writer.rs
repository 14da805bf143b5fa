//! A writer on a task of its own: it may have to wait for the other's locks, and whoever gives it
//! steps does not wait with it.

use std::time::Duration;

use larder_sea_orm::{CachedConnection, CachedTransaction};
use sea_orm::{ConnectionTrait, DbErr, TransactionTrait};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::reads::Reads;
use super::steps::{End, Step};

/// After so long a step is taken to wait for a lock. If it does not, no more than that it goes on
/// beside others is lost.
pub(super) const WAITS_AFTER: Duration = Duration::from_millis(8);

/// What became of a step.
#[derive(Debug)]
pub(super) enum Told {
    Done,
    /// The database refused it. A writer ends its transaction then.
    Refused,
    /// A read in the transaction was wrong.
    Wrong(String),
}

pub(super) struct Writer {
    steps: mpsc::UnboundedSender<Step>,
    told: mpsc::UnboundedReceiver<Told>,
    task: JoinHandle<()>,
    /// Its transaction, with so many savepoints, as far as it is known here.
    pub(super) depth: Option<usize>,
    /// A step that has not ended.
    pub(super) waits: Option<Step>,
}

impl Writer {
    pub(super) fn new(db: CachedConnection) -> Writer {
        let (steps, mut wanted) = mpsc::unbounded_channel();
        let (tell, told) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Some(step) = wanted.recv().await {
                let done = take(&db, &mut open, step).await;
                if tell.send(done).is_err() {
                    break;
                }
            }
        });
        Writer {
            steps,
            told,
            task,
            depth: None,
            waits: None,
        }
    }

    /// Takes a step. `None`: it waits for something.
    pub(super) async fn step(&mut self, step: Step) -> Option<Told> {
        let ends = matches!(step, Step::End(_) | Step::Read(_) | Step::Pause);
        self.steps.send(step.clone()).expect("the writer is there");
        self.waits = Some(step);
        if ends {
            // Waits for nobody.
            return Some(self.ended().await);
        }
        tokio::time::timeout(WAITS_AFTER, self.ended()).await.ok()
    }

    /// What becomes of the step that it waits in.
    pub(super) async fn ended(&mut self) -> Told {
        let told = self.told.recv().await.expect("the writer is there");
        let step = self.waits.take().expect("a step");
        self.depth = match (&told, step) {
            (Told::Refused, _) => None,
            (_, Step::Begin) => Some(0),
            (_, Step::Savepoint) => self.depth.map(|depth| depth + 1),
            (_, Step::Release(_)) => self.depth.map(|depth| depth - 1),
            (_, Step::End(_)) => None,
            _ => self.depth,
        };
        told
    }

    /// Whether it is in a statement that commits by itself, or in a commit.
    pub(super) fn is_committing(&self) -> bool {
        match &self.waits {
            None => false,
            Some(Step::End(_)) => true,
            // What is refused may end a transaction.
            Some(_) => self.depth.is_none(),
        }
    }

    pub(super) async fn close(self) {
        drop(self.steps);
        self.task.await.expect("the writer does not panic");
    }
}

async fn take(db: &CachedConnection, open: &mut Vec<CachedTransaction>, step: Step) -> Told {
    if let (Step::Read(place), Some(transaction)) = (&step, open.last()) {
        return match Reads::check_within(transaction, *place).await {
            Ok(()) => Told::Done,
            Err(wrong) => Told::Wrong(wrong),
        };
    }
    match carried_out(db, open, step).await {
        Ok(()) => Told::Done,
        Err(_) => {
            while let Some(transaction) = open.pop() {
                let _ = transaction.rollback().await;
            }
            Told::Refused
        }
    }
}

async fn carried_out(
    db: &CachedConnection,
    open: &mut Vec<CachedTransaction>,
    step: Step,
) -> Result<(), DbErr> {
    match step {
        Step::Begin => open.push(db.begin().await?),
        Step::Savepoint => {
            if let Some(transaction) = open.last() {
                let savepoint = transaction.begin().await?;
                open.push(savepoint);
            }
        }
        Step::Release(kept) => match (open.pop(), kept) {
            (Some(savepoint), true) => savepoint.commit().await?,
            (Some(savepoint), false) => savepoint.rollback().await?,
            (None, _) => {}
        },
        Step::End(end) => {
            while let Some(transaction) = open.pop() {
                match end {
                    End::Commit => transaction.commit().await?,
                    End::Rollback => transaction.rollback().await?,
                    End::Drop => drop(transaction),
                }
            }
        }
        Step::Write(sql) => {
            match open.last() {
                Some(transaction) => transaction.execute_unprepared(&sql).await?,
                None => db.execute_unprepared(&sql).await?,
            };
        }
        Step::Read(_) | Step::Pause => {}
    }
    Ok(())
}
