//! Reads of many keys at once.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::cache::{Core, State};
use crate::counters::Group;
use crate::entry::Entry;
use crate::error::LoadError;
use crate::event::MissReason;
use crate::flight::{Done, Running};
use crate::key::{IntoKey, Key};
use crate::load::{Job, Seen};
use crate::policy::Policy;
use crate::read::{self, Ask, GroupOf, Verdict};
use crate::retry;
use crate::scope::Reading;
use crate::store::{Look, Want};
use crate::tag::Tag;
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

/// What is asked of all keys of a batch.
struct Asked<'a, T> {
    policy: &'a Policy,
    kind: ValueKind<T>,
    /// Where misses are counted. None: by their keys.
    group: Option<&'a Arc<Group>>,
}

impl<T> Clone for Asked<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Asked<'_, T> {}

/// Looks for all keys in one batch. `wants` says what the one at a place depends on: asked only
/// where the store needs it.
async fn look<T: Send + Sync + 'static>(
    core: &Core,
    keys: &[&Key],
    wants: &(dyn Fn(usize) -> Vec<Want> + Send + Sync),
    asked: Asked<'_, T>,
    reading: &Reading,
) -> Vec<Found<T>> {
    let known: Vec<Option<Found<T>>> = keys
        .iter()
        .map(|key| known(core, key, asked, reading))
        .collect();
    let places: Vec<usize> = (0..keys.len()).filter(|at| known[*at].is_none()).collect();
    let others: Vec<&Key> = places.iter().map(|at| keys[*at]).collect();
    let found = match others.is_empty() {
        true => Vec::new(),
        false => {
            let wants = |at: usize| wants(places[at]);
            look_in_store(core, &others, &wants, asked, reading).await
        }
    };
    let mut found = found.into_iter();
    known
        .into_iter()
        .filter_map(|known| known.or_else(|| found.next()))
        .collect()
}

/// What the reader's scope knows of a key.
fn known<T: Send + Sync + 'static>(
    core: &Core,
    key: &Key,
    asked: Asked<'_, T>,
    reading: &Reading,
) -> Option<Found<T>> {
    if reading.is_absent(key) {
        note_missed(core, key, asked.group, MissReason::Absent, None);
        return Some(Found::Load {
            seen: None,
            stale: None,
        });
    }
    let entry = reading.kept(key)?;
    let value = asked.kind.unwrap(entry.value())?;
    note_served(core, key, &entry, false);
    Some(Found::Serve {
        value,
        refresh: None,
    })
}

