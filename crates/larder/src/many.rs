//! Reads of many keys at once.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::cache::{Core, State};
use crate::entry::Entry;
use crate::error::LoadError;
use crate::event::MissReason;
use crate::flight::{Done, Running};
use crate::key::{IntoKey, Key};
use crate::load::{Job, Seen};
use crate::read::{self, Ask, GroupOf, Verdict};
use crate::retry;
use crate::store::{Look, Want};
use crate::value::ValueKind;

mod batch;
mod settle;
mod sort;

use batch::Batch;

/// What a batch of look-ups comes to, for each key.
enum Found<T> {
    Serve {
        value: Arc<T>,
        /// The entry, if it is to be loaded anew behind its reader.
        refresh: Option<Entry>,
    },
    Load {
        seen: Option<Seen>,
        /// The value of what was seen, if it may be served should the load fail.
        stale: Option<Arc<T>>,
    },
}

async fn look<T: Send + Sync + 'static>(
    core: &Core,
    keys: &[&Key],
    kind: ValueKind<T>,
) -> Vec<Found<T>> {
    let wants = if core.tags_needed_to_look {
        read::expand(Vec::new())
    } else {
        Vec::new()
    };
    let looks: Vec<Look<'_>> = keys.iter().map(|key| Look { key, wants: &wants }).collect();
    let found = core.look(&looks).await;
    let now = core.clock.now();
    keys.iter()
        .zip(found)
        .map(
            |(key, found)| match read::judge(found, &kind, &core.policy, now) {
                Verdict::Serve {
                    value,
                    entry,
                    stale,
                    refresh,
                } => {
                    note_served(core, key, &entry, stale);
                    let refresh = refresh.then_some(entry);
                    Found::Serve { value, refresh }
                }
                Verdict::Load {
                    reason,
                    seen,
                    stale,
                } => {
                    let seen = seen.map(|entry| Seen {
                        entry,
                        serves: stale.is_some(),
                        marked: reason == MissReason::Marked,
                    });
                    note_missed(core, key, reason);
                    Found::Load { seen, stale }
                }
            },
        )
        .collect()
}

fn note_served(core: &Core, key: &Key, entry: &Entry, stale: bool) {
    match entry.group() {
        Some(group) => read::note_served(core, key, group, stale),
        None => read::note_served(core, key, &core.groups.of(key), stale),
    }
}

fn note_missed(core: &Core, key: &Key, reason: MissReason) {
    read::note_missed(core, key, &core.groups.of(key), reason);
}

/// Looks for all keys in one batch.
pub(crate) async fn get<T: Send + Sync + 'static>(
    core: &Core,
    keys: &[Key],
    kind: ValueKind<T>,
) -> Vec<Option<Arc<T>>> {
    if keys.is_empty() || core.state() != State::Open {
        return keys.iter().map(|_| None).collect();
    }
    let keys: Vec<&Key> = keys.iter().collect();
    let found = look(core, &keys, kind).await;
    found
        .into_iter()
        .map(|found| match found {
            Found::Serve { value, .. } => Some(value),
            Found::Load { .. } => None,
        })
        .collect()
}

/// A key that is to be loaded.
struct Item<K, T> {
    key: K,
    encoded: Key,
    job: Job<T>,
    stale: Option<Arc<T>>,
}

impl<K, T: Send + Sync + 'static> Item<K, T> {
    fn new(core: &Core, key: K, encoded: Key, kind: ValueKind<T>) -> Item<K, T> {
        Item {
            job: job(core, &encoded, kind),
            key,
            encoded,
            stale: None,
        }
    }
}

/// Keys of a batch carry no tags of their own.
fn job<T>(core: &Core, key: &Key, kind: ValueKind<T>) -> Job<T> {
    let ask = Ask {
        key,
        wants: &Vec::<Want>::new,
        group: GroupOf::Key,
        policy: &core.policy,
        kind,
        negative: None,
    };
    Job::new(core, &ask, None)
}

