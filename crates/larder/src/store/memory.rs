//! The store in this process's memory.
//!
//! Values are kept as they are, shared, without serialisation. A tag is a *cell* that
//! entries hold directly: checking an entry compares a few atomics, and bumping a tag changes one.
//! Every operation answers at once.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use smallvec::{SmallVec, smallvec};

use self::map::{Gone, Map, Seek, StoredKey};
use self::shapes::TableShapes;
use super::{
    Capability, Guard, Insertion, ListPlace, Listed, Listing, Look, Lookup, Mark, Marked, Marks,
    Put, Reply, Store, Told, Versions, Want, tag_weight,
};
use crate::cache::InspectedTag;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::freshness::TagState;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::shape::ShapeList;
use crate::sync;
use crate::tag::{Tag, TagKind};

mod cells;
mod map;
mod shapes;

/// So many bytes the store holds if nobody says otherwise.
pub const MEMORY_BYTES_MAX_DEFAULT: u64 = 256 << 20;

/// The store is divided so that threads do not wait for each other; a division smaller than this
/// would hold too few entries to choose well which to drop.
const DIVISION_BYTES_MIN: u64 = 4 << 20;

/// A tree that so many entries and loads are in weighs nothing for one more of them: one cell serves
/// them all. Fewer could be the entries of one key, replaced again and again.
const TREE_SHARED_BY: usize = 4;

/// So many shards the tags' cells are divided into.
const CELL_SHARDS: usize = 64;

/// A store in this process's memory, bounded in bytes. Cheap to clone: clones share the entries.
///
/// Bytes are estimates (see [`weight`](crate::weigh::weight)) plus a fixed overhead for each entry
/// and for each of its tags.
/// An entry past its life is dropped when room is needed, an invalidated one also when it is looked
/// up.
///
/// Not counted, and kept as long as the store: for each table that was ever read by shape or
/// written, in each namespace, the list of the shapes in use, of which there are at most
/// [`SHAPES_PER_TABLE_MAX`](crate::SHAPES_PER_TABLE_MAX).
///
/// # Example: two caches in one store
///
/// ```
/// use larder::{Cache, Memory};
///
/// # fn main() -> larder::Result<()> {
/// let memory = Memory::bytes_max(64 << 20);
/// let shop = Cache::builder().store(memory.clone()).namespace("shop").build()?;
/// let blog = Cache::builder().store(memory).namespace("blog").build()?;
/// # let _ = (shop, blog);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

type Cells = cells::Cells<Scoped, Passthrough>;

struct Inner {
    map: Map,
    /// The most an entry may weigh.
    entry_max: u64,
    cells: sync::Arc<Cells>,
    /// The shapes in use by table. Never held while a cell's shard is locked by the same thread.
    shapes: Mutex<HashMap<Scoped, TableShapes, Passthrough>>,
}

impl Memory {
    /// A store of [`MEMORY_BYTES_MAX_DEFAULT`] bytes.
    pub fn new() -> Memory {
        Memory::bytes_max(MEMORY_BYTES_MAX_DEFAULT)
    }

    /// A store of at most so many bytes. An entry may take a quarter of a division, of which there
    /// are as many as threads need and at least one: a larger value is served and not stored.
    pub fn bytes_max(bytes: u64) -> Memory {
        let (map, entry_max) = map::new(bytes, DIVISION_BYTES_MIN);
        Memory(Arc::new(Inner {
            map,
            entry_max,
            cells: sync::Arc::new(Cells::new(CELL_SHARDS, Passthrough::default())),
            shapes: Mutex::default(),
        }))
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.0.map.len()
    }

    /// Whether it holds no entry.
    pub fn is_empty(&self) -> bool {
        self.0.map.is_empty()
    }

    /// The estimated bytes it holds.
    pub fn bytes(&self) -> u64 {
        self.0.map.weight()
    }

    /// How many tags have a cell: those that an entry, a load or a mark holds.
    pub fn tags(&self) -> usize {
        self.0.cells.len()
    }

