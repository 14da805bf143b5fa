//! Writes outside a transaction of the caller's.

use std::sync::Arc;

use larder::adapter::Changes;
use sea_orm::{DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait as _};

use crate::connection::alone;
use crate::shared::Shared;
use crate::transaction::has_ended;
use crate::write::intent::Script;
use crate::write::{Answer, How, Write, send};

/// One write. When its images have to be learned it runs in a transaction of its own.
pub(super) async fn write(
    shared: Arc<Shared>,
    statement: Statement,
    how: How,
) -> Result<Answer, DbErr> {
    shared.notice_schema(&shared.inner).await?;
    let schema = shared.schema();
    let planned = schema.plan(&statement.sql);
    let Some(write) = Write::new(&shared, &schema, &planned) else {
        return Err(DbErr::Custom(
            "the schema changed while this statement was planned; run it again".to_owned(),
        ));
    };
    let mut fate = Fate::new(&shared, write.widened());
    let mut changes = Changes::new();
    // Asked once: shapes that come in between find images that do not hold what they need, and
    // widen; images that are learned without a transaction could be overtaken.
    let need = write.need().await;
    if !need.needs_transaction() {
        let marks = shared.mark(fate.changes()).await;
        let answer = write
            .run(&shared.inner, statement, how, need, &mut changes)
            .await;
        fate.settle(changes);
        fate.publish().await;
        drop(marks);
        return answer;
    }
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    shared.count(1);
    let transaction = match shared.inner.begin_with_options(immediate).await {
        Ok(transaction) => transaction,
        Err(error) => {
            fate.settle(Changes::new());
            return Err(error);
        }
    };
    let mut capture = shared.capture(&transaction).await?;
    let answer = write
        .run(&transaction, statement, how, need, &mut changes)
        .await;
    capture.add_to(&shared, &schema, &mut changes);
    fate.settle(changes);
    let marks = shared.mark(fate.changes()).await;
    // Also after an error: an INSERT OR FAIL keeps its first rows, as it would have alone.
    shared.count(1);
    let committed = match answer.is_err() && has_ended(&transaction).await {
        true => transaction.rollback().await,
        false => transaction.commit().await,
    };
    if committed.is_err() {
        let mut doubtful = fate.changes().clone();
        doubtful.merge(write.widened());
        fate.settle(doubtful);
    }
    fate.publish().await;
    drop(marks);
    let answer = answer?;
    committed?;
    Ok(answer)
}

/// A text that is run as it stands.
pub(super) async fn script(
    shared: Arc<Shared>,
    script: Script,
    statement: Statement,
    how: How,
) -> Result<Answer, DbErr> {
    let fate = Fate::new(&shared, script.changes);
    let marks = shared.mark(fate.changes()).await;
    let answer = match script.begins {
        true => alone::run(&shared, statement, how).await,
        false => send(&shared, &shared.inner, statement, how).await,
    };
    fate.publish().await;
    let reloaded = match script.ddl {
        true => shared.reload_schema(&shared.inner).await,
        false => Ok(()),
    };
    drop(marks);
    let answer = answer?;
    reloaded?;
    Ok(answer)
}

/// What becomes of a write's changes. Dropped before [`publish`](Fate::publish), by an error or a
/// panic on the way, it publishes all that the write could have changed.
struct Fate<'a> {
    shared: &'a Arc<Shared>,
    changes: Option<Changes>,
}

impl<'a> Fate<'a> {
    fn new(shared: &'a Arc<Shared>, widened: Changes) -> Fate<'a> {
        Fate {
            shared,
            changes: Some(widened),
        }
    }

    fn changes(&self) -> &Changes {
        self.changes
            .as_ref()
            .expect("changes are there until they are published")
    }

    /// The outcome is known: these are the changes.
    fn settle(&mut self, changes: Changes) {
        self.changes = Some(changes);
    }

    async fn publish(mut self) {
        if let Some(changes) = self.changes.clone() {
            self.shared.publish(changes).await;
            self.changes = None;
        }
    }
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        if let Some(changes) = self.changes.take() {
            self.shared.cache.publish_now(changes);
        }
    }
}
