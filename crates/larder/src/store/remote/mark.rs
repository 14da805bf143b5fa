//! Marks: see [`Marks`](crate::store::Marks).

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use super::Inner;
use super::TAG_KEEP;
use super::batch::{self, Act};
use super::cell::{Cell, Fresh, Kind, MARKS_MAX, MarkId};
use super::link::{Answer, Op};
use super::name::Name;
use super::settle::{Goal, Next, settle};
use crate::error::{Error, Result};
use crate::namespace::Namespace;
use crate::store::{Mark, Marked};
use crate::tag::{Tag, TagKind};

/// The marks of one writer on some tags. Taken away when it is dropped, by a task.
struct Held {
    inner: Arc<Inner>,
    id: MarkId,
    /// With whether it is a guard's.
    names: Vec<(Name, bool)>,
}

impl Inner {
    /// Two round trips, if no other writer is in the way. A guard that bears too many marks goes
    /// instead: see [`end_guards`](Self::end_guards).
    pub(super) async fn mark(
        self: &Arc<Inner>,
        namespace: &Namespace,
        tags: &[Tag],
    ) -> Result<Mark> {
        let names = self.names(namespace);
        let mut id: MarkId = [0; 16];
        getrandom::fill(&mut id)
            .map_err(|error| Error::store(format!("no random bytes for a mark: {error}")))?;
        let guard = |tag: &Tag| tag.kind() == TagKind::Guard;
        let mut all: Vec<(Name, bool)> = tags
            .iter()
            .map(|tag| (names.tag(tag), guard(tag)))
            .collect();
        all.sort();
        all.dedup();
        let goals = all.iter().map(|(name, guard)| Goal {
            name: name.clone(),
            first: Act::Get,
            decide: Box::new(move |cell, incarnation| {
                // A tag that is not there is made for its mark, and goes with it: only a reader
                // may bring one to life. A guard stays, as good for nothing as it came: readers
                // may be waiting to confirm it.
                let mut cell = match cell {
                    Some(cell) => cell.clone(),
                    None => Cell::new(Kind::Held, &Fresh::new()?, incarnation),
                };
                if cell.marks.contains(&id) {
                    return Ok(Next::Keep);
                }
                if cell.marks.len() >= MARKS_MAX && *guard {
                    return Ok(Next::Delete);
                }
                if cell.marks.len() >= MARKS_MAX {
                    return Err(Error::store(format!(
                        "more than {MARKS_MAX} writers have marked one tag at once"
                    )));
                }
                cell.marks.push(id);
                cell.revise(&Fresh::new()?);
                Ok(Next::Write(cell))
            }),
        });
        // From here on some marks may be made: dropping takes them back, whatever happens.
        let held = Held {
            inner: self.clone(),
            id,
            names: all.clone(),
        };
        let settled = settle(&*self.topology, TAG_KEEP, goals.collect()).await;
        if let Err(error) = settled {
            self.end_guards(&all, error).await?;
        }
        Ok(Mark::new(held))
    }

    /// Deletes the guards that could not be marked, as on a server that has no room. Inside its
    /// transaction that is as good for a writer as a mark that was lost with its guard: nothing that
    /// depends on the guard is served, and a new one is not confirmed before the writer has ended.
    async fn end_guards(&self, names: &[(Name, bool)], error: Error) -> Result<()> {
        if !names.iter().all(|(_, guard)| *guard) {
            return Err(error);
        }
        let delete = |(name, _): &(Name, bool)| {
            let op = Op::Delete(name.clone());
            (name.clone(), Act::Do(op))
        };
        let acts: Vec<(Name, Act)> = names.iter().map(delete).collect();
        for told in batch::run(&*self.topology, &acts).await {
            if let (Answer::Refused(_), _) = told? {
                return Err(error);
            }
        }
        Ok(())
    }

    async fn unmark(&self, id: MarkId, names: &[(Name, bool)]) -> Result<()> {
        let goals = names.iter().map(|(name, guard)| Goal {
            name: name.clone(),
            first: Act::Get,
            decide: Box::new(move |cell, _| {
                let Some(cell) = cell.filter(|cell| cell.marks.contains(&id)) else {
                    return Ok(Next::Keep);
                };
                let mut cell = cell.clone();
                cell.marks.retain(|mark| *mark != id);
                if cell.kind == Kind::Held && cell.marks.is_empty() && !*guard {
                    return Ok(Next::Delete);
                }
                cell.revise(&Fresh::new()?);
                Ok(Next::Write(cell))
            }),
        });
        settle(&*self.topology, TAG_KEEP, goals.collect())
            .await
            .map(|_| ())
    }
}

impl Marked for Held {
    fn release(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        let names = std::mem::take(&mut self.names);
        let (inner, id) = (self.inner.clone(), self.id);
        Box::pin(async move {
            // A store that cannot be reached: the mark stays until it is over.
            let _ = inner.unmark(id, &names).await;
        })
    }

    fn abandon(mut self: Box<Self>) {
        // Nothing is left to be taken away when it is dropped.
        self.names.clear();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let names = std::mem::take(&mut self.names);
        // Outside a runtime the mark stays until it is over.
        if let (false, Ok(runtime)) = (names.is_empty(), Handle::try_current()) {
            let (inner, id) = (self.inner.clone(), self.id);
            runtime.spawn(async move {
                let _ = inner.unmark(id, &names).await;
            });
        }
    }
}