    fn hold(&self, namespace: &Namespace, tags: &[Tag]) -> Holder {
        self.0
            .cells
            .hold(tags.iter().map(|tag| Scoped::new(namespace, tag)))
    }

    fn list(&self, namespace: &Namespace, tables: &[Tag]) -> Vec<ShapeList> {
        if tables.is_empty() {
            return Vec::new();
        }
        let mut shapes = self.0.shapes.lock();
        tables
            .iter()
            .map(|table| table_shapes(&mut shapes, namespace, table).list())
            .collect()
    }
}

fn table_shapes<'a>(
    shapes: &'a mut HashMap<Scoped, TableShapes, Passthrough>,
    namespace: &Namespace,
    table: &Tag,
) -> &'a mut TableShapes {
    shapes.entry(Scoped::new(namespace, table)).or_default()
}

impl Default for Memory {
    fn default() -> Self {
        Memory::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("entries", &self.len())
            .field("bytes", &self.bytes())
            .field("tags", &self.tags())
            .finish()
    }
}

impl Store for Memory {
    fn capability(&self) -> Capability {
        Capability {
            typed_values: true,
            tags_needed_to_look: false,
            marks: true,
            lists_keys: true,
            remote: false,
            bytes_max: Some(self.0.map.capacity()),
        }
    }

    fn get<'a>(
        &'a self,
        namespace: &'a Namespace,
        looks: &'a [Look<'a>],
    ) -> Reply<'a, Result<SmallVec<[Lookup; 1]>>> {
        if let [look] = looks {
            return Reply::Ready(Ok(smallvec![self.look(namespace, look.key)]));
        }
        Reply::Ready(Ok(looks
            .iter()
            .map(|look| self.look(namespace, look.key))
            .collect()))
    }

    fn get_now(&self, namespace: &Namespace, key: &Key) -> Option<Lookup> {
        Some(self.look(namespace, key))
    }

    fn prepare<'a>(
        &'a self,
        namespace: &'a Namespace,
        wants: &'a [Want],
    ) -> Reply<'a, Result<Versions>> {
        Reply::Ready(Ok(self.record(namespace, wants)))
    }

    fn prepare_each<'a>(
        &'a self,
        namespace: &'a Namespace,
        sets: &'a [Vec<Want>],
    ) -> Reply<'a, Vec<Result<Versions>>> {
        let versions = sets.iter().map(|wants| Ok(self.record(namespace, wants)));
        Reply::Ready(versions.collect())
    }

    fn insert<'a>(
        &'a self,
        namespace: &'a Namespace,
        items: SmallVec<[Insertion<'a>; 1]>,
    ) -> Reply<'a, Result<SmallVec<[Put; 1]>>> {
        let puts = items
            .into_iter()
            .map(|item| self.put(namespace, item.key, item.entry));
        Reply::Ready(Ok(puts.collect()))
    }

    fn remove<'a>(&'a self, namespace: &'a Namespace, keys: &'a [Key]) -> Reply<'a, Result<()>> {
        for key in keys {
            self.forget(namespace, key);
        }
        Reply::Ready(Ok(()))
    }

    fn bump<'a>(
        &'a self,
        namespace: &'a Namespace,
        tags: &'a [Tag],
        watch: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        for tag in tags {
            self.0.cells.bump(&Scoped::new(namespace, tag));
        }
        Reply::Ready(Ok(self.list(namespace, watch)))
    }

    fn shapes<'a>(
        &'a self,
        namespace: &'a Namespace,
        tables: &'a [Tag],
    ) -> Reply<'a, Result<Vec<ShapeList>>> {
        Reply::Ready(Ok(self.list(namespace, tables)))
    }

    fn current<'a>(
        &'a self,
        _namespace: &'a Namespace,
        versions: &'a Versions,
    ) -> Reply<'a, Result<TagState>> {
        Reply::Ready(Ok(versions.guard().map_or(TagState::Missing, Guard::state)))
    }

    fn discard(&self, namespace: &Namespace, key: &Key) {
        // Nothing can make it right again; its tags' cells are free the sooner.
        let seek = Seek { namespace, key };
        self.0.map.remove_if(&seek, |found| {
            matches!(state(found), TagState::Changed | TagState::Missing)
        });
    }

    fn marks(&self) -> Option<&dyn Marks> {
        Some(self)
    }

    fn listing(&self) -> Option<&dyn Listing> {
        Some(self)
    }
}

