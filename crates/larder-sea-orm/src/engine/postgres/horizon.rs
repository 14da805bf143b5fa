//! When the writers of a PostgreSQL server have ended.
//!
//! A transaction has a number from its first write on, before it marks anything, and numbers only
//! grow. It is running, to everyone who takes a snapshot, until its commit is seen by all of them at
//! once; also while its commit waits for a standby, and while it is prepared. So:
//!
//! ```text
//!   a guard is new; whoever could have missed it, or lost a mark on the one before, has a number
//!   take a number X                               greater than all of theirs
//!   the oldest running transaction is X or later  they have all ended, and what they did is seen
//! ```
//! X has to be a number of one's own. The one that a snapshot would give next is not later than a
//! transaction that is running and has been given it already.
//!
//! X is taken once for a guard and remembered: a long transaction puts off those guards that were
//! there when it wrote, and no later ones, however many overlap.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;
use larder::adapter::Horizon;
use larder::{Error, Version};
use sea_orm::DbErr;
use tokio::sync::Mutex;

use crate::engine::Asked;
use crate::failure;
use crate::horizon::{WAIT_MAX, open};
use crate::shared::Shared;

/// Takes a number, and is over at once.
const TAKE: &str = "SELECT pg_current_xact_id()::text";

/// The number of the oldest transaction that runs, or the next one that is given. A standby, as
/// which a server may come back, knows of the past alone.
const OLDEST: &str =
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text WHERE NOT pg_is_in_recovery()";

/// The numbers of so many guards are remembered. Beyond, all are taken anew, which puts off.
const GUARDS_MAX: usize = 10_000;

/// The oldest running transaction of a server.
pub(super) struct Oldest {
    shared: Weak<Shared>,
    /// The numbers that were taken for guards. Held while one is taken, so that all who ask at once
    /// share it.
    taken: Mutex<HashMap<Version, u64>>,
}

impl Oldest {
    /// # Errors
    /// The server does not tell: nothing may be read strictly.
    pub(super) async fn new(shared: &Arc<Shared>) -> Result<Oldest, DbErr> {
        for sql in [TAKE, OLDEST] {
            number(shared, sql).await.map_err(|error| {
                failure::carried(Error::config(format!(
                    "strict reads need to know when the writers of a database have ended, which this server \
                     does not tell: {error}"
                )))
            })?;
        }
        Ok(Oldest {
            shared: Arc::downgrade(shared),
            taken: Mutex::default(),
        })
    }

    async fn has_passed(&self, guards: &[Version]) -> Result<bool, DbErr> {
        let shared = open(&self.shared)?;
        let last = {
            let mut taken = self.taken.lock().await;
            let new = guards.iter().filter(|guard| !taken.contains_key(guard));
            let new: Vec<Version> = new.copied().collect();
            if !new.is_empty() {
                if taken.len() + new.len() > GUARDS_MAX {
                    taken.clear();
                }
                let number = number(&shared, TAKE).await?;
                taken.extend(new.into_iter().map(|guard| (guard, number)));
            }
            let all: Option<Vec<u64>> = guards
                .iter()
                .map(|guard| taken.get(guard).copied())
                .collect();
            all.unwrap_or_default().into_iter().max()
        };
        let Some(last) = last else {
            return Ok(false);
        };
        if number(&shared, OLDEST).await? < last {
            return Ok(false);
        }
        let mut taken = self.taken.lock().await;
        guards.iter().for_each(|guard| {
            taken.remove(guard);
        });
        Ok(true)
    }
}

impl Horizon for Oldest {
    fn is_gone(&self) -> bool {
        self.shared.strong_count() == 0
    }

    /// Looks once and waits for nobody: a transaction may take hours, and the next read looks again.
    fn writers_ended<'a>(&'a self, guards: &'a [Version]) -> BoxFuture<'a, bool> {
        Box::pin(async {
            let passed = tokio::time::timeout(WAIT_MAX, self.has_passed(guards)).await;
            matches!(passed, Ok(Ok(true)))
        })
    }
}

/// The number that a question gives.
async fn number(shared: &Shared, sql: &str) -> Result<u64, DbErr> {
    shared.sent(1);
    let rows = shared.inner.ask(sql).await?;
    let text: Option<String> = match rows.first() {
        Some(row) => row.try_get_by_index(0)?,
        None => None,
    };
    let number = text.as_deref().and_then(|text| text.parse().ok());
    number.ok_or_else(|| DbErr::Custom("no number of a transaction was given".to_owned()))
}
