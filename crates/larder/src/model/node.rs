//! An object on its way, whatever its model.

use std::any::TypeId;
use std::fmt;

use futures_util::future::BoxFuture;

use super::error::{ModelError, Referrer};
use super::object::Object;
use super::reference::Shared;
use super::{CacheModel, Slots};
use crate::cache::Cache;
use crate::error::Result;
use crate::key::Key;
use crate::scope::Reading;
use crate::store::{Lookup, Want};

/// What an object is, among all that one get loads.
pub(super) type Place = (TypeId, Key);

/// An object on its way: asked for, then found, built or missing.
pub(super) trait Node: Send + Sync {
    fn place(&self) -> Place;
    fn model(&self) -> &'static str;
    fn key(&self) -> &Key;
    /// Whether no other model has the name of its own.
    fn check_name(&self, cache: &Cache) -> Result<()>;
    /// The tags that it carries.
    fn wants(&self) -> Vec<Want>;
    /// Whether it is there.
    fn is_found(&self) -> bool;
    /// Whether it can be built.
    fn can_build(&self) -> bool;
    /// Whether building it is all that there is to do, found or not.
    fn looks_by_itself(&self) -> bool;
    /// Takes what a look-up found.
    fn settle(&mut self, cache: &Cache, found: Lookup, reading: &Reading);
    /// Takes what the reader's scope keeps.
    fn settle_kept(&mut self, cache: &Cache, reading: &Reading);
    /// Builds it, or waits for whoever does. What was found before does not count any more.
    fn build<'a>(&'a mut self, cache: &'a Cache) -> BoxFuture<'a, Result<(), ModelError>>;
    /// What says that it is missing.
    fn missing(&self, referrer: Option<Referrer>) -> ModelError;
    /// The objects that it refers to, each with the name of the field.
    fn references(&self) -> Vec<(&'static str, Box<dyn Node>)>;
    /// The object as it was found, its references not loaded.
    fn bare(&self) -> Option<Shared>;
    /// The object with its references loaded.
    fn whole(&self, slots: &mut Slots<'_>) -> Option<Shared>;
}

/// Gathers what an object refers to.
#[doc(hidden)]
#[derive(Default)]
pub struct Visitor {
    field: &'static str,
    found: Vec<(&'static str, Box<dyn Node>)>,
}

impl Visitor {
    /// The field whose references come next.
    pub fn field(&mut self, name: &'static str) {
        self.field = name;
    }

    pub(super) fn reference<T: CacheModel>(&mut self, keys: &T::Keys) {
        let object = Object::<T>::new(keys.clone());
        self.found.push((self.field, Box::new(object)));
    }

    pub(super) fn found(self) -> Vec<(&'static str, Box<dyn Node>)> {
        self.found
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor").finish_non_exhaustive()
    }
}
