//! A shared store is a store.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    Capability, Insertion, Leases, Listing, Look, Lookup, Marks, Push, Put, Reply, Store, Versions,
    Want,
};
use crate::entry::Entry;
use crate::error::Result;
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::secret::Secrets;
use crate::shape::ShapeList;
use crate::tag::Tag;

impl<S: Store + ?Sized> Store for Arc<S> {
    fn capability(&self) -> Capability {
        (**self).capability()
    }

    fn authenticate(&self, secrets: &Secrets) -> Result<()> {
        (**self).authenticate(secrets)
    }

    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>> {
        (**self).get(namespace, looks)
    }

    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>> {
        (**self).prepare(namespace, wants)
    }

    fn prepare_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        sets: &'a [Vec<Want>],
    ) -> Reply<'a, Vec<Result<Versions>>> {
        (**self).prepare_each(namespace, sets)
    }

    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>> {
        (**self).insert(namespace, items)
    }

    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>> {
        (**self).remove(namespace, keys)
    }

    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        (**self).bump(namespace, tags, watch)
    }

    fn bump_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
    ) -> Reply<'a, Vec<Result<()>>> {
        (**self).bump_each(namespace, tags)
    }

    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        (**self).shapes(namespace, tables)
    }

    fn current<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>> {
        (**self).current(namespace, versions)
    }

    fn discard(&self, namespace: &Namespace, key: &Key) {
        (**self).discard(namespace, key);
    }

    fn marks(&self) -> Option<&dyn Marks> {
        (**self).marks()
    }

    fn leases(&self) -> Option<&dyn Leases> {
        (**self).leases()
    }

    fn listing(&self) -> Option<&dyn Listing> {
        (**self).listing()
    }

    fn push(&self) -> Option<&dyn Push> {
        (**self).push()
    }

    fn get_now(&self, namespace: &Namespace, key: &Key) -> Option<Lookup> {
        (**self).get_now(namespace, key)
    }

    fn still<'a>(
        &'a self,
        namespace: &'a Namespace,
        entries: &'a [(&'a Key, Entry)],
    ) -> Reply<'a, Result<Vec<TagState>>> {
        (**self).still(namespace, entries)
    }
}
