//! Loads from a replica of the database.
//!
//! ```text
//!   versions noted · where is the primary? · is the replica as far? · statement · does it still follow?
//!                    primary                 └──────────── one session of the replica ─────────────┘
//! ```
//! A bump that was done when the versions were noted came after the commit that it announces, and
//! where the primary is, told later, lies behind that commit. A replica that is as far shows it, and
//! does not go back. So an entry is never older than the versions that it is stored with, as if the
//! primary had been asked. It may be newer than what the primary shows, by commits that are not
//! acknowledged yet, which is why strict reads are not loaded from a replica.
//!
//! A replica that follows nobody any more has writes of its own, which nobody announces: what it
//! says is not believed. Whatever is wrong with a replica, the primary is asked instead, and no
//! reader hears of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement, TransactionTrait as _,
};
use tokio::time::{sleep, timeout};

use crate::engine::{Follow, Position, Reached};
use crate::shared::Shared;
use crate::write::{Answer, How, ask};

/// A replica that takes longer to say how far it is has said nothing. It sends the statements of one
/// load to the primary.
const ANSWERED_WITHIN: Duration = Duration::from_millis(100);

/// A statement that a replica has not answered after so long is put to the primary.
const STATEMENT_MAX: Duration = Duration::from_secs(30);

/// How often a replica is asked that is not as far as it must be, and how long it is left in between:
/// most are behind by a trip over the network.
const ASKED_MAX: u32 = 4;
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// How long the primary loads alone after a replica was behind all the same.
const BEHIND_LEFT_FOR: Duration = Duration::from_millis(50);

/// The same after a replica failed, or followed another primary or none.
const FAILED_LEFT_FOR: Duration = Duration::from_secs(1);

/// A replica that loads may go to.
pub(crate) struct Replica {
    connection: DatabaseConnection,
    follow: &'static dyn Follow,
    /// Until when it is not asked.
    left: Mutex<Option<Instant>>,
    answered: AtomicU64,
}

impl Replica {
    pub(crate) fn new(connection: DatabaseConnection, follow: &'static dyn Follow) -> Replica {
        Replica {
            connection,
            follow,
            left: Mutex::new(None),
            answered: AtomicU64::new(0),
        }
    }

    /// Statements that it has answered for the database.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    fn is_left(&self) -> bool {
        self.left.lock().is_some_and(|until| Instant::now() < until)
    }

    fn leave_for(&self, time: Duration) {
        *self.left.lock() = Some(Instant::now() + time);
    }

    /// The answer to a statement, if the replica has been where the primary was.
    async fn answer(&self, at: &Position, statement: Statement, how: How) -> Option<Answer> {
        if self.is_left() {
            return None;
        }
        let Ok(session) = timeout(ANSWERED_WITHIN, self.session(at)).await else {
            self.leave_for(FAILED_LEFT_FOR);
            return None;
        };
        let session = session?;
        // A replica that stands still in the middle of a statement would be waited for without end.
        let Ok(answer) = timeout(STATEMENT_MAX, ask(&session, statement, how)).await else {
            self.leave_for(FAILED_LEFT_FOR);
            return None;
        };
        let follows = match &answer {
            Ok(_) => timeout(ANSWERED_WITHIN, self.follow.still_follows(&session)).await,
            // Perhaps it only had to make way for the primary: the next load may try again.
            Err(_) => return None,
        };
        if !matches!(follows, Ok(Ok(true))) {
            self.leave_for(FAILED_LEFT_FOR);
            return None;
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        answer.ok()
    }

    /// A session in which the replica shows what the primary did there.
    async fn session(&self, at: &Position) -> Option<DatabaseTransaction> {
        let session = self.connection.begin().await;
        let failed = |_: &DbErr| self.leave_for(FAILED_LEFT_FOR);
        let session = session.inspect_err(failed).ok()?;
        for asked in 1..=ASKED_MAX {
            let reached = self.follow.has_reached(&session, at).await;
            match reached.inspect_err(failed).ok()? {
                Reached::Yes => return Some(session),
                Reached::Elsewhere => {
                    self.leave_for(FAILED_LEFT_FOR);
                    return None;
                }
                Reached::NotYet if asked < ASKED_MAX => sleep(ASKED_AGAIN_AFTER).await,
                Reached::NotYet => {}
            }
        }
        self.leave_for(BEHIND_LEFT_FOR);
        None
    }
}

/// Where a load that may go to a replica sends its statements.
pub(crate) struct Source<'a> {
    shared: &'a Shared,
    replica: &'a Replica,
    at: Position,
    /// Called before each statement to the primary.
    sends: &'a (dyn Fn() + Send + Sync),
}

impl<'a> Source<'a> {
    /// To be made after the versions were noted, and before the load begins; nothing if the primary
    /// is to be asked for everything.
    pub(crate) async fn of(
        shared: &'a Shared,
        sends: &'a (dyn Fn() + Send + Sync),
    ) -> Option<Source<'a>> {
        let replica = shared
            .replica
            .as_ref()
            .filter(|replica| !replica.is_left())?;
        sends();
        let at = replica.follow.position(&shared.inner).await.ok()?;
        Some(Source {
            shared,
            replica,
            at,
            sends,
        })
    }

    async fn ask(&self, statement: Statement, how: How) -> Result<Answer, DbErr> {
        match self.replica.answer(&self.at, statement.clone(), how).await {
            Some(answer) => Ok(answer),
            None => {
                (self.sends)();
                ask(&self.shared.inner, statement, how).await
            }
        }
    }
}

#[async_trait]
impl ConnectionTrait for Source<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.shared.engine.backend()
    }

    /// Loads read. What does not is the primary's.
    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        (self.sends)();
        self.shared.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        (self.sends)();
        self.shared.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.ask(statement, How::QueryOne).await?.one())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.ask(statement, How::QueryAll).await?.all())
    }

    fn support_returning(&self) -> bool {
        self.shared.inner.support_returning()
    }
}
