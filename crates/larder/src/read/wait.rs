//! Waiting for a load, and loading past the cache.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::Core;
use crate::entry::Entry;
use crate::error::LoadError;
use crate::event::Event;
use crate::flight::{Done, Waiter};
use crate::freshness::TagState;
use crate::load::within;

use super::{Ask, Fetched, Outcome};

/// An entry that may be served if the load fails, or takes too long.
pub(super) struct Stale<T> {
    pub(super) value: Arc<T>,
    pub(super) entry: Entry,
}

impl<T> Stale<T> {
    pub(super) fn serve(&self, core: &Core, ask: &Ask<'_, T>) -> Fetched<T> {
        ask.served(core, &self.entry, true);
        Fetched {
            value: self.value.clone(),
            outcome: Outcome::StaleHit,
            entry: Some(self.entry.clone()),
        }
    }

    /// Stale windows concern age only: an entry that was invalidated during the load is not served.
    pub(super) async fn is_current(&self, core: &Core) -> bool {
        let state = core.state_of(self.entry.versions()).await;
        matches!(state, Ok(TagState::Current))
    }
}

pub(super) enum Waited<T> {
    Done(Done),
    Stale(Fetched<T>),
    TimedOut,
}

/// Waits as long as is left: first until a stale entry will do, then to the end.
pub(super) async fn wait<T>(
    core: &Core,
    ask: &Ask<'_, T>,
    waiter: Waiter,
    stale: Option<&Stale<T>>,
    whole: Option<Duration>,
) -> Waited<T> {
    let done = waiter.done();
    tokio::pin!(done);
    let mut spent = Duration::ZERO;
    if let (Some(stale), Some(soft)) = (stale, ask.policy.soft_load_timeout)
        && whole.is_none_or(|whole| soft < whole)
    {
        if let Some(done) = within(Some(soft), &mut done).await {
            return Waited::Done(done);
        }
        if stale.is_current(core).await {
            return Waited::Stale(stale.serve(core, ask));
        }
        spent = soft;
    }
    match within(whole.map(|whole| whole.saturating_sub(spent)), &mut done).await {
        Some(done) => Waited::Done(done),
        None => Waited::TimedOut,
    }
}

/// Loads for one caller alone, and stores nothing.
pub(super) async fn bypass<T, E, L, F>(
    core: &Core,
    ask: &Ask<'_, T>,
    load: Option<L>,
    why: &'static str,
) -> Result<Fetched<T>, LoadError<E>>
where
    L: FnOnce() -> F,
    F: Future<Output = Result<T, E>>,
{
    let Some(load) = load else {
        return Err(LoadError::Closed);
    };
    let group = ask.group(core);
    core.emit(|| Event::Uncached {
        group: group.name(),
        what: None,
        why,
    });
    group.loads();
    let failed = |how: &str| {
        group.load_errors();
        core.emit(|| Event::LoadFailed {
            group: group.name(),
            key: Some(ask.key),
            how,
        });
    };
    match within(ask.policy.hard_load_timeout, load()).await {
        Some(Ok(value)) => Ok(Fetched {
            value: Arc::new(value),
            outcome: Outcome::Bypassed(why),
            entry: None,
        }),
        Some(Err(error)) => {
            failed("error");
            Err(LoadError::Failed(Arc::new(error)))
        }
        None => {
            failed("timeout");
            Err(LoadError::TimedOut)
        }
    }
}