async fn look_in_store<T: Send + Sync + 'static>(
    core: &Core,
    keys: &[&Key],
    wants: &(dyn Fn(usize) -> Vec<Want> + Send + Sync),
    asked: Asked<'_, T>,
    reading: &Reading,
) -> Vec<Found<T>> {
    let wants: Vec<Vec<Want>> = if core.tags_needed_to_look {
        let of = |at| read::expand(wants(at));
        (0..keys.len()).map(of).collect()
    } else {
        Vec::new()
    };
    let looks: Vec<Look<'_>> = keys
        .iter()
        .enumerate()
        .map(|(at, key)| Look {
            key,
            wants: wants.get(at).map_or(&[], Vec::as_slice),
        })
        .collect();
    let found = core.look(&looks).await;
    let now = core.clock.now();
    keys.iter()
        .zip(found)
        .map(
            |(key, found)| match read::judge(found, &asked.kind, asked.policy, now) {
                Verdict::Serve {
                    value,
                    entry,
                    stale,
                    refresh,
                } => {
                    note_served(core, key, &entry, stale);
                    reading.keep(key, &entry);
                    let refresh = refresh.then_some(entry);
                    Found::Serve { value, refresh }
                }
                Verdict::Load {
                    reason,
                    seen,
                    stale,
                } => {
                    note_missed(core, key, asked.group, reason, seen.as_ref());
                    let seen = seen.map(|entry| Seen {
                        entry,
                        serves: stale.is_some(),
                        marked: reason == MissReason::Marked,
                    });
                    if reason == MissReason::Absent {
                        reading.keep_absent(key);
                    }
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

fn note_missed(
    core: &Core,
    key: &Key,
    group: Option<&Arc<Group>>,
    reason: MissReason,
    seen: Option<&Entry>,
) {
    match group {
        Some(group) => read::note_missed(core, key, group, reason, seen),
        None => read::note_missed(core, key, &core.groups.of(key), reason, seen),
    }
}

/// Looks for all keys in one batch.
pub(crate) async fn get<T: Send + Sync + 'static>(
    core: &Core,
    keys: &[Key],
    tags: &[Tag],
    kind: ValueKind<T>,
) -> Vec<Option<Arc<T>>> {
    if keys.is_empty() || core.state() != State::Open {
        return keys.iter().map(|_| None).collect();
    }
    let wants = |at: usize| read::wants_of(&keys[at], tags);
    let keys: Vec<&Key> = keys.iter().collect();
    let asked = Asked {
        policy: &core.policy,
        kind,
        group: None,
    };
    let found = look(core, &keys, &wants, asked, &Reading::begin(core)).await;
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

/// How many keys are to be read.
pub(crate) struct Plan<'a, K, T> {
    pub(crate) policy: Policy,
    pub(crate) wants: Wants<'a, K>,
    /// Where they are counted. None: by their keys.
    pub(crate) group: Option<&'a Arc<Group>>,
    pub(crate) negative: Option<fn(&T) -> bool>,
}

/// What keys depend on.
pub(crate) enum Wants<'a, K> {
    /// Tags, and the trees that they are in.
    Tags {
        /// What all of them depend on.
        all: Vec<Tag>,
        /// What each of them depends on beside that.
        of: Option<Box<TagsOf<'a, K>>>,
    },
    /// What an adapter says of each.
    Own(&'a (dyn Fn(&K) -> Vec<Want> + Send + Sync)),
}

/// What one key depends on.
pub(crate) type TagsOf<'a, K> = dyn Fn(&K) -> Vec<Tag> + Send + Sync + 'a;

impl<K, T> Plan<'_, K, T> {
    fn wants(&self, key: &K, encoded: &Key) -> Vec<Want> {
        match &self.wants {
            Wants::Tags { all, of: None } => read::wants_of(encoded, all),
            Wants::Tags { all, of: Some(of) } => {
                let mut tags = of(key);
                tags.extend(all.iter().cloned());
                read::wants_of(encoded, &tags)
            }
            Wants::Own(wants) => wants(key),
        }
    }

    /// A key that is to be loaded, because it is missing or behind its reader.
    fn item(
        &self,
        core: &Core,
        (key, encoded): (K, Key),
        kind: ValueKind<T>,
        seen: Option<Seen>,
    ) -> Item<K, T>
    where
        K: Send + Sync,
    {
        let ask = Ask {
            key: &encoded,
            wants: &|| self.wants(&key, &encoded),
            group: self.group.map_or(GroupOf::Key, GroupOf::This),
            policy: &self.policy,
            kind,
            negative: self.negative,
            refused: None,
            unanswered: None,
        };
        Item {
            job: Job::new(core, &ask, seen),
            key,
            encoded,
            stale: None,
        }
    }
}

/// Looks for all keys in one batch and loads what is missing by one call, but for what is being
/// loaded already.
pub(crate) async fn get_or_load<K, T, E, L, F, V>(
    core: &Arc<Core>,
    keys: Vec<K>,
    plan: Plan<'_, K, T>,
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
    let mut asked: Vec<(K, Key)> = Vec::with_capacity(keys.len());
    for key in keys {
        if known.insert(key.clone()) {
            let encoded = Key::new(key.clone());
            asked.push((key, encoded));
        }
    }
    let mut values: HashMap<K, Arc<T>> = HashMap::with_capacity(asked.len());
    let mut missing = Vec::new();
    let mut ageing = Vec::new();
    let reading = Reading::begin(core);
    let open = core.state() == State::Open;
    if open {
        retry::kick(core);
        let keys: Vec<&Key> = asked.iter().map(|(_, encoded)| encoded).collect();
        let wants = |at: usize| plan.wants(&asked[at].0, &asked[at].1);
        let asked_of_all = Asked {
            policy: &plan.policy,
            kind,
            group: plan.group,
        };
        let found = look(core, &keys, &wants, asked_of_all, &reading).await;
        for (asked, found) in asked.into_iter().zip(found) {
            match found {
                Found::Serve { value, refresh } => {
                    values.insert(asked.0.clone(), value);
                    if let Some(entry) = refresh {
                        let seen = Seen {
                            entry,
                            serves: true,
                            marked: false,
                        };
                        let mut item = plan.item(core, asked, kind, Some(seen));
                        item.job.refresh = true;
                        ageing.push(item);
                    }
                }
                Found::Load { seen, stale } => {
                    let failed = |seen: &Seen| !seen.entry.may_retry(core.clock.now());
                    if let (Some(seen), Some(value)) = (&seen, &stale)
                        && failed(seen)
                    {
                        note_served(core, &asked.1, &seen.entry, true);
                        values.insert(asked.0, value.clone());
                        continue;
                    }
                    let mut item = plan.item(core, asked, kind, seen);
                    item.stale = stale;
                    missing.push(item);
                }
            }
        }
    } else {
        let items = asked.into_iter();
        missing.extend(items.map(|asked| plan.item(core, asked, kind, None)));
    }
    let runtime = Handle::try_current();
    if missing.is_empty() {
        if let (Ok(runtime), false) = (runtime, ageing.is_empty()) {
            let batch = Batch::new(core, load, reading);
            runtime.spawn(batch.refresh::<K, T, E, F, V>(ageing));
        }
        return Ok(values);
    }
    let Ok(runtime) = runtime else {
        return Err(LoadError::NoRuntime);
    };
    let running = Running::new(core);
    let batch = Batch::new(core, load, reading);
    let loading = runtime.spawn(async move {
        let loaded = batch.run::<K, T, E, F, V>(missing, open).await;
        drop(running);
        loaded
    });
    let waited = match plan.policy.wait_timeout {
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