/// Listeners are told after so many entries that a page is done.
const PAGE_ENTRIES: usize = 1_000;

/// Walks through all entries of the store, one lock of a division for each. A walk cannot begin in the
/// middle: a place is none of ours.
impl Listing for Memory {
    fn list<'a>(
        &'a self,
        namespace: &'a Namespace,
        prefix: &'a Key,
        _from: Option<ListPlace>,
        told: &'a mut (dyn FnMut(Told) -> ControlFlow<()> + Send),
    ) -> Reply<'a, Result<bool>> {
        let mut looked = 0;
        for (stored, entry) in self.0.map.iter() {
            if looked == PAGE_ENTRIES {
                if told(Told::Page { looked, next: None }).is_break() {
                    return Reply::Ready(Ok(false));
                }
                looked = 0;
            }
            looked += 1;
            let Some(key) = stored.key_below(namespace, prefix) else {
                continue;
            };
            let listed = Listed {
                key,
                versions: entry.versions().clone(),
                state: state(&entry),
                written_at: entry.written_at(),
                ttl: entry.ttl(),
                weight: entry.weight(),
            };
            if told(Told::Entry(listed)).is_break() {
                return Reply::Ready(Ok(false));
            }
        }
        // Nothing is left to be stopped.
        let _ = told(Told::Page { looked, next: None });
        Reply::Ready(Ok(true))
    }
}

impl Marks for Memory {
    fn mark<'a>(&'a self, namespace: &'a Namespace, tags: &'a [Tag]) -> Reply<'a, Result<Mark>> {
        Reply::Ready(match self.hold(namespace, tags).mark() {
            Some(marker) => Ok(Mark::new(Held(marker))),
            None => Err(Error::store("too many writers have marked one tag at once")),
        })
    }
}

/// Gone when it is dropped.
struct Held(#[expect(dead_code, reason = "takes its marks away when dropped")] Marker);

impl Marked for Held {
    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(std::future::ready(()))
    }

    fn abandon(self: Box<Self>) {
        // Not reached by a write: memory takes every bump.
        std::mem::forget(self);
    }
}

