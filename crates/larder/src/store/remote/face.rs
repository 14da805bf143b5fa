//! How a store that wraps a [`Remote`](super::Remote) shows it.

/// Implements [`Store`](crate::Store) for a type whose field `remote` is a
/// [`Remote`](super::Remote). What gives its news may be said after it.
macro_rules! store_through_remote {
    ($store:ty) => {
        $crate::store::remote::face::store_through_remote!($store, |store| store.remote.push());
    };
    ($store:ty, |$own:ident| $push:expr) => {
        impl $crate::Store for $store {
            fn capability(&self) -> $crate::store::Capability {
                self.remote.capability()
            }

            fn authenticate(&self, secrets: &$crate::Secrets) -> $crate::Result<()> {
                self.remote.authenticate(secrets)
            }

            fn get_now(
                &self,
                namespace: &$crate::Namespace,
                key: &$crate::Key,
            ) -> Option<$crate::store::Lookup> {
                self.remote.get_now(namespace, key)
            }

            fn still<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                entries: &'a [(&'a $crate::Key, $crate::Entry)],
            ) -> $crate::store::Reply<'a, $crate::Result<Vec<$crate::TagState>>> {
                self.remote.still(namespace, entries)
            }

            fn push(&self) -> Option<&dyn $crate::store::Push> {
                let $own = self;
                $push
            }

            fn get<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                looks: &'a [$crate::store::Look<'a>],
            ) -> $crate::store::Reply<
                'a,
                $crate::Result<::smallvec::SmallVec<[$crate::store::Lookup; 1]>>,
            > {
                self.remote.get(namespace, looks)
            }

            fn prepare<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                wants: &'a [$crate::Want],
            ) -> $crate::store::Reply<'a, $crate::Result<$crate::Versions>> {
                self.remote.prepare(namespace, wants)
            }

            fn prepare_each<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                sets: &'a [Vec<$crate::Want>],
            ) -> $crate::store::Reply<'a, Vec<$crate::Result<$crate::Versions>>> {
                self.remote.prepare_each(namespace, sets)
            }

            fn insert<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                items: ::smallvec::SmallVec<[$crate::store::Insertion<'a>; 1]>,
            ) -> $crate::store::Reply<
                'a,
                $crate::Result<::smallvec::SmallVec<[$crate::store::Put; 1]>>,
            > {
                self.remote.insert(namespace, items)
            }

            fn remove<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                keys: &'a [$crate::Key],
            ) -> $crate::store::Reply<'a, $crate::Result<()>> {
                self.remote.remove(namespace, keys)
            }

            fn bump<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                tags: &'a [$crate::Tag],
                watch: &'a [$crate::Tag],
            ) -> $crate::store::Reply<'a, $crate::Result<Vec<$crate::ShapeList>>> {
                self.remote.bump(namespace, tags, watch)
            }

            fn bump_each<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                tags: &'a [$crate::Tag],
            ) -> $crate::store::Reply<'a, Vec<$crate::Result<()>>> {
                self.remote.bump_each(namespace, tags)
            }

            fn shapes<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                tables: &'a [$crate::Tag],
            ) -> $crate::store::Reply<'a, $crate::Result<Vec<$crate::ShapeList>>> {
                self.remote.shapes(namespace, tables)
            }

            fn current<'a>(
                &'a self,
                namespace: &'a $crate::Namespace,
                versions: &'a $crate::Versions,
            ) -> $crate::store::Reply<'a, $crate::Result<$crate::TagState>> {
                self.remote.current(namespace, versions)
            }

            fn discard(&self, namespace: &$crate::Namespace, key: &$crate::Key) {
                self.remote.discard(namespace, key);
            }

            fn marks(&self) -> Option<&dyn $crate::store::Marks> {
                self.remote.marks()
            }

            fn listing(&self) -> Option<&dyn $crate::store::Listing> {
                self.remote.listing()
            }

            fn leases(&self) -> Option<&dyn $crate::store::Leases> {
                self.remote.leases()
            }
        }
    };
}

pub(crate) use store_through_remote;
