//! An object of one model on its way.

use std::any::TypeId;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;

use super::error::{Missing, ModelError, NotBuilt, Referrer};
use super::node::{Node, Place, Visitor};
use super::reference::{Shared, Slots};
use super::{CacheModel, FromMiss, Miss, kind, policy, tag};
use crate::cache::Cache;
use crate::entry::Entry;
use crate::error::Result;
use crate::key::Key;
use crate::load::start_refresh;
use crate::policy::Policy;
use crate::read::{self, Ask, GroupOf, Settled};
use crate::scope::Reading;
use crate::store::{Look, Lookup, Want};

/// An object that was asked for by its keys.
pub(super) struct Object<M: CacheModel> {
    keys: M::Keys,
    key: Key,
    found: Option<Arc<M>>,
    /// Where it was found, if it was not made.
    entry: Option<Entry>,
}

impl<M: CacheModel> Object<M> {
    pub(super) fn new(keys: M::Keys) -> Object<M> {
        Object {
            key: M::key_of(&keys),
            keys,
            found: None,
            entry: None,
        }
    }

    fn ask<'a>(&'a self, policy: &'a Policy) -> Ask<'a, M> {
        Ask {
            key: &self.key,
            wants: &wants::<M>,
            group: GroupOf::Key,
            policy,
            kind: kind::<M>(),
            negative: None,
            refused: self.entry.as_ref(),
            unanswered: None,
        }
    }

    /// The object, if the store has it at hand and there is nothing to do beside giving it.
    pub(super) fn hit_now(&self, cache: &Cache) -> Option<Arc<M>> {
        if M::HAS_REFERENCES {
            return None;
        }
        let policy = policy::<M>(cache);
        read::hit_now(cache.core(), &self.ask(&policy)).map(|hit| hit.value)
    }

    pub(super) async fn exists(mut self, cache: &Cache) -> Result<bool> {
        self.check_name(cache)?;
        let reading = Reading::begin(cache.core());
        self.settle_kept(cache, &reading);
        if self.found.is_some() {
            return Ok(true);
        }
        let wants = read::expand(self.wants());
        let looks = [Look {
            key: &self.key,
            wants: &wants,
        }];
        match read::look_all(cache.core(), &looks).await.pop() {
            Some(Lookup::Failed(error)) => return Err(error),
            Some(found) => self.settle(cache, found, &reading),
            None => {}
        }
        Ok(self.found.is_some())
    }

    /// Gets it, or makes it by `make` once for all who ask at the same time. What was found before
    /// counts as missing, because something that it refers to is.
    pub(super) async fn get_or_make<F>(&mut self, cache: &Cache, make: F) -> Result<(), ModelError>
    where
        F: FnOnce() -> Building<M> + Send + 'static,
    {
        self.found = None;
        let (policy, unanswered) = (policy::<M>(cache), OnceLock::new());
        let mut ask = self.ask(&policy);
        ask.unanswered = Some(&unanswered);
        let fetched = read::read_through(cache.core(), ask, make).await;
        let fetched = fetched.map_err(|error| match (error.into(), unanswered.get()) {
            // Nothing builds it. Whether it is there the store did not say.
            (ModelError::Missing(_), Some(error)) => ModelError::Cache(error.clone()),
            (error, _) => error,
        })?;
        self.found = Some(fetched.value);
        self.entry = None;
        Ok(())
    }

    fn loader(&self, cache: &Cache) -> impl FnOnce() -> Building<M> + Send + 'static {
        let miss = Miss::<M>::new(cache, self.keys.clone());
        let key = self.key.clone();
        move || {
            Box::pin(async move {
                let built = match M::from_miss_erased(miss) {
                    Some(building) => building.await?,
                    None => None,
                };
                match built {
                    None => Err(ModelError::Missing(Missing::new::<M>(&key, None))),
                    Some(built) => checked(built, &key),
                }
            })
        }
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    pub(super) fn value(&self) -> Option<&Arc<M>> {
        self.found.as_ref()
    }
}

