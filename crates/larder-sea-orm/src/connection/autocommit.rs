//! Writes outside a transaction of the caller's.

use std::sync::Arc;

use larder::adapter::Changes;
use sea_orm::{DbErr, Statement, TransactionTrait as _};

use crate::fate::Fate;
use crate::shared::{Sees, Shared};
use crate::transaction::has_ended;
use crate::write::intent::Script;
use crate::write::{Answer, How, Write, send};

/// One write. When its images have to be learned it runs in a transaction of its own.
pub(super) async fn write(
    shared: Arc<Shared>,
    statement: Statement,
    how: How,
) -> Result<Answer, DbErr> {
    let schema = shared.schema();
    let planned = schema.plan(&statement.sql);
    let write = Write::new(&shared, &schema, &planned).ok_or_else(replanned)?;
    // Asked once: shapes that come in between find images that do not hold what they need, and
    // widen; images that are learned without a transaction could be overtaken.
    let need = write.need().await;
    // Over a shared store the lock comes before the look at the guards and the marks: strict reads
    // wait for the writers that hold it, and so make up for a mark that the store loses and for a
    // guard that stands since a moment ago.
    if need.needs_transaction() || shared.distant {
        if shared.distant {
            shared.look_for_guards(&write.widened()).await;
        }
        return in_transaction(shared, statement, how).await;
    }
    let mut fate = Fate::new(&shared, write.widened());
    let marks = shared.mark(fate.changes()).await?;
    let mut changes = Changes::new();
    let answer = write
        .run(&shared.inner, statement, how, need, &mut changes)
        .await;
    // After the statement: a schema that is the plan's now was the plan's then.
    if shared
        .notice_schema(&shared.inner, Sees::Present)
        .await
        .unwrap_or(true)
    {
        changes.root(&shared.database);
    }
    fate.settle(changes);
    fate.publish().await;
    drop(marks);
    answer
}

/// One write in a transaction of its own.
async fn in_transaction(
    shared: Arc<Shared>,
    statement: Statement,
    how: How,
) -> Result<Answer, DbErr> {
    shared.count(1);
    let options = shared.engine.to_write();
    let transaction = shared.inner.begin_with_options(options).await?;
    // Under the lock: the schema stays as it is now until the commit. It is the first look of its
    // transaction.
    let moved = shared.notice_schema(&transaction, Sees::Present).await?;
    let schema = shared.schema();
    let planned = schema.plan(&statement.sql);
    let mut changes = Changes::new();
    if moved {
        changes.root(&shared.database);
    }
    let before = changes.clone();
    let Some(write) = Write::new(&shared, &schema, &planned) else {
        shared.publish(changes).await;
        return Err(replanned());
    };
    let need = write.need().await;
    let mut fate = Fate::new(&shared, write.widened());
    let mut capture = shared.capture(&transaction).await?;
    let mut answer = write
        .run(&transaction, statement, how, need, &mut changes)
        .await;
    if answer.is_ok() {
        let looked = shared.look_after(&transaction, &mut changes).await;
        answer = looked.and(answer);
    }
    if answer.is_err() && shared.engine.fails_whole() {
        shared.count(1);
        // One that cannot be rolled back because its connection is gone is rolled back by that.
        let _ = transaction.rollback().await;
        fate.settle(before);
        fate.publish().await;
        return answer;
    }
    capture.add_to(&shared, &schema, &mut changes);
    fate.settle(changes);
    let marks = shared.mark(fate.changes()).await?;
    // Also after an error: an INSERT OR FAIL keeps its first rows, as it would have alone.
    shared.count(1);
    let committed = match answer.is_err() && has_ended(&shared, &transaction, 0).await {
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

fn replanned() -> DbErr {
    DbErr::Custom("the schema changed while this statement was planned; run it again".to_owned())
}

/// A text that is run as it stands.
pub(super) async fn script(
    shared: Arc<Shared>,
    script: Script,
    statement: Statement,
    how: How,
) -> Result<Answer, DbErr> {
    let mut fate = Fate::new(&shared, script.changes);
    let marks = shared.mark(fate.changes()).await?;
    let answer = match script.begins {
        true => run_alone(&shared, statement, how).await,
        false => send(&shared, &shared.inner, statement, how).await,
    };
    // After the text: a schema that is the plans' now was the plans' then.
    if !script.ddl
        && shared
            .notice_schema(&shared.inner, Sees::Present)
            .await
            .unwrap_or(true)
    {
        let mut changes = fate.changes().clone();
        changes.root(&shared.database);
        fate.settle(changes);
    }
    fate.publish().await;
    if script.ddl {
        // A catalogue that cannot be read now is read by the next who asks: the root was bumped.
        // The text itself is done, and must not be repeated.
        let _ = shared.reload_schema(&shared.inner).await;
    }
    drop(marks);
    answer
}

/// A text with a transaction of its own, on one connection of the pool from its first statement to
/// its last.
async fn run_alone(shared: &Shared, statement: Statement, how: How) -> Result<Answer, DbErr> {
    if statement.values.is_some_and(|values| !values.0.is_empty()) {
        return Err(DbErr::Custom(
            "a text of several statements with a transaction takes no parameters; use begin()"
                .to_owned(),
        ));
    }
    shared.count(1);
    let (pool, text) = (&shared.inner, statement.sql);
    shared.engine.run_alone(pool, text, how).await
}