impl Memory {
    fn record(&self, namespace: &Namespace, wants: &[Want]) -> Versions {
        let mut uses = SmallVec::new();
        let mut tags: Vec<Tag> = Vec::with_capacity(wants.len());
        for want in wants {
            let tag = match want {
                Want::Tag(tag) => tag.clone(),
                Want::Shape {
                    table,
                    shape,
                    values,
                } => {
                    let mut shapes = self.0.shapes.lock();
                    let (shape_used, used) =
                        table_shapes(&mut shapes, namespace, table).admit(shape);
                    drop(shapes);
                    uses.extend(used);
                    if shape_used.is_any_row() {
                        Tag::shape(table, &shape_used, &[])
                    } else {
                        Tag::shape(table, &shape_used, values)
                    }
                }
            };
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        // The shapes are registered before the versions are read, and both before the load: a
        // writer that commits after the load's query finds the shape in the list.
        let holder = self.hold(namespace, &tags);
        let marked = holder.is_marked();
        Versions::guarded(
            Arc::new(Recorded {
                holder,
                _uses: uses,
            }),
            marked,
        )
    }

    fn look(&self, namespace: &Namespace, key: &Key) -> Lookup {
        let seek = Seek { namespace, key };
        let Some(entry) = self.0.map.get(&seek) else {
            return Lookup::Absent;
        };
        // An entry that is wrong stays until a read has told why it missed: whoever looks a second
        // time learns the same as the first time.
        let state = state(&entry);
        Lookup::Found { entry, state }
    }

    fn put(&self, namespace: &Namespace, key: &Key, entry: Entry) -> Put {
        let stored = StoredKey::new(namespace, key);
        let weight = map::weight(&stored, &entry);
        if weight > self.0.entry_max {
            // The entry that is there is not what the caller wants to be there.
            self.forget(namespace, key);
            return Put::TooLarge {
                weight: weight as usize,
                max: self.0.entry_max as usize,
            };
        }
        if state(&entry) != TagState::Current {
            return Put::Outdated;
        }
        // What is replaced or dropped to make room is kept until the map's lock is free again: a
        // value's own `Drop` may do anything.
        let replaced = self.0.map.peek(&Seek { namespace, key });
        let mut gone = Gone::default();
        self.0.map.insert_with_lifecycle(stored, entry, &mut gone);
        drop(replaced);
        Put::Stored {
            evicted: gone.count(),
        }
    }

    fn forget(&self, namespace: &Namespace, key: &Key) {
        self.0.map.remove(&Seek { namespace, key });
    }
}

/// An entry without a guard was made for another store.
fn state(entry: &Entry) -> TagState {
    entry
        .versions()
        .guard()
        .map_or(TagState::Missing, Guard::state)
}

type Holder = cells::Holder<Scoped, Passthrough>;
type Marker = cells::Marker<Scoped, Passthrough>;

/// The cells whose versions an entry or a load has recorded, and its claim on its shapes.
struct Recorded {
    holder: Holder,
    _uses: SmallVec<[shapes::Use; 1]>,
}

impl From<cells::State> for TagState {
    fn from(state: cells::State) -> TagState {
        match state {
            cells::State::Current => TagState::Current,
            cells::State::Changed => TagState::Changed,
            cells::State::Marked => TagState::Marked,
        }
    }
}

impl Guard for Recorded {
    fn state(&self) -> TagState {
        self.holder.state().into()
    }

    fn tags(&self) -> Vec<Tag> {
        self.holder
            .tags()
            .map(|scoped| scoped.tag.clone())
            .collect()
    }

    fn each(&self) -> Vec<InspectedTag> {
        self.holder
            .each()
            .map(|(scoped, recorded, state)| {
                InspectedTag::new(scoped.tag.clone(), recorded.to_string(), state.into())
            })
            .collect()
    }

    fn changed(&self) -> Option<Tag> {
        self.holder.changed().map(|scoped| scoped.tag.clone())
    }

    fn weight(&self) -> usize {
        let shares = self.holder.shares();
        shares
            .map(|(scoped, holders)| match scoped.tag.kind() {
                TagKind::Tree if holders >= TREE_SHARED_BY => Entry::TAG_OVERHEAD,
                _ => tag_weight(&scoped.tag),
            })
            .sum()
    }
}

/// A tag of a namespace.
#[derive(Clone, PartialEq, Eq)]
struct Scoped {
    tag: Tag,
    namespace: Namespace,
}

impl Scoped {
    fn new(namespace: &Namespace, tag: &Tag) -> Scoped {
        Scoped {
            tag: tag.clone(),
            namespace: namespace.clone(),
        }
    }
}

/// Tags carry their hash; the namespace's is mixed in by [`Through`].
impl Hash for Scoped {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tag.hash(state);
        state.write_u64(self.namespace.hash_value());
    }
}

type Passthrough = BuildHasherDefault<Through>;

/// A hasher for what is hashed already, with a process-seeded hash.
#[derive(Default)]
struct Through(u64);

impl Hasher for Through {
    fn write_u64(&mut self, hash: u64) {
        self.0 = self.0.rotate_left(32) ^ hash;
    }

    /// Not reached by our keys, which hash as one or two numbers; right for any other all the same.
    fn write(&mut self, bytes: &[u8]) {
        self.write_u64(crate::encoding::hash(bytes));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
