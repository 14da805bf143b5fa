//! Why entries are gone: the last writes that invalidated something, and the misses they led to.
//!
//! Kept in a ring of this process, for people. Nothing is decided by it: a write that it does not
//! know, of another process or long ago, invalidates all the same.

use std::fmt;
use std::sync::Arc;

use crate::clock::Moment;
use crate::key::Key;
use crate::tag::Tag;

mod ring;

pub(crate) use ring::Ring;

/// So many causes a cache remembers, unless [`CacheBuilder::causes`](crate::CacheBuilder::causes)
/// says otherwise. Beyond, the oldest is forgotten: about a kilobyte each.
pub const CAUSES_KEPT: usize = 1_000;

/// So many tags of one cause are remembered. Of a write that bumped more the first ones are.
pub const CAUSE_TAGS_KEPT: usize = 64;

/// So many misses by invalidation a cache remembers. Beyond, the oldest is forgotten.
pub const GONE_KEPT: usize = 1_000;

/// A miss of a key of more bytes is not remembered: so many of them would take more than the cache may.
pub const GONE_KEY_BYTES_MAX: usize = 4_096;

/// A tag of more bytes is not remembered, for the same reason: it counts, and nobody is told its name.
pub const CAUSE_TAG_BYTES_MAX: usize = 4_096;

/// A write, or an act, that invalidated something.
///
/// ```
/// use larder::{Cache, Tag};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let cache = Cache::memory();
/// cache.invalidate([Tag::named("prices")]).await?;
/// let causes = cache.causes();
/// assert_eq!(causes[0].statements(), ["invalidate"]);
/// assert_eq!(causes[0].tags(), [Tag::named("prices")]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Cause {
    pub(crate) number: u64,
    pub(crate) at: Moment,
    pub(crate) story: Story,
    pub(crate) tags: Box<[Tag]>,
    pub(crate) tags_count: usize,
    pub(crate) delayed: bool,
}

/// What somebody did that invalidates tags.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    pub(crate) statements: Box<[Arc<str>]>,
    /// Which of the statements touched each of the tags, where there are several.
    pub(crate) touched: Touched,
    pub(crate) statements_count: usize,
    pub(crate) transaction: Option<u64>,
}

/// For each tag that is remembered, the places of the statements that touched it.
pub(crate) type Touched = Box<[Box<[usize]>]>;

impl Story {
    /// One act, by this name.
    pub(crate) fn act(name: Option<&str>) -> Story {
        Story {
            statements: name.map(Arc::from).into_iter().collect(),
            statements_count: name.iter().len(),
            ..Story::default()
        }
    }
}

impl Cause {
    /// Its number among the causes of this cache in this process. Later ones have higher numbers.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// When it was done.
    pub fn at(&self) -> Moment {
        self.at
    }

    /// The statements that did it, without their values, or the name of the act: `invalidate`,
    /// `clear`. Of a transaction those that differ, in the order in which they first ran, and not
    /// more than [`CAUSE_STATEMENTS_KEPT`](crate::CAUSE_STATEMENTS_KEPT).
    pub fn statements(&self) -> Vec<&str> {
        self.story.statements.iter().map(|text| &**text).collect()
    }

    /// How many different statements did it.
    pub fn statements_count(&self) -> usize {
        self.story.statements_count
    }

    /// The statements by which this tag was bumped: those that touched the table or tag. All of
    /// them, where that is not known.
    pub fn statements_of(&self, tag: &Tag) -> Vec<&str> {
        let all = &self.story.statements;
        let at = self.tags.iter().position(|bumped| bumped == tag);
        match at.and_then(|at| self.story.touched.get(at)) {
            Some(places) if !places.is_empty() => {
                let texts = places.iter().filter_map(|place| all.get(*place));
                texts.map(|text| &**text).collect()
            }
            _ => self.statements(),
        }
    }

    /// The number of the transaction in which it was done, if it was in one that the caller had
    /// begun: the adapter's own number, not the database's.
    pub fn transaction(&self) -> Option<u64> {
        self.story.transaction
    }

    /// The tags that were bumped: not more than [`CAUSE_TAGS_KEPT`], and none of more than
    /// [`CAUSE_TAG_BYTES_MAX`] bytes.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// How many tags were bumped.
    pub fn tags_count(&self) -> usize {
        self.tags_count
    }

    /// Whether the store could not be reached: this process has not served what carries the tags
    /// since then, and others may have, until the store had learned of it.
    pub fn delayed(&self) -> bool {
        self.delayed
    }
}

/// `#12 UPDATE track SET name = ? (transaction 7): 3 tags`. Shows no values.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} ", self.number)?;
        match self.story.statements.split_first() {
            None => f.write_str("nobody has said what")?,
            Some((first, _)) => f.write_str(first)?,
        }
        if self.story.statements_count > 1 {
            write!(f, " and {} more", self.story.statements_count - 1)?;
        }
        if let Some(transaction) = self.story.transaction {
            write!(f, " (transaction {transaction})")?;
        }
        write!(f, ": {} tags", self.tags_count)?;
        if self.delayed {
            f.write_str(", delayed")?;
        }
        Ok(())
    }
}

/// An entry that a read found invalidated, and what did it, as far as this process knows.
#[derive(Clone, Debug)]
pub struct Gone {
    pub(crate) key: Key,
    pub(crate) tags: Box<[Tag]>,
    pub(crate) tag: Option<Tag>,
    pub(crate) cause: Option<Arc<Cause>>,
    pub(crate) at: Moment,
}

impl Gone {
    /// The entry's key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The tag of the entry that no longer matches. Nothing if no one tag can be named: a store far
    /// away says only that one of them does not, and this process knows no write of any.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// What may have changed: the tag that did, where the store tells which, else all that the entry
    /// carried, but not more than [`CAUSE_TAGS_KEPT`], and none of more than [`CAUSE_TAG_BYTES_MAX`] bytes. By them a write of another process is found that
    /// this one does not know.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The last write of this process that bumped the tag. Nothing if it was another process, or
    /// too long ago, or the store has lost the tag.
    pub fn cause(&self) -> Option<&Arc<Cause>> {
        self.cause.as_ref()
    }

    /// When it was found to be gone.
    pub fn at(&self) -> Moment {
        self.at
    }
}

/// `product#0badcafe is gone: track was bumped by #12 UPDATE track SET name = ?: 3 tags`. Shows no
/// values but the names in tags without them.
impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is gone: ", self.key)?;
        match &self.tag {
            Some(tag) => write!(f, "{} was bumped", tag.pattern())?,
            None => f.write_str("one of its tags was bumped")?,
        }
        match (&self.cause, &self.tag) {
            (None, _) => f.write_str(" by another process, or too long ago to be remembered"),
            (Some(cause), Some(tag)) if cause.statements_of(tag) != cause.statements() => {
                write!(f, " by {} in {cause}", cause.statements_of(tag).join("; "))
            }
            (Some(cause), _) => write!(f, " by {cause}"),
        }
    }
}
