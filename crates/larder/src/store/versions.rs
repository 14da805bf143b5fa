//! The versions that a load's tags had before it began.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::cache::InspectedTag;
use crate::entry::Entry;
use crate::freshness::TagState;
use crate::tag::{Tag, TagKind};
use crate::version::Version;

/// The versions that a load's tags had before it began. Cheap to clone.
#[derive(Clone)]
pub struct Versions {
    held: Held,
    marked: bool,
    unconfirmed: bool,
}

#[derive(Clone)]
enum Held {
    Recorded(Arc<[(Tag, Version)]>),
    Guarded(Arc<dyn Guard>),
}

/// A store's own way of recording versions, where they are more than stamps.
pub trait Guard: Any + Send + Sync {
    /// Whether the versions are still current.
    fn state(&self) -> TagState;

    /// The tags, in the order in which they are checked.
    fn tags(&self) -> Vec<Tag>;

    /// The tags, each with what was recorded of it and what has become of that. Where the guard knows of
    /// all of them only together, each is told that.
    fn each(&self) -> Vec<InspectedTag> {
        let state = self.state();
        let tags = self.tags().into_iter();
        tags.map(|tag| InspectedTag::new(tag, "", state)).collect()
    }

    /// The first tag whose version is not the recorded one, if this form can tell which it is.
    fn changed(&self) -> Option<Tag> {
        None
    }

    /// The stamps behind it, where it stands before a store that compares stamps.
    fn stamps(&self) -> Option<&[(Tag, Version)]> {
        None
    }

    /// The estimated bytes that the record takes.
    fn weight(&self) -> usize {
        self.tags().iter().map(tag_weight).sum()
    }
}

/// What a tag adds to the weight of an entry that carries it.
pub(crate) fn tag_weight(tag: &Tag) -> usize {
    match tag.kind() {
        TagKind::Guard | TagKind::Namespace | TagKind::Root | TagKind::Table => Entry::TAG_OVERHEAD,
        TagKind::Shape | TagKind::Named | TagKind::Tree => {
            Entry::TAG_OVERHEAD + Entry::FINE_TAG_OVERHEAD + tag.as_bytes().len()
        }
    }
}

impl Versions {
    /// Versions as stamps, for stores that compare them far away. `marked` says that a tag was
    /// marked: such versions are never current.
    pub fn recorded(stamps: impl Into<Arc<[(Tag, Version)]>>, marked: bool) -> Versions {
        Versions {
            held: Held::Recorded(stamps.into()),
            marked,
            unconfirmed: false,
        }
    }

    /// Versions that the store keeps in its own form.
    pub fn guarded(guard: Arc<dyn Guard>, marked: bool) -> Versions {
        Versions {
            held: Held::Guarded(guard),
            marked,
            unconfirmed: false,
        }
    }

    /// These versions, with a guard among them that is new: see [`Marks::confirm`](super::Marks::confirm).
    #[must_use]
    pub fn unconfirmed(mut self) -> Versions {
        self.unconfirmed = true;
        self
    }

    /// These versions, once their guards are confirmed.
    #[must_use]
    pub fn confirmed(mut self) -> Versions {
        self.unconfirmed = false;
        self
    }

    /// Whether a guard among them is new, and nothing may be stored under them before it is
    /// confirmed.
    pub fn is_unconfirmed(&self) -> bool {
        self.unconfirmed
    }

    /// Whether a tag was marked when they were read: then nothing may be stored under them.
    pub fn is_marked(&self) -> bool {
        self.marked
    }

    /// The stamps, if they are recorded as such.
    pub fn stamps(&self) -> Option<&[(Tag, Version)]> {
        match &self.held {
            Held::Recorded(stamps) => Some(stamps),
            Held::Guarded(guard) => guard.stamps(),
        }
    }

    /// The store's own form, if they are recorded so.
    pub fn guard(&self) -> Option<&dyn Guard> {
        match &self.held {
            Held::Recorded(_) => None,
            Held::Guarded(guard) => Some(&**guard),
        }
    }

    /// The tags, in the order in which they are checked.
    pub fn tags(&self) -> Vec<Tag> {
        match &self.held {
            Held::Recorded(stamps) => stamps.iter().map(|(tag, _)| tag.clone()).collect(),
            Held::Guarded(guard) => guard.tags(),
        }
    }

    /// The estimated bytes that they take.
    pub fn weight(&self) -> usize {
        match &self.held {
            Held::Recorded(stamps) => stamps.iter().map(|(tag, _)| tag_weight(tag)).sum(),
            Held::Guarded(guard) => guard.weight(),
        }
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versions")
            .field("tags", &self.tags())
            .field("marked", &self.marked)
            .finish()
    }
}
