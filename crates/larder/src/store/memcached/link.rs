//! The remote store's operations over one connection.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::super::remote::link::{Answer, Fault, Incarnation, Link, Op};
use super::connection::Connection;
use super::job::{Job, Terms};
use super::wire::Batch;
use crate::error::{Error, Result};

/// A connection to one memcached.
pub(super) struct MemcachedLink {
    connection: Connection,
    incarnation: Incarnation,
    /// Numbers commands, over all callers.
    numbers: AtomicU64,
    terms: Terms,
}

impl MemcachedLink {
    /// A link over a connection to a server that has greeted.
    ///
    /// # Errors
    ///
    /// The operating system gives no random bytes.
    pub(super) fn new(
        connection: Connection,
        incarnation: Incarnation,
        value_bytes_max: usize,
    ) -> Result<MemcachedLink> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| Error::store(format!("no random bytes for a connection: {error}")))?;
        let (salt, first) = random.split_at(8);
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        Ok(MemcachedLink {
            connection,
            incarnation,
            // Small enough never to come round, and different from other connections' numbers.
            numbers: AtomicU64::new(word(first) >> 16),
            terms: Terms {
                value_bytes_max,
                salt: word(salt),
            },
        })
    }

    /// Rounds until every operation is done. In each, either all who must look do, or all others
    /// act, in their order; so that what stands behind a look in the batch acts behind it too.
    ///
    /// Only an operation that met somebody faster is late. Reads that stand behind it are read
    /// again, so that they never show less than the operations before them have done.
    async fn carry_out(&self, mut jobs: Vec<Job>) -> Result<Vec<Answer>> {
        while !jobs.iter().all(Job::is_done) {
            let look = jobs.iter().any(Job::must_look);
            let mut batch = Batch::default();
            let mut sent = Vec::with_capacity(jobs.len());
            for (index, job) in jobs.iter().enumerate() {
                if !job.is_done() && job.must_look() == look {
                    sent.push((index, job.send(&mut batch, &self.numbers)));
                }
            }
            let mut replies = self.connection.exchange(batch).await?.into_iter();
            let mut late = false;
            for (index, count) in sent {
                let job = &mut jobs[index];
                let replies = replies.by_ref().take(count).collect::<Vec<_>>();
                if !(late && job.reads()) {
                    job.take(replies.into_iter(), &self.terms);
                }
                late |= !look && !job.is_done();
            }
        }
        Ok(jobs.into_iter().map(Job::into_answer).collect())
    }
}

impl Link for MemcachedLink {
    fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    fn run(&self, ops: Vec<Op>) -> BoxFuture<'_, Result<Vec<Answer>, Fault>> {
        let jobs = ops.into_iter().map(|op| Job::new(op, &self.terms));
        let answers = self.carry_out(jobs.collect());
        answers.map(|done| done.map_err(Fault::Broken)).boxed()
    }
}

/// Links are shared.
pub(super) fn shared(link: MemcachedLink) -> Arc<dyn Link> {
    Arc::new(link)
}
