//! The task of a read of many keys: who loads which, one call for all that is ours, waits for the
//! rest.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::cache::Core;
use crate::flight::{self, Done, Landed, Running};
use crate::freshness::TagState;
use crate::key::IntoKey;
use crate::lease;
use crate::load::{Fill, Loaded, Of, fill, guarded};
use crate::scope::Reading;

use super::settle::{Settled, alone, settle};
use super::sort::{Ours, Sorted, claim, sort};
use super::{Item, note_served, types};

/// A read of many keys, past its first look.
pub(super) struct Batch<L> {
    core: Arc<Core>,
    load: L,
    /// The read, whose scope keeps what comes of it.
    reading: Reading,
}

impl<L> Batch<L> {
    pub(super) fn new(core: &Arc<Core>, load: L, reading: Reading) -> Batch<L> {
        Batch {
            core: core.clone(),
            load,
            reading,
        }
    }

    /// Gets the values of all these keys.
    ///
    /// One call of the loader runs at a time. Keys that come free meanwhile, because their load
    /// elsewhere ended without a value, are gathered for the next one.
    pub(super) async fn run<K, T, E, F, V>(
        self,
        items: Vec<Item<K, T>>,
        open: bool,
    ) -> Result<HashMap<K, Arc<T>>, Done>
    where
        K: IntoKey + Clone + Hash + Eq + Send + Sync + 'static,
        T: Send + Sync + 'static,
        E: Send + Sync + 'static,
        L: FnOnce(Vec<K>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: IntoIterator<Item = (K, T)> + Send + 'static,
    {
        let Batch {
            core,
            load,
            reading,
        } = self;
        let core = &core;
        let types = types::<T, E>();
        let Sorted { mut ours, others } = if open {
            sort::<K, T, E>(core, items).await
        } else {
            let ours = items.into_iter().map(|item| Ours {
                item,
                lead: None,
                grant: alone(),
            });
            Sorted {
                ours: ours.collect(),
                others: Vec::new(),
            }
        };
        let mut values: HashMap<K, Arc<T>> = HashMap::new();
        let mut waits: FuturesUnordered<_> = others
            .into_iter()
            .map(|(item, wait)| async move {
                let settled = settle(core, &item, types, wait).await;
                (item, settled)
            })
            .collect();
        let mut loading = None;
        loop {
            if loading.is_none() && !ours.is_empty() {
                let call = load_all(core, load.clone(), std::mem::take(&mut ours), &reading);
                loading = Some(Box::pin(call));
            }
            if loading.is_none() && waits.is_empty() {
                return Ok(values);
            }
            tokio::select! {
                loaded = async { loading.as_mut().expect("asked for only then").await },
                    if loading.is_some() =>
                {
                    loading = None;
                    values.extend(loaded?);
                }
                Some((item, settled)) = waits.next(), if !waits.is_empty() => match settled {
                    Settled::Value(value, entry) => {
                        if let Some(entry) = entry {
                            reading.keep(&item.encoded, &entry);
                        }
                        values.insert(item.key, value);
                    }
                    Settled::Nothing => {}
                    Settled::Load(lead, grant) => ours.push(Ours { item, lead, grant }),
                    Settled::Failed(done) => {
                        values.extend(serve_stale(core, done, vec![item]).await?);
                    }
                },
            }
        }
    }

    /// Loads entries anew that are served meanwhile: those that nobody else refreshes.
    pub(super) async fn refresh<K, T, E, F, V>(self, items: Vec<Item<K, T>>)
    where
        K: IntoKey + Clone + Hash + Eq + Send + Sync + 'static,
        T: Send + Sync + 'static,
        E: Send + Sync + 'static,
        L: FnOnce(Vec<K>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: IntoIterator<Item = (K, T)> + Send + 'static,
    {
        let Batch {
            core,
            load,
            reading,
        } = self;
        let running = Running::new(&core);
        let led = items.into_iter().filter_map(|item| {
            let lead = flight::try_lead(&core, &item.encoded, types::<T, E>())?;
            Some((item, lead))
        });
        let sorted = claim(&core, led.collect()).await;
        if !sorted.ours.is_empty() {
            // Its failure was reported, and nobody waits for it.
            let _ = load_all::<K, T, E, L, F, V>(&core, load, sorted.ours, &reading).await;
        }
        drop(running);
    }
}

/// Loads these keys by one call, stores them, and tells whoever waits.
async fn load_all<K, T, E, L, F, V>(
    core: &Core,
    load: L,
    ours: Vec<Ours<K, T>>,
    reading: &Reading,
) -> Result<Vec<(K, Arc<T>)>, Done>
where
    K: Clone + Hash + Eq + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce(Vec<K>) -> F + Send + 'static,
    F: Future<Output = Result<V, E>> + Send + 'static,
    V: IntoIterator<Item = (K, T)> + Send + 'static,
{
    let mut by_key: HashMap<K, (usize, Option<Loaded<T>>)> = HashMap::new();
    for (at, ours) in ours.iter().enumerate() {
        by_key.insert(ours.item.key.clone(), (at, None));
        if let Some(lead) = &ours.lead {
            ours.grant.note(lead);
        }
    }
    let keys = ours.iter().map(|ours| ours.item.key.clone()).collect();
    let loading = async {
        for (key, value) in load(keys).await? {
            if let Some((at, loaded)) = by_key.get_mut(&key) {
                *loaded = Some(ours[*at].item.job.weighed(value));
            }
        }
        Ok::<(), E>(())
    };
    let leases = ours.iter().filter_map(|ours| ours.grant.held());
    let Some(first) = ours.first() else {
        return Ok(Vec::new());
    };
    let guarded = guarded(core, Of::Many(ours.len()), &first.item.job, loading);
    if let Err(done) = lease::while_renewed(leases, guarded).await {
        let mut failed = Vec::with_capacity(ours.len());
        for Ours { item, lead, .. } in ours {
            item.job.throttle(core, &item.encoded);
            if let Some(lead) = lead {
                lead.land(done.clone());
            }
            failed.push(item);
        }
        return serve_stale(core, done, failed).await;
    }
    let mut values = Vec::with_capacity(ours.len());
    let mut landing = Vec::with_capacity(ours.len());
    let mut fills = Vec::with_capacity(ours.len());
    for Ours { item, lead, grant } in ours {
        let loaded = by_key.remove(&item.key).and_then(|(_, loaded)| loaded);
        if let Some(loaded) = &loaded {
            values.push((item.key.clone(), loaded.value.clone()));
        }
        let Some(lead) = lead else {
            continue;
        };
        let value = loaded.as_ref().map(|loaded| loaded.value.clone());
        if let Some(loaded) = loaded {
            fills.push((landing.len(), grant, loaded));
        }
        landing.push((item, lead, value));
    }
    let fills = fills.into_iter().map(|(at, grant, loaded)| {
        let (item, lead, _) = &landing[at];
        Fill::new(lead, &item.job, grant, loaded)
    });
    let fills = fills.collect();
    let mut filled = fill(core, fills).await.into_iter();
    for (item, lead, value) in landing {
        lead.land(match value {
            None => Done::Nothing,
            // Those with a value were filled, in this order.
            Some(value) => {
                let entry = filled.next().flatten();
                if let Some(entry) = &entry {
                    reading.keep(&item.encoded, entry);
                }
                Done::Loaded(Landed::new(value, entry))
            }
        });
    }
    Ok(values)
}
/// What may be served in place of a load that failed with `done`: all of it or nothing.
async fn serve_stale<K, T: Send + Sync + 'static>(
    core: &Core,
    done: Done,
    items: Vec<Item<K, T>>,
) -> Result<Vec<(K, Arc<T>)>, Done> {
    if let Done::Panicked(_) = done {
        return Err(done);
    }
    let stale = |item: &Item<K, T>| Some((item.stale.clone()?, item.job.seen.clone()?.entry));
    let Some(entries) = items.iter().map(stale).collect::<Option<Vec<_>>>() else {
        return Err(done);
    };
    let states = entries
        .iter()
        .map(|(_, entry)| core.state_of(entry.versions()));
    let states = join_all(states).await;
    if !states
        .iter()
        .all(|state| matches!(state, Ok(TagState::Current)))
    {
        return Err(done);
    }
    let served = items.into_iter().zip(entries);
    Ok(served
        .map(|(item, (value, entry))| {
            note_served(core, &item.encoded, &entry, true);
            (item.key, value)
        })
        .collect())
}
