//! Whether a load that runs is new enough for a caller who comes now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::cache::Core;
use crate::error::Result;
use crate::freshness::TagState;
use crate::store::{Permit, Versions};

/// What is known of a load that has begun.
pub(crate) enum Noted {
    /// It began under these versions, and under a lease if there is one: whoever wants to join
    /// asks whether both still hold.
    Under(Box<Under>),
    /// Nobody can tell whether it is new enough: its versions could not be read, or may not be
    /// trusted. Whoever comes now shares the next load, which begins when this one has ended, or
    /// after so much patience.
    Blind { patience: Option<Duration> },
}

/// What a load has begun under.
pub(crate) struct Under {
    pub(crate) versions: Versions,
    /// A lease that was lost says that somebody else has removed or written the key.
    pub(crate) lease: Option<(Permit, Duration)>,
    pub(crate) check: Check,
}

impl Under {
    /// Whether the load is new enough for whoever asks now.
    pub(crate) async fn state(&self, core: &Core) -> Result<TagState> {
        if !core.remote {
            return self.ask(core).await;
        }
        self.check.shared(self.ask(core)).await
    }

    async fn ask(&self, core: &Core) -> Result<TagState> {
        let versions = core.state_of(&self.versions);
        let (Some((permit, hold)), Some(leases)) = (&self.lease, core.store.leases()) else {
            return versions.await;
        };
        let lease = leases.renew(&core.namespace, permit, *hold);
        let (state, ours) = futures_util::future::join(versions, lease).await;
        match (state?, ours?) {
            (TagState::Current, false) => Ok(TagState::Changed),
            (state, _) => Ok(state),
        }
    }
}

/// A question that many callers ask at once, and that is answered once for all who asked before
/// it was sent.
#[derive(Default)]
pub(crate) struct Check {
    begun: AtomicU64,
    /// The number of the last question that was answered, and its answer.
    last: Mutex<Option<(u64, Result<TagState>)>>,
}

impl Check {
    /// The answer to a question that was sent after this call.
    async fn shared(&self, ask: impl Future<Output = Result<TagState>>) -> Result<TagState> {
        let before = self.begun.load(Ordering::SeqCst);
        // Whoever comes while a question is on its way waits for it to end. The first of them then
        // asks for all of them: its question is sent after all of them came.
        let mut last = self.last.lock().await;
        if let Some((number, answer)) = &*last
            && *number > before
        {
            return answer.clone();
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = ask.await;
        *last = Some((number, answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn whoever_asks_during_a_question_shares_the_next_one() {
        let (check, open) = (Arc::new(Check::default()), Arc::new(Semaphore::new(0)));
        let sent = Arc::new(AtomicUsize::new(0));
        let ask = || {
            let (check, open, sent) = (check.clone(), open.clone(), sent.clone());
            tokio::spawn(async move {
                let answer = check.shared(async {
                    sent.fetch_add(1, Ordering::SeqCst);
                    open.acquire().await.expect("never closed").forget();
                    Ok(TagState::Current)
                });
                answer.await
            })
        };
        let first = ask();
        while sent.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..100).map(|_| ask()).collect();
        for _ in 0..300 {
            tokio::task::yield_now().await;
        }
        assert_eq!(sent.load(Ordering::SeqCst), 1);
        open.add_permits(2);
        for asked in others.into_iter().chain([first]) {
            let state = asked.await.expect("no panic").expect("answered");
            assert_eq!(state, TagState::Current);
        }
        assert_eq!(sent.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_answer_is_not_kept_for_whoever_comes_after_it() {
        let check = Check::default();
        let state = check.shared(async { Ok(TagState::Current) }).await;
        assert_eq!(state.expect("answered"), TagState::Current);
        let state = check.shared(async { Ok(TagState::Changed) }).await;
        assert_eq!(state.expect("answered"), TagState::Changed);
    }
}