/// An object being made.
pub(super) type Building<M> = BoxFuture<'static, Result<M, ModelError>>;

/// An object of a model that builds what is missing, being built; nothing if it does not.
#[doc(hidden)]
pub type Unmade<M> = Option<BoxFuture<'static, Result<Option<M>, ModelError>>>;

/// For `from_miss_erased` of models that say `from_miss`.
#[doc(hidden)]
pub fn from_miss<M: FromMiss>(miss: Miss<M>) -> Unmade<M> {
    let key = M::key_of(miss.keys());
    Some(Box::pin(async move {
        let built = M::from_miss(miss).await;
        built.map_err(|error| ModelError::Failed(NotBuilt::new::<M>(&key, Some(error.into()))))
    }))
}

/// A made object as it is to be stored: with the keys that were asked for, its references not loaded.
pub(super) fn checked<M: CacheModel>(made: M, key: &Key) -> Result<M, ModelError> {
    if made.key() != *key {
        return Err(ModelError::other_keys::<M>(key));
    }
    if M::HAS_REFERENCES {
        return Ok(made.with_references(&mut Slots::empty()));
    }
    Ok(made)
}

fn wants<M: CacheModel>() -> Vec<Want> {
    vec![Want::Tag(tag::<M>())]
}

impl<M: CacheModel> Node for Object<M> {
    fn place(&self) -> Place {
        (TypeId::of::<M>(), self.key.clone())
    }

    fn model(&self) -> &'static str {
        M::NAME
    }

    fn key(&self) -> &Key {
        &self.key
    }

    fn check_name(&self, cache: &Cache) -> Result<()> {
        cache.core().models.check::<M>()
    }

    fn wants(&self) -> Vec<Want> {
        wants::<M>()
    }

    fn is_found(&self) -> bool {
        self.found.is_some()
    }

    fn can_build(&self) -> bool {
        M::HAS_FROM_MISS
    }

    fn looks_by_itself(&self) -> bool {
        M::HAS_FROM_MISS && !M::HAS_REFERENCES
    }

    fn settle_kept(&mut self, cache: &Cache, reading: &Reading) {
        let policy = policy::<M>(cache);
        let kept = read::settle_kept(cache.core(), &self.ask(&policy), reading);
        if let Some((value, entry)) = kept {
            self.found = Some(value);
            self.entry = Some(entry);
        }
    }

    fn settle(&mut self, cache: &Cache, found: Lookup, reading: &Reading) {
        let policy = policy::<M>(cache);
        let core = cache.core();
        let ask = self.ask(&policy);
        let Settled::Serve {
            value,
            entry,
            refresh,
        } = read::settle(core, &ask, found, reading)
        else {
            return;
        };
        if refresh && M::HAS_FROM_MISS {
            start_refresh(core, &ask, entry.clone(), self.loader(cache));
        }
        self.found = Some(value);
        self.entry = Some(entry);
    }

    fn build<'a>(&'a mut self, cache: &'a Cache) -> BoxFuture<'a, Result<(), ModelError>> {
        let make = self.loader(cache);
        Box::pin(self.get_or_make(cache, make))
    }

    fn missing(&self, referrer: Option<Referrer>) -> ModelError {
        ModelError::Missing(Missing::new::<M>(&self.key, referrer))
    }

    fn references(&self) -> Vec<(&'static str, Box<dyn Node>)> {
        let mut visitor = Visitor::default();
        if let Some(found) = &self.found {
            found.visit(&mut visitor);
        }
        visitor.found()
    }

    fn bare(&self) -> Option<Shared> {
        Some(self.found.clone()?)
    }

    fn whole(&self, slots: &mut Slots<'_>) -> Option<Shared> {
        Some(Arc::new(self.found.as_ref()?.with_references(slots)))
    }
}