/// Looks for all keys in one batch and loads what is missing by one call, but for what is being
/// loaded already.
pub(crate) async fn get_or_load<K, T, E, L, F, V>(
    core: &Arc<Core>,
    keys: Vec<K>,
    kind: ValueKind<T>,
    load: L,
) -> Result<HashMap<K, Arc<T>>, LoadError<E>>
where
    K: IntoKey + Clone + Hash + Eq + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce(Vec<K>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<V, E>> + Send + 'static,
    V: IntoIterator<Item = (K, T)> + Send + 'static,
{
    let mut known = HashSet::with_capacity(keys.len());
    let mut items: Vec<Item<K, T>> = Vec::with_capacity(keys.len());
    for key in keys {
        if known.insert(key.clone()) {
            let encoded = Key::new(key.clone());
            items.push(Item::new(core, key, encoded, kind));
        }
    }
    let mut values: HashMap<K, Arc<T>> = HashMap::with_capacity(items.len());
    let mut missing = Vec::new();
    let mut ageing = Vec::new();
    let open = core.state() == State::Open;
    if open {
        retry::kick(core);
        let keys: Vec<&Key> = items.iter().map(|item| &item.encoded).collect();
        let found = look(core, &keys, kind).await;
        for (mut item, found) in items.into_iter().zip(found) {
            match found {
                Found::Serve { value, refresh } => {
                    values.insert(item.key.clone(), value);
                    if let Some(entry) = refresh {
                        item.job.seen = Some(Seen {
                            entry,
                            serves: true,
                            marked: false,
                        });
                        item.job.refresh = true;
                        ageing.push(item);
                    }
                }
                Found::Load { seen, stale } => {
                    let failed = |seen: &Seen| !seen.entry.may_retry(core.clock.now());
                    if let (Some(seen), Some(value)) = (&seen, &stale)
                        && failed(seen)
                    {
                        note_served(core, &item.encoded, &seen.entry, true);
                        values.insert(item.key.clone(), value.clone());
                        continue;
                    }
                    item.job.seen = seen;
                    item.stale = stale;
                    missing.push(item);
                }
            }
        }
    } else {
        missing = items;
    }
    let runtime = Handle::try_current();
    if missing.is_empty() {
        if let (Ok(runtime), false) = (runtime, ageing.is_empty()) {
            let batch = Batch::new(core, load);
            runtime.spawn(batch.refresh::<K, T, E, F, V>(ageing));
        }
        return Ok(values);
    }
    let Ok(runtime) = runtime else {
        return Err(LoadError::NoRuntime);
    };
    let running = Running::new(core);
    let batch = Batch::new(core, load);
    let loading = runtime.spawn(async move {
        let loaded = batch.run::<K, T, E, F, V>(missing, open).await;
        drop(running);
        loaded
    });
    let waited = match core.policy.wait_timeout {
        None => Ok(loading.await),
        Some(limit) => tokio::time::timeout(limit, loading).await,
    };
    match waited {
        Err(_) => Err(LoadError::TimedOut),
        // The runtime was shut down; a panic of the load is caught inside.
        Ok(Err(_)) => Err(LoadError::Closed),
        Ok(Ok(Ok(loaded))) => {
            values.extend(loaded);
            Ok(values)
        }
        Ok(Ok(Err(done))) => Err(failure(done)),
    }
}

/// What a failed load is for the caller.
fn failure<E: Send + Sync + 'static>(done: Done) -> LoadError<E> {
    match done {
        Done::Failed(error) => match error.downcast::<E>() {
            Ok(error) => LoadError::Failed(error),
            Err(_) => LoadError::Closed,
        },
        Done::Panicked(message) => std::panic::resume_unwind(Box::new(message.to_string())),
        Done::TimedOut => LoadError::TimedOut,
        Done::Loaded(_) | Done::Found(_) | Done::Nothing | Done::Again => LoadError::Closed,
    }
}

fn types<T: 'static, E: 'static>() -> TypeId {
    read::types::<T, E>()
}
