//! The store behind a network: entries and versions as bytes on one server or several.
//!
//! Everything that larder promises is decided here, once, in terms of the few operations of
//! [`link::Op`]. What is Redis or memcached about it stands in `store/redis` and
//! `store/memcached`: how a link is dialled, and how an operation is spelled.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use smallvec::SmallVec;

use self::lists::Lists;
use self::name::Names;
use self::sightings::Sightings;
use self::standing::Standing;
use self::topology::Topology;
use super::{
    Capability, Claim, Insertion, Leases, ListPlace, Listing, Look, Lookup, Mark, Marks, Permit,
    Put, Reply, Store, Taken, Told, Versions, Want,
};
use crate::entry::Entry;
use crate::entry::seal::Seal;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::secret::Secrets;
use crate::shape::{Shape, ShapeList, TagValue};
use crate::tag::Tag;

mod batch;
pub(crate) mod cell;
pub(crate) mod face;
mod lease;
pub(crate) mod link;
pub(crate) mod list;
mod lists;
mod look;
mod mark;
pub(crate) mod name;
pub(crate) mod node;
mod pack;
mod prepare;
mod settle;
mod sightings;
#[cfg(test)]
pub(crate) mod sim;
mod standing;
pub(crate) mod topology;
mod write;

pub use sightings::MARK_AGE_MAX;
pub use standing::{GUARD_BELIEVED_FOR, GUARD_RIPE_AFTER};

/// How long a tag stays on its server after somebody depended on it or bumped it. An entry that
/// lives longer loses its tags before its time, and is a miss then.
pub const TAG_KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// So many namespaces' names are remembered by one store.
const NAMESPACES_MAX: usize = 1_000;

/// The store behind a network. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Remote(Arc<Inner>);

/// Settings of a [`Remote`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// How large a stored entry may be, in bytes.
    pub(crate) value_bytes_max: usize,
    /// Keeps names from telling whether a guess of a key is right.
    pub(crate) names_secret: Option<Arc<[u8]>>,
    /// Whether the servers tell which names they keep.
    pub(crate) lists_keys: bool,
}

struct Inner {
    topology: Arc<dyn Topology>,
    value_bytes_max: usize,
    /// What entries are authenticated with, if anything.
    secrets: OnceLock<Secrets>,
    names_secret: Option<Arc<[u8]>>,
    lists_keys: bool,
    /// Names by namespace. Never held across an await.
    names: Mutex<HashMap<Box<str>, Arc<Names>>>,
    lists: Lists,
    sightings: Sightings,
    standing: Standing,
}

impl Remote {
    pub(crate) fn new(topology: Arc<dyn Topology>, settings: Settings) -> Remote {
        Remote(Arc::new(Inner {
            topology,
            value_bytes_max: settings.value_bytes_max,
            secrets: OnceLock::new(),
            names_secret: settings.names_secret,
            lists_keys: settings.lists_keys,
            names: Mutex::default(),
            lists: Lists::default(),
            sightings: Sightings::default(),
            standing: Standing::default(),
        }))
    }

    /// The names that a namespace gives to what it keeps.
    pub(crate) fn names(&self, namespace: &Namespace) -> Arc<Names> {
        self.0.names(namespace)
    }
}

impl Inner {
    fn names(&self, namespace: &Namespace) -> Arc<Names> {
        let mut all = self.names.lock();
        if let Some(names) = all.get(namespace.name()) {
            return names.clone();
        }
        if all.len() >= NAMESPACES_MAX {
            all.clear();
        }
        let names = Arc::new(Names::new(namespace, self.names_secret.as_deref()));
        all.insert(namespace.name().into(), names.clone());
        names
    }

    /// How the namespace's entries are closed.
    fn seal(&self, namespace: &Namespace) -> Seal {
        Seal::new(namespace, self.secrets.get())
    }
}

/// The tag of the rows of a table that hold `values`, by a shape that the table's list admits.
fn shape_tag(table: &Tag, shape: &Shape, values: &[TagValue]) -> Tag {
    if shape.is_any_row() {
        Tag::shape(table, shape, &[])
    } else {
        Tag::shape(table, shape, values)
    }
}

impl Store for Remote {
    fn capability(&self) -> Capability {
        Capability {
            typed_values: false,
            tags_needed_to_look: true,
            marks: true,
            lists_keys: self.0.lists_keys,
            remote: true,
            bytes_max: None,
        }
    }

