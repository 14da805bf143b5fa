//! Running a cached function: look, else load, else compute without a cache.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use tokio::runtime::Handle;

use super::{Call, Fails, Kept};
use crate::blocking::{self, wait};
use crate::cache::Cache;
use crate::error::{Error, LoadError};
use crate::event::Event;
use crate::key::Key;
use crate::policy::Policy;
use crate::read::{self, Ask, GroupOf};

/// A kept result, if the cache gives it at once.
pub fn hit<V: Send + Sync + 'static>(
    cache: Option<&Cache>,
    key: &Key,
    policy: Option<&Policy>,
    kept: Kept<V>,
) -> Option<V> {
    let cache = cache?;
    let ask = Ask {
        key,
        wants: &Vec::new,
        group: GroupOf::Key,
        policy: policy.unwrap_or(cache.policy()),
        kind: kept.kind,
        negative: None,
        refused: None,
        unanswered: None,
    };
    let hit = read::hit_now(cache.core(), &ask)?;
    Some((kept.clone)(&hit.value))
}

/// Runs a function that cannot fail.
pub fn run<V, F>(
    cache: Option<Cache>,
    call: Call,
    kept: Kept<V>,
    load: F,
) -> impl Future<Output = V>
where
    V: Send + Sync + 'static,
    F: Future<Output = V> + Send + 'static,
{
    let load = boxed(load);
    async move {
        let Some(cache) = usable(cache, &call) else {
            return load.await;
        };
        let policy = unlimited(call.policy_in(&cache));
        let load = async move { Ok::<V, Infallible>(load.await) };
        match through(&cache, call, policy, kept, boxed(load)).await {
            Ok(value) => value,
            Err(LoadError::Failed(never)) => match *never {},
            Err(ended) => lost(&ended),
        }
    }
}

/// Runs a function that can fail.
///
/// # Errors
///
/// The function's own; or, where it can be said, that the caller has waited too long.
pub fn try_run<V, E, F>(
    cache: Option<Cache>,
    call: Call,
    kept: Kept<V>,
    fails: Fails<E>,
    load: F,
) -> impl Future<Output = Result<V, E>>
where
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
    F: Future<Output = Result<V, E>> + Send + 'static,
{
    let load = boxed(load);
    async move {
        let Some(cache) = usable(cache, &call) else {
            return load.await;
        };
        let policy = match fails.late {
            Some(_) => call.policy_in(&cache),
            None => unlimited(call.policy_in(&cache)),
        };
        match (through(&cache, call, policy, kept, load).await, fails.late) {
            (Ok(value), _) => Ok(value),
            (Err(LoadError::Failed(error)), _) => Err(fails.give(error)),
            (Err(ended @ LoadError::TimedOut), Some(late)) => {
                Err(late(Error::timeout(text(&ended))))
            }
            (Err(ended), Some(late)) => Err(late(Error::runtime(text(&ended)))),
            (Err(ended), None) => lost(&ended),
        }
    }
}

/// As [`run`], for a function that blocks.
pub fn run_blocking<V, L>(cache: Option<Cache>, call: Call, kept: Kept<V>, load: L) -> V
where
    V: Send + Sync + 'static,
    L: FnOnce() -> V + Send + 'static,
{
    if cache.is_none() {
        return load();
    }
    let load = off_thread(move || Ok::<V, Infallible>(load()));
    let load = async move {
        match load.await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    };
    wait(run(cache, call, kept, load))
}

/// As [`try_run`], for a function that blocks.
///
/// # Errors
///
/// As [`try_run`].
pub fn try_run_blocking<V, E, L>(
    cache: Option<Cache>,
    call: Call,
    kept: Kept<V>,
    fails: Fails<E>,
    load: L,
) -> Result<V, E>
where
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> Result<V, E> + Send + 'static,
{
    match cache {
        None => load(),
        cache => wait(try_run(cache, call, kept, fails, off_thread(load))),
    }
}

/// The call on a blocking thread; on this one if there is no runtime, not even the helper's.
async fn off_thread<V, E, L>(load: L) -> Result<V, E>
where
    V: Send + 'static,
    E: Send + 'static,
    L: FnOnce() -> Result<V, E> + Send + 'static,
{
    match Handle::try_current() {
        Ok(_) => blocking::off_thread(load)().await,
        Err(_) => load(),
    }
}

/// Removes what is kept of a call that is about to be made again. If that fails what was there may
/// be served again, and the cache comes back: the call is to be made without it.
pub async fn forget(cache: Option<Cache>, key: Key) -> Option<Cache> {
    let cache = cache?;
    match cache.remove(key).await {
        Ok(()) => None,
        Err(_) => Some(cache),
    }
}

/// The body of a function, on its way to the load.
type Body<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Before anything else: a future holds what it hands on more than once, and bodies can be large.
fn boxed<F: Future + Send + 'static>(load: F) -> Body<F::Output> {
    Box::pin(load)
}

async fn through<V, E, F>(
    cache: &Cache,
    call: Call,
    policy: Policy,
    kept: Kept<V>,
    load: F,
) -> Result<V, LoadError<E>>
where
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
    F: Future<Output = Result<V, E>> + Send + 'static,
{
    let Call {
        key, tags, group, ..
    } = call;
    let mut read = cache
        .get_or_load(key, move || load)
        .policy(policy)
        .tags(tags);
    if let Some(group) = group {
        read = read.group(group);
    }
    if let Some(negative) = kept.negative {
        read = read.negative_if(negative);
    }
    Ok(kept.give(read.by(kept.kind).await?))
}

/// The cache, if a load can run. Without a runtime the call computes by itself: a cache that cannot
/// work breaks no call.
fn usable(cache: Option<Cache>, call: &Call) -> Option<Cache> {
    let cache = cache?;
    if Handle::try_current().is_ok() {
        return Some(cache);
    }
    let core = cache.core();
    core.emit(|| Event::Uncached {
        group: call
            .group
            .unwrap_or(call.key.first_text().unwrap_or_default()),
        what: None,
        why: "no tokio runtime runs the call",
    });
    None
}

/// A function without `wait` cannot say that it took too long: its callers wait for the end.
fn unlimited(mut policy: Policy) -> Policy {
    policy.wait_timeout = None;
    policy.hard_load_timeout = None;
    policy
}

fn text<E>(ended: &LoadError<E>) -> &'static str {
    match ended {
        LoadError::TimedOut => "the cached function took too long",
        _ => "the runtime that ran the cached function was shut down",
    }
}

/// The run is gone, with the arguments: there is nothing left to compute from.
fn lost<E>(ended: &LoadError<E>) -> ! {
    panic!("{}", text(ended))
}
