//! The load of a cached read, which may be put off.
//!
//! In a cache that processes share nobody tells that the schema has changed, so a load asks. If it
//! has, the read is planned again and comes back with another key, and the load with it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use sea_orm::{DbErr, Statement};

use super::Load;
use crate::replica::Source;
use crate::schema::Schema;
use crate::shared::{Sees, Shared};

/// Why a load gave no value.
#[derive(Debug)]
pub(super) enum Halt {
    /// The schema is another than that of its plan.
    Moved,
    Failed(DbErr),
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Halt::Moved => {
                f.write_str("the schema changed while the statement was planned; run it again")
            }
            Halt::Failed(error) => error.fmt(f),
        }
    }
}

impl From<DbErr> for Halt {
    fn from(error: DbErr) -> Halt {
        Halt::Failed(error)
    }
}

/// A load that runs on a task of its own, or never. Whoever waits for it holds it, too.
pub(super) struct Loading<L> {
    /// Still there if the schema had changed before it.
    load: Mutex<Option<L>>,
    /// Whether the database itself has to answer.
    strict: bool,
    /// Statements sent by it.
    sent: AtomicU64,
}

impl<L> Loading<L> {
    pub(super) fn new(load: L, strict: bool) -> Arc<Loading<L>> {
        Arc::new(Loading {
            load: Mutex::new(Some(load)),
            strict,
            sent: AtomicU64::new(0),
        })
    }

    /// The load, if it has not begun.
    pub(super) fn take(&self) -> Option<L> {
        self.load.lock().take()
    }

    /// Statements that it has sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn count(&self, shared: &Shared) {
        shared.sent(1);
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs it, after the versions of its tags were noted.
    pub(super) async fn run<T>(
        &self,
        shared: &Shared,
        schema: &Schema,
        statement: Statement,
    ) -> Result<T, Halt>
    where
        L: Load<T>,
    {
        if shared.distant {
            let at = shared.is_at(&shared.inner, Sees::Present, schema).await?;
            (0..at.statements).for_each(|_| self.count(shared));
            if !at.same {
                shared.follow(schema).await?;
                return Err(Halt::Moved);
            }
        }
        let Some(load) = self.take() else {
            return Err(Halt::Moved);
        };
        let sends = || self.count(shared);
        if !self.strict
            && let Some(source) = Source::of(shared, &sends).await
        {
            return Ok(load.load(&source, statement).await?);
        }
        self.count(shared);
        Ok(load.load(&shared.inner, statement).await?)
    }
}
