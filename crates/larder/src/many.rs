//! Reads of many keys at once.

use std::any::TypeId;
use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::cache::{Core, State};
use crate::error::LoadError;
use crate::event::Event;
use crate::flight::{self, Done, Lead, Running};
use crate::key::{IntoKey, Key};
use crate::load::{self, Job, Loaded};
use crate::read::{self, Ask, GroupOf, Verdict};
use crate::store::{Look, Lookup, Want};
use crate::value::ValueKind;

/// Looks for all keys in one batch.
pub(crate) async fn get<T: Send + Sync + 'static>(
    core: &Core,
    keys: &[Key],
    kind: ValueKind<T>,
) -> Vec<Option<Arc<T>>> {
    if keys.is_empty() {
        return Vec::new();
    }
    if core.state() != State::Open {
        return keys.iter().map(|_| None).collect();
    }
    let wants = if core.tags_needed_to_look {
        read::expand(Vec::new())
    } else {
        Vec::new()
    };
    let looks: Vec<Look<'_>> = keys.iter().map(|key| Look { key, wants: &wants }).collect();
    let found = match core.store.get(&core.namespace, &looks).await {
        Ok(found) => found.into_vec(),
        Err(error) => {
            core.emit(|| Event::StoreFailed { error: &error });
            Vec::new()
        }
    };
    let now = core.clock.now();
    let all = found.into_iter().chain(std::iter::repeat(Lookup::Absent));
    keys.iter()
        .zip(all)
        .map(
            |(key, found)| match read::judge(found, &kind, &core.policy, now) {
                Verdict::Serve {
                    value,
                    entry,
                    stale,
                    ..
                } => {
                    match entry.group() {
                        Some(group) => read::note_served(core, key, group, stale),
                        None => read::note_served(core, key, &core.groups.of(key), stale),
                    }
                    Some(value)
                }
                Verdict::Load { reason, .. } => {
                    read::note_missed(core, key, &core.groups.of(key), reason);
                    None
                }
            },
        )
        .collect()
}

/// Looks for all keys in one batch and loads what is missing by one call.
///
/// Keys that nobody loads at this moment are led, as by a single read. A key that another load is
/// busy with is loaded here as well, and not stored: a batch does not wait for its slowest key.
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
    L: FnOnce(Vec<K>) -> F + Send + 'static,
    F: Future<Output = Result<V, E>> + Send + 'static,
    V: IntoIterator<Item = (K, T)> + Send + 'static,
{
    let encoded: Vec<Key> = keys.iter().cloned().map(Key::new).collect();
    let mut values: HashMap<K, Arc<T>> = HashMap::with_capacity(keys.len());
    let mut missing: Vec<(K, Key)> = Vec::new();
    let found = get(core, &encoded, kind).await;
    for ((key, encoded), found) in keys.into_iter().zip(encoded).zip(found) {
        match found {
            Some(value) => {
                values.insert(key, value);
            }
            None => missing.push((key, encoded)),
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    let Ok(runtime) = Handle::try_current() else {
        return Err(LoadError::NoRuntime);
    };
    let mut leads: HashMap<K, Lead> = HashMap::new();
    if core.state() == State::Open {
        let types = TypeId::of::<(T, E)>();
        for (key, encoded) in &missing {
            if let Some(lead) = flight::try_lead(core, encoded, types) {
                leads.insert(key.clone(), lead);
            }
        }
    }
    let policy = core.policy;
    let batch = Batch {
        core: core.clone(),
        running: Running::new(core),
        leads,
        missing,
        kind,
        load,
    };
    let loading = runtime.spawn(batch.run::<E, F, V>());
    let waited = match policy.wait_timeout {
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
        Ok(Ok(Err(Done::Failed(error)))) => match error.downcast::<E>() {
            Ok(error) => Err(LoadError::Failed(error)),
            Err(_) => Err(LoadError::Closed),
        },
        Ok(Ok(Err(Done::Panicked(message)))) => {
            std::panic::resume_unwind(Box::new(message.to_string()))
        }
        Ok(Ok(Err(Done::TimedOut))) => Err(LoadError::TimedOut),
        Ok(Ok(Err(Done::Loaded(_) | Done::Again))) => Err(LoadError::Closed),
    }
}

struct Batch<K, T, L> {
    core: Arc<Core>,
    running: Running,
    leads: HashMap<K, Lead>,
    missing: Vec<(K, Key)>,
    kind: ValueKind<T>,
    load: L,
}

impl<K, T, L> Batch<K, T, L>
where
    K: IntoKey + Clone + Hash + Eq + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    async fn run<E, F, V>(self) -> Result<HashMap<K, Arc<T>>, Done>
    where
        E: Send + Sync + 'static,
        L: FnOnce(Vec<K>) -> F + Send + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: IntoIterator<Item = (K, T)> + Send + 'static,
    {
        let Batch {
            core,
            running,
            mut leads,
            missing,
            kind,
            load,
        } = self;
        // Each key has its own versions and its own job, so that it is stored as by a single read.
        let mut jobs: HashMap<K, (Job<T>, Option<crate::store::Versions>)> = HashMap::new();
        for (key, encoded) in &missing {
            let ask = Ask {
                key: encoded,
                wants: &Vec::<Want>::new,
                group: GroupOf::Key,
                policy: &core.policy,
                kind,
                negative: None,
            };
            let job = Job::new(&core, &ask, None);
            let versions = match leads.get(key) {
                Some(lead) => load::prepare(&core, lead, job.wants()).await,
                None => None,
            };
            jobs.insert(key.clone(), (job, versions));
        }
        let Some((first, _)) = missing.first().and_then(|(key, _)| jobs.get(key)) else {
            return Ok(HashMap::new());
        };
        let wanted: Vec<K> = missing.iter().map(|(key, _)| key.clone()).collect();
        let loading = async {
            let loaded = load(wanted).await?;
            Ok::<_, E>(
                loaded
                    .into_iter()
                    .filter_map(|(key, value)| {
                        let (job, _) = jobs.get(&key)?;
                        Some((key, job.weighed(value)))
                    })
                    .collect::<Vec<(K, Loaded<T>)>>(),
            )
        };
        let loaded = match load::guarded(&core, None, first, loading).await {
            Ok(loaded) => loaded,
            Err(done) => {
                for (_, lead) in leads.drain() {
                    lead.land(done.clone());
                }
                return Err(done);
            }
        };
        let mut values = HashMap::with_capacity(loaded.len());
        for (key, loaded) in loaded {
            let value = loaded.value.clone();
            if let Some(lead) = leads.remove(&key) {
                if let Some((job, Some(versions))) = jobs.remove(&key) {
                    load::fill(&core, &lead, &job, versions, loaded).await;
                }
                lead.land(Done::Loaded(value.clone()));
            }
            values.insert(key, value);
        }
        // Keys that the load knows nothing of: their leads are dropped, and who waits looks again.
        drop(leads);
        drop(running);
        Ok(values)
    }
}