    fn authenticate(&self, secrets: &Secrets) -> Result<()> {
        self.0.secrets.set(secrets.clone()).map_err(|_| {
            Error::config("this store has its secrets already: give each cache a store of its own")
        })
    }

    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>> {
        Reply::Pending(Box::pin(
            async move { Ok(self.0.look(namespace, looks).await) },
        ))
    }

    fn still<'a>(
        &'a self,
        namespace: &'a Namespace,
        entries: &'a [(&'a Key, Entry)],
    ) -> Reply<'a, Result<Vec<TagState>>> {
        if entries.is_empty() {
            return Reply::Ready(Ok(Vec::new()));
        }
        Reply::Pending(Box::pin(self.0.still(namespace, entries)))
    }

    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>> {
        Reply::Pending(Box::pin(async move {
            let mut versions = self.0.prepare_each(namespace, &[wants]).await;
            versions
                .pop()
                .unwrap_or_else(|| Err(Error::store("nothing was prepared")))
        }))
    }

    fn prepare_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        sets: &'a [Vec<Want>],
    ) -> Reply<'a, Vec<Result<Versions>>> {
        Reply::Pending(Box::pin(self.0.prepare_each(namespace, sets)))
    }

    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>> {
        Reply::Pending(Box::pin(self.0.insert(namespace, items)))
    }

    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>> {
        if keys.is_empty() {
            return Reply::Ready(Ok(()));
        }
        Reply::Pending(Box::pin(self.0.remove(namespace, keys)))
    }

    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        if tags.is_empty() && watch.is_empty() {
            return Reply::Ready(Ok(Vec::new()));
        }
        Reply::Pending(Box::pin(self.0.bump(namespace, tags, watch)))
    }

    fn bump_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
    ) -> Reply<'a, Vec<Result<()>>> {
        if tags.is_empty() {
            return Reply::Ready(Vec::new());
        }
        Reply::Pending(Box::pin(async move {
            self.0.bump_and_read(namespace, tags, &[]).await.0
        }))
    }

    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        if tables.is_empty() {
            return Reply::Ready(Ok(Vec::new()));
        }
        Reply::Pending(Box::pin(self.0.lists_of(namespace, tables)))
    }

    fn current<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>> {
        Reply::Pending(Box::pin(self.0.current_state(namespace, versions)))
    }

    fn marks(&self) -> Option<&dyn Marks> {
        Some(self)
    }

    fn leases(&self) -> Option<&dyn Leases> {
        Some(self)
    }

    fn listing(&self) -> Option<&dyn Listing> {
        self.0.lists_keys.then_some(self)
    }
}

impl Marks for Remote {
    fn mark<'a>(&'a self, namespace: &'a Namespace, tags: &'a [Tag]) -> Reply<'a, Result<Mark>> {
        Reply::Pending(Box::pin(self.0.mark(namespace, tags)))
    }

    fn confirm<'a>(
        &'a self,
        namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<bool>> {
        Reply::Pending(Box::pin(self.0.confirm(namespace, versions)))
    }

    fn standing<'a>(&'a self, namespace: &'a Namespace, guards: &'a [Tag]) -> Reply<'a, Vec<Tag>> {
        if guards.is_empty() {
            return Reply::Ready(Vec::new());
        }
        Reply::Pending(Box::pin(self.0.standing(namespace, guards)))
    }

    fn are_ripe(&self, versions: &Versions) -> bool {
        self.0.are_ripe(versions)
    }
}

impl Leases for Remote {
    fn take<'a>(
        &'a self,
        namespace: &'a Namespace,
        claims: &'a [Claim<'a>],
    ) -> Reply<'a, Result<Vec<Taken>>> {
        Reply::Pending(Box::pin(self.0.take(namespace, claims)))
    }

    fn renew<'a>(
        &'a self,
        _namespace: &'a Namespace,
        permit: &'a Permit,
        hold: Duration,
    ) -> Reply<'a, Result<bool>> {
        Reply::Pending(Box::pin(self.0.renew(permit, hold)))
    }

    fn release<'a>(
        &'a self,
        _namespace: &'a Namespace,
        permits: &'a [Permit],
    ) -> Reply<'a, Result<()>> {
        Reply::Pending(Box::pin(self.0.release(permits)))
    }
}

impl Listing for Remote {
    fn list<'a>(
        &'a self,
        namespace: &'a Namespace,
        prefix: &'a Key,
        from: Option<ListPlace>,
        told: &'a mut (dyn FnMut(Told) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Result<bool>> {
        Reply::Pending(Box::pin(self.0.list(namespace, prefix, from, told)))
    }
}

#[cfg(test)]
mod tests;
